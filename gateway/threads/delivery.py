"""In charge of: the delivery state machine — every move a delivery can make.

Not in charge of: storing or sending.

    scheduled ──time reached──▶ queued ──claimed──▶ sending ──┬─ Accepted ─▶ accepted ──receipt──▶ delivered
        │                         │                           │                        └─DSN─────▶ bounced
        └──cancel──▶ cancelled ◀──┘                           ├─ Retry ────▶ deferred ──claimed──▶ sending
                                                              │                  └─ tries used up ▶ failed
                                                              ├─ Failed ───▶ failed
                                                              └─ Unknown, or the worker died ▶ uncertain
    uncertain ──same key again, where receivers can drop a repeat──▶ sending

The state only moves forward; a receipt that comes late or twice changes nothing that is already better known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.threads.channel import Accepted, Failed, Retry, SendResult, Unknown
from gateway.threads.model import DeliveryState

MAX_TRIES = 12
FIRST_BACKOFF = 60.0  # seconds
MAX_BACKOFF = 6 * 3600.0  # seconds
REPEAT_AFTER_UNKNOWN = timedelta(minutes=15)
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


def backoff(tries: int, jitter: float) -> timedelta:
    """Wait after the n-th failed try: 1, 2, 4 … minutes up to six hours; `jitter` in [0, 1) spreads it by a quarter."""
    seconds = min(FIRST_BACKOFF * 2 ** max(tries - 1, 0), MAX_BACKOFF)
    return timedelta(seconds=seconds * (0.875 + jitter / 4))


def after_send(result: SendResult, *, tries: int, now: datetime, jitter: float, stable_key: bool) -> Move:
    """The move after one attempt. `tries` counts this attempt too."""
    match result:
        case Accepted(provider_id, detail):
            return Move(DeliveryState.ACCEPTED, "accepted", "", detail, provider_id)
        case Failed(code, why):
            return Move(DeliveryState.FAILED, "failed", code, why)
        case Retry(code, why, after):
            if tries >= MAX_TRIES:
                return Move(DeliveryState.FAILED, "failed", code, why)
            wait = timedelta(seconds=after) if after is not None else backoff(tries, jitter)
            return Move(DeliveryState.DEFERRED, "retry", code, why, next_attempt_at=now + wait)
        case Unknown(why):
            return after_unknown(why, tries=tries, now=now, stable_key=stable_key)


def after_unknown(why: str, *, tries: int, now: datetime, stable_key: bool, at_once: bool = False) -> Move:
    """Nobody knows whether it arrived: shown as uncertain; repeated only where a repeat carries the same key.

    `at_once` when the worker died: it may not even have begun, and the person has waited for the lease already.
    """
    wait = timedelta(0) if at_once else REPEAT_AFTER_UNKNOWN
    again = now + wait if stable_key and tries < MAX_TRIES else None
    return Move(DeliveryState.UNCERTAIN, "unknown", "", why, next_attempt_at=again)


def after_report(current: DeliveryState, action: str, *, code: str, detail: str) -> Move | None:
    """The move after a receipt or DSN (RFC 3464 §2.3.3 actions), or None if it says nothing new."""
    if action == "failed":
        if current in (DeliveryState.BOUNCED, DeliveryState.CANCELLED, DeliveryState.SKIPPED):
            return None
        return Move(DeliveryState.BOUNCED, "bounced", code, detail)
    waiting = (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.SENDING)
    if action in ("delivered", "relayed", "expanded") and current in waiting:
        return Move(DeliveryState.DELIVERED, "delivered", code, detail)
    return None


def is_hard(code: str) -> bool:
    """A bounce that will not mend itself: no such mailbox or domain (RFC 3463 §3.2 X.1.1-X.1.3, X.1.6, X.1.10,
    X.2.1).
    """
    return code in {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.0.0"}
