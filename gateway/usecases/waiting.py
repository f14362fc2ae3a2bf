"""In charge of: what a person does with what waits for its time — take a message or a rejection back, send a message
now, move it.

Not in charge of: writing it (`compose`), or sending it (`deliver`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.store.waiting import WaitingMessage
from gateway.threads import events
from gateway.threads.decisions import Reason
from gateway.threads.drafts import Draft, DraftFile
from gateway.threads.model import Conversation, Message, MessageKind, ThreadState, Viewer, ViewerKind
from gateway.threads.policies.rejection import RESTORED_STAGE
from gateway.threads.policies.roles import check_role
from gateway.threads.routing import earliest
from gateway.threads.schedule import FARTHEST
from gateway.usecases.change_stage import move_stage
from gateway.usecases.context import Context
from gateway.usecases.end_waiting import end_waiting
from gateway.usecases.post_message import Posted
from gateway.usecases.reach import zone_of
from gateway.usecases.rejection_note import take_back_notes

LATE = timedelta(minutes=5)  # a `send_at` that is past by less is taken as now


def take_back(ctx: Context, viewer: Viewer, thread_id: str, message_id: str) -> bool:
    """Undo: it does not go out, and its words and files are in the member's draft again. A rejection that was to take
    force with it is taken back too; its words stay in the message alone. Are they in the draft? Raises NotFound,
    Refused, Conflict (`gone_out`).
    """
    with ctx.database.begin() as tx:
        conversation, message, waiting = _open(ctx, tx, viewer, thread_id, message_id)
        if _end(ctx, tx, conversation, waiting, viewer=viewer, reason=Reason.UNDONE):
            return False
        _hand_back(ctx, tx, viewer, message)
        return True


def cancel(ctx: Context, viewer: Viewer, thread_id: str, message_id: str) -> Posted:
    """A program takes a message back before it goes out, as `take_back` does; its words stay in the message alone, for
    a program has no draft. Raises NotFound, Conflict (`gone_out`).
    """
    with ctx.database.begin() as tx:
        conversation, message, waiting = _open(ctx, tx, viewer, thread_id, message_id, kind=ViewerKind.ATS)
        _end(ctx, tx, conversation, waiting, viewer=viewer, reason=Reason.CANCELLED)
        return Posted(message, tuple(tx.outbox.by_message([message.id]).get(message.id, ())))


def take_back_rejection(ctx: Context, viewer: Viewer, thread_id: str) -> None:
    """Undo a rejection before it takes force: with its message if it has one. The stage is what it was before, and says
    so in an event, for the move to `rejected` may have been read already; the gate never closed.

    Raises NotFound, Refused, Conflict (`gone_out`).
    """
    with ctx.database.read() as tx:
        waiting = tx.waiting.rejections([thread_id], now=ctx.now).get(thread_id)
    if waiting and waiting.message_id:
        take_back(ctx, viewer, thread_id, waiting.message_id)
        return
    with ctx.database.begin() as tx:
        conversation = tx.threads.open_for(viewer, thread_id, lock=True)
        if viewer.kind is not ViewerKind.MEMBER or conversation is None:
            raise NotFound("conversation")
        if not (role := check_role(viewer, conversation.opening.id)).allowed:
            raise Refused(role)
        if tx.waiting.rejections([thread_id], now=ctx.now).get(thread_id) is None:
            raise _gone_out()
        tx.threads.update(thread_id, closes_at=None)
        _undo_rejection(ctx, tx, conversation, viewer=viewer)


def send_now(ctx: Context, viewer: Viewer, thread_id: str, message_id: str) -> None:
    """Do not wait any longer. Raises NotFound, Refused, Conflict (`gone_out`)."""
    with ctx.database.begin() as tx:
        conversation, message, waiting = _open(ctx, tx, viewer, thread_id, message_id)
        _move(ctx, tx, conversation, message, waiting, at=ctx.now)


def move_to(ctx: Context, viewer: Viewer, thread_id: str, message_id: str, *, at: datetime | None) -> None:
    """Send it at another time. Raises NotFound, Refused, Invalid, Conflict (`gone_out`)."""
    at = check_time(ctx, at)
    with ctx.database.begin() as tx:
        conversation, message, waiting = _open(ctx, tx, viewer, thread_id, message_id)
        _move(ctx, tx, conversation, message, waiting, at=at)
        if waiting.unless_news:
            tx.threads.update(thread_id, waits_until=max(at, conversation.thread.waits_until or at))


def check_send_at(ctx: Context, at: datetime | None) -> None:
    """When a program wants something sent: now, to come within a year, or just past, since its clock and its queue may
    be late. Raises Invalid.
    """
    if at is None or ctx.now - LATE <= at <= ctx.now + FARTHEST:
        return
    words = "This time is past: leave it out to send now." if at < ctx.now else "Choose a time within a year."
    raise Invalid("send_at", words, code="time_to_come")


def check_time(ctx: Context, at: datetime | None) -> datetime:
    """A time to come, within a year. Raises Invalid."""
    if at is None or not ctx.now < at <= ctx.now + FARTHEST:
        raise Invalid("at", "Choose a time to come, within a year.", code="time_to_come")
    return at


def _open(
    ctx: Context,
    tx: Transaction,
    viewer: Viewer,
    thread_id: str,
    message_id: str,
    *,
    kind: ViewerKind = ViewerKind.MEMBER,
) -> tuple[Conversation, Message, WaitingMessage]:
    conversation = tx.threads.open_for(viewer, thread_id)
    message = tx.messages.find(message_id)
    if viewer.kind is not kind or conversation is None or message is None:
        raise NotFound("message")
    if message.thread_id != thread_id:
        raise NotFound("message")
    if not (role := check_role(viewer, conversation.opening.id)).allowed:
        raise Refused(role)
    waiting = tx.waiting.find(message_id, now=ctx.now)
    if waiting is None:
        raise _gone_out()
    return conversation, message, waiting


def _end(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    waiting: WaitingMessage,
    *,
    viewer: Viewer,
    reason: Reason,
) -> bool:
    """It does not go out. True if a rejection was taken back with it. Raises Conflict (`gone_out`)."""
    if not end_waiting(ctx, tx, conversation.thread, waiting, reason=reason):
        raise _gone_out()
    if not _is_to_close(tx, conversation, waiting):
        return False
    _undo_rejection(ctx, tx, conversation, viewer=viewer)
    return True


def _move(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    message: Message,
    waiting: WaitingMessage,
    *,
    at: datetime,
) -> None:
    zone = zone_of(conversation.applicant.phone, default=conversation.workspace.timezone)
    deliveries = [d for d in tx.outbox.by_message([message.id]).get(message.id, []) if d.next_attempt_at]
    starts = {d.id: earliest(d.channel, purpose=d.purpose, at=at, zone=zone) for d in deliveries}
    if not tx.waiting.move(message.id, goes_out_at=at, starts=starts, now=ctx.now):
        raise _gone_out()
    thread, told = conversation.thread, {"message_id": message.id, "seq": str(message.seq)}
    tx.events.append(thread.id, thread.workspace_id, events.MESSAGE_MOVED, now=ctx.now, **told, at=at.isoformat())
    if _is_to_close(tx, conversation, waiting):
        tx.threads.update(thread.id, closes_at=at)
    for delivery_id, start in starts.items():
        if start <= ctx.now:
            tx.wake("deliver", delivery_id)


def _is_to_close(tx: Transaction, conversation: Conversation, waiting: WaitingMessage) -> bool:
    """Does the gate close with this message? Asked when the thread's row is held: where nobody can be reached, no
    delivery tells that it closed meanwhile. Raises Conflict if it did.
    """
    if not waiting.closes_gate or conversation.thread.state is not ThreadState.OPEN:
        return False  # a message to somebody who is rejected already
    held = tx.threads.load(conversation.thread.id, lock=True)
    if held is None or held.thread.state is not ThreadState.OPEN:
        raise _gone_out()
    return True


def _undo_rejection(ctx: Context, tx: Transaction, conversation: Conversation, *, viewer: Viewer) -> None:
    take_back_notes(ctx, tx, conversation, reason=Reason.UNDONE)
    move_stage(ctx, tx, conversation, viewer=viewer, stage=RESTORED_STAGE, how="undone")


def _hand_back(ctx: Context, tx: Transaction, viewer: Viewer, message: Message) -> None:
    """The words go before what the member has begun since; the files join its files."""
    draft = tx.drafts.find(viewer.id, message.thread_id) or Draft()
    words = tx.templates.find_words(message.id)
    text = "\n\n".join(part for part in (message.text, draft.text.strip()) if part)
    template = words.template if words else draft.template
    kept = replace(draft, text=text, kind=MessageKind.MESSAGE, template=template)
    tx.drafts.save(viewer.id, message.thread_id, kept, now=ctx.now)
    for a in message.attachments:
        file = DraftFile(ctx.new_id(), a.filename, a.content_type, a.size, a.digest)
        tx.drafts.add_file(viewer.id, message.thread_id, file)


def _gone_out() -> Conflict:
    return Conflict("gone_out", "It has gone out already, or somebody took it back.")
