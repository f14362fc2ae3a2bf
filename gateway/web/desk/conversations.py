"""In charge of: the desk's frame — views, counts, openings — and its list of conversations.

Not in charge of: one conversation (`thread`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import JSONResponse, Response

from gateway.errors import NotFound
from gateway.threads.model import Opening, ThreadState, Viewer, Workspace
from gateway.usecases import accounts, applicants, read_thread
from gateway.usecases.views import ConversationRow, Counts
from gateway.web.brand import brand_url
from gateway.web.visits import Visit, go_to, show

VIEWS = ("open", "unread", "unanswered", "attention", "rejected", "all")
ICONS = {
    "open": "inbox",
    "unread": "user-round",
    "unanswered": "clock",
    "attention": "triangle-alert",
    "rejected": "ban",
    "all": "mail",
}
PAGE_SIZE = 50
OVERDUE = timedelta(days=1)  # from then on a row says how long nobody has answered


@dataclass(frozen=True, slots=True)
class Where:
    """Which list is open beside a conversation: kept in every link, so that it works without script."""

    view: str = "open"
    opening_id: str = ""
    query: str = ""
    cursor: str = ""

    def as_query(self) -> dict[str, str]:
        asked = {"view": self.view, "opening": self.opening_id, "q": self.query}
        return {name: value for name, value in asked.items() if value and (name, value) != ("view", "open")}


def where_of(visit: Visit, view: str = "") -> Where:
    """The list that a request names; an unknown view is the open one."""
    chosen = view or visit.asked("view")
    return Where(
        view=chosen if chosen in VIEWS else "open",
        opening_id=visit.asked("opening")[:64],
        query=visit.asked("q")[:200],
        cursor=visit.asked("cursor")[:200],
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page of the desk."""

    workspace: Workspace
    counts: Counts
    openings: tuple[Opening, ...]


def frame_of(visit: Visit, viewer: Viewer) -> Frame:
    """Workspace, numbers and openings, as this member sees them."""
    ctx = visit.site.ctx
    return Frame(
        accounts.read_workspace(ctx, viewer),
        read_thread.counts(ctx, viewer),
        tuple(applicants.list_openings(ctx, viewer)),
    )


def desk_page(visit: Visit, viewer: Viewer, template: str, *, status: int = 200, **variables: object) -> Response:
    """A page of the desk in its frame."""
    frame = frame_of(visit, viewer)
    shared = {**shared_variables(viewer, frame), "where": Where(), "current": ""}
    return show(visit, template, status=status, **{**shared, **variables})


def shared_variables(viewer: Viewer, frame: Frame) -> dict[str, object]:
    """What the desk's templates share."""
    return {
        "viewer": viewer,
        "frame": frame,
        "views": [(name, ICONS[name], count_of(frame.counts, name)) for name in VIEWS],
        "say_number": say_number,
        "company": frame.workspace.name,
        "brand": brand_url(frame.workspace.slug, frame.workspace.brand),
        "timezone": frame.workspace.timezone,
    }


def say_number(number: int) -> str:
    """As it is shown beside a view: nothing for 0, and no more than can be counted quickly."""
    return "99+" if number > 99 else str(number or "")


def count_of(counts: Counts, view: str) -> int:
    """The number beside a view; rejected conversations are not counted, nothing waits there."""
    match view:
        case "unread":
            return counts.unread
        case "unanswered":
            return counts.unanswered
        case "attention":
            return counts.attention
        case "all":
            return counts.all
    return 0


def rows_of(visit: Visit, viewer: Viewer, where: Where) -> tuple[list[ConversationRow], str]:
    """One page of the list and the cursor of the next one."""
    rows, more = read_thread.list_conversations(
        visit.site.ctx,
        viewer,
        view=where.view,
        opening_id=where.opening_id,
        query=where.query,
        cursor=where.cursor,
        limit=PAGE_SIZE,
    )
    return rows, more or ""


def stamp_of(rows: Sequence[ConversationRow], counts: Counts) -> str:
    """What a page shows of list and numbers, as a short stamp: its stream tells by it whether it is still so."""
    return hashlib.blake2s(repr((tuple(rows), counts)).encode(), digest_size=8).hexdigest()


def chips_of(row: ConversationRow, now: datetime) -> list[tuple[str, str, int]]:
    """At most two chips of a row, most serious first: (tone, key, number)."""
    chips: list[tuple[str, str, int]] = []
    if row.failed:
        chips.append(("bad", "row.failed", row.failed))
    if row.held:
        chips.append(("warn", "row.held", row.held))
    if row.unanswered_since and now - row.unanswered_since >= OVERDUE:
        chips.append(("warn", "row.unanswered", (now - row.unanswered_since).days))
    if row.state is ThreadState.BLOCKED:
        chips.append(("", "row.tried", row.blocked_tries) if row.blocked_tries else ("", "row.closed", 0))
    return chips[:2]


def home(visit: Visit, viewer: Viewer) -> Response:
    """The open conversations."""
    return _list(visit, viewer, where_of(visit, "open"))


def view_page(visit: Visit, viewer: Viewer) -> Response:
    """One of the views; 404 for a name that is none."""
    view = visit.path("view")
    if view not in VIEWS:
        raise NotFound("no such view")
    return _list(visit, viewer, where_of(visit, view))


def _list(visit: Visit, viewer: Viewer, where: Where) -> Response:
    rows, more = rows_of(visit, viewer, where)
    return desk_page(
        visit,
        viewer,
        "desk_list.html",
        status=200,
        where=where,
        current=where.view,
        rows=rows,
        more=more,
        **row_helpers(visit),
    )


def row_helpers(visit: Visit, open_thread: str = "") -> dict[str, object]:
    """What the row template needs besides the row."""
    now = visit.site.ctx.now
    return {"stamp_of": stamp_of, "chips_of": lambda row: chips_of(row, now), "open_thread": open_thread, "now": now}


def counts_json(visit: Visit, viewer: Viewer) -> Response:
    """The numbers, for the title of a hidden tab."""
    counts = read_thread.counts(visit.site.ctx, viewer)
    numbers = {"unread": counts.unread, "unanswered": counts.unanswered, "attention": counts.attention}
    return JSONResponse(numbers | {"review": counts.review})


def root(visit: Visit) -> Response:
    """The front door."""
    return go_to("/desk")
