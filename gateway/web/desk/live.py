"""In charge of: what arrives on an open desk by itself — messages, delivery states, rows, numbers.

Not in charge of: the wire (`web.stream`). Numbered pieces follow the thread's own events; the list beside it is
compared with what was last sent and only changed rows go out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.threads.model import Viewer
from gateway.usecases import accounts, read_thread
from gateway.usecases.happenings import happening_of
from gateway.usecases.presence import Colleague, find_colleagues
from gateway.usecases.views import ConversationRow, FeedEvent
from gateway.web.auth import viewer_of
from gateway.web.desk.bell import live_bell
from gateway.web.desk.conversations import (
    VIEWS,
    count_of,
    row_helpers,
    rows_of,
    say_number,
    stamp_of,
    where_of,
)
from gateway.web.desk.thread import message_helpers
from gateway.web.stream import Beside, Piece, Source, last_seen, send_stream
from gateway.web.visits import Visit, in_language_of, language_of, render

HEAD_EVENTS = ("thread.blocked", "thread.restored", "thread.stage")
ORDER_EVENTS = ("thread.assigned", "thread.tagged", "thread.snoozed", "thread.done", "thread.reopened")
PARTS = {  # of a message: what is new of it
    "message.created": "message",
    "message.released": "again",
    "message.cancelled": "again",
    "message.moved": "again",
    "delivery.updated": "deliveries",
}
MOVE_EVENTS = ("messages.moved_out", "messages.moved_in")
LINE_EVENTS = (
    *(*HEAD_EVENTS, *MOVE_EVENTS, "thread.merged", "thread.split", "thread.assigned", "candidate.tried"),
    *("inbox.automatic", "inbox.held", "inbox.protected"),
)


async def list_stream(request: Request) -> Response:
    """The list and the numbers of the desk, without a conversation."""
    return await _stream(request, thread_id="")


async def thread_stream(request: Request) -> Response:
    """One conversation, and the list beside it: one connection per tab."""
    return await _stream(request, thread_id=str(request.path_params["thread_id"]))


async def bell_stream(request: Request) -> Response:
    """The bell, while its page is open."""
    return await _stream(request, thread_id="", beside_of=live_bell)


async def _stream(
    request: Request, *, thread_id: str, beside_of: Callable[[Visit, Viewer], Beside] | None = None
) -> Response:
    site = request.app.state.site
    viewer = await run_in_threadpool(viewer_of, request, site.ctx)
    if viewer is None:
        return Response("", 401, media_type="text/plain")
    visit = in_language_of(Visit(site, request, language_of(request, viewer.locale)), viewer)
    after = last_seen(request)
    if thread_id:
        await run_in_threadpool(read_thread.events_of_thread, site.ctx, viewer, thread_id, after=1 << 62)
    make_beside = beside_of or partial(_beside, thread_id=thread_id)
    beside = await run_in_threadpool(make_beside, visit, viewer)

    def still_valid() -> bool:
        return viewer_of(request, site.ctx) == viewer  # with the same rights, too: others begin another stream

    def read(seen: int) -> Sequence[Piece]:
        return thread_pieces(visit, viewer, thread_id, seen) if thread_id and still_valid() else ()

    def read_beside(everything: bool) -> str:
        return beside(everything) if not everything or still_valid() else ""

    return send_stream(site.feed, Source(thread_id, after, read, still_valid, viewer.workspace_id, read_beside))


def thread_pieces(visit: Visit, viewer: Viewer, thread_id: str, after: int) -> list[Piece]:
    """The events of a conversation after a number, as partials."""
    events = read_thread.events_of_thread(visit.site.ctx, viewer, thread_id, after=after)
    return [Piece(event.seq, _html_of(visit, viewer, thread_id, event)) for event in events]


def _html_of(visit: Visit, viewer: Viewer, thread_id: str, event: FeedEvent) -> str:
    page = read_thread.read_page(visit.site.ctx, viewer, thread_id, limit=1)
    helpers = message_helpers(visit, viewer, page)
    shared: dict[str, object] = {
        **helpers,
        "timezone": page.conversation.workspace.timezone,
        "viewer": viewer,
        "where": where_of(visit),
    }
    if event.name in PARTS:
        try:
            shown = read_thread.read_message(visit.site.ctx, viewer, thread_id, event.data.get("message_id", ""))
        except NotFound:
            return ""  # a notice: it is no message of the conversation
        part = PARTS[event.name]
        return render(visit, "desk_live.html", part=part, shown=shown, **shared)
    if event.name in LINE_EVENTS:
        happening = happening_of(visit.site.ctx, viewer, event)
        head = event.name in HEAD_EVENTS
        ordered = event.name in ORDER_EVENTS
        moved = _moved(visit, viewer, thread_id, event, shared) if event.name in MOVE_EVENTS else ""
        return moved + render(
            visit,
            "desk_live.html",
            part="line",
            happening=happening,
            head=head,
            ordered=ordered,
            page=page,
            **shared,
        )
    if event.name in ORDER_EVENTS:
        return render(visit, "desk_live.html", part="order", page=page, **shared)
    return ""


def _moved(visit: Visit, viewer: Viewer, thread_id: str, event: FeedEvent, shared: dict[str, object]) -> str:
    """What came from another conversation, or the places of what went to one."""
    ids = event.data.get("message_ids", "").split(",")
    if event.name == "messages.moved_out":
        return "".join(_swap(visit, f"msg-{message_id}", "delete") for message_id in ids)
    found = read_thread.read_messages(visit.site.ctx, viewer, thread_id, ids)
    return "".join(render(visit, "desk_live.html", part="message", shown=shown, **shared) for shown in found)


@dataclass(slots=True)
class _Sent:
    """What a browser has of the list and the numbers; None before the first comparison."""

    rows: dict[str, ConversationRow] | None = None
    hour: datetime | None = None  # in which the rows were last compared: they tell ages
    counts: dict[str, int] = field(default_factory=dict)
    here: tuple[Colleague, ...] = ()


def _beside(visit: Visit, viewer: Viewer, thread_id: str) -> Beside:
    """A function that gives what changed in rows and numbers since its last call (`True`), and who is there (always).

    The first call compares with the stamp of the page: what happened between its making and this connection, or while
    the connection was lost, is made up for with the whole list.
    """
    where = replace(where_of(visit), cursor="")
    timezone = accounts.read_workspace(visit.site.ctx, viewer).timezone
    stamp = visit.asked("stamp")
    sent = _Sent()

    def show_rows(rows: Sequence[ConversationRow]) -> str:
        helpers = {**row_helpers(visit, thread_id), "where": where, "timezone": timezone}
        return render(visit, "desk_live.html", part="rows", rows=rows, **helpers)

    def changed(list_too: bool) -> str:
        here, sent.here = sent.here, _here(visit, viewer, thread_id)
        news = render(visit, "desk_live.html", part="here", colleagues=sent.here) if sent.here != here else ""
        return news + (list_changes() if list_too else "")

    def list_changes() -> str:
        found, _ = rows_of(visit, viewer, where)
        counts = read_thread.counts(visit.site.ctx, viewer)
        numbers = {view: count_of(counts, view) for view in VIEWS}
        numbers |= {"review": counts.review, "bell": counts.bell}
        before, sent.rows = sent.rows, {row.thread_id: row for row in found}
        old, sent.counts = sent.counts, numbers
        hour, sent.hour = sent.hour, visit.site.ctx.now.replace(minute=0, second=0, microsecond=0)
        if before is None:
            fresh = stamp in ("", stamp_of(found, counts))
            return "" if fresh else _whole_list(visit, show_rows(found), numbers)
        if hour != sent.hour:
            return _whole_list(visit, show_rows(found), numbers)
        new_numbers = {view: number for view, number in numbers.items() if old.get(view) != number}
        return _changes(visit, before, sent.rows, show_rows) + _numbers(visit, new_numbers)

    return changed


def _here(visit: Visit, viewer: Viewer, thread_id: str) -> tuple[Colleague, ...]:
    """Which colleagues have the open conversation open too."""
    return tuple(find_colleagues(visit.site.ctx, viewer, [thread_id]).get(thread_id, ())) if thread_id else ()


def _whole_list(visit: Visit, rows: str, counts: dict[str, int]) -> str:
    return _swap(visit, "rows", "innerMorph", html=rows) + _numbers(visit, counts)


def _changes(
    visit: Visit,
    before: dict[str, ConversationRow],
    rows: dict[str, ConversationRow],
    show_rows: Callable[[Sequence[ConversationRow]], str],
) -> str:
    """Partials that turn the old list into the new one: rows that went, changed in place, moved or came."""
    kept = [r for r in rows if r in before]
    stays = _longest_ordered(kept, list(before))
    pieces = [_swap(visit, f"row-{gone}", "delete") for gone in before if gone not in stays]
    previous = ""
    together: list[ConversationRow] = []
    for thread_id, row in (*rows.items(), ("", None)):
        if row is not None and thread_id not in stays:
            together.append(row)
            continue
        if together:  # neighbours go in at once, behind a row that the browser surely has
            place = (f"row-{previous}", "afterend") if previous else ("rows", "afterbegin")
            pieces.append(_swap(visit, *place, html=show_rows(together)))
            together = []
        if row is not None and before[thread_id] != row:
            pieces.append(_swap(visit, f"row-{thread_id}", "outerHTML", html=show_rows([row])))
        previous = thread_id
    return "".join(pieces)


def _longest_ordered(kept: list[str], old: list[str]) -> set[str]:
    """Rows that need not move, so that at most the one with news does: found greedily from the end of the list."""
    place = {thread_id: i for i, thread_id in enumerate(old)}
    stays: set[str] = set()
    limit = len(old)
    for thread_id in reversed(kept):
        if place[thread_id] < limit:
            stays.add(thread_id)
            limit = place[thread_id]
    return stays


def _numbers(visit: Visit, numbers: dict[str, int]) -> str:
    return "".join(_swap(visit, f"count-{name}", "innerHTML", html=say_number(n)) for name, n in numbers.items())


def _swap(visit: Visit, target: str, swap: str, html: str = "") -> str:
    return render(visit, "desk_live.html", part="swap", target=target, swap=swap, html=html)
