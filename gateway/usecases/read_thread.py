"""In charge of: what viewers read — lists, pages, messages, files, events — always by the one door.

Not in charge of: writing, or showing.

A member's mark moves when they read; nothing else here writes.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.store.inbox import TO_DECIDE
from gateway.store.listing import COUNTED, UNCOUNTED, VIEWS, ListedThread
from gateway.threads import events
from gateway.threads.addresses import reply_address
from gateway.threads.model import Conversation, InboxState, Message, Viewer, ViewerKind
from gateway.threads.organising import NO_FILTERS, NOT_ORGANISED, Filters
from gateway.threads.policies.attachments import mark_repeats
from gateway.threads.policies.news import is_news
from gateway.threads.policies.roles import check_role, visible_openings
from gateway.threads.policies.visibility import (
    Hidden,
    hidden_from,
    may_read_file,
    may_see_links,
    visible_messages,
    visible_to,
    without_links,
    without_private_parts,
)
from gateway.usecases.context import Context
from gateway.usecases.happenings import shown_happenings
from gateway.usecases.outgoing import shown_portal_url
from gateway.usecases.reach import find_refused
from gateway.usecases.search import find_people
from gateway.usecases.views import (
    ConversationRow,
    Counts,
    FeedEvent,
    FileContent,
    ShownMessage,
    ThreadPage,
)

MOST = 100  # rows of one page


def list_conversations(
    ctx: Context,
    viewer: Viewer,
    *,
    view: str = "all",
    opening_id: str = "",
    filters: Filters = NO_FILTERS,
    query: str = "",
    cursor: str = "",
    limit: int = 50,
) -> tuple[list[ConversationRow], str | None]:
    """Conversations of the viewer's workspace, newest first, and the cursor of the next page. Raises Invalid."""
    if view not in VIEWS:
        raise Invalid("view", f"Use one of {', '.join(VIEWS)}.", code="view", params={"known": ", ".join(VIEWS)})
    if viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("list")
    limit = max(1, min(limit, MOST))
    with ctx.database.read() as tx:
        listed = tx.listing.page(
            viewer.workspace_id,
            viewer.id,
            view=view,
            opening_id=opening_id,
            openings=visible_openings(viewer),
            filters=filters,
            now=ctx.now,
            thread_ids=find_people(ctx, tx, viewer, query) if query.strip() else None,
            before=_read_cursor(cursor),
            limit=limit + 1,
        )
        rows = _rows(ctx, tx, viewer, listed[:limit])
    more = _write_cursor(listed[limit - 1]) if len(listed) > limit else None
    return rows, more


def read_conversations(ctx: Context, viewer: Viewer, thread_ids: Sequence[str]) -> list[Conversation]:
    """These conversations, in the order given; those that the viewer may not open are left out."""
    with ctx.database.read() as tx:
        found = [tx.threads.open_for(viewer, thread_id) for thread_id in dict.fromkeys(thread_ids)]
    return [conversation for conversation in found if conversation]


def read_page(
    ctx: Context, viewer: Viewer, thread_id: str, *, before: int | None = None, limit: int = MOST
) -> ThreadPage:
    """A thread as this viewer sees it, the newest messages (below `before`). Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = _open(tx, viewer, thread_id)
        found = tx.messages.newest(thread_id, before=before, limit=limit + 1, but=hidden_from(viewer, ctx.now))
        messages = visible_messages(viewer, found[-limit:], ctx.now)
        mark = tx.listing.read_mark(viewer.id, thread_id) if viewer.kind is ViewerKind.MEMBER else 0
        company = viewer.is_company
        return ThreadPage(
            conversation=conversation,
            messages=_shown(ctx, tx, viewer, conversation, messages),
            happenings=shown_happenings(tx, viewer, thread_id) if company else (),
            has_earlier=len(found) > limit,
            last_event=conversation.thread.last_event,
            read_seq=mark,
            portal_url=shown_portal_url(ctx, viewer, conversation) if company else "",
            held=tuple(tx.inbox.of_thread(thread_id, [InboxState.HELD])) if company else (),
            notices=tuple(tx.outbox.notices_of(thread_id)) if company else (),
            organised=tx.organising.of_thread(thread_id) if company else NOT_ORGANISED,
        )


def messages_after(
    ctx: Context, viewer: Viewer, thread_id: str, *, after: int = 0, limit: int = 50
) -> list[ShownMessage]:
    """Messages with `seq > after`, oldest first; notes are left out for the ATS. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = _open(tx, viewer, thread_id)
        found = tx.messages.after(thread_id, after, limit=limit, but=hidden_from(viewer, ctx.now))
        return list(_shown(ctx, tx, viewer, conversation, visible_messages(viewer, found, ctx.now)))


