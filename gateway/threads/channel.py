"""In charge of: what a channel is given and what it may answer.

Not in charge of: any provider (`gateway.outbound`).

A channel never raises for a provider's answer, never retries, never touches the database: it says what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file that travels with a message."""

    filename: str
    content_type: str
    content: bytes
    danger: str = ""  # why it is quarantined: then it travels with nothing


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
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The next system has taken responsibility."""

    provider_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: `after` seconds from now at the earliest (None: our own backoff)."""

    code: str
    why: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """Never, to this address, in this form."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The line broke after the message was handed over: it may or may not have arrived."""

    why: str


SendResult = Accepted | Retry | Failed | Unknown


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the core must know of a channel. `stable_key`: a repeat carries the same key (Message-ID), so receivers
    can drop it.
    """

    stable_key: bool
    receipts: bool = False
    max_bytes: int = 25_000_000


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
