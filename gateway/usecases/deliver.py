"""In charge of: attempts at deliveries — claim, write, hand over — and what was left behind.

Not in charge of: recording what came of them (`record_attempts`), channels, states, or what a person does about a
delivery (`mend_delivery`).

Deliveries that wait for the same channel are claimed together, so that one statement and one commit serve many. The
claim and the record are two transactions; between them nothing is locked. If this process dies in between, the lease
runs out and the sweep moves the deliveries on (`threads.delivery.after_unknown`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from gateway.crashpoints import reach
from gateway.errors import GatewayError, Invalid
from gateway.store.database import Transaction
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
    StreamChannel,
    Unknown,
)
from gateway.threads.copies import copy_of, pack
from gateway.threads.decisions import Reason
from gateway.threads.delivery import Move, after_ending, after_hold, after_send, after_unknown
from gateway.threads.model import Delivery, DeliveryState
from gateway.threads.policies.rejection import is_taken_back
from gateway.threads.purpose import Purpose
from gateway.threads.routing import PHONE_CHANNELS
from gateway.usecases.access import find_shut_out
from gateway.usecases.context import Context
from gateway.usecases.outgoing import build_outgoing, look_ahead
from gateway.usecases.reach import earliest_start, find_refused, may_advertise
from gateway.usecases.record_attempts import Recorder, Sent, record_one
from gateway.usecases.release_scheduled import release_scheduled
from gateway.usecases.send_news import wait_for_hours

LEASE = timedelta(seconds=60)
BATCH = 100  # messages claimed together at most, whatever the channel takes
BATCH_SECONDS = 10.0  # then the rest of a batch is given back: others, or another worker, go first
BATCH_BYTES = 20_000_000  # of files in memory; then what is ready goes first
DAY = 86_400  # seconds
log = logging.getLogger("gateway.deliver")

Built = Outgoing | Failed | Retry
Claim = Callable[[Transaction, str], Delivery | None]


def deliver_one(ctx: Context, delivery_id: str) -> DeliveryState | None:
    """Try one delivery once, with others that wait if its channel takes several; None if it is not due or somebody
    else has it.
    """
    states = _deliver(ctx, lambda tx, lease_id: _claim_one(ctx, tx, delivery_id, lease_id=lease_id))
    return states.get(delivery_id)


def deliver_waiting(ctx: Context, delivery_id: str) -> int:
    """Try a batch of deliveries that wait, this one among them if it does; how many."""

    def claim(tx: Transaction, lease_id: str) -> Delivery | None:
        one = _claim_one(ctx, tx, delivery_id, lease_id=lease_id)
        return one or tx.attempts.claim_next(lease_id=lease_id, now=ctx.now, until=ctx.now + LEASE)

    return len(_deliver(ctx, claim))


def _deliver(ctx: Context, claim: Claim) -> dict[str, DeliveryState]:
    """Claim, send, record; the new states by the deliveries' ids."""
    lease_id = ctx.new_id()
    with ctx.database.begin() as tx:
        claimed = _claim(ctx, tx, claim(tx, lease_id), lease_id=lease_id)
        tx.threads.look_for_participants([d.participant_id for d in claimed if d.participant_id])
        shut_out = find_shut_out(tx, claimed)
        held_back = [(d, move) for d in claimed if (move := _hold_back(ctx, tx, d, shut_out=d.id in shut_out))]
        release_scheduled(ctx, tx, claimed)
    if not claimed:
        return {}
    reach("delivery.claimed")
    recorder = Recorder(ctx, lease_id)
    with ctx.leases.holding(lease_id):
        try:
            for delivery, move in held_back:
                recorder.add(Sent(delivery, move))
            barred = {delivery.id for delivery, _ in held_back}
            for delivery, built, result in _send(ctx, [d for d in claimed if d.id not in barred]):
                recorder.add(Sent(delivery, _move(ctx, delivery, result), _copy(ctx, delivery, built, result)))
            reach("delivery.sent")
        finally:
            recorder.close()
    reach("delivery.recorded")
    return recorder.states


def _claim_one(ctx: Context, tx: Transaction, delivery_id: str, *, lease_id: str) -> Delivery | None:
    return tx.attempts.claim(delivery_id, lease_id=lease_id, now=ctx.now, until=ctx.now + LEASE)


