"""In charge of: the shapes of the answers, and making them from the model.

Not in charge of: what a viewer may see (use cases).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from gateway.threads.attachment import Attachment
from gateway.threads.model import (
    Attempt,
    Conversation,
    Delivery,
    Message,
    Opening,
    Participant,
)
from gateway.threads.organising import Organised
from gateway.usecases.views import ApplicantView, ShownMessage
from gateway.web.api.schemas import PortalUrl

PREFIX = "/api/v1"


class OpeningOut(BaseModel):
    """A job."""

    id: str
    external_id: str
    title: str
    notify_emails: list[str]
    public_contact: str | None
    locale: str | None

    @classmethod
    def of(cls, opening: Opening) -> Self:
        return cls(
            id=opening.id,
            external_id=opening.external_id,
            title=opening.title,
            notify_emails=list(opening.notify_emails),
            public_contact=opening.public_contact or None,
            locale=opening.locale or None,
        )


class ApplicantOut(BaseModel):
    """An application with its thread, and the candidate's personal page."""

    id: str
    thread_id: str
    portal_url: PortalUrl

    @classmethod
    def of(cls, view: ApplicantView) -> Self:
        return cls(id=view.applicant.id, thread_id=view.thread_id, portal_url=view.portal_url or None)


class ApplicantDetailOut(ApplicantOut):
    """The same with what you told us of the person, and where they stand."""

    external_id: str
    opening: str = Field(description="`external_id` of the opening.")
    name: str
    email: str | None
    phone: str | None
    locale: str
    source: str
    stage: str
    fields: dict[str, str]

    @classmethod
    def from_view(cls, view: ApplicantView) -> Self:
        applicant = view.applicant
        return cls(
            id=applicant.id,
            thread_id=view.thread_id,
            portal_url=view.portal_url or None,
            external_id=applicant.external_id,
            opening=view.opening.external_id,
            name=applicant.name,
            email=applicant.email or None,
            phone=applicant.phone or None,
            locale=applicant.locale,
            source=applicant.source.value,
            stage=applicant.stage,
            fields=dict(applicant.fields),
        )


class StageOut(BaseModel):
    """Where the applicant stands now. `state` tells whether the candidate can write."""

    thread_id: str
    stage: str
    state: str

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        return cls(
            thread_id=conversation.thread.id,
            stage=conversation.applicant.stage,
            state=conversation.thread.state.value,
        )


class ParticipantOut(BaseModel):
    """A person in a thread. Mail to `reply_address`, sent from `email`, becomes that person's message."""

    id: str
    role: Literal["candidate", "member", "notified", "guest"]
    name: str
    email: str | None
    reply_address: str | None

    @classmethod
    def of(cls, person: Participant, *, reply_address: str | None) -> Self:
        return cls(
            id=person.id,
            role=person.role.value,
            name=person.name,
            email=person.email or None,
            reply_address=reply_address,
        )


class ThreadApplicantOut(BaseModel):
    """Whose thread it is."""

    id: str
    external_id: str
    name: str


class ThreadOpeningOut(BaseModel):
    """What they applied for."""

    external_id: str
    title: str


class OrderOut(BaseModel):
    """How the team keeps a thread in order; candidates never see it."""

    assignee: str | None = Field(description="Address of the member who has it; null is nobody.")
    tags: list[str]
    snoozed_until: datetime | None = Field(description="Out of the way until then, or until the candidate writes.")
    done_at: datetime | None

    @classmethod
    def of(cls, organised: Organised) -> Self:
        return cls(
            assignee=organised.assignee_email or None,
            tags=[tag.name for tag in organised.tags],
            snoozed_until=organised.snoozed_until,
            done_at=organised.done_at,
        )


class ThreadOut(BaseModel):
    """The conversation with one applicant."""

    id: str
    state: Literal["open", "candidate_blocked", "erased", "merged"]
    applicant: ThreadApplicantOut
    opening: ThreadOpeningOut
    created_at: datetime
    participants: list[ParticipantOut]
    portal_url: PortalUrl
    last_seq: int = Field(description="`seq` of the newest message; 0 when there is none.")

    @classmethod
    def of(cls, conversation: Conversation, *, portal_url: str, addresses: Mapping[str, str]) -> Self:
        thread, applicant, opening = conversation.thread, conversation.applicant, conversation.opening
        return cls(
            id=thread.id,
            state=thread.state.value,
            applicant=ThreadApplicantOut(id=applicant.id, external_id=applicant.external_id, name=applicant.name),
            opening=ThreadOpeningOut(external_id=opening.external_id, title=opening.title),
            created_at=thread.created_at,
            participants=[ParticipantOut.of(p, reply_address=addresses.get(p.id)) for p in conversation.participants],
            portal_url=portal_url or None,
            last_seq=thread.last_seq,
        )


