"""In charge of: the one way in which a message enters a thread — number, row, event, deliveries, the thread's summary.

Not in charge of: deciding whether it may (the callers, under the thread's lock).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.attachment import Attachment
from gateway.threads.channel import OutgoingFile
from gateway.threads.decisions import Reason
from gateway.threads.filenames import safe_filename
from gateway.threads.model import (
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageKind,
    Participant,
    Role,
)
from gateway.threads.policies.privacy import mask_links
from gateway.threads.purpose import Purpose
from gateway.threads.routing import EMAIL, PlannedDelivery, plan_deliveries, recipients
from gateway.threads.subjects import in_one
from gateway.usecases.context import Context
from gateway.usecases.end_waiting import SUMMARY, end_with_news
from gateway.usecases.reach import NEW_MESSAGE, find_reach, order_of
from gateway.usecases.tell_members import tell_of_message


def append_message(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    *,
    message: Message,
    body_digest: str = "",
    client_key: str = "",
    closes_gate: bool = False,
    channels: tuple[str, ...] = (),
    purpose: Purpose = Purpose.TRANSACTIONAL,
) -> tuple[Message, tuple[Delivery, ...]]:
    """Write the message as the thread's next, with its event and deliveries, in the caller's transaction.

    `channels`: how the candidate is to be reached, in this order; () as the workspace has it.
    """
    now = ctx.now
    thread = conversation.thread
    said = in_one(message.subject, message.text)
    summary = mask_links(said or ", ".join(a.filename for a in message.attachments))[:SUMMARY]
    seq, event_seq = tx.threads.append(thread.id, message, summary=summary, now=now)
    message = replace(message, seq=seq)
    tx.messages.add(message, body_digest=body_digest, client_key=client_key, closes_gate=closes_gate)
    told = {"message_id": message.id, "seq": str(seq), "kind": message.kind.value}
    held_back: dict[str, Reason] = {}
    tx.events.add(thread.id, thread.workspace_id, event_seq, name=events.MESSAGE_CREATED, now=now, data=told)
    if _is_candidates(message):
        end_with_news(ctx, tx, conversation, reason=Reason.WROTE_FIRST)
        conversation = ensure_notified(ctx, tx, conversation)
        if message.kind is MessageKind.MESSAGE:
            held_back = tell_of_message(ctx, tx, conversation, message)
    planned = _plan(ctx, tx, conversation, message, held_back=held_back, channels=channels, purpose=purpose)
    deliveries = tuple(add_delivery(ctx, tx, conversation, plan=p, message_id=message.id) for p in planned)
    return message, deliveries


def _plan(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    message: Message,
    *,
    held_back: Mapping[str, Reason],
    channels: tuple[str, ...],
    purpose: Purpose,
) -> list[PlannedDelivery]:
    if message.author.kind.is_outside or message.kind is MessageKind.NOTE:
        addressed = [p.email for p in recipients(conversation, message)]
        known = tx.outbox.suppressed(conversation.workspace.id, addressed)
        return plan_deliveries(conversation, message, suppressed=known, held_back=held_back, now=ctx.now)
    reach = find_reach(ctx, tx, conversation, notice=NEW_MESSAGE, purpose=purpose)
    order = order_of(ctx, conversation, wanted=channels)
    return plan_deliveries(conversation, message, now=ctx.now, reach=reach, order=order, purpose=purpose)


def _is_candidates(message: Message) -> bool:
    return message.author.kind.is_outside


def ensure_notified(ctx: Context, tx: Transaction, conversation: Conversation) -> Conversation:
    """Give every address of the opening's notify list a participant, and so an own reply address (SJ-12)."""
    have = {p.email for p in conversation.participants if p.role.is_company}
    missing = [e for e in dict.fromkeys(a.lower() for a in conversation.opening.notify_emails) if e not in have]
    if not missing:
        return conversation
    members = {m.email: m for m in tx.people.list_members(conversation.workspace.id)}
    added = []
    for email in missing:
        member = members.get(email)
        person = Participant(
            id=ctx.new_id(),
            thread_id=conversation.thread.id,
            role=Role.MEMBER if member else Role.NOTIFIED,
            name=member.name if member else "",
            email=email,
            member_id=member.id if member else None,
            locale=member.locale if member else conversation.workspace.locale,
        )
        tx.threads.add_participant(person)
        added.append(person)
    return replace(conversation, participants=(*conversation.participants, *added))


def add_delivery(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    *,
    plan: PlannedDelivery,
    message_id: str | None = None,
    notice_id: str | None = None,
) -> Delivery:
    """One row of the outbox; a worker is woken after the commit if it is due."""
    delivery_id = ctx.new_id()
    delivery = Delivery(
        id=delivery_id,
        workspace_id=conversation.workspace.id,
        thread_id=conversation.thread.id,
        message_id=message_id,
        notice_id=notice_id,
        participant_id=plan.participant_id,
        channel=plan.channel,
        to=plan.to,
        state=plan.state,
        reason=plan.reason,
        code="",
        tries=0,
        next_attempt_at=plan.next_attempt_at,
        lease_until=None,
        provider_id="",
        rfc_message_id=f"{delivery_id}@{ctx.settings.reply_domain}" if plan.channel == EMAIL else "",
        created_at=ctx.now,
        updated_at=ctx.now,
        rest=plan.rest,
        purpose=plan.purpose,
        fallback_of=plan.fallback_of,
    )
    tx.outbox.add(delivery)
    if plan.state is DeliveryState.QUEUED:
        tx.wake("deliver", delivery_id)
    return delivery


def store_files(
    ctx: Context, tx: Transaction, message_id: str, files: tuple[OutgoingFile, ...]
) -> tuple[Attachment, ...]:
    """Keep files by content and describe them as the message's attachments."""
    return tuple(
        Attachment(
            id=ctx.new_id(),
            message_id=message_id,
            position=position,
            filename=safe_filename(file.filename) or f"file-{position + 1}",
            content_type=file.content_type,
            size=len(file.content),
            digest=tx.blobs.add(file.content, now=ctx.now),
            danger=file.danger,
        )
        for position, file in enumerate(files)
    )