def _claim(ctx: Context, tx: Transaction, first: Delivery | None, *, lease_id: str) -> list[Delivery]:
    """The first delivery and those that may travel with it. If more wait, another worker is woken."""
    if first is None:
        return []
    most = min(_capabilities(ctx, first).batch, BATCH)
    others: list[Delivery] = []
    if most > 1:
        alike, until = first.channel in PHONE_CHANNELS, ctx.now + LEASE
        others = tx.attempts.claim_others(
            first, alike=alike, limit=most - 1, lease_id=lease_id, now=ctx.now, until=until
        )
    if tx.attempts.is_due(now=ctx.now):  # more of these, or those of another channel
        tx.wake("deliver", first.id)
    return [first, *others]


def _hold_back(ctx: Context, tx: Transaction, delivery: Delivery, *, shut_out: bool) -> Move | None:
    """The move of what is not handed over now, or no more: a copy does not reach a colleague whose access ended while
    it waited, nor a rejection, by another try or another channel, whom it was taken back for. The night is asked about
    at each try, for what was planned by day may come up later: after a retry, or a backlog (정보통신망법 §50(3)).
    """
    if shut_out:
        return after_ending(Reason.NO_ACCESS)
    if delivery.purpose is Purpose.LEGAL_NOTICE and _is_taken_back(tx, delivery):
        return after_ending(Reason.STAGE_CHANGED)
    start = earliest_start(ctx, tx, delivery)
    if start > ctx.now:
        return after_hold(start)
    refused = _refuse(ctx, tx, delivery)
    return _move(ctx, delivery, refused) if refused else None


def _is_taken_back(tx: Transaction, delivery: Delivery) -> bool:
    conversation = tx.threads.load(delivery.thread_id or "") if delivery.message_id else None
    if conversation is None or delivery.message_id is None:
        return False
    cancelled, closes_gate = tx.messages.find_fate(delivery.message_id)
    return is_taken_back(conversation, cancelled=cancelled, closes_gate=closes_gate)


def _refuse(ctx: Context, tx: Transaction, delivery: Delivery) -> SendResult | None:
    """Why this is not handed over now: its time is over, the person asked for no more meanwhile, the workspace has sent
    enough for a day, or a colleague's receiving hours have not begun.
    """
    if delivery.channel not in PHONE_CHANNELS:
        return wait_for_hours(ctx, tx, delivery)
    if find_refused(tx, delivery.workspace_id, [delivery]):
        return Failed(Reason.OPTED_OUT.value, "The person asked for no more messages by this channel.")
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


def _copy(ctx: Context, delivery: Delivery, built: Built, result: SendResult) -> bytes | None:
    if isinstance(built, Outgoing) and isinstance(result, Accepted | Unknown) and delivery.thread_id:
        return pack(copy_of(built, at=ctx.now))
    return None


def _send(ctx: Context, deliveries: Sequence[Delivery]) -> Iterator[tuple[Delivery, Built, SendResult]]:
    """Hand over what can be written; each with its result as soon as it is known."""
    stop_at = time.monotonic() + BATCH_SECONDS
    left = list(deliveries)
    while left:
        built = _build_some(ctx, left)
        left = left[len(built) :]
        ready = [(delivery, one) for delivery, one in built if isinstance(one, Outgoing)]
        yield from ((delivery, one, one) for delivery, one in built if not isinstance(one, Outgoing))
        yield from _hand_over_some(ctx, ready, stop_at=stop_at)


def _build_some(ctx: Context, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, Built]]:
    """The first of these, as many as may lie in memory, each with what it says or why that cannot be written. A fault
    of ours is a retry, for nothing was handed over.
    """
    built: list[tuple[Delivery, Built]] = []
    size = 0
    try:
        with ctx.database.read() as tx:
            look_ahead(tx, deliveries)
            for delivery in deliveries:
                if size > BATCH_BYTES:
                    break
                one = _build(ctx, tx, delivery)
                built.append((delivery, one))
                size += sum(len(file.content) for file in one.files) if isinstance(one, Outgoing) else 0
    except Exception:
        log.exception("the words of %d deliveries could not be built", len(deliveries))
        return [(delivery, Retry("ours", "The message could not be written.")) for delivery in deliveries]
    return built


def _hand_over_some(
    ctx: Context, ready: Sequence[tuple[Delivery, Outgoing]], *, stop_at: float
) -> Iterator[tuple[Delivery, Built, SendResult]]:
    """Hand these over by their channel, until `stop_at` (monotonic seconds). What has been handed over gets its
    answer, however late it came: given back, it would go out twice.
    """
    if not ready:
        return
    reach("delivery.built")
    answers = _Answers(ctx.channels[ready[0][0].channel], [outgoing for _, outgoing in ready])
    for delivery, outgoing in ready:
        if time.monotonic() > stop_at and not answers.are_known:
            yield delivery, outgoing, Retry("later", "Others go first.", after=0, counted=False)
        else:
            yield delivery, outgoing, answers.next_for(outgoing)


