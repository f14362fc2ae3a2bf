"""In charge of: what a channel is given and what it may answer.

Not in charge of: any provider (`gateway.outbound`).

A channel never raises for a provider's answer, never retries, never touches the database: it says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gateway.threads.devices import Subscription
from gateway.threads.templates import Review


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that travels with a message."""

    filename: str
    content_type: str
    content: bytes
    danger: str = ""  # why it is quarantined: then it travels with nothing


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A picture that stands among the words of a mail's HTML, where `cid:` names it (RFC 2392)."""

    content_id: str  # without angle brackets
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Phone:
    """A mobile number as providers want it: country calling code and the digits one dials inside that country."""

    country: str  # "82"
    national: str  # "01012345678"

    @property
    def is_korean(self) -> bool:
        return self.country == "82"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One rendered message for one person by one channel."""

    delivery_id: str
    channel: str
    to: str  # address or phone number
    to_name: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    # e-mail only
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    envelope_from: str = ""  # VERP return path; "" = null reverse-path (automatic answers, RFC 3834 §3)
    message_id: str = ""  # without angle brackets; the same at each attempt
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: str = ""  # Auto-Submitted value: "auto-generated" | "auto-replied" | "" (RFC 3834 §5)
    language: str = "en"
    files: tuple[OutgoingFile, ...] = ()
    pictures: tuple[InlinePicture, ...] = ()  # that the HTML shows
    headers: dict[str, str] = field(default_factory=dict)
    # AlimTalk and SMS only
    phone: Phone | None = None
    sender: str = ""  # the company's own sender number or Kakao profile; "" = the installation's
    template_code: str = ""  # of the AlimTalk template that the provider approved
    template_values: Mapping[str, str] = field(default_factory=dict)  # without #{}
    button: tuple[str, str] | None = None  # its words and where it leads; part of the approved template
    advertising: bool = False
    # web push only
    subscription: Subscription | None = None
    topic: str = ""  # a later one replaces an earlier one that still waits
    seconds: int = 0  # for how long it may wait for a device that is switched off


@dataclass(frozen=True, slots=True)
class Accepted:
    """The next system has taken responsibility."""

    provider_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: `after` seconds from now at the earliest (None: our own backoff).

    `counted` False when nothing was tried, as when we hold ourselves to a rate: it uses up no try.
    """

    code: str
    why: str
    after: float | None = None
    counted: bool = True


class Fault(StrEnum):
    """Whose trouble a definite no is."""

    RECIPIENT = "recipient"  # this number or address: another channel may reach the person
    CONFIG = "config"  # sender number, profile or template: the same for everybody until somebody mends it


@dataclass(frozen=True, slots=True)
class Failed:
    """Never, to this address, in this form."""

    code: str
    why: str
    fault: Fault = Fault.RECIPIENT


@dataclass(frozen=True, slots=True)
class Unknown:
    """The line broke after the message was handed over: it may or may not have arrived."""

    why: str


SendResult = Accepted | Retry | Failed | Unknown


class ReceiptStatus(StrEnum):
    """What a provider knows of a message that it took."""

    PENDING = "pending"  # on its way
    DELIVERED = "delivered"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"  # the provider itself does not know whether it arrived


@dataclass(frozen=True, slots=True)
class Receipt:
    """News of one delivery from its provider, by webhook or look-up. `delivery_id` "" when only the provider's own id
    is known.
    """

    status: ReceiptStatus
    delivery_id: str = ""
    provider_id: str = ""
    code: str = ""
    why: str = ""
    again: bool = False  # failed for a passing reason: the same may be sent again


@dataclass(frozen=True, slots=True)
class Absent:
    """The provider has no such message: it was never taken."""


@dataclass(frozen=True, slots=True)
class CannotTell:
    """The provider could not be asked, or its answer does not say."""

    why: str


Trace = Receipt | Absent | CannotTell


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Where an AlimTalk template stands at its provider; `note` is what the reviewer wrote."""

    review: Review
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a provider is asked about: a delivery handed over, or perhaps handed over, at `since` or later."""

    delivery_id: str
    to: str
    since: datetime
    phone: Phone | None = None
    provider_id: str = ""  # "" when its answer was lost
    text: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the core must know of a channel. `stable_key`: a repeat carries the same key (Message-ID), so receivers
    can drop it. `traceable`: it is a `TraceableChannel`, asked before anything is repeated. `batch`: messages that it
    takes together: in one call (`BatchChannel`) or one after another (`StreamChannel`).
    """

    stable_key: bool
    receipts: bool = False
    max_bytes: int = 25_000_000
    traceable: bool = False
    batch: int = 1


class Channel(Protocol):
    """One way to reach a person."""

    name: str
    capabilities: Capabilities

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = ...) -> SendResult:
        """Send once. Calls `handing_over()` just before the step after which the outcome may be unknown."""
        ...

    def close(self) -> None:
        """Let go of kept connections."""
        ...


@runtime_checkable
class TraceableChannel(Channel, Protocol):
    """A channel whose provider can be asked what became of a message."""

    def trace(self, sent: Sent) -> Trace:
        """What the provider knows. Never raises for an answer."""
        ...


@runtime_checkable
class StreamChannel(Channel, Protocol):
    """A channel that hands over one message after another quicker than each by itself."""

    def send_each(self, batch: Sequence[Outgoing], *, handing_over: Callable[[], None] = ...) -> Iterator[SendResult]:
        """One result for each, in their order, as soon as it is known. What was not asked for is not handed over."""
        ...


@runtime_checkable
class BatchChannel(Channel, Protocol):
    """A channel that carries several messages in one call."""

    def send_many(self, batch: Sequence[Outgoing], *, handing_over: Callable[[], None] = ...) -> list[SendResult]:
        """One result for each, in their order: some may fail while others go."""
        ...


@runtime_checkable
class ReviewChannel(Channel, Protocol):
    """A channel whose messages are templates that somebody reviews at the provider."""

    def find_review(self, *, sender: str, code: str) -> Reviewed | Absent | CannotTell:
        """Where the template with this code stands; `sender` "" is the installation's. Never raises for an answer."""
        ...


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call that a provider made to us. `url` as the provider knows it, header names in small letters."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class IncomingSms:
    """An SMS that somebody sent to one of our numbers, both in E.164."""

    provider_id: str
    sender: str
    to: str
    text: str
    media: int = 0  # pictures that came with it


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody called the free number (080) that stands in advertising by SMS: they want no more of it. `number` as
    the provider writes it, such as 01012345678.
    """

    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HookNews:
    """What a genuine call said: news of deliveries by channel, messages, and who wants no more advertising."""

    receipts: Mapping[str, Sequence[Receipt]] = field(default_factory=dict)
    messages: Sequence[IncomingSms] = ()
    refusals: Sequence[Refusal] = ()


@runtime_checkable
class RefusalChannel(Channel, Protocol):
    """A channel whose provider keeps the free number, and can be asked who called it."""

    def list_refusals(self, *, number: str, since: datetime) -> Sequence[Refusal] | CannotTell:
        """Who called `number`, digits only, since then. Never raises for an answer."""
        ...


class Hook(Protocol):
    """Reads the calls of one provider."""

    def read(self, call: HookCall) -> HookNews | None:
        """What it says; None when it is not proven to come from the provider."""
        ...

    def close(self) -> None:
        """Let go of kept connections."""
        ...
