"""In charge of: who is told of a message, and how.

Not in charge of: sending (`usecases.deliver`) or wording (`templates`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.threads.decisions import Reason
from gateway.threads.model import AuthorKind, Conversation, DeliveryState, Message, MessageKind, Participant, Role

EMAIL = "email"


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """A delivery to be written with the message, in the same transaction."""

    participant_id: str
    channel: str
    to: str
    state: DeliveryState
    reason: str = ""
    next_attempt_at: datetime | None = None


def plan_deliveries(
    conversation: Conversation, message: Message, *, suppressed: Sequence[str] = (), now: datetime
) -> list[PlannedDelivery]:
    """What must leave for this message.

    A candidate's message goes to the addresses of the opening's notify list (SJ-10); everything that the company
    says goes to the candidate (SJ-6); a note goes to nobody. A missing or suppressed address is planned as
    `skipped`, so that the desk can show it.
    """
    if message.kind is MessageKind.NOTE:
        return []
    due = message.goes_out_at if message.goes_out_at and message.goes_out_at > now else None
    return [_plan_email(person, due, suppressed, now) for person in recipients(conversation, message)]


def recipients(conversation: Conversation, message: Message) -> list[Participant]:
    """The people a message is for. The author never gets their own words back."""
    if message.author.kind is not AuthorKind.CANDIDATE:
        return [conversation.candidate]
    wanted = {address.lower() for address in conversation.opening.notify_emails}
    return [
        p
        for p in conversation.participants
        if p.role is not Role.CANDIDATE and p.email.lower() in wanted and p.id != message.author.participant_id
    ]


def _plan_email(person: Participant, due: datetime | None, suppressed: Sequence[str], now: datetime) -> PlannedDelivery:
    if not person.email:
        return PlannedDelivery(person.id, EMAIL, "", DeliveryState.SKIPPED, Reason.NO_ADDRESS)
    if person.email.lower() in suppressed:
        return PlannedDelivery(person.id, EMAIL, person.email, DeliveryState.SKIPPED, Reason.SUPPRESSED)
    state = DeliveryState.SCHEDULED if due else DeliveryState.QUEUED
    return PlannedDelivery(person.id, EMAIL, person.email, state, next_attempt_at=due or now)
