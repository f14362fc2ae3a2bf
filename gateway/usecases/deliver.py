"""In charge of: one attempt at one delivery — claim, send, record — and what was left behind.

Not in charge of: channels or states.

The claim and the record are two transactions; between them nothing is locked. If this process dies in between, the
lease runs out and the sweep moves the delivery on (`threads.delivery.after_unknown`).
"""

from __future__ import annotations

import logging
from datetime import timedelta

from gateway.crashpoints import reach
from gateway.errors import Conflict, GatewayError, Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.channel import Failed, Retry, SendResult
from gateway.threads.delivery import Move, after_report, after_send, after_unknown
from gateway.threads.model import Delivery, DeliveryState, ThreadState, Viewer, ViewerKind
from gateway.threads.policies.rejection import REJECTED_STAGE
from gateway.usecases.change_stage import set_gate
from gateway.usecases.checks import check_email
from gateway.usecases.context import Context
from gateway.usecases.outgoing import build_outgoing
from gateway.usecases.record_report import note_delivery

LEASE = timedelta(seconds=60)
log = logging.getLogger("gateway.deliver")


def deliver_one(ctx: Context, delivery_id: str) -> DeliveryState | None:
    """Try one delivery once; None if it is not due or somebody else has it."""
    lease_id = ctx.new_id()
    with ctx.database.begin() as tx:
        delivery = tx.outbox.claim(delivery_id, lease_id=lease_id, now=ctx.now, until=ctx.now + LEASE)
        if delivery is None:
            return None
        _release_if_scheduled(ctx, tx, delivery)
    reach("delivery.claimed")
    with ctx.leases.holding(lease_id):
        result = _send(ctx, delivery)
    reach("delivery.sent")
    channel = ctx.channels.get(delivery.channel)
    stable = channel.capabilities.stable_key if channel else False
    move = after_send(result, tries=delivery.tries, now=ctx.now, jitter=ctx.jitter(), stable_key=stable)
    with ctx.database.begin() as tx:
        _record(ctx, tx, delivery, move=move, lease_id=lease_id)
        reach("delivery.before_commit")
    reach("delivery.recorded")
    return move.state


def _send(ctx: Context, delivery: Delivery) -> SendResult:
    channel = ctx.channels.get(delivery.channel)
    if channel is None:
        return Failed("channel_off", f"The channel {delivery.channel} is not set up here.")
    try:
        with ctx.database.read() as tx:
            outgoing = build_outgoing(ctx, tx, delivery)
    except FileNotFoundError:
        return Failed("file_gone", "An attached file is no longer stored.")
    except Invalid as error:
        return Failed("render", f"{error.field}: {error.message}")
    except Exception:  # nothing was handed over: a retry with its reason, and not an unknown outcome
        log.exception("the words of delivery %s could not be built", delivery.id)
        return Retry("ours", "The message could not be written.")
    if outgoing is None:
        return Failed("gone", "The message or the person no longer exists.")
    try:
        reach("delivery.built")
        return channel.send(outgoing, handing_over=lambda: reach("delivery.handing_over"))
    except GatewayError as error:
        return Retry("ours", type(error).__name__)
    except Exception:  # a channel must not raise; if it does, nothing is lost and the log tells
        log.exception("channel %s raised for delivery %s", delivery.channel, delivery.id)
        return Retry("ours", "The channel failed unexpectedly.")


def _record(ctx: Context, tx: Transaction, delivery: Delivery, *, move: Move, lease_id: str) -> None:
    if not tx.outbox.save_move(delivery.id, move, lease_id=lease_id, now=ctx.now):
        log.warning("delivery %s: somebody else recorded an outcome first", delivery.id)
        return
    note_delivery(ctx, tx, delivery, state=move.state)


def _release_if_scheduled(ctx: Context, tx: Transaction, delivery: Delivery) -> None:
    """A scheduled message goes out: open pages show it from now on; a scheduled rejection takes force in the same
    transaction (seeds §9 no. 4).
    """
    if delivery.message_id is None or delivery.thread_id is None or delivery.tries > 1:
        return
    scheduled = tx.messages.find_scheduled(delivery.message_id)
    conversation = tx.threads.load(delivery.thread_id, lock=True) if scheduled else None
    if scheduled is None or conversation is None:
        return
    seq, closes_gate = scheduled
    thread, told = conversation.thread, {"message_id": delivery.message_id, "seq": str(seq)}
    tx.events.append(thread.id, thread.workspace_id, events.MESSAGE_RELEASED, now=ctx.now, **told)
    if closes_gate and thread.state is ThreadState.OPEN and conversation.applicant.stage == REJECTED_STAGE:
        set_gate(ctx, tx, conversation, state=ThreadState.BLOCKED, by="schedule")


