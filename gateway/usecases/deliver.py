"""In charge of: one attempt at one delivery — claim, send, record — and what was left behind.

Not in charge of: channels or states.

The claim and the record are two transactions; between them nothing is locked. If this process dies in between, the
lease runs out and the sweep moves the delivery on (`threads.delivery.after_unknown`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from gateway.crashpoints import reach
from gateway.errors import Conflict, GatewayError, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.channel import (
    Accepted,
    BatchChannel,
    Capabilities,
    Channel,
    Failed,
    Fault,
    Outgoing,
    Retry,
    SendResult,
    Unknown,
)
from gateway.threads.copies import copy_of, pack
from gateway.threads.decisions import Reason
from gateway.threads.delivery import Move, after_report, after_send, after_unknown
from gateway.threads.model import Delivery, DeliveryState, ThreadState, Viewer, ViewerKind
from gateway.threads.notifying import SLACK
from gateway.threads.policies.rejection import REJECTED_STAGE
from gateway.threads.policies.roles import check_role
from gateway.threads.purpose import Purpose
from gateway.threads.routing import PHONE_CHANNELS
from gateway.usecases.change_stage import set_gate
from gateway.usecases.checks import check_email, check_mobile
from gateway.usecases.context import Context
from gateway.usecases.fall_back import record_move
from gateway.usecases.note_delivery import note_delivery
from gateway.usecases.outgoing import build_outgoing
from gateway.usecases.reach import may_advertise
from gateway.usecases.send_news import note_unreached, wait_for_hours
from gateway.usecases.suppression import note_corrected

LEASE = timedelta(seconds=60)
BATCH = 100  # messages in one call at most, whatever the provider takes: a lease lasts a minute
DAY = 86_400  # seconds
log = logging.getLogger("gateway.deliver")


def deliver_one(ctx: Context, delivery_id: str) -> DeliveryState | None:
    """Try one delivery once, with others of its kind that wait if its provider takes several in one call; None if it
    is not due or somebody else has it.
    """
    lease_id = ctx.new_id()
    with ctx.database.begin() as tx:
        claimed = _claim(ctx, tx, delivery_id, lease_id=lease_id)
        held_back = {d.id: held for d in claimed if (held := _hold_back(ctx, tx, d))}
        for delivery in claimed:
            _release_if_scheduled(ctx, tx, delivery)
    if not claimed:
        return None
    reach("delivery.claimed")
    with ctx.leases.holding(lease_id):
        built = _build_all(ctx, [d for d in claimed if d.id not in held_back])
        results = held_back | _send(ctx, built)
    reach("delivery.sent")
    moves = [(d, _move(ctx, d, results[d.id])) for d in claimed]
    with ctx.database.begin() as tx:
        for delivery, move in moves:
            if _record(ctx, tx, delivery, move=move, lease_id=lease_id):
                _keep_copy(ctx, tx, delivery, built.get(delivery.id), results[delivery.id])
        reach("delivery.before_commit")
    reach("delivery.recorded")
    return moves[0][1].state


def _claim(ctx: Context, tx: Transaction, delivery_id: str, *, lease_id: str) -> list[Delivery]:
    """The delivery, and those that may travel with it in one call."""
    until = ctx.now + LEASE
    first = tx.outbox.claim(delivery_id, lease_id=lease_id, now=ctx.now, until=until)
    if first is None:
        return []
    most = min(_capabilities(ctx, first).batch, BATCH)
    others = tx.receipts.siblings(first, now=ctx.now, limit=most - 1) if most > 1 else []
    claimed = (tx.outbox.claim(other, lease_id=lease_id, now=ctx.now, until=until) for other in others)
    return [first, *(d for d in claimed if d is not None)]


def _hold_back(ctx: Context, tx: Transaction, delivery: Delivery) -> SendResult | None:
    """Why this is not handed over now: its time is over, the workspace has sent enough for a day, or a colleague's
    receiving hours have not begun.
    """
    if delivery.channel not in PHONE_CHANNELS:
        return wait_for_hours(ctx, tx, delivery)
    if delivery.rest and delivery.fallback_at and delivery.fallback_at <= ctx.now:
        return Failed("deadline", "It could not be handed over in its time.")
    most = ctx.settings.phone_messages_per_day
    if not most or tx.limits.count(f"phone:{delivery.workspace_id}", now=ctx.now, seconds=DAY) <= most:
        return None
    why = f"This workspace has sent {most} messages to phones today (GATEWAY_PHONE_MESSAGES_PER_DAY)."
    if delivery.rest:
        return Failed("daily_cap", why, Fault.CONFIG)
    return Retry("daily_cap", why, after=DAY - ctx.now.timestamp() % DAY, counted=False)


def _capabilities(ctx: Context, delivery: Delivery) -> Capabilities:
    channel = ctx.channels.get(delivery.channel)
    return channel.capabilities if channel else Capabilities(stable_key=False)


def _move(ctx: Context, delivery: Delivery, result: SendResult) -> Move:
    able = _capabilities(ctx, delivery)
    return after_send(
        result,
        tries=delivery.tries,
        now=ctx.now,
        jitter=ctx.jitter(),
        stable_key=able.stable_key,
        traceable=able.traceable,
    )


def _build_all(ctx: Context, deliveries: Sequence[Delivery]) -> dict[str, Outgoing | Failed | Retry]:
    """What each says, or why it cannot be written, by its id."""
    return {delivery.id: _build(ctx, delivery) for delivery in deliveries}


def _send(ctx: Context, built: Mapping[str, Outgoing | Failed | Retry]) -> dict[str, SendResult]:
    """Hand over what could be written; the result of each by its id."""
    results: dict[str, SendResult] = {i: one for i, one in built.items() if not isinstance(one, Outgoing)}
    ready = [one for one in built.values() if isinstance(one, Outgoing)]
    if ready:
        channel = ctx.channels[ready[0].channel]
        answers = _hand_over(channel, ready)
        results |= {o.delivery_id: answer for o, answer in zip(ready, answers, strict=True)}
    return results


def _build(ctx: Context, delivery: Delivery) -> Outgoing | Failed | Retry:
    if delivery.channel not in ctx.channels:
        return Failed("channel_off", f"The channel {delivery.channel} is not set up here.", Fault.CONFIG)
    try:
        with ctx.database.read() as tx:
            if delivery.purpose is Purpose.ADVERTISING and not may_advertise(ctx, tx, delivery):
                return Failed(Reason.NO_CONSENT.value, "The consent to advertising was taken back.")
            outgoing = build_outgoing(ctx, tx, delivery)
    except FileNotFoundError:
        return Failed("file_gone", "An attached file is no longer stored.")
    except Invalid as error:
        return Failed("render", f"{error.field}: {error.message}")
    except Exception:  # nothing was handed over: a retry with its reason, and not an unknown outcome
        log.exception("the words of delivery %s could not be built", delivery.id)
        return Retry("ours", "The message could not be written.")
    return outgoing or Failed("gone", "The message or the person no longer exists.")


def _hand_over(channel: Channel, batch: list[Outgoing]) -> list[SendResult]:
    def handing_over() -> None:
        reach("delivery.handing_over")

    try:
        reach("delivery.built")
        if isinstance(channel, BatchChannel) and len(batch) > 1:
            return channel.send_many(batch, handing_over=handing_over)
        return [channel.send(outgoing, handing_over=handing_over) for outgoing in batch]
    except GatewayError as error:
        return [Retry("ours", type(error).__name__)] * len(batch)
    except Exception:  # a channel must not raise; if it does, nothing is lost and the log tells
        log.exception("channel %s raised for delivery %s", channel.name, batch[0].delivery_id)
        return [Retry("ours", "The channel failed unexpectedly.")] * len(batch)


def _record(ctx: Context, tx: Transaction, delivery: Delivery, *, move: Move, lease_id: str) -> bool:
    recorded = record_move(ctx, tx, delivery, move=move, lease_id=lease_id)
    if not recorded:
        log.warning("delivery %s: somebody else recorded an outcome first", delivery.id)
    if recorded and delivery.channel == SLACK and move.state is DeliveryState.FAILED:
        note_unreached(ctx, tx, delivery)
    return recorded


def _keep_copy(
    ctx: Context, tx: Transaction, delivery: Delivery, built: Outgoing | Failed | Retry | None, result: SendResult
) -> None:
    """What went out in a conversation, or may have, stays to be read word for word."""
    if isinstance(built, Outgoing) and isinstance(result, Accepted | Unknown) and delivery.thread_id:
        tx.copies.keep(delivery.id, pack(copy_of(built, at=ctx.now)), now=ctx.now)


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
            able = _capabilities(ctx, delivery)
            move = after_unknown(
                "The worker stopped while sending.",
                tries=delivery.tries,
                now=ctx.now,
                stable_key=able.stable_key,
                traceable=able.traceable,
                at_once=True,
            )
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
    with ctx.database.begin() as tx:
        delivery = _open_delivery(tx, viewer, delivery_id, to_change=True)
        address = _check_address(delivery, to, locale=viewer.locale) if to else None
        wanted = address or delivery.to
        if not wanted:
            raise Invalid("to", "There is no address: give one.", code="address_missing")
        note_corrected(tx, delivery.workspace_id, wanted)
        if not tx.outbox.queue_again(delivery_id, to=wanted, now=ctx.now):
            raise Conflict("not_failed", "Only a delivery that failed can be sent again.")
        if address:
            _correct(tx, delivery, address)
        note_delivery(ctx, tx, delivery, state=DeliveryState.QUEUED)
        tx.wake("deliver", delivery_id)
        return _open_delivery(tx, viewer, delivery_id)


def _check_address(delivery: Delivery, to: str, *, locale: str) -> str:
    if delivery.channel not in PHONE_CHANNELS:
        return check_email("to", to)
    return check_mobile("to", to, locale=locale)


def _correct(tx: Transaction, delivery: Delivery, address: str) -> None:
    """A corrected address is the person's from now on."""
    if delivery.channel in PHONE_CHANNELS:
        conversation = tx.threads.load(delivery.thread_id or "")
        if conversation:
            tx.people.update_applicant(conversation.applicant.id, phone=address)
    elif delivery.participant_id:
        tx.threads.update_participant(delivery.participant_id, email=address)


