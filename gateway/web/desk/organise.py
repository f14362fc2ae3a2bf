"""In charge of: what is done with one or many conversations of the list — assign, tag, put off, done, unread, stage,
reject.

Not in charge of: the rules (`usecases.organise`, `usecases.reject`), or one conversation's own pages (`stages`).

A conversation is chosen by a field `t.<id>`: a checkbox of the list, or a hidden field beside the conversation.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil

from starlette.responses import PlainTextResponse, Response

from gateway.errors import Conflict, GatewayError, Invalid, Refused
from gateway.threads.model import Conversation, Viewer
from gateway.threads.organising import NOBODY
from gateway.threads.policies.rejection import REJECTED_STAGE, WaitingRejection, is_rejected, read_stage
from gateway.usecases import compose, organise, read_thread, reject
from gateway.usecases.change_stage import change_stage
from gateway.usecases.post_message import NewMessage
from gateway.usecases.reject import find_waiting_rejections
from gateway.web.auth import is_https
from gateway.web.desk.conversations import KEYS_COOKIE, check_decides, desk_page, list_page, where_of
from gateway.web.visits import Visit, go_to, post_key, say_error

CHOSEN = "t."
SEEN = "seen."  # and the id of a conversation: its newest event when the form was made
LEAVES = ("done", "snooze", "unread")  # after these the list is shown, not the conversation
IN_CARD = ("assign", "take", "tag", "untag", "stage")  # these are done in its card, where the focus stays


def organise_page(visit: Visit, viewer: Viewer) -> Response:
    """POST one deed (`do`) for all that are chosen; then the list or the conversation, or 204 for a script."""
    ids, do = chosen_of(visit), visit.text("do")
    where = where_of(visit)
    if ids and (do == "reject" or (do == "stage" and read_stage(visit.text("stage")) == REJECTED_STAGE)):
        return go_to("/desk/reject", ids=",".join(ids), **where.as_query())
    try:
        if ids:
            _do(visit, viewer, ids, do)
    except Invalid as error:
        said = say_error(visit, error)
        if visit.by_script:
            return PlainTextResponse(said, 422)
        return list_page(visit, viewer, replace(where, cursor=""), status=422, problem=said)
    visit.site.feed.wake()
    if visit.by_script:
        return Response(status_code=204)
    beside = visit.text("beside")
    if beside and do not in LEAVES:
        return go_to(f"/desk/t/{beside}", anchor="c-order" if do in IN_CARD else "", **where.as_query())
    return go_to(f"/desk/{where.view}", **where.as_query())


def keys_page(visit: Visit, viewer: Viewer) -> Response:
    """POST switches single keys off or on for this browser (WCAG 2.1.4)."""
    answer = go_to("/desk")
    secure = is_https(visit.site.ctx)
    answer.set_cookie(
        KEYS_COOKIE,
        "off" if visit.text("keys") == "off" else "on",
        max_age=31_536_000,
        path="/desk",
        samesite="lax",
        secure=secure,
        httponly=True,
    )
    return answer


def chosen_of(visit: Visit) -> list[str]:
    """The ids of the conversations that a form names."""
    return [name.removeprefix(CHOSEN) for name in visit.fields if name.startswith(CHOSEN)]


def _do(visit: Visit, viewer: Viewer, ids: Sequence[str], do: str) -> None:
    ctx = visit.site.ctx
    if do == "unread":
        organise.mark_unread(ctx, viewer, ids)
    elif do == "stage":
        for thread_id in ids:
            change_stage(ctx, viewer, thread_id, visit.text("stage"))
    elif change := change_of(visit, viewer, do):
        organise.organise(ctx, viewer, ids, change)


def change_of(visit: Visit, viewer: Viewer, do: str) -> organise.Change | None:
    """What a form asks for; Enter in the field of tags means that field. None for nothing."""
    match do:
        case "assign":
            asked = visit.text("assignee")
            return organise.Assign("" if asked == NOBODY else asked or "?")
        case "take":
            return organise.Assign(viewer.id)
        case "snooze":
            return organise.PutOff(visit.text("day") or visit.text("until") or "?")
        case "wake":
            return organise.PutOff("")
        case "done" | "reopen":
            return organise.Finish(done=do == "done")
        case "untag":
            return organise.RemoveTag(visit.text("tag"))
        case "tag":
            return organise.AddTag(visit.text("tag"))
    return organise.AddTag(visit.text("tag")) if visit.text("tag") else None


def reject_page(visit: Visit, viewer: Viewer) -> Response:
    """GET asks how to reject these people; POST does it, each with their own message or silently."""
    ids = chosen_of(visit) if visit.is_post else [i for i in visit.asked("ids").split(",") if i]
    ctx, where = visit.site.ctx, where_of(visit)
    chats = read_thread.read_conversations(ctx, viewer, ids[: reject.MOST])
    check_decides(viewer, chats)
    if not visit.is_post or not chats:
        return _ask(visit, viewer, chats)
    silent = visit.text("how") == "silent"
    made = {chat.thread.id: _message(visit, chat) for chat in chats}
    external = [chat.applicant.external_id for chat in chats]

    def notify_late(thread_id: str) -> NewMessage:
        return compose.to_be_undone(ctx, viewer, thread_id, made[thread_id])

    notify = None if silent else notify_late
    done = reject.reject_many(
        ctx,
        viewer,
        external,
        notify=notify,
        suggest=False,
        reason=visit.text("reason"),
        client_key=post_key(visit),
        undo=compose.silent_undo(ctx, viewer),
        seen={chat.thread.id: seen for chat in chats if (seen := visit.number(f"{SEEN}{chat.thread.id}")) is not None},
    )
    visit.site.feed.wake()
    failed = {result.external_id: _say(visit, result.error) for result in done if result.error}
    if failed:
        left = [chat for chat in chats if chat.applicant.external_id in failed]
        went = [result.thread_id for result in done if not result.error]
        return _ask(visit, viewer, left, status=422, failed=failed, went=went)
    if find_waiting_rejections(ctx, viewer, list(made)):
        return go_to("/desk/reject/undo", ids=",".join(made), **where.as_query())
    return go_to(f"/desk/{where.view}", **where.as_query())


def _say(visit: Visit, error: GatewayError) -> str:
    """What stood in the way of one of many."""
    if isinstance(error, Invalid | Conflict):
        return say_error(visit, error)
    known = f"error.{error.decision.reason.value}" if isinstance(error, Refused) else ""
    pages = visit.site.pages
    return pages.text(visit.locale, known if known and pages.has_text(known) else "error.404.title")


def undo_page(visit: Visit, viewer: Viewer) -> Response:
    """GET shows whose rejections can still be taken back; POST takes them back, all at once, and leads back to the
    conversation that it was asked in (`beside`)."""
    ctx = visit.site.ctx
    ids = chosen_of(visit) if visit.is_post else [i for i in visit.asked("ids").split(",") if i]
    check_decides(viewer, read_thread.read_conversations(ctx, viewer, ids[: reject.MOST]))
    undone = reject.undo_rejections(ctx, viewer, ids) if visit.is_post else []
    if visit.is_post:
        visit.site.feed.wake()
    if beside := visit.text("beside"):
        said = "undone" if beside in undone else "late"
        return go_to(f"/desk/t/{beside}", anchor="text", **{said: "yes"}, **where_of(visit).as_query())
    waiting = find_waiting_rejections(ctx, viewer, ids)
    chats = read_thread.read_conversations(ctx, viewer, ids[: reject.MOST])
    return desk_page(
        visit,
        viewer,
        "desk_rejected.html",
        people=[(chat, _left(waiting.get(chat.thread.id), ctx.now), chat.thread.id in undone) for chat in chats],
        waiting=len(waiting),
        silent={thread_id for thread_id, one in waiting.items() if not one.message_id},
        undone=len(undone),
        is_done=visit.is_post,
        where=where_of(visit),
    )


def _left(waiting: WaitingRejection | None, now: datetime) -> int:
    return max(0, ceil((waiting.takes_force_at - now).total_seconds())) if waiting else 0


def _message(visit: Visit, chat: Conversation) -> NewMessage:
    return NewMessage(text=reject.suggest_rejection(visit.site.ctx, chat), client_key=post_key(visit))


def _ask(
    visit: Visit,
    viewer: Viewer,
    chats: Sequence[Conversation],
    *,
    status: int = 200,
    failed: dict[str, str] | None = None,
    went: Sequence[str] = (),
) -> Response:
    """`failed` says what stood in the way of these; `went` are the threads of those whom it worked for."""
    ctx = visit.site.ctx
    waiting = find_waiting_rejections(ctx, viewer, went)
    people = [(chat, reject.suggest_rejection(ctx, chat)) for chat in chats]
    contacts = sorted({chat.public_contact for chat in chats if chat.public_contact})
    return desk_page(
        visit,
        viewer,
        "desk_reject_many.html",
        status=status,
        where=where_of(visit),
        people=people,
        contacts=contacts,
        without_contact=[chat for chat in chats if not chat.public_contact],
        failed=failed or {},
        undoable=read_thread.read_conversations(ctx, viewer, list(waiting)),
        left=min((_left(one, ctx.now) for one in waiting.values()), default=0),
        silent=not any(one.message_id for one in waiting.values()),
        is_rejected=is_rejected,
        reason=visit.text("reason"),
        key=secrets.token_urlsafe(12),
    )