def _build(ctx: Context, tx: Transaction, delivery: Delivery) -> Built:
    if delivery.channel not in ctx.channels:
        return Failed("channel_off", f"The channel {delivery.channel} is not set up here.", Fault.CONFIG)
    try:
        if delivery.purpose is Purpose.ADVERTISING and not may_advertise(ctx, tx, delivery):
            return Failed(Reason.NO_CONSENT.value, "The consent to advertising was taken back.")
        outgoing = build_outgoing(ctx, tx, delivery)
    except FileNotFoundError:
        return Failed("file_gone", "An attached file is no longer stored.")
    except Invalid as error:
        return Failed("render", f"{error.field}: {error.message}")
    except Exception:
        log.exception("the words of delivery %s could not be built", delivery.id)
        return Retry("ours", "The message could not be written.")
    return outgoing or Failed("gone", "The message or the person no longer exists.")


class _Answers:
    """A channel's answers, one for each, in their order. A channel must not raise; if it does, nothing is lost: what
    it had begun to hand over is unknown, the rest comes again, and the log tells.
    """

    def __init__(self, channel: Channel, batch: Sequence[Outgoing]) -> None:
        self._together = isinstance(channel, BatchChannel) and len(batch) > 1
        self._begun = False  # to hand over: this one, or all if they travel together
        self.are_known = False  # of all: those that travel together are answered together
        self._answers = self._hand_over(channel, batch)

    def next_for(self, outgoing: Outgoing) -> SendResult:
        self._begun = self._begun and self._together
        self.are_known = self._together
        try:
            return next(self._answers)
        except GatewayError as error:
            return self._end(type(error).__name__)
        except StopIteration:
            return self._end("The channel failed on another message before.")
        except Exception:
            log.exception("channel %s raised for delivery %s", outgoing.channel, outgoing.delivery_id)
            return self._end("The channel failed unexpectedly.")

    def _end(self, why: str) -> SendResult:
        return Unknown(why) if self._begun else Retry("ours", why)

    def _hand_over(self, channel: Channel, batch: Sequence[Outgoing]) -> Iterator[SendResult]:
        def handing_over() -> None:
            self._begun = True
            reach("delivery.handing_over")

        if isinstance(channel, BatchChannel) and self._together:
            yield from channel.send_many(batch, handing_over=handing_over)
        elif isinstance(channel, StreamChannel):
            yield from channel.send_each(batch, handing_over=handing_over)
        else:
            for outgoing in batch:
                yield channel.send(outgoing, handing_over=handing_over)


def release_expired(ctx: Context, *, limit: int = 100) -> int:
    """Move on deliveries whose worker died in mid-send; how many there were."""
    with ctx.database.begin() as tx:
        expired = tx.attempts.expired(now=ctx.now, limit=limit)
        tx.events.expect({delivery.thread_id for delivery, _ in expired if delivery.thread_id})
        for delivery, lease_id in expired:
            able = _capabilities(ctx, delivery)
            move = after_unknown(
                "The worker stopped while sending.",
                tries=delivery.tries,
                now=ctx.now,
                stable_key=able.stable_key,
                traceable=able.traceable,
                died=True,
            )
            record_one(ctx, tx, delivery, move=move, lease_id=lease_id)
    return len(expired)


def take_back_leases(ctx: Context) -> None:
    """At the start of an installation that is one process: what it had under way when it ended need not wait."""
    with ctx.database.begin() as tx:
        tx.inbox.take_back()
        tx.attempts.take_back(now=ctx.now)


def extend_leases(ctx: Context) -> None:
    """Tell the database that this process still works on what it holds."""
    held = ctx.leases.held()
    if held:
        with ctx.database.begin() as tx:
            tx.attempts.extend(held, until=ctx.now + LEASE)


def find_due(ctx: Context, *, limit: int = 200) -> tuple[list[str], list[str]]:
    """(inbox entries, deliveries) that wait although nobody works on them: the broker forgot, or their time came."""
    with ctx.database.read() as tx:
        return tx.inbox.due(now=ctx.now, limit=limit), tx.attempts.due(now=ctx.now, limit=limit)