def read_message(ctx: Context, viewer: Viewer, thread_id: str, message_id: str) -> ShownMessage:
    """One message of a thread. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = _open(tx, viewer, thread_id)
        message = tx.messages.find(message_id)
        if message is None or message.thread_id != thread_id or not visible_to(viewer, message, ctx.now):
            raise NotFound("message")
        return _shown(ctx, tx, viewer, conversation, [without_private_parts(viewer, message)])[0]


def read_messages(ctx: Context, viewer: Viewer, thread_id: str, ids: Sequence[str]) -> list[ShownMessage]:
    """Those of these messages that are in the thread and for this viewer, in order. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = _open(tx, viewer, thread_id)
        here = [m for m in tx.messages.find_many(ids).values() if m.thread_id == thread_id]
        shown = visible_messages(viewer, sorted(here, key=lambda m: m.seq), ctx.now)
        return list(_shown(ctx, tx, viewer, conversation, shown)) if shown else []


def read_heads(ctx: Context, viewer: Viewer, thread_id: str) -> tuple[int, int]:
    """(newest message, newest event) of a thread, by number. Raises NotFound."""
    with ctx.database.read() as tx:
        thread = _open(tx, viewer, thread_id).thread
    return thread.last_seq, thread.last_event


def mark_read(ctx: Context, viewer: Viewer, thread_id: str, seq: int) -> None:
    """Remember how far this member has read, and that they saw what is new here. Raises NotFound."""
    if viewer.kind is not ViewerKind.MEMBER:
        return
    with ctx.database.read() as tx:
        conversation = _open(tx, viewer, thread_id)
        seq = min(seq, conversation.thread.last_seq)
        further = tx.listing.read_mark(viewer.id, thread_id) < seq
        rings = tx.news.has_unread(viewer.id, thread_id=thread_id)
    if not (further or rings):
        return
    with ctx.database.begin() as tx:
        if further:
            tx.listing.mark_read(viewer.id, thread_id, seq)
        if rings:
            tx.news.mark_read(viewer.id, now=ctx.now, thread_id=thread_id)


def counts(ctx: Context, viewer: Viewer) -> Counts:
    """The numbers beside the desk's views."""
    with ctx.database.read() as tx:
        openings, now = visible_openings(viewer), ctx.now
        views = [v for v in VIEWS if v not in UNCOUNTED]
        by_view = {v: tx.listing.count(viewer.workspace_id, viewer.id, v, now=now, openings=openings) for v in views}
        review = tx.inbox.count(viewer.workspace_id, TO_DECIDE, openings=openings)
        bell = tx.news.count_unread(viewer.id, openings=openings, most=COUNTED)
    return Counts(
        all=by_view["all"],
        mine=by_view["mine"],
        unassigned=by_view["unassigned"],
        unread=by_view["unread"],
        unanswered=by_view["unanswered"],
        attention=by_view["attention"] + review,
        scheduled=by_view["scheduled"],
        snoozed=by_view["snoozed"],
        review=review,
        bell=bell,
    )


def read_file(ctx: Context, viewer: Viewer, attachment_id: str) -> FileContent:
    """An attachment's bytes, if the viewer may see its message. Raises NotFound."""
    with ctx.database.read() as tx:
        found = tx.messages.find_attachment(attachment_id)
        if found is None:
            raise NotFound("file")
        attachment, thread_id, message = found
        _open(tx, viewer, thread_id)
        if not visible_to(viewer, message, ctx.now) or not may_read_file(viewer, attachment):
            raise NotFound("file")
        try:
            return FileContent(attachment, tx.blobs.read(attachment.digest))
        except FileNotFoundError:
            raise NotFound("file") from None


def feed_after(ctx: Context, after_id: int, *, limit: int = 500) -> list[FeedEvent]:
    """Events of all workspaces after a global id: for the process's own stream hub, which filters by viewer."""
    with ctx.database.read() as tx:
        return tx.events.after(after_id, limit=limit)


def feed_head(ctx: Context) -> int:
    with ctx.database.read() as tx:
        return tx.events.head()


def events_of_thread(ctx: Context, viewer: Viewer, thread_id: str, *, after: int) -> list[FeedEvent]:
    """The thread's events with `seq > after`, as far as the viewer may know of them. Raises NotFound."""
    with ctx.database.read() as tx:
        _open(tx, viewer, thread_id)
        found = tx.events.of_thread(thread_id, after=after)
    return found if viewer.is_company else [e for e in found if _for_candidate(e)]


def news_after(ctx: Context, viewer: Viewer, thread_id: str, *, after: int) -> list[FeedEvent]:
    """What, besides messages, a member must see before their answer goes out (`is_news`). Raises NotFound."""
    return [e for e in events_of_thread(ctx, viewer, thread_id, after=after) if is_news(e, viewer)]