def mark_arrived(ctx: Context, viewer: Viewer, delivery_id: str) -> Delivery:
    """A person knows that an uncertain delivery arrived. Raises NotFound, Conflict."""
    with ctx.database.begin() as tx:
        delivery = _open_delivery(tx, viewer, delivery_id, to_change=True)
        move = after_report(delivery.state, "delivered", code="", detail=f"Marked as arrived by {viewer.name}.")
        if move is None:
            raise Conflict("not_uncertain", "This delivery is not waiting for an answer.")
        tx.outbox.save_move(delivery_id, move, lease_id=None, now=ctx.now)
        note_delivery(ctx, tx, delivery, state=move.state)
        return _open_delivery(tx, viewer, delivery_id)


def _open_delivery(tx: Transaction, viewer: Viewer, delivery_id: str, *, to_change: bool = False) -> Delivery:
    """A delivery by the one door: only who may open its thread, and never a candidate; changed by no evaluator."""
    delivery = tx.outbox.find(delivery_id, attempts=True)
    if delivery is None or delivery.thread_id is None or viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("delivery")
    conversation = tx.threads.open_for(viewer, delivery.thread_id)
    if conversation is None:
        raise NotFound("delivery")
    if to_change and not (role := check_role(viewer, conversation.opening.id)).allowed:
        raise Refused(role)
    return delivery


def read_delivery(ctx: Context, viewer: Viewer, delivery_id: str) -> Delivery:
    """One delivery with its attempts. Raises NotFound."""
    with ctx.database.read() as tx:
        return _open_delivery(tx, viewer, delivery_id)