class DeliveryRef(BaseModel):
    """One message on its way to one person."""

    id: str
    channel: str
    to: str
    state: str

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(id=delivery.id, channel=delivery.channel, to=delivery.to, state=delivery.state.value)


class PostedOut(BaseModel):
    """The message was taken and stored; follow its deliveries by their ids."""

    id: str
    seq: int
    deliveries: list[DeliveryRef]

    @classmethod
    def of(cls, message: Message, deliveries: tuple[Delivery, ...]) -> Self:
        return cls(id=message.id, seq=message.seq, deliveries=[DeliveryRef.of(d) for d in deliveries])


class AuthorOut(BaseModel):
    """Who wrote it, as far as it is proven."""

    kind: Literal["candidate", "guest", "member", "client", "ats", "system"]
    name: str
    email: str | None


class AttachmentOut(BaseModel):
    """A file of a message; inline images carry their `content_id`."""

    id: str
    filename: str
    content_type: str
    size: int = Field(description="Bytes.")
    content_id: str | None
    danger: str | None = Field(
        description="Why the file is in quarantine: program, macros, disguised, infected, not_scanned; else null. "
        "Open it with care."
    )
    url: str = Field(description="Where to get the bytes, with the same API key.")

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        return cls(
            id=attachment.id,
            filename=attachment.filename,
            content_type=attachment.content_type,
            size=attachment.size,
            content_id=attachment.content_id or None,
            danger=attachment.danger or None,
            url=f"{PREFIX}/attachments/{attachment.id}",
        )


class MessageOut(BaseModel):
    """One utterance. `folded`: quotes below them. `subject`: a mail's, if its writer's own and not in `text`."""

    id: str
    seq: int
    author: AuthorOut
    came_in_by: Literal["email", "web", "api", "flow", "sms", "kakao"]
    subject: str | None
    text: str
    html: str
    folded: str
    attachments: list[AttachmentOut]
    at: datetime
    deliveries: list[DeliveryRef]

    @classmethod
    def of(cls, shown: ShownMessage) -> Self:
        message = shown.message
        author = message.author
        return cls(
            id=message.id,
            seq=message.seq,
            author=AuthorOut(kind=author.kind.value, name=author.name, email=author.email or None),
            came_in_by=message.came_in_by.value,
            subject=message.subject or None,
            text=message.text,
            html=message.html,
            folded=message.folded,
            attachments=[AttachmentOut.of(a) for a in message.attachments],
            at=message.created_at,
            deliveries=[DeliveryRef.of(d) for d in shown.deliveries],
        )


class MessagePage(BaseModel):
    """Messages in the order in which they were stored."""

    items: list[MessageOut]
    next: str | None


class AttemptOut(BaseModel):
    """One try to hand a delivery over."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(
        description="accepted, retry, failed, unknown, delivered, bounced; null while under way."
    )
    code: str
    detail: str

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        return cls(
            number=attempt.number,
            started_at=attempt.started_at,
            ended_at=attempt.ended_at,
            outcome=attempt.outcome or None,
            code=attempt.code,
            detail=attempt.detail,
        )


class DeliveryOut(BaseModel):
    """All that is known of one delivery."""

    id: str
    thread_id: str | None
    message_id: str | None
    channel: str
    to: str
    state: str
    reason: str | None
    code: str | None
    tries: int
    next_attempt_at: datetime | None
    created_at: datetime
    updated_at: datetime
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            thread_id=delivery.thread_id,
            message_id=delivery.message_id,
            channel=delivery.channel,
            to=delivery.to,
            state=delivery.state.value,
            reason=delivery.reason or None,
            code=delivery.code or None,
            tries=delivery.tries,
            next_attempt_at=delivery.next_attempt_at,
            created_at=delivery.created_at,
            updated_at=delivery.updated_at,
            attempts=[AttemptOut.of(a) for a in delivery.attempts],
        )
