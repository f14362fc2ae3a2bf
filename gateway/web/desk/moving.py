"""In charge of: the page that asks where messages are to go.

Not in charge of: moving them (`usecases.move_messages`).
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from gateway.errors import Conflict, Invalid
from gateway.threads.model import Message, Viewer
from gateway.threads.policies.roles import check_role
from gateway.usecases import applicants, read_thread
from gateway.usecases.move_messages import NewApplication, find_likely, move_messages, read_moveable
from gateway.web.desk.conversations import check_decides, desk_page
from gateway.web.visits import Visit, go_to, say_error

CHOSEN = "m."
NEW = "new"
FOUND = 10  # conversations


def move_page(visit: Visit, viewer: Viewer) -> Response:
    """GET shows the messages (`ids`, or `from` one on) and where they may go; POST moves those that are chosen."""
    if not visit.is_post:
        ids = [i for i in visit.asked("ids").split(",") if i]
        return _ask(visit, viewer, ids=ids, first=visit.asked("from"), to=visit.asked("to"))
    ctx, thread_id, to = visit.site.ctx, visit.path("thread_id"), visit.text("to")
    shown = [i for i in visit.text("ids").split(",") if i]
    chosen = [name.removeprefix(CHOSEN) for name in visit.fields if name.startswith(CHOSEN)]
    target = NewApplication(visit.text("opening")) if to == NEW else to
    try:
        done = move_messages(ctx, viewer, thread_id, chosen, to=target, sure=bool(visit.text("sure")))
    except (Conflict, Invalid) as error:
        status = 409 if isinstance(error, Conflict) else 422
        asks = error.code == "other_person"
        said = "" if asks else say_error(visit, error)
        return _ask(visit, viewer, ids=shown, to=to, chosen=chosen, status=status, said=said, asks=asks)
    visit.site.feed.wake()
    return go_to(f"/desk/t/{done.thread_id}", anchor=f"msg-{done.message_ids[0]}")


def _ask(
    visit: Visit,
    viewer: Viewer,
    *,
    ids: Sequence[str],
    to: str,
    first: str = "",
    chosen: Sequence[str] | None = None,
    status: int = 200,
    said: str = "",
    asks: bool = False,
) -> Response:
    ctx, thread_id, query = visit.site.ctx, visit.path("thread_id"), visit.asked("q")
    messages: list[Message] = read_moveable(ctx, viewer, thread_id, ids=ids, first=first)
    likely = find_likely(ctx, viewer, thread_id)
    if query:
        rows, _ = read_thread.list_conversations(ctx, viewer, view="all", query=query, limit=FOUND)
        likely = [row.thread_id for row in rows]
    wanted = [to] if to and to != NEW else []
    source, *others = read_thread.read_conversations(ctx, viewer, [thread_id, *wanted, *likely])
    check_decides(viewer, [source])
    openings = [o for o in applicants.list_openings(ctx, viewer) if check_role(viewer, o.id).allowed]
    return desk_page(
        visit,
        viewer,
        "desk_move.html",
        status=status,
        chat=source,
        messages=messages,
        chosen={m.id for m in messages} if chosen is None else set(chosen),
        places=[c for c in others if c.thread.id != thread_id and check_role(viewer, c.opening.id).allowed],
        openings=[o for o in openings if o.id != source.opening.id],
        opening=visit.text("opening"),
        to=to,
        query=query,
        said=said,
        asks=next((other for other in others if other.thread.id == to), None) if asks else None,
    )
