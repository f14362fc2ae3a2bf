"""In charge of: the page that merges an application that is there twice, and the button that splits it again.

Not in charge of: merging (`usecases.merge`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Conflict
from gateway.threads.model import Viewer
from gateway.usecases import merge, read_thread
from gateway.web.desk.conversations import check_decides, desk_page
from gateway.web.visits import Visit, go_to, say_error

FOUND = 10  # conversations


def merge_page(visit: Visit, viewer: Viewer) -> Response:
    """GET shows who may be the same person in the same opening (`q` searches); POST merges the chosen one into this."""
    if not visit.is_post:
        return _ask(visit, viewer)
    ctx, thread_id = visit.site.ctx, visit.path("thread_id")
    try:
        merge.merge(ctx, viewer, thread_id, visit.text("other"))
    except Conflict as error:
        return _ask(visit, viewer, status=409, said=say_error(visit, error))
    visit.site.feed.wake()
    return go_to(f"/desk/t/{thread_id}")


def split_page(visit: Visit, viewer: Viewer) -> Response:
    """POST takes the merge with `other` back: it is there again, with what it brought."""
    ctx, thread_id, other = visit.site.ctx, visit.path("thread_id"), visit.text("other")
    try:
        merge.split(ctx, viewer, thread_id, other)
    except Conflict as error:
        return _ask(visit, viewer, status=409, said=say_error(visit, error))
    visit.site.feed.wake()
    return go_to(f"/desk/t/{other}")


def _ask(visit: Visit, viewer: Viewer, *, status: int = 200, said: str = "") -> Response:
    ctx, thread_id, query = visit.site.ctx, visit.path("thread_id"), visit.asked("q")
    found = merge.find_doubles(ctx, viewer, thread_id)
    if query:
        rows, _ = read_thread.list_conversations(ctx, viewer, view="all", query=query, limit=FOUND)
        found = [row.thread_id for row in rows]
    kept, *others = read_thread.read_conversations(ctx, viewer, [thread_id, *found])
    check_decides(viewer, [kept])
    same_opening = [o for o in others if o.opening.id == kept.opening.id and o.thread.id != thread_id]
    return desk_page(
        visit,
        viewer,
        "desk_merge.html",
        status=status,
        chat=kept,
        others=same_opening,
        query=query,
        said=said,
        chosen=visit.text("other"),
    )
