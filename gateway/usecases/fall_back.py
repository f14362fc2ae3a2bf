"""In charge of: recording where a delivery goes next — and its next channel when this one cannot reach the person.

Not in charge of: attempts (`deliver`), providers' news (`record_receipt`), or the rules (`threads.delivery`,
`threads.routing`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.decisions import Reason
from gateway.threads.delivery import Move
from gateway.threads.model import Delivery, DeliveryState
from gateway.threads.routing import ALIMTALK, SMS, may_fall_back, plan_fallback
from gateway.usecases.append_message import add_delivery
from gateway.usecases.context import Context
from gateway.usecases.note_delivery import note_delivery
from gateway.usecases.reach import NEW_MESSAGE, find_reach

GIVEN_UP = (DeliveryState.FAILED, DeliveryState.BOUNCED)
ON_ITS_WAY = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)


def record_move(ctx: Context, tx: Transaction, delivery: Delivery, *, move: Move, lease_id: str | None) -> bool:
    """Write the move; when it gives up and another channel is left, that one takes over in the same transaction.

    False when the lease is no longer ours: somebody else recorded an outcome first.
    """
    until = deadline(ctx, delivery) if move.state in (*ON_ITS_WAY, DeliveryState.DEFERRED) else None
    if until and move.next_attempt_at:
        move = replace(move, next_attempt_at=min(until, move.next_attempt_at))
    if not tx.attempts.save_move(delivery.id, move, lease_id=lease_id, now=ctx.now):
        return False
    if until:
        look = min(until, move.look_at or until) if move.state in ON_ITS_WAY else None
        tx.receipts.set_times(delivery.id, look_at=look, fallback_at=until)
    if move.state in GIVEN_UP and fall_back(ctx, tx, delivery, code=move.code):
        return True
    note_delivery(ctx, tx, delivery, state=move.state)
    return True


def deadline(ctx: Context, delivery: Delivery) -> datetime | None:
    """Until when this channel has time, counted from the first try; None when there is no other or no limit."""
    minutes = {ALIMTALK: ctx.settings.alimtalk_minutes, SMS: ctx.settings.sms_minutes}.get(delivery.channel)
    if minutes is None or not delivery.rest:
        return None
    return delivery.fallback_at or ctx.now + timedelta(minutes=minutes)


def fall_back(ctx: Context, tx: Transaction, delivery: Delivery, *, code: str) -> Delivery | None:
    """Hand the message to the next channel that can be used; the new delivery, or None when none is left."""
    if not may_fall_back(delivery) or delivery.thread_id is None:
        return None
    conversation = tx.threads.load(delivery.thread_id)
    if conversation is None:
        return None
    notice = tx.outbox.find_notice(delivery.notice_id) if delivery.notice_id else None
    reach = find_reach(ctx, tx, conversation, notice=notice.key if notice else NEW_MESSAGE, purpose=delivery.purpose)
    plan = plan_fallback(delivery, reach, now=ctx.now)
    if plan.state is DeliveryState.SKIPPED:
        return None
    tx.receipts.end_with_fallback(delivery.id, reason=Reason.NEXT_CHANNEL.value, now=ctx.now)
    note_delivery(ctx, tx, delivery, state=DeliveryState.FELL_BACK)
    told = {
        "delivery_id": delivery.id,
        "message_id": delivery.message_id or "",
        "channel": delivery.channel,
        "to_channel": plan.channel,
        "code": code,
    }
    thread = conversation.thread
    tx.events.append(thread.id, thread.workspace_id, events.DELIVERY_FELL_BACK, now=ctx.now, **told)
    return add_delivery(ctx, tx, conversation, plan=plan, message_id=delivery.message_id, notice_id=delivery.notice_id)
