"""In charge of: the desk's frame — views, counts, openings — and its list of conversations.

Not in charge of: one conversation (`thread`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response

from gateway.errors import NotFound, Refused
from gateway.threads.model import Conversation, Opening, Viewer, Workspace
from gateway.threads.organising import NO_FILTERS, Filters
from gateway.threads.policies.roles import check_anywhere, check_opening, check_role
from gateway.usecases import accounts, applicants, organise, read_thread
from gateway.usecases.views import ConversationRow, Counts
from gateway.web.brand import brand_url
from gateway.web.desk.chips import chips_of
from gateway.web.visits import Visit, go_to, show

ICONS = {  # of each view, in the order of the navigation
    "open": "inbox",
    "mine": "user-check",
    "unassigned": "user-round",
    "unread": "dot",
    "unanswered": "clock",
    "attention": "triangle-alert",
    "scheduled": "calendar-clock",
    "snoozed": "moon",
    "rejected": "ban",
    "all": "mail",
}
VIEWS = tuple(ICONS)
UNCOUNTED = ("open", "rejected")  # nothing waits there
KEYS_COOKIE = "keys"  # "off": no single keys
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Where:
    """Which list is open beside a conversation: kept in every link, so that it works without script."""

    view: str = "open"
    opening_id: str = ""
    filters: Filters = NO_FILTERS
    query: str = ""
    cursor: str = ""

    def as_query(self) -> dict[str, str]:
        """What a link carries; the view is left out where it is the open one."""
        narrowed = self.filters
        asked = {
            "view": self.view,
            "opening": self.opening_id,
            "stage": narrowed.stage,
            "tag": narrowed.tag_id,
            "assignee": narrowed.assignee,
            "language": narrowed.locale,
            "q": self.query,
        }
        return {name: value for name, value in asked.items() if value and (name, value) != ("view", "open")}

    @property
    def tail(self) -> str:
        """As the end of a link."""
        asked = self.as_query()
        return f"?{urlencode(asked)}" if asked else ""

    @property
    def is_narrowed(self) -> bool:
        return bool(self.opening_id) or self.filters != NO_FILTERS

    def at(self, view: str) -> str:
        """The link to another view, narrowed as this one; words that were looked for stay behind."""
        asked = replace(self, query="").as_query()
        asked.pop("view", None)
        return f"/desk/{view}" + (f"?{urlencode(asked)}" if asked else "")


def where_of(visit: Visit, view: str = "") -> Where:
    """The list that a request names; an unknown view is the open one."""
    chosen = view or visit.asked("view")
    return Where(
        view=chosen if chosen in VIEWS else "open",
        opening_id=visit.asked("opening")[:64],
        filters=Filters(
            stage=visit.asked("stage")[:100],
            tag_id=visit.asked("tag")[:64],
            assignee=visit.asked("assignee")[:64],
            locale=visit.asked("language")[:16],
        ),
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
    shared["keys_off"] = visit.request.cookies.get(KEYS_COOKIE) == "off"
    return show(visit, template, status=status, **{**shared, **variables})


def shared_variables(viewer: Viewer, frame: Frame) -> dict[str, object]:
    """What the desk's templates share."""
    return {
        "viewer": viewer,
        "decides": check_anywhere(viewer).allowed,
        "may_run": lambda opening_id="": check_opening(viewer, opening_id).allowed,
        "frame": frame,
        "views": [(name, ICONS[name], count_of(frame.counts, name)) for name in VIEWS],
        "say_number": say_number,
        "company": frame.workspace.name,
        "brand": brand_url(frame.workspace.slug, frame.workspace.brand),
        "timezone": frame.workspace.timezone,
    }


def check_decides(viewer: Viewer, chats: Sequence[Conversation]) -> None:
    """Only for who may decide in all of them: a form that is refused in the end helps nobody. Raises Refused."""
    for chat in chats:
        if not (role := check_role(viewer, chat.opening.id)).allowed:
            raise Refused(role)


def say_number(number: int) -> str:
    """As it is shown beside a view: nothing for 0, and no more than can be counted quickly."""
    return "99+" if number > 99 else str(number or "")


def count_of(counts: Counts, view: str) -> int:
    """The number beside a view."""
    return 0 if view in UNCOUNTED else int(getattr(counts, view))


def rows_of(visit: Visit, viewer: Viewer, where: Where) -> tuple[list[ConversationRow], str]:
    """One page of the list and the cursor of the next one."""
    rows, more = read_thread.list_conversations(
        visit.site.ctx,
        viewer,
        view=where.view,
        opening_id=where.opening_id,
        filters=where.filters,
        query=where.query,
        cursor=where.cursor,
        limit=PAGE_SIZE,
    )
    return rows, more or ""


def stamp_of(rows: Sequence[ConversationRow], counts: Counts) -> str:
    """What a page shows of list and numbers, as a short stamp: its stream tells by it whether it is still so."""
    return hashlib.blake2s(repr((tuple(rows), counts)).encode(), digest_size=8).hexdigest()


def home(visit: Visit, viewer: Viewer) -> Response:
    """The open conversations."""
    return list_page(visit, viewer, where_of(visit, "open"))


def view_page(visit: Visit, viewer: Viewer) -> Response:
    """One of the views; 404 for a name that is none."""
    view = visit.path("view")
    if view not in VIEWS:
        raise NotFound("no such view")
    return list_page(visit, viewer, where_of(visit, view))


def list_page(visit: Visit, viewer: Viewer, where: Where, *, status: int = 200, problem: str = "") -> Response:
    """The list of a view, without a conversation; `problem` says what could not be done with it."""
    rows, more = rows_of(visit, viewer, where)
    return desk_page(
        visit,
        viewer,
        "desk_list.html",
        status=status,
        where=where,
        current=where.view,
        rows=rows,
        more=more,
        problem=problem,
        choices=organise.read_choices(visit.site.ctx, viewer),
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
