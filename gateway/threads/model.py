"""In charge of: a conversation as plain values. Not in charge of: rows (`gateway.store`) or rules (`policies`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.threads.attachment import Attachment
from gateway.threads.purpose import Purpose


class ThreadState(StrEnum):
    OPEN = "open"
    BLOCKED = "candidate_blocked"
    ERASED = "erased"
    MERGED = "merged"  # became part of another conversation of the same person


class Role(StrEnum):  # who a participant is in a thread
    CANDIDATE = "candidate"
    MEMBER = "member"  # a recruiter with an account
    NOTIFIED = "notified"  # an address of the opening's notify list without an account
    GUEST = "guest"  # on the candidate's side: a parent, a referrer; writes, and is sent nothing

    @property
    def is_company(self) -> bool:
        """Does this person write in the company's name? Their words go on to the candidate."""
        return self in (Role.MEMBER, Role.NOTIFIED)

    @property
    def author_kind(self) -> AuthorKind:
        return AuthorKind.MEMBER if self.is_company else AuthorKind(self.value)


class AuthorKind(StrEnum):
    CANDIDATE = "candidate"
    GUEST = "guest"  # somebody on the candidate's side, under their own name
    MEMBER = "member"
    CLIENT = "client"
    ATS = "ats"
    SYSTEM = "system"

    @property
    def is_outside(self) -> bool:
        """The candidate, or somebody on their side."""
        return self in (AuthorKind.CANDIDATE, AuthorKind.GUEST)


class CameInBy(StrEnum):
    EMAIL = "email"
    WEB = "web"
    API = "api"
    FLOW = "flow"
    SMS = "sms"
    KAKAO = "kakao"


class MessageKind(StrEnum):
    MESSAGE = "message"
    NOTE = "note"  # only for the team; never leaves, never reaches a candidate


class Source(StrEnum):  # how an applicant came to us (SJ-17)
    APPLIED = "applied"
    MANUAL = "manual"
    ATS = "ats"


@dataclass(frozen=True, slots=True)
class Logo:
    """A company's picture; sizes in pixels."""

    digest: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str
    slug: str  # also the local part of its visible sender address
    public_contact: str  # "" = none yet
    locale: str
    timezone: str
    brand: str = "#0D6351"
    channels: tuple[str, ...] = ()  # how candidates are reached, in this order; empty, as all below: the installation's
    sms_sender: str = ""  # own registered number
    kakao_sender: str = ""  # own Kakao profile (senderKey, pfId)
    logo: Logo | None = None
    privacy_url: str = ""  # of its privacy policy; "" = none given
    keep_days: int | None = None  # after its last message a conversation is erased; None: not by itself
    old_logos: tuple[str, ...] = ()  # digests of earlier ones: they still come back in quotes


@dataclass(frozen=True, slots=True)
class Member:
    id: str
    workspace_id: str
    email: str
    name: str
    role: str  # admin | member
    locale: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    id: str
    workspace_id: str
    external_id: str
    title: str
    notify_emails: tuple[str, ...]
    public_contact: str = ""  # "" = the workspace's
    locale: str = ""  # likewise


@dataclass(frozen=True, slots=True)
class Applicant:
    id: str
    workspace_id: str
    opening_id: str
    external_id: str
    name: str
    email: str
    phone: str
    locale: str
    source: Source
    stage: str
    fields: dict[str, str]
    created_at: datetime
    rejected_at: datetime | None = None
    stage_before: str = ""  # before the rejection
    corrected: dict[str, str] = field(default_factory=dict)  # email, phone -> what the ATS said


