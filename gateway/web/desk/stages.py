"""In charge of: rejecting an applicant and taking that back, on the desk.

Not in charge of: the gate (`usecases.change_stage`).
"""

from __future__ import annotations

import secrets

from starlette.responses import Response

from gateway.errors import Conflict
from gateway.threads.model import Viewer
from gateway.threads.policies.rejection import is_rejected
from gateway.usecases import change_stage, compose, read_thread
from gateway.usecases.post_message import NewMessage
from gateway.usecases.reject import reject_applicant, suggest_rejection
from gateway.usecases.views import ThreadPage
from gateway.web.desk.conversations import check_decides, desk_page
from gateway.web.visits import Visit, go_to, post_key, say_error


def reject_page(visit: Visit, viewer: Viewer) -> Response:
    """GET asks how; POST rejects, with a message (`how=send`) or silently (`how=silent`), if nobody did meanwhile."""
    page = _read(visit, viewer)
    if not visit.is_post:
        return _ask(visit, viewer, page)
    text, silent = visit.text("text"), visit.text("how") == "silent"
    if not silent and not text:
        return _ask(
            visit, viewer, page, status=422, text="", problem=visit.site.pages.text(visit.locale, "reject.empty")
        )
    thread_id = visit.path("thread_id")
    ctx = visit.site.ctx
    key, reason = post_key(visit), visit.text("reason")
    new = NewMessage(text=text, client_key=key)
    notify = None if silent else compose.to_be_undone(ctx, viewer, thread_id, new)
    undo, seen = compose.silent_undo(ctx, viewer), visit.number("seen_event")
    try:
        reject_applicant(
            ctx, viewer, thread_id, notify=notify, client_key=key, undo=undo, seen_event=seen, reason=reason
        )
    except Conflict as error:
        return _ask(visit, viewer, _read(visit, viewer), status=409, text=text, problem=say_error(visit, error))
    visit.site.feed.wake()
    return go_to(f"/desk/t/{thread_id}")


def _ask(
    visit: Visit,
    viewer: Viewer,
    page: ThreadPage,
    *,
    status: int = 200,
    text: str | None = None,
    problem: str = "",
) -> Response:
    chat = page.conversation
    suggested = suggest_rejection(visit.site.ctx, chat)
    return desk_page(
        visit,
        viewer,
        "desk_reject.html",
        status=status,
        chat=chat,
        already=is_rejected(chat),
        text=suggested if text is None else text,
        reason=visit.text("reason"),
        problem=problem,
        seen_event=page.last_event,
        key=secrets.token_urlsafe(12),
    )


def restore_page(visit: Visit, viewer: Viewer) -> Response:
    """GET asks once more; POST opens the conversation again."""
    page = _read(visit, viewer)
    if not visit.is_post:
        return desk_page(visit, viewer, "desk_restore.html", chat=page.conversation)
    thread_id = visit.path("thread_id")
    change_stage.change_stage(visit.site.ctx, viewer, thread_id, "restored")
    visit.site.feed.wake()
    return go_to(f"/desk/t/{thread_id}")


def _read(visit: Visit, viewer: Viewer) -> ThreadPage:
    """Only for who may decide. Raises NotFound, Refused."""
    page = read_thread.read_page(visit.site.ctx, viewer, visit.path("thread_id"), limit=1)
    check_decides(viewer, [page.conversation])
    return page
