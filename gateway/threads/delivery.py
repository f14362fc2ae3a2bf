"""In charge of: the delivery state machine — every move a delivery can make.

Not in charge of: storing or sending.

    scheduled ──time reached──▶ queued ──claimed──▶ sending ──┬─ Accepted ─▶ accepted ──receipt──▶ delivered
        │                         │                           │                        └─DSN─────▶ bounced
        └──cancel──▶ cancelled ◀──┘                           ├─ Retry ────▶ deferred ──claimed──▶ sending
                                                              │                  └─ tries used up ▶ failed
                                                              ├─ Failed ───▶ failed
                                                              └─ Unknown, or the worker died ▶ uncertain
    sending ──it is night where the person is, and the message must not come then──▶ scheduled
    uncertain ──same key again, where receivers can drop a repeat──▶ sending
              ──looked up at the provider, where it can be asked──▶ accepted, delivered, or (absent) queued
    failed, bounced, or not confirmed before its deadline ──another channel left──▶ fell_back

The state only moves forward; a receipt that comes late or twice changes nothing that is already better known. One
that comes after the fall-back is written on the delivery that fell back: a second copy never looks like the only one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.threads.channel import (
    Absent,
    Accepted,
    Failed,
    Receipt,
    ReceiptStatus,
    Retry,
    SendResult,
    Trace,
    Unknown,
)
from gateway.threads.decisions import Reason
from gateway.threads.model import Delivery, DeliveryState

MAX_TRIES = 12
FIRST_BACKOFF = 60.0  # seconds
MAX_BACKOFF = 6 * 3600.0  # seconds
REPEAT_AFTER_UNKNOWN = timedelta(minutes=15)
DEATHS_AT_ONCE = 6  # tries that a worker's death ended and that are repeated without a wait
LOOKS = (
    60,
    300,
    900,
    3600,
    6 * 3600,
    24 * 3600,
    48 * 3600,
    80 * 3600,
)  # seconds after hand-over; SMS reports take 80 h
ABSENT_AFTER = timedelta(minutes=15)  # a provider's list may lag behind what it took
REPORTED_TRIES = 3  # a failure reported afterwards may have cost money each time
REPEAT_AFTER_REPORT = timedelta(minutes=11)  # beyond the ten minutes for which NHN refuses a repeated key
ARRIVED = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)  # handed over, and not heard of as lost since
OVER = (  # a failure says nothing new
    DeliveryState.BOUNCED,
    DeliveryState.FELL_BACK,
    DeliveryState.CANCELLED,
    DeliveryState.SKIPPED,
)
CLAIMABLE = (DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.DEFERRED, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Move:
    """Where a delivery goes next. `next_attempt_at` None means: nothing more is due by itself."""

    state: DeliveryState
    outcome: str  # for the attempt: accepted | retry | failed | unknown | delivered | bounced
    code: str = ""
    detail: str = ""
    provider_id: str = ""
    next_attempt_at: datetime | None = None
    look_at: datetime | None = None  # when the provider is asked what became of it
    counted: bool = True  # False: nothing was tried
    reason: str = ""  # why it ended untried (`decisions.Reason`)


def backoff(tries: int, jitter: float) -> timedelta:
    """Wait after the n-th failed try: 1, 2, 4 … minutes up to six hours; `jitter` in [0, 1) spreads it by a quarter."""
    seconds = min(FIRST_BACKOFF * 2 ** max(tries - 1, 0), MAX_BACKOFF)
    return timedelta(seconds=seconds * (0.875 + jitter / 4))


def after_send(
    result: SendResult, *, tries: int, now: datetime, jitter: float, stable_key: bool, traceable: bool = False
) -> Move:
    """The move after one attempt. `tries` counts this attempt too."""
    match result:
        case Accepted(provider_id, detail):
            look = next_look(since=now, now=now) if traceable else None
            return Move(DeliveryState.ACCEPTED, "accepted", "", detail, provider_id, look_at=look)
        case Failed(code, why):
            return Move(DeliveryState.FAILED, "failed", code, why)
        case Retry(code, why, after, counted):
            if counted and tries >= MAX_TRIES:
                return Move(DeliveryState.FAILED, "failed", code, why)
            wait = timedelta(seconds=after) if after is not None else backoff(tries, jitter)
            return Move(DeliveryState.DEFERRED, "retry", code, why, next_attempt_at=now + wait, counted=counted)
        case Unknown(why):
            return after_unknown(why, tries=tries, now=now, stable_key=stable_key, traceable=traceable)


def after_hold(until: datetime) -> Move:
    """Taken up at a time at which it must not go out: it waits as if it had been planned so, and nothing was tried."""
    return Move(DeliveryState.SCHEDULED, "retry", next_attempt_at=until, counted=False)


def after_ending(reason: Reason) -> Move:
    """Taken up when it must not go out any more: nothing was tried, and nothing will be."""
    return Move(DeliveryState.CANCELLED, "failed", counted=False, reason=reason.value)


def after_unknown(
    why: str, *, tries: int, now: datetime, stable_key: bool, died: bool = False, traceable: bool = False
) -> Move:
    """Nobody knows whether it arrived: shown as uncertain; looked up where the provider can be asked, else repeated
    only where a repeat carries the same key.

    When the worker `died`, it is repeated at once: it may not even have begun, and the person has waited for the lease
    already. Later tries wait: a worker that falls over each time it starts must not use them all up before anybody has
    mended it.
    """
    if traceable:
        look = now if died else now + timedelta(seconds=LOOKS[0])
        return Move(DeliveryState.UNCERTAIN, "unknown", "", why, look_at=look)
    wait = REPEAT_AFTER_UNKNOWN
    if died:
        wait = backoff(tries - DEATHS_AT_ONCE, 0.5) if tries > DEATHS_AT_ONCE else timedelta(0)
    again = now + wait if stable_key and tries < MAX_TRIES else None
    return Move(DeliveryState.UNCERTAIN, "unknown", "", why, next_attempt_at=again)


def after_report(current: DeliveryState, action: str, *, code: str, detail: str) -> Move | None:
    """The move after a receipt or DSN (RFC 3464 §2.3.3 actions), or None if it says nothing new."""
    if action == "failed":
        if current in OVER:
            return None
        return Move(DeliveryState.BOUNCED, "bounced", code, detail)
    waiting = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.SENDING)
    if action in ("delivered", "relayed", "expanded") and current in waiting:
        return Move(DeliveryState.DELIVERED, "delivered", code, detail)
    return None


def next_look(*, since: datetime, now: datetime) -> datetime | None:
    """When the provider is asked next about a message handed over at `since`; None when it has had its time."""
    return next((since + timedelta(seconds=s) for s in LOOKS if since + timedelta(seconds=s) > now), None)


def after_receipt(delivery: Delivery, receipt: Receipt, *, now: datetime) -> Move | None:
    """The move after a provider's news, or None if it says nothing new. Safe against late, repeated and mixed-up news.

    A copy that failed for a passing reason is followed by another, and the provider may tell of the first again: of
    that only an arrival is news. While the newest copy's id is not known yet, the look-up tells which failed.
    """
    is_newest = delivery.tries <= 1 or receipt.provider_id in ("", delivery.provider_id)
    if not is_newest and receipt.status is not ReceiptStatus.DELIVERED:
        return None
    return _after_news(delivery, receipt, now=now)


def _after_news(delivery: Delivery, receipt: Receipt, *, now: datetime) -> Move | None:
    """A provider's final word stays: only what was wrongly given up can still turn out well."""
    current, code, why, provider_id = delivery.state, receipt.code, receipt.why, receipt.provider_id
    on_its_way = current in (
        DeliveryState.SENDING,
        DeliveryState.ACCEPTED,
        DeliveryState.UNCERTAIN,
        DeliveryState.DEFERRED,
    )
    match receipt.status:
        case ReceiptStatus.DELIVERED:
            if on_its_way or current in (DeliveryState.FAILED, DeliveryState.BOUNCED):
                return Move(DeliveryState.DELIVERED, "delivered", code, why, provider_id)
            if current is DeliveryState.FELL_BACK:
                return Move(DeliveryState.FELL_BACK, "delivered", code, why, provider_id)
        case ReceiptStatus.FAILED if on_its_way:
            if receipt.again and not delivery.rest and delivery.tries < REPORTED_TRIES:
                if current is DeliveryState.DEFERRED:
                    return None  # it goes out again already
                again = now + REPEAT_AFTER_REPORT
                return Move(DeliveryState.DEFERRED, "retry", code, why, provider_id, next_attempt_at=again)
            return Move(DeliveryState.BOUNCED, "bounced", code, why, provider_id)
        case ReceiptStatus.UNCONFIRMED if current in (DeliveryState.SENDING, DeliveryState.ACCEPTED):
            look = next_look(since=now, now=now)
            return Move(DeliveryState.UNCERTAIN, "unknown", code, why, provider_id, look_at=look)
        case ReceiptStatus.PENDING if current is DeliveryState.SENDING or (
            current is DeliveryState.UNCERTAIN and not delivery.provider_id
        ):
            look = next_look(since=now, now=now)
            return Move(DeliveryState.ACCEPTED, "accepted", code, why, provider_id, look_at=look)
    return None


def after_trace(delivery: Delivery, trace: Trace, *, now: datetime) -> Move | None:
    """The move after the provider was asked. None: nothing new, ask again at `next_look`.

    What the provider never took goes out again, once its list has had time to show it.
    """
    if isinstance(trace, Receipt):
        return _after_news(delivery, trace, now=now)  # it was asked about the newest copy
    if not isinstance(trace, Absent) or delivery.state is not DeliveryState.UNCERTAIN or delivery.provider_id:
        return None
    if now - delivery.updated_at < ABSENT_AFTER:
        return None
    if delivery.tries >= MAX_TRIES:
        return Move(DeliveryState.FAILED, "failed", "absent", "The provider never took it.")
    return Move(DeliveryState.QUEUED, "retry", "absent", "The provider never took it.", next_attempt_at=now)


def is_hard(code: str) -> bool:
    """A bounce that will not mend itself: no such mailbox or domain (RFC 3463 §3.2 X.1.1-X.1.3, X.1.6, X.1.10,
    X.2.1; X.4.4 is what Postfix says of a domain that is not in the DNS, 5.4.310 Microsoft 365).
    """
    return code in {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", "5.4.310", "5.0.0"}