@dataclass(frozen=True, slots=True)
class Participant:
    id: str
    thread_id: str
    role: Role
    name: str
    email: str  # "" when unknown
    member_id: str | None = None
    link_version: int = 1  # raised to make old personal links dead
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation with one applicant. `last_seq` counts messages, `last_event` the events of this thread."""

    id: str
    workspace_id: str
    applicant_id: str
    opening_id: str
    state: ThreadState
    last_seq: int
    last_event: int
    created_at: datetime
    closes_at: datetime | None = None  # when a rejection takes force by itself, unless it is taken back
    blocked_at: datetime | None = None
    blocked_tries: int = 0
    blocked_notice_at: datetime | None = None
    waits_until: datetime | None = None  # until then a message waits that news of the candidate would end
    assignee_id: str = ""  # the member who has it


@dataclass(frozen=True, slots=True)
class Author:
    kind: AuthorKind
    name: str
    email: str = ""
    member_id: str | None = None
    participant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance. `text` is what was written; `folded` what stood below it (quotes), `signature` likewise."""

    id: str
    thread_id: str
    seq: int
    kind: MessageKind
    author: Author
    came_in_by: CameInBy
    text: str
    html: str  # sanitised; "" if there was none
    folded: str
    signature: str
    fold_is_ours: bool
    mark: str  # "", "other_address:<addr>", "unprotected_domain"
    created_at: datetime
    rfc_message_id: str = ""  # without angle brackets
    in_reply_to: str = ""
    inbox_id: str | None = None
    goes_out_at: datetime | None = None  # in the future: scheduled
    cancelled: bool = False  # was scheduled and will not go out
    unless_news: bool = False  # scheduled, and not to go out if the candidate writes first
    crossed_id: str = ""  # written by mail, perhaps without having seen this message of somebody else
    attachments: tuple[Attachment, ...] = ()
    subject: str = ""  # of a mail, where its writer wrote it themselves and `text` does not say it (`subjects`)


class DeliveryState(StrEnum):
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    BOUNCED = "bounced"
    FELL_BACK = "fell_back"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str  # "" while under way; accepted | retry | failed | unknown | delivered | bounced
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message (or notice) to one person by one channel: a row of the outbox, and the only truth about sending."""

    id: str
    workspace_id: str
    thread_id: str | None
    message_id: str | None
    notice_id: str | None
    participant_id: str | None
    channel: str
    to: str
    state: DeliveryState
    reason: str
    code: str
    tries: int
    next_attempt_at: datetime | None
    lease_until: datetime | None
    provider_id: str
    rfc_message_id: str
    created_at: datetime
    updated_at: datetime
    attempts: tuple[Attempt, ...] = ()
    rest: tuple[str, ...] = ()  # channels to fall back on, in order
    purpose: Purpose = Purpose.TRANSACTIONAL
    fallback_at: datetime | None = None  # not confirmed by then: the next channel
    fallback_of: str | None = None  # the delivery that this one replaces


class InboxState(StrEnum):
    """The life of a mail as received. Everything but THREADED and IGNORED waits where a person sees it."""

    RECEIVED = "received"
    PROCESSING = "processing"
    THREADED = "threaded"
    HELD = "held"
    UNMATCHED = "unmatched"
    REFUSED = "refused"
    FAILED = "failed"
    IGNORED = "ignored"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    id: str
    workspace_id: str | None
    state: InboxState
    reason: str
    detail: str
    digest: str  # sha256 hex of the raw bytes: the blob's key
    size: int
    rcpt: str
    envelope_from: str
    peer: str
    helo: str
    tls: bool
    received_at: datetime
    tries: int = 0
    thread_id: str | None = None
    participant_id: str | None = None
    message_id: str = ""  # the mail's Message-ID
    body_digest: str = ""
    subject: str = ""
    from_address: str = ""
    from_name: str = ""
    proof: str = ""
    date: datetime | None = None
    words: str = ""  # of a mail that waits: what we read then


class ViewerKind(StrEnum):
    CANDIDATE = "candidate"
    MEMBER = "member"
    ATS = "ats"
    OPERATOR = "operator"  # the command line of the machine


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks. The one door `open_for(viewer, id)` and every use case take it."""

    kind: ViewerKind
    workspace_id: str
    id: str = ""  # member id, API key id, or participant id
    name: str = ""
    email: str = ""
    admin: bool = False
    thread_id: str = ""  # candidates: the only thread they can open
    locale: str = "en"
    scopes: frozenset[str] = frozenset()  # API keys: what they may do (`threads.keys`)
    confined_to: dict[str, str] | None = None  # members: their roles by opening (`policies.roles`); None: every opening

    @property
    def is_company(self) -> bool:
        return self.kind is not ViewerKind.CANDIDATE


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread with all that a decision about it may need: loaded by the one door."""

    thread: Thread
    applicant: Applicant
    opening: Opening
    workspace: Workspace
    participants: tuple[Participant, ...] = field(default=())

    @property
    def candidate(self) -> Participant:
        return next(p for p in self.participants if p.role is Role.CANDIDATE)

    def participant(self, participant_id: str) -> Participant | None:
        return next((p for p in self.participants if p.id == participant_id), None)

    @property
    def public_contact(self) -> str:
        """Where a rejected candidate is pointed to: the opening's address, else the workspace's (SJ-16)."""
        return self.opening.public_contact or self.workspace.public_contact
