"""In charge of: the buttons of a message that waits — Undo, Send now, Change. Not in charge of: writing it."""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Conflict
from gateway.threads.model import Viewer
from gateway.threads.schedule import read_local
from gateway.usecases import accounts, waiting
from gateway.web.desk.conversations import where_of
from gateway.web.log import zone_of
from gateway.web.visits import Visit, go_to


def change_waiting(visit: Visit, viewer: Viewer) -> Response:
    """POST: take a message back before it goes out (`do=undo`), send it now, or at another time (`do=move`, `at`)."""
    ctx, thread_id, message_id = visit.site.ctx, visit.path("thread_id"), visit.path("message_id")
    anchor, undone = f"said-{message_id}", ""  # has the focus then, as the button had that is gone
    try:
        match visit.text("do"):
            case "now":
                waiting.send_now(ctx, viewer, thread_id, message_id)
            case "move":
                zone = zone_of(accounts.read_workspace(ctx, viewer).timezone)
                waiting.move_to(ctx, viewer, thread_id, message_id, at=read_local(visit.text("at"), zone))
            case _:
                in_draft = waiting.take_back(ctx, viewer, thread_id, message_id)
                anchor, undone = "text" if in_draft else anchor, "yes"
    except Conflict as error:
        if error.code != "gone_out":
            raise
        return go_to(f"/desk/t/{thread_id}", anchor=anchor, late="yes", **where_of(visit).as_query())
    visit.site.feed.wake()
    return go_to(f"/desk/t/{thread_id}", anchor=anchor, undone=undone, **where_of(visit).as_query())