def release_expired(ctx: Context, *, limit: int = 100) -> int:
    """Move on deliveries whose worker died in mid-send; how many there were."""
    with ctx.database.begin() as tx:
        expired = tx.outbox.expired(now=ctx.now, limit=limit)
        for delivery, lease_id in expired:
            channel = ctx.channels.get(delivery.channel)
            stable = channel.capabilities.stable_key if channel else False
            why = "The worker stopped while sending."
            move = after_unknown(why, tries=delivery.tries, now=ctx.now, stable_key=stable, at_once=True)
            _record(ctx, tx, delivery, move=move, lease_id=lease_id)
            if move.next_attempt_at:
                tx.wake("deliver", delivery.id)
    return len(expired)


def take_back_leases(ctx: Context) -> None:
    """At the start of an installation that is one process: what it had under way when it ended need not wait."""
    with ctx.database.begin() as tx:
        tx.inbox.take_back()
        tx.outbox.take_back(now=ctx.now)


def extend_leases(ctx: Context) -> None:
    """Tell the database that this process still works on what it holds."""
    held = ctx.leases.held()
    if held:
        with ctx.database.begin() as tx:
            tx.outbox.extend(held, until=ctx.now + LEASE)


def find_due(ctx: Context, *, limit: int = 200) -> tuple[list[str], list[str]]:
    """(inbox entries, deliveries) that wait although nobody works on them: the broker forgot, or their time came."""
    with ctx.database.read() as tx:
        return tx.inbox.due(now=ctx.now, limit=limit), tx.outbox.due(now=ctx.now, limit=limit)


def send_again(ctx: Context, viewer: Viewer, delivery_id: str, *, to: str | None = None) -> Delivery:
    """A person asks for another try, perhaps to a corrected address. Raises NotFound, Invalid, Conflict."""
    address = check_email("to", to) if to else None
    with ctx.database.begin() as tx:
        delivery = _open_delivery(tx, viewer, delivery_id)
        wanted = address or delivery.to
        if not wanted:
            raise Invalid("to", "There is no address: give one.", code="address_missing")
        tx.outbox.unsuppress(delivery.workspace_id, wanted)
        if not tx.outbox.queue_again(delivery_id, to=wanted, now=ctx.now):
            raise Conflict("not_failed", "Only a delivery that failed can be sent again.")
        if address and delivery.participant_id:
            tx.threads.update_participant(delivery.participant_id, email=address)
        note_delivery(ctx, tx, delivery, state=DeliveryState.QUEUED)
        tx.wake("deliver", delivery_id)
        return _open_delivery(tx, viewer, delivery_id)


def mark_arrived(ctx: Context, viewer: Viewer, delivery_id: str) -> Delivery:
    """A person knows that an uncertain delivery arrived. Raises NotFound, Conflict."""
    with ctx.database.begin() as tx:
        delivery = _open_delivery(tx, viewer, delivery_id)
        move = after_report(delivery.state, "delivered", code="", detail=f"Marked as arrived by {viewer.name}.")
        if move is None:
            raise Conflict("not_uncertain", "This delivery is not waiting for an answer.")
        tx.outbox.save_move(delivery_id, move, lease_id=None, now=ctx.now)
        note_delivery(ctx, tx, delivery, state=move.state)
        return _open_delivery(tx, viewer, delivery_id)


def _open_delivery(tx: Transaction, viewer: Viewer, delivery_id: str) -> Delivery:
    """A delivery by the one door: only who may open its thread, and never a candidate."""
    delivery = tx.outbox.find(delivery_id, attempts=True)
    if delivery is None or delivery.thread_id is None or viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("delivery")
    if tx.threads.open_for(viewer, delivery.thread_id) is None:
        raise NotFound("delivery")
    return delivery


def read_delivery(ctx: Context, viewer: Viewer, delivery_id: str) -> Delivery:
    """One delivery with its attempts. Raises NotFound."""
    with ctx.database.read() as tx:
        return _open_delivery(tx, viewer, delivery_id)
