"""In charge of: providers' news of deliveries — pushed to a webhook, or asked for when a look-up is due.

Not in charge of: whether a webhook is genuine (`web.receipts`), bounces of mail (`record_report`), or what news means
for the state (`threads.delivery`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.store.database import Transaction
from gateway.threads.channel import CannotTell, Outgoing, Receipt, Sent, Trace, TraceableChannel
from gateway.threads.decisions import Reason
from gateway.threads.delivery import after_receipt, after_trace, next_look
from gateway.threads.model import Delivery, DeliveryState
from gateway.usecases.checks import read_mobile
from gateway.usecases.context import Context
from gateway.usecases.fall_back import fall_back, record_move
from gateway.usecases.note_delivery import note_delivery
from gateway.usecases.outgoing import build_outgoing

LOOK_LEASE = timedelta(minutes=5)
log = logging.getLogger("gateway.receipts")


def record_receipts(ctx: Context, channel: str, receipts: Sequence[Receipt]) -> int:
    """Record what a provider pushed; how many said something new. What names no delivery of ours is passed over."""
    return sum(_record_one(ctx, channel, receipt) for receipt in receipts)


def _record_one(ctx: Context, channel: str, receipt: Receipt) -> bool:
    with ctx.database.begin() as tx:
        delivery_id = receipt.delivery_id or tx.receipts.find_by_provider_id(channel, receipt.provider_id)
        delivery = tx.receipts.hold(delivery_id) if delivery_id else None
        if delivery is None or delivery.channel != channel:
            log.info("a report of %s names no delivery of ours", channel)
            return False
        return apply_receipt(ctx, tx, delivery, receipt=receipt)


def apply_receipt(ctx: Context, tx: Transaction, delivery: Delivery, *, receipt: Receipt) -> bool:
    """Move the delivery as its provider says; False if that is nothing new. The caller holds its row."""
    move = after_receipt(delivery, receipt, now=ctx.now)
    if move is None:
        return False
    if delivery.state is not DeliveryState.FELL_BACK:
        return record_move(ctx, tx, delivery, move=move, lease_id=None)
    if delivery.reason == Reason.LATE_SUCCESS:
        return False
    tx.receipts.note_late(delivery.id, move, reason=Reason.LATE_SUCCESS.value, now=ctx.now)
    tx.attempts.add_report(delivery.id, move, now=ctx.now)
    note_delivery(ctx, tx, delivery, state=DeliveryState.FELL_BACK)
    stopped = tx.receipts.cancel_replacement(delivery.id, reason=Reason.CANCELLED.value, now=ctx.now)
    if stopped:
        note_delivery(ctx, tx, stopped, state=DeliveryState.CANCELLED)
    return True


def find_looks(ctx: Context, *, limit: int = 200) -> list[str]:
    """Deliveries whose provider is to be asked now."""
    with ctx.database.read() as tx:
        return tx.receipts.due_looks(now=ctx.now, limit=limit)


def look_up_one(ctx: Context, delivery_id: str) -> DeliveryState | None:
    """Ask the provider what became of a delivery, and record it; None if it is not due.

    When the provider knows nothing new and this channel has had its time, the next one takes over: never before it
    was asked.
    """
    with ctx.database.begin() as tx:
        delivery = tx.receipts.claim_look(delivery_id, now=ctx.now, until=ctx.now + LOOK_LEASE)
        if delivery is None:
            return None
        since = tx.attempts.newest_start(delivery_id)
    trace = _ask(ctx, delivery, since=since)
    with ctx.database.begin() as tx:
        held = tx.receipts.hold(delivery_id)
        if held is None or held.state is not delivery.state:
            return held.state if held else None
        move = after_trace(held, trace, now=ctx.now)
        if move is not None:
            record_move(ctx, tx, held, move=move, lease_id=None)
            if move.state is DeliveryState.QUEUED:
                tx.wake("deliver", held.id)
            return move.state
        if held.fallback_at and held.fallback_at <= ctx.now and fall_back(ctx, tx, held, code="deadline"):
            return DeliveryState.FELL_BACK
        later = [next_look(since=held.updated_at, now=ctx.now)]
        later += [held.fallback_at] if held.fallback_at and held.fallback_at > ctx.now else []
        look = min((at for at in later if at), default=None)
        tx.receipts.set_times(held.id, look_at=look, fallback_at=held.fallback_at)
        return held.state


def _ask(ctx: Context, delivery: Delivery, *, since: datetime) -> Trace:
    """`since`: when it was taken for the attempt that is asked about. Its row may have changed long after: when the
    machine that died is there again, or with a report.
    """
    channel = ctx.channels.get(delivery.channel)
    if not isinstance(channel, TraceableChannel):
        return CannotTell("This channel cannot be asked.")
    words = "" if delivery.provider_id else _words(ctx, delivery)
    sent = Sent(
        delivery.id,
        delivery.to,
        since,
        phone=read_mobile(delivery.to),
        provider_id=delivery.provider_id,
        text=words,
    )
    try:
        return channel.trace(sent)
    except Exception:  # a channel must not raise; if it does, nothing is lost and the log tells
        log.exception("channel %s could not be asked about delivery %s", delivery.channel, delivery.id)
        return CannotTell("The channel failed unexpectedly.")


def _words(ctx: Context, delivery: Delivery) -> str:
    """What was handed over: some providers can be asked by number and text only."""
    with ctx.database.read() as tx:
        outgoing: Outgoing | None = build_outgoing(ctx, tx, delivery)
    return outgoing.text if outgoing else ""
