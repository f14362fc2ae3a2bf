"""In charge of: who is told of a message, by which channels in which order, and when at the earliest.

Not in charge of: sending (`usecases.deliver`), wording (`templates`), what is known of an address (`usecases.reach`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType

from gateway.threads.decisions import Reason
from gateway.threads.model import (
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageKind,
    Participant,
    Role,
)
from gateway.threads.purpose import Purpose

EMAIL, ALIMTALK, SMS = "email", "alimtalk", "sms"
CHANNELS = (EMAIL, ALIMTALK, SMS)
PHONE_CHANNELS = (ALIMTALK, SMS)  # each message costs money
DEFAULT_ORDER = (EMAIL, ALIMTALK, SMS)
NIGHT_BEGINS, NIGHT_ENDS = 21, 8  # hours of the recipient's day (정보통신망법 §50(3) for advertising)


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known about reaching one person. `barred` says why a channel cannot be used."""

    addresses: Mapping[str, str]  # channel -> address or number; "" or missing: none known
    barred: Mapping[str, Reason] = field(default_factory=dict)
    zone: tzinfo | None = None  # the recipient's


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """A delivery to be written with the message, in the same transaction. `rest`: the channels to fall back on."""

    participant_id: str
    channel: str
    to: str
    state: DeliveryState
    reason: str = ""
    next_attempt_at: datetime | None = None
    rest: tuple[str, ...] = ()
    purpose: Purpose = Purpose.TRANSACTIONAL
    fallback_of: str | None = None


def plan_deliveries(
    conversation: Conversation,
    message: Message,
    *,
    suppressed: Collection[str] = (),
    held_back: Mapping[str, Reason] = MappingProxyType({}),
    now: datetime,
    reach: Reach | None = None,
    order: Sequence[str] = (EMAIL,),
    purpose: Purpose = Purpose.TRANSACTIONAL,
) -> list[PlannedDelivery]:
    """What must leave for this message. `reach` and `order` are about the candidate; colleagues are told by e-mail.

    A candidate's message goes to the addresses of the opening's notify list (SJ-10); everything that the company
    says goes to the candidate (SJ-6); a note goes to nobody. A missing or suppressed address is planned as
    `skipped`, so that the desk can show it; so is what a colleague does not want by mail, or not now (`held_back`, the
    reason by address; `threads.notifying`).
    """
    if message.kind is MessageKind.NOTE:
        return []
    due = message.goes_out_at if message.goes_out_at and message.goes_out_at > now else None
    people = recipients(conversation, message)
    return [
        plan_person(person.id, reach, order=order, due=due, now=now, purpose=purpose)
        if reach is not None and person.role is Role.CANDIDATE
        else _plan_email(person, due, suppressed, held_back, now)
        for person in people
    ]


def recipients(conversation: Conversation, message: Message) -> list[Participant]:
    """The people a message is for. The author never gets their own words back."""
    if not message.author.kind.is_outside:
        return [conversation.candidate]
    wanted = {address.lower() for address in conversation.opening.notify_emails}
    return [
        p
        for p in conversation.participants
        if p.role.is_company and p.email.lower() in wanted and p.id != message.author.participant_id
    ]


def _plan_email(
    person: Participant,
    due: datetime | None,
    suppressed: Collection[str],
    held_back: Mapping[str, Reason],
    now: datetime,
) -> PlannedDelivery:
    if not person.email:
        return PlannedDelivery(person.id, EMAIL, "", DeliveryState.SKIPPED, Reason.NO_ADDRESS)
    if person.email.lower() in suppressed:
        return PlannedDelivery(person.id, EMAIL, person.email, DeliveryState.SKIPPED, Reason.SUPPRESSED)
    if reason := held_back.get(person.email.lower()):
        return PlannedDelivery(person.id, EMAIL, person.email, DeliveryState.SKIPPED, reason)
    state = DeliveryState.SCHEDULED if due else DeliveryState.QUEUED
    return PlannedDelivery(person.id, EMAIL, person.email, state, next_attempt_at=due or now)


