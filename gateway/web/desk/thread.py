"""In charge of: one conversation on the desk — reading it, and writing a reply or a note.

Not in charge of: closing and opening it (`stages`), what happened to a delivery (`deliveries`), live arrival (`live`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from starlette.responses import HTMLResponse, Response

from gateway.errors import Conflict, Invalid, Refused
from gateway.threads.decisions import Reason
from gateway.threads.model import AuthorKind, Message, MessageKind, ThreadState, Viewer
from gateway.threads.policies.roles import check_role
from gateway.usecases import organise, post_message, read_thread
from gateway.usecases.views import ShownMessage, ThreadPage
from gateway.web.desk.conversations import desk_page, row_helpers, rows_of, where_of
from gateway.web.desk.deliveries import lines_of
from gateway.web.log import build_log, zone_of
from gateway.web.portal import find_problem
from gateway.web.security import int_or_zero
from gateway.web.visits import Visit, go_to, post_key, render, say_error

PAGE_SIZE = 50

Problem = tuple[str, dict[str, object]]


def thread_page(visit: Visit, viewer: Viewer) -> Response:
    """GET shows the conversation and marks it read; POST adds a reply or a note."""
    if visit.is_post:
        return _post(visit, viewer)
    return show_thread(visit, viewer)


def show_thread(
    visit: Visit,
    viewer: Viewer,
    *,
    status: int = 200,
    text: str = "",
    kind: str = "reply",
    problem: Problem | None = None,
) -> Response:
    """The three panes. `text` and `kind` are what the composer already holds."""
    ctx, thread_id = visit.site.ctx, visit.path("thread_id")
    before = int_or_zero(visit.asked("before")) or None
    page = read_thread.read_page(ctx, viewer, thread_id, before=before, limit=PAGE_SIZE)
    newest = page.messages[-1].message.seq if page.messages else 0
    if before is None and not visit.is_prefetch:
        read_thread.mark_read(ctx, viewer, thread_id, newest)
    where = where_of(visit)
    rows, more = rows_of(visit, viewer, where)
    return desk_page(
        visit,
        viewer,
        "desk_thread.html",
        status=status,
        where=where,
        current=where.view,
        rows=rows,
        more=more,
        **row_helpers(visit, thread_id),
        **conversation_variables(visit, viewer, page),
        choices=organise.read_choices(ctx, viewer),
        seen_seq=newest,
        key=secrets.token_urlsafe(12),
        text=text,
        kind=kind,
        problem=problem,
    )


def conversation_variables(visit: Visit, viewer: Viewer, page: ThreadPage) -> dict[str, object]:
    """What the log and the card show of a conversation."""
    chat = page.conversation
    zone = zone_of(chat.workspace.timezone)
    files = [file for shown in page.messages for file in shown.message.attachments if not file.inline]
    return {
        **message_helpers(visit, viewer, page),
        "log": build_log(page.messages, page.happenings, zone=zone, read_seq=page.read_seq),
        "earlier": page.messages[0].message.seq if page.has_earlier and page.messages else 0,
        "after": page.last_event,
        "page": page,
        "may_reply": check_role(viewer, chat.opening.id).allowed,
        "files_of": files,
    }


def message_helpers(visit: Visit, viewer: Viewer, page: ThreadPage) -> dict[str, object]:
    """What the message template needs besides the message."""
    people, now = page.conversation.participants, visit.site.ctx.now
    return {
        "chat": page.conversation,
        "order": page.organised,
        "closed": page.conversation.thread.state is not ThreadState.OPEN,
        "lines_of": lambda shown: lines_of(shown.deliveries, people, now),
        "is_mine": lambda message: is_mine(message, viewer),
        "is_ours": is_ours,
    }


def is_mine(message: Message, viewer: Viewer) -> bool:
    """Did this viewer write it, at the desk or by mail?"""
    return message.author.member_id is not None and message.author.member_id == viewer.id


def is_ours(message: Message) -> bool:
    """Does it stand on our side of the log?"""
    return message.author.kind in (AuthorKind.MEMBER, AuthorKind.ATS, AuthorKind.SYSTEM)


def _post(visit: Visit, viewer: Viewer) -> Response:
    do, thread_id = visit.text("do"), visit.path("thread_id")
    kind = "note" if visit.text("kind") == "note" else "reply"
    if do == "edit":
        return show_thread(visit, viewer, text=visit.text("text"), kind=kind)
    if problem := find_problem(visit):
        return _refuse(visit, viewer, kind, problem)
    new = post_message.NewMessage(
        text=visit.text("text"),
        files=visit.files,
        kind=MessageKind.NOTE if kind == "note" else MessageKind.MESSAGE,
        client_key=post_key(visit),
        seen_seq=visit.number("seen_seq"),
    )
    try:
        posted = post_message.post_message(visit.site.ctx, viewer, thread_id, new)
    except Conflict as error:
        if error.code != "newer_message":
            raise
        return _stop(visit, viewer, kind)
    except Invalid as error:
        return _refuse(visit, viewer, kind, ("", {"said": say_error(visit, error)}))
    except Refused as error:
        if error.decision.reason is not Reason.THREAD_ERASED:
            words = "write.evaluator" if error.decision.reason is Reason.EVALUATOR else "write.refused"
            return _refuse(visit, viewer, kind, (words, {}))
        raise
    visit.site.feed.wake()
    if visit.by_script:
        return Response(status_code=204, headers={"X-Seq": str(posted.message.seq)})
    return go_to(f"/desk/t/{thread_id}", anchor=f"msg-{posted.message.id}", **where_of(visit).as_query())


def _refuse(visit: Visit, viewer: Viewer, kind: str, problem: Problem) -> Response:
    if visit.by_script:
        return HTMLResponse(render(visit, "desk_live.html", part="problem", problem=problem), 422)
    return show_thread(visit, viewer, status=422, text=visit.text("text"), kind=kind, problem=problem)


def _stop(visit: Visit, viewer: Viewer, kind: str) -> Response:
    """Something newer arrived: show it in full, send nothing, keep the text (409)."""
    thread_id = visit.path("thread_id")
    page = read_thread.read_page(visit.site.ctx, viewer, thread_id, limit=PAGE_SIZE)
    seen = visit.number("seen_seq") or 0
    variables: dict[str, object] = {
        **message_helpers(visit, viewer, page),
        "timezone": page.conversation.workspace.timezone,
        "newer": newer_than(page.messages, seen, viewer),
        "seen_seq": page.messages[-1].message.seq if page.messages else 0,
        "text": visit.text("text"),
        "kind": kind,
        "key": visit.text("key"),
        "files_lost": [file.filename for file in visit.files],
    }
    if visit.by_script:
        return HTMLResponse(render(visit, "desk_live.html", part="conflict", **variables), 409)
    return desk_page(visit, viewer, "desk_conflict.html", status=409, **variables)


def newer_than(messages: Sequence[ShownMessage], seen: int, viewer: Viewer) -> list[Message]:
    """What others wrote after the newest message that the writer had seen."""
    return [s.message for s in messages if s.message.seq > seen and not is_mine(s.message, viewer)]


def mark_seen(visit: Visit, viewer: Viewer) -> Response:
    """POST by script: the newest message that came into view."""
    read_thread.mark_read(visit.site.ctx, viewer, visit.path("thread_id"), visit.number("seq") or 0)
    return Response(status_code=204)