def reply_addresses(ctx: Context, conversation: Conversation) -> dict[str, str]:
    """Each participant's own reply address, by participant id."""
    key, domain = ctx.settings.key, ctx.settings.reply_domain
    return {p.id: reply_address(key, p.id, domain) for p in conversation.participants}


def _open(tx: Transaction, viewer: Viewer, thread_id: str) -> Conversation:
    conversation = tx.threads.open_for(viewer, thread_id)
    if conversation is None:
        raise NotFound("conversation")
    return conversation


def _for_candidate(event: FeedEvent) -> bool:
    """A candidate hears of messages that are not notes, and of the gate; nothing else."""
    if event.name == events.MESSAGE_CREATED:
        return event.data["kind"] == "message"
    moved = (events.MESSAGES_MOVED_OUT, events.MESSAGES_MOVED_IN)
    return event.name in (*moved, events.MESSAGE_RELEASED, events.THREAD_BLOCKED, events.THREAD_RESTORED)


def _mark_repeats(tx: Transaction, messages: list[Message], *, but: Hidden) -> list[Message]:
    if not any(a.inline for m in messages for a in m.attachments):
        return messages
    return mark_repeats(messages, tx.messages.inline_digests(messages[0].thread_id, before=messages[0].seq, but=but))


def _shown(
    ctx: Context, tx: Transaction, viewer: Viewer, conversation: Conversation, messages: list[Message]
) -> tuple[ShownMessage, ...]:
    messages = _mark_repeats(tx, messages, but=hidden_from(viewer, ctx.now))
    if not viewer.is_company:
        return tuple(ShownMessage(m) for m in messages)
    deliveries = tx.outbox.by_message([m.id for m in messages], attempts=True)
    crossed = tx.messages.find_many([m.crossed_id for m in messages if m.crossed_id])
    refused = find_refused(tx, viewer.workspace_id, [d for sent in deliveries.values() for d in sent])
    if not may_see_links(viewer, conversation.opening.id):
        messages = [without_links(m) for m in messages]
        crossed = {message_id: without_links(m) for message_id, m in crossed.items()}
    return tuple(ShownMessage(m, tuple(deliveries.get(m.id, ())), crossed.get(m.crossed_id), refused) for m in messages)


def _rows(ctx: Context, tx: Transaction, viewer: Viewer, listed: list[ListedThread]) -> list[ConversationRow]:
    """Rows with what other tables know of them, asked once for all."""
    ids = [row.thread_id for row in listed]
    held, tags = tx.inbox.held_by_thread(ids), tx.organising.tags_of(ids)
    begun = tx.drafts.beginnings(viewer.id, ids)
    going = tx.organising.next_to_go(ids, now=ctx.now)
    return [
        replace(
            _row(viewer, row, held=held.get(row.thread_id, 0)),
            draft=begun.get(row.thread_id, ""),
            tags=tuple(tags.get(row.thread_id, ())),
            goes_out_at=going.get(row.thread_id),
        )
        for row in listed
    ]


def _row(viewer: Viewer, listed: ListedThread, *, held: int = 0) -> ConversationRow:
    return ConversationRow(
        thread_id=listed.thread_id,
        applicant_name=listed.applicant_name,
        opening_title=listed.opening_title,
        stage=listed.stage,
        state=listed.state,
        locale=listed.locale,
        last_text=listed.last_text,
        last_author=listed.last_author,
        last_by_viewer=listed.last_member_id == viewer.id,
        last_at=listed.last_at,
        unread=listed.unread,
        unanswered_since=listed.unanswered_since,
        failed=listed.failed,
        held=held,
        blocked_tries=listed.blocked_tries,
        assignee_id=listed.assignee_id or "",
        assignee_name=listed.assignee_name or "",
        snoozed_until=listed.snoozed_until,
        done_at=listed.done_at,
        decides=check_role(viewer, listed.opening_id).allowed,
    )


def rows_of(tx: Transaction, viewer: Viewer, thread_ids: list[str]) -> tuple[ConversationRow, ...]:
    """List rows of single threads, in the order given; those that the viewer may not open are left out."""
    found = []
    for thread_id in thread_ids:
        if tx.threads.open_for(viewer, thread_id):
            found += [_row(viewer, r) for r in tx.listing.one(viewer.workspace_id, viewer.id, thread_id)]
    return tuple(found)


def _write_cursor(row: ListedThread) -> str:
    return base64.urlsafe_b64encode(f"{row.last_at.isoformat()} {row.thread_id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str] | None:
    if not cursor:
        return None
    try:
        at, _, thread_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        place = datetime.fromisoformat(at).astimezone(UTC), thread_id
    except (ValueError, OverflowError):
        place = None
    if place is None or not place[1].isalnum():
        raise Invalid("cursor", "Use the `next` of the page before, unchanged.", code="cursor")
    return place