def plan_person(
    participant_id: str,
    reach: Reach,
    *,
    order: Sequence[str],
    now: datetime,
    due: datetime | None = None,
    purpose: Purpose = Purpose.TRANSACTIONAL,
    fallback_of: str | None = None,
) -> PlannedDelivery:
    """The delivery by the first channel of `order` that can be used; the others that can are its `rest`.

    When none can, it is `skipped` with the reason of the first that was wanted, so that somebody sees it.
    """
    usable = [c for c in dict.fromkeys(order) if bar(reach, c, purpose=purpose) is None]
    if not usable:
        wanted = order[0] if order else EMAIL
        reason = bar(reach, wanted, purpose=purpose) or Reason.CHANNEL_OFF
        state, to = DeliveryState.SKIPPED, reach.addresses.get(wanted, "")
        return PlannedDelivery(participant_id, wanted, to, state, reason, purpose=purpose, fallback_of=fallback_of)
    channel = usable[0]
    start = earliest(channel, purpose=purpose, at=due or now, zone=reach.zone)
    state = DeliveryState.SCHEDULED if start > now else DeliveryState.QUEUED
    return PlannedDelivery(
        participant_id,
        channel,
        reach.addresses[channel],
        state,
        next_attempt_at=start,
        rest=tuple(usable[1:]),
        purpose=purpose,
        fallback_of=fallback_of,
    )


def bar(reach: Reach, channel: str, *, purpose: Purpose) -> Reason | None:
    """Why this channel cannot be used for this purpose; None if it can.

    A notice that the law demands goes out although the person asked for no more messages (채용절차법 §7, §8, §10);
    AlimTalk carries no advertising.
    """
    if channel == ALIMTALK and purpose is Purpose.ADVERTISING:
        return Reason.NOT_FOR_ADVERTISING
    barred = reach.barred.get(channel)
    if barred is not None and not (barred is Reason.OPTED_OUT and purpose is Purpose.LEGAL_NOTICE):
        return barred
    return None if reach.addresses.get(channel) else Reason.NO_ADDRESS


def earliest(channel: str, *, purpose: Purpose, at: datetime, zone: tzinfo | None) -> datetime:
    """`at`, or the end of the recipient's night for what must not come at night: reminders by every channel,
    advertising by phone (e-mail is exempt). Direct messages come when they are written.
    """
    if not keeps_quiet(channel, purpose=purpose) or zone is None:
        return at
    local = at.astimezone(zone)
    if NIGHT_ENDS <= local.hour < NIGHT_BEGINS:
        return at
    morning = local.replace(hour=NIGHT_ENDS, minute=0, second=0, microsecond=0)
    if local.hour >= NIGHT_BEGINS:
        morning += timedelta(days=1)
    return morning.astimezone(at.tzinfo)


def keeps_quiet(channel: str, *, purpose: Purpose) -> bool:
    """Must this not come at night?"""
    return purpose is Purpose.REMINDER or (purpose is Purpose.ADVERTISING and channel in PHONE_CHANNELS)


def may_fall_back(delivery: Delivery) -> bool:
    """Is another channel left, and did this one not succeed already?"""
    done = (DeliveryState.DELIVERED, DeliveryState.FELL_BACK, DeliveryState.CANCELLED, DeliveryState.SKIPPED)
    return bool(delivery.rest) and delivery.state not in done


def plan_fallback(delivery: Delivery, reach: Reach, *, now: datetime) -> PlannedDelivery:
    """The delivery by the next channel that can be used now; `skipped` when none is left after all."""
    return plan_person(
        delivery.participant_id or "",
        reach,
        order=delivery.rest,
        now=now,
        purpose=delivery.purpose,
        fallback_of=delivery.id,
    )
