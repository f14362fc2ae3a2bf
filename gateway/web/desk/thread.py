"""In charge of: one conversation on the desk, as it is read.

Not in charge of: writing in it (`composer`), closing and opening it (`stages`), what happened to a delivery
(`deliveries`), live arrival (`live`).
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from functools import cache
from math import ceil

from starlette.responses import Response

from gateway.threads.drafts import COUNTED_DOWN, Draft
from gateway.threads.model import AuthorKind, Message, Thread, ThreadState, Viewer
from gateway.threads.policies.roles import check_role
from gateway.threads.routing import SMS
from gateway.threads.schedule import monday_morning, tomorrow_morning
from gateway.usecases import compose, consents, insert_template, merge, organise, read_thread
from gateway.usecases.context import Context
from gateway.usecases.presence import find_colleagues
from gateway.usecases.reject import find_waiting_rejections
from gateway.usecases.views import ThreadPage
from gateway.web.desk.conversations import desk_page, row_helpers, rows_of, where_of
from gateway.web.desk.deliveries import lines_of
from gateway.web.log import build_log, zone_of
from gateway.web.security import int_or_zero
from gateway.web.visits import Visit, go_to

PAGE_SIZE = 50

Problem = tuple[str, dict[str, object]]


def thread_page(visit: Visit, viewer: Viewer) -> Response:
    """The conversation, and marks it read. One that became part of another leads there."""
    thread_id = visit.path("thread_id")
    kept = merge.find_kept(visit.site.ctx, viewer, thread_id)
    return show_thread(visit, viewer) if kept == thread_id else go_to(f"/desk/t/{kept}")


def show_thread(
    visit: Visit, viewer: Viewer, *, status: int = 200, draft: Draft | None = None, problem: Problem | None = None
) -> Response:
    """The three panes. `draft` is what the composer holds in place of the stored draft."""
    ctx, thread_id = visit.site.ctx, visit.path("thread_id")
    before = int_or_zero(visit.asked("before")) or None
    page = read_thread.read_page(ctx, viewer, thread_id, before=before, limit=PAGE_SIZE)
    newest = page.messages[-1].message.seq if page.messages else 0
    if before is None and not visit.is_prefetch:
        read_thread.mark_read(ctx, viewer, thread_id, newest)
    if visit.asked("late"):
        problem = ("error.gone_out", {})
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
        standing=consents.standing_of(ctx, page.conversation),
        **composer_variables(visit, viewer, page, draft=draft),
        seen_seq=newest,
        seen_event=page.last_event,
        key=secrets.token_urlsafe(12),
        problem=problem,
        undone=bool(visit.asked("undone")),
    )


def composer_variables(
    visit: Visit, viewer: Viewer, page: ThreadPage, *, draft: Draft | None = None
) -> dict[str, object]:
    """What the composer shows: the draft, the ways to the candidate, times to send later, colleagues."""
    ctx, thread_id = visit.site.ctx, page.conversation.thread.id
    found = compose.read_composer(ctx, viewer, thread_id)
    zone = zone_of(page.conversation.workspace.timezone)
    held = replace(draft, files=found.draft.files) if draft else found.draft
    usable = [w for w in found.ways if w.barred is None]
    return {
        "draft": held,
        "ways": found.ways,
        "usable": usable,
        "chosen": held.channels or tuple(w.channel for w in usable if w.usual),
        "tomorrow": tomorrow_morning(ctx.now, zone),
        "monday": monday_morning(ctx.now, zone),
        "local_now": ctx.now.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
        "members": [m for m in found.members if m.id != viewer.id],
        "sms": compose.count_sms(ctx, viewer, thread_id) if any(w.channel == SMS for w in usable) else None,
        "offers": insert_template.offer_templates(ctx, viewer, thread_id),
        "colleagues": find_colleagues(ctx, viewer, [thread_id]).get(thread_id, []),
    }


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
        "files_of": files,
    }


def message_helpers(visit: Visit, viewer: Viewer, page: ThreadPage) -> dict[str, object]:
    """What the message template needs besides the message."""
    ctx = visit.site.ctx
    people, now = page.conversation.participants, ctx.now
    zone = zone_of(page.conversation.workspace.timezone)
    return {
        "chat": page.conversation,
        "may_reply": check_role(viewer, page.conversation.opening.id).allowed,
        "order": page.organised,
        "closed": page.conversation.thread.state is not ThreadState.OPEN,
        "closing": closing_in(ctx, viewer, page.conversation.thread),
        "lines_of": lambda shown: lines_of(shown, people, now),
        "is_mine": lambda message: is_mine(message, viewer),
        "is_ours": is_ours,
        "colleague_names": cache(lambda: compose.find_mentionable(ctx, viewer, page.conversation.thread.id)),
        "left_of": lambda message: left_of(message, now),
        "local_of": lambda at: at.astimezone(zone).strftime("%Y-%m-%dT%H:%M"),
    }


def left_of(message: Message, now: datetime) -> int | None:
    """Seconds until a message goes out that can be taken back, if they are few enough to be counted down."""
    if message.cancelled or message.goes_out_at is None or not now < message.goes_out_at <= now + COUNTED_DOWN:
        return None
    return ceil((message.goes_out_at - now).total_seconds())


def closing_in(ctx: Context, viewer: Viewer, thread: Thread) -> int | None:
    """Seconds until a rejection without a message takes force, if it can be taken back; one with a message is counted
    down at that message.
    """
    if thread.closes_at is None:
        return None
    waiting = find_waiting_rejections(ctx, viewer, [thread.id]).get(thread.id)
    if waiting is None or waiting.message_id:
        return None
    return ceil((waiting.takes_force_at - ctx.now).total_seconds())


def is_mine(message: Message, viewer: Viewer) -> bool:
    """Did this viewer write it, at the desk or by mail?"""
    return message.author.member_id is not None and message.author.member_id == viewer.id


def is_ours(message: Message) -> bool:
    """Does it stand on our side of the log?"""
    return message.author.kind in (AuthorKind.MEMBER, AuthorKind.ATS, AuthorKind.SYSTEM)


def mark_seen(visit: Visit, viewer: Viewer) -> Response:
    """POST by script: the newest message that came into view."""
    read_thread.mark_read(visit.site.ctx, viewer, visit.path("thread_id"), visit.number("seq") or 0)
    return Response(status_code=204)
