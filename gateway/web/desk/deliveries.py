"""In charge of: what the desk says about one delivery — tone, icon, sentence, and the button that mends it.

Not in charge of: the delivery's life (`threads.delivery`) or the words themselves (`gateway/locales`, keys `send.*`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.responses import Response

from gateway.errors import NotFound
from gateway.threads.decisions import Reason
from gateway.threads.model import Delivery, DeliveryState, Participant, Viewer
from gateway.threads.results import Why, why_failed
from gateway.threads.routing import PHONE_CHANNELS
from gateway.usecases import mend_delivery
from gateway.usecases.views import ShownMessage
from gateway.web.log import name_of
from gateway.web.visits import Visit, go_to

NOT_SHOWN = timedelta(seconds=2)  # "Sending …" appears only after this long
FULL = frozenset({"5.2.2", "4.2.2"})  # RFC 3463 §3.3
NO_SUCH = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.0.0"})  # §3.2
TOO_BIG = frozenset({"5.2.3", "5.3.4"})  # §3.3, §3.4
BAD = (DeliveryState.FAILED, DeliveryState.BOUNCED)
_ORDER = (
    DeliveryState.FAILED,
    DeliveryState.BOUNCED,
    DeliveryState.UNCERTAIN,
    DeliveryState.DEFERRED,
    DeliveryState.FELL_BACK,
    DeliveryState.SENDING,
    DeliveryState.QUEUED,
    DeliveryState.SCHEDULED,
    DeliveryState.SKIPPED,
    DeliveryState.CANCELLED,
    DeliveryState.ACCEPTED,
    DeliveryState.DELIVERED,
)
_PLAIN = {  # state -> (tone, icon, key)
    DeliveryState.SCHEDULED: ("", "calendar-clock", "send.later"),
    DeliveryState.QUEUED: ("wait", "clock", "send.sending"),
    DeliveryState.SENDING: ("wait", "clock", "send.sending"),
    DeliveryState.ACCEPTED: ("ok", "check", "send.accepted"),
    DeliveryState.DELIVERED: ("ok", "check-check", "send.delivered"),
    DeliveryState.DEFERRED: ("warn", "clock", "send.deferred"),
    DeliveryState.UNCERTAIN: ("warn", "triangle-alert", "send.uncertain"),
    DeliveryState.FELL_BACK: ("", "check", "send.fell_back"),
    DeliveryState.SKIPPED: ("", "ban", "send.skipped"),
    DeliveryState.CANCELLED: ("", "ban", "send.cancelled"),
    DeliveryState.FAILED: ("bad", "triangle-alert", "send.failed"),
    DeliveryState.BOUNCED: ("bad", "triangle-alert", "send.failed"),
}
_PHONE_KEYS = {"send.accepted": "send.accepted_phone", "send.deferred": "send.deferred_phone"}


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery as a line under its message. `why` and `mend` are "" when there is nothing to say or to do."""

    delivery: Delivery
    name: str
    tone: str  # "", ok, wait, warn, bad
    icon: str
    key: str
    at: datetime
    why: str = ""  # a key fail.*, or skip.*
    mend: tuple[str, ...] = field(default=())  # again, correct, arrived

    @property
    def is_bad(self) -> bool:
        return self.tone == "bad"


def describe(delivery: Delivery, people: Iterable[Participant], *, is_refused: bool = False) -> Line:
    """The line for one delivery. `is_refused`: the person asked for no more of its kind, so that it cannot go again."""
    tone, icon, key = _PLAIN[delivery.state]
    if delivery.channel in PHONE_CHANNELS:
        key = _PHONE_KEYS.get(key, key)
    if delivery.reason == Reason.LATE_SUCCESS:
        tone, icon, key = "warn", "triangle-alert", "send.late"
    at = delivery.updated_at
    if delivery.state in (DeliveryState.DEFERRED, DeliveryState.SCHEDULED) and delivery.next_attempt_at:
        at = delivery.next_attempt_at
    name = name_of(people, delivery.participant_id, delivery.to)
    return Line(delivery, name, tone, icon, key, at, _why(delivery), _mend(delivery, is_refused=is_refused))


def lines_of(shown: ShownMessage, people: Sequence[Participant], now: datetime) -> list[Line]:
    """The lines under a message, worst first. What has just been queued stays unsaid for two seconds."""
    just = (DeliveryState.QUEUED, DeliveryState.SENDING)
    told = [d for d in shown.deliveries if d.state not in just or d.tries > 0 or now - d.created_at > NOT_SHOWN]
    told.sort(key=lambda d: _ORDER.index(d.state))
    return [describe(d, people, is_refused=d.id in shown.refused) for d in told]


def _why(delivery: Delivery) -> str:
    if delivery.state in BAD or delivery.state is DeliveryState.FELL_BACK:
        return fail_reason(delivery)
    if delivery.state in (DeliveryState.SKIPPED, DeliveryState.CANCELLED) and delivery.reason in _SKIPS:
        return f"skip.{delivery.reason}"
    return ""


_SKIPS = (
    *("no_address", "suppressed", "channel_off", "cancelled", "thread_blocked", "thread_erased"),
    *("undone", "wrote_first", "stage_changed"),
    *("opted_out", "not_mobile", "no_template", "not_for_advertising", "no_consent"),
    *("switched_off", "outside_hours", "no_access"),
)
WRONG_NUMBER = (Why.NUMBER, Why.NO_SUBSCRIBER)


def fail_reason(delivery: Delivery) -> str:
    """The key of the sentence that says why it failed: from the provider's code, or the enhanced status code."""
    why = why_failed(delivery.code)
    if why is not None:
        return f"fail.{why.value}"
    if delivery.channel in PHONE_CHANNELS:
        return "fail.code" if delivery.code else "fail.other"
    if delivery.code in FULL:
        return "fail.full"
    if delivery.code in NO_SUCH or delivery.reason == "no_address":
        return "fail.no_such"
    if delivery.code in TOO_BIG:
        return "fail.too_big"
    if delivery.code == "5.2.1":
        return "fail.disabled"
    if delivery.code.startswith("5.7."):
        return "fail.policy"
    if delivery.code.startswith(("5.4.", "4.4.")):
        return "fail.unreachable"
    return "fail.refused" if delivery.code else "fail.other"


def _mend(delivery: Delivery, *, is_refused: bool) -> tuple[str, ...]:
    again = () if is_refused else ("again",)
    if delivery.state in BAD:
        wrong = fail_reason(delivery) in ("fail.no_such", "fail.disabled") or why_failed(delivery.code) in WRONG_NUMBER
        return ("correct",) if wrong else again
    if delivery.state is DeliveryState.UNCERTAIN:
        return ("arrived", *again)
    return again if delivery.state is DeliveryState.DEFERRED else ()


def send_again(visit: Visit, viewer: Viewer) -> Response:
    """POST: send a failed or uncertain delivery once more, to a corrected address if one is given."""
    to = visit.text("to")
    return _back(visit, mend_delivery.send_again(visit.site.ctx, viewer, visit.path("delivery_id"), to=to or None))


def mark_arrived(visit: Visit, viewer: Viewer) -> Response:
    """POST: a person knows that an uncertain delivery arrived."""
    return _back(visit, mend_delivery.mark_arrived(visit.site.ctx, viewer, visit.path("delivery_id")))


def _back(visit: Visit, delivery: Delivery) -> Response:
    visit.site.feed.wake()
    if delivery.thread_id is None:
        raise NotFound("this delivery belongs to no conversation")
    return go_to(f"/desk/t/{delivery.thread_id}", anchor=f"msg-{delivery.message_id}" if delivery.message_id else "")
