"""In charge of: what a mail says, before we believe any of it.

Not in charge of: reading bytes (`gateway.inbound`).

Every value here is plain data that can cross a process boundary (pickled by the parsing process).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class _Travelling:
    """A value that each mail sends to another process: pickled as the arguments that make it.

    What a dataclass with slots does by itself, field by field in Python, costs more than twice as much.
    """

    __slots__: tuple[str, ...] = ()

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple([getattr(self, name) for name in self.__slots__])


@dataclass(frozen=True, slots=True)
class Address(_Travelling):
    """One mailbox of a header. `address` is the addr-spec as written, domain in lower case; "" if it could not be
    read.
    """

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class IncomingAttachment(_Travelling):
    """One file of a mail. Inline images count (with `content_id`), an enclosed message as one, empty parts do not."""

    filename: str  # safe to show and to store: no path, no control characters; "" if the mail gave none
    content_type: str  # "type/subtype", lower case, as declared
    content_id: str  # without angle brackets; "" if none
    content: bytes  # decoded
    inline: bool = False
    found_type: str = ""  # by its content; "" if nothing tells. Never served by it


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One recipient of a bounce or delivery report (RFC 3464), or what we could read of a non-standard one."""

    action: str  # failed | delayed | delivered | relayed | expanded
    status: str  # enhanced status code "5.1.1", "" if unknown (RFC 3463)
    recipient: str
    diagnostic: str
    original_message_id: str = ""


class Automatic(StrEnum):
    """What kind of machine wrote a mail; NO when it looks like a person's."""

    NO = "no"
    REPLY = "reply"  # out of office, vacation, "we got your mail" (RFC 3834)
    BOUNCE = "bounce"  # DSN or a non-standard failure notice
    BULK = "bulk"  # list, newsletter, marketing
    COMPLAINT = "complaint"  # a mailbox provider tells that its user called our mail spam (RFC 5965)
    RECEIPT = "receipt"  # read receipt (RFC 8098)
    CALENDAR = "calendar"  # an answer to an invitation (RFC 5546)


@dataclass(frozen=True, slots=True)
class CalendarAnswer:
    """An answer to an invitation, or another time proposed. `day` is the date as written when it names no moment."""

    answer: str  # accepted | declined | tentative | counter
    title: str = ""
    starts: datetime | None = None  # UTC
    day: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A feedback report; `return_paths` are the envelope senders that it names."""

    kind: str  # abuse | fraud | virus | other | not-spam …
    return_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadReceipt:
    """A disposition notification: opened, or done away with unread."""

    opened: bool
    original_message_id: str = ""


@dataclass(frozen=True, slots=True)
class IncomingMail(_Travelling):
    """A mail as read. Never complete, never trusted; `defects` says what could not be read."""

    message_id: str = ""  # without angle brackets
    subject: str = ""
    date: datetime | None = None
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    in_reply_to: tuple[str, ...] = ()  # message ids without angle brackets
    references: tuple[str, ...] = ()  # first 20 and last 20, in order
    text: str = ""  # all plain body parts, joined
    html: str = ""  # all HTML body parts, joined; NOT sanitised
    attachments: tuple[IncomingAttachment, ...] = ()
    automatic: Automatic = Automatic.NO
    reports: tuple[DeliveryReport, ...] = ()
    complaint: Complaint | None = None
    receipt: ReadReceipt | None = None
    calendar: CalendarAnswer | None = None
    headers: tuple[tuple[str, str], ...] = ()  # decoded, in order; at most 500, each cut at 10,000 characters
    defects: tuple[str, ...] = ()
    body_digest: str = ""  # sha256 hex over text, html and attachment contents: equal for two copies of one mail

    @property
    def protection(self) -> str:
        """ "encrypted", "signed", or "" (S/MIME, OpenPGP): as its parts say, never checked."""
        marks = {defect.partition(": ")[0] for defect in self.defects}
        return next((how for how in ("encrypted", "signed") if how in marks), "")


@dataclass(frozen=True, slots=True)
class SplitReply(_Travelling):
    """What the writer wrote, and what stood below it. `reply` + `folded` + `signature` together hold everything."""

    reply: str
    folded: str = ""
    signature: str = ""
    fold_is_ours: bool = True  # False: the fold holds words that are not from our own copies, so it opens by itself
    pictures: tuple[tuple[int, str], ...] = ()  # where in `reply` pictures of the mail stood, by their Content-IDs


class Scan(StrEnum):
    """What a virus scanner said of a mail."""

    NOT_ASKED = "not_asked"  # no scanner is configured
    CLEAN = "clean"
    INFECTED = "infected"
    FAILED = "failed"  # no answer, or none that we understand


@dataclass(frozen=True, slots=True)
class ScanResult(_Travelling):
    """`detail`: the virus's name, or why there is no answer."""

    scan: Scan = Scan.NOT_ASKED
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReadMail(_Travelling):
    """All that the parsing process found out about a mail, in one value."""

    mail: IncomingMail
    split: SplitReply
    html: str = ""  # sanitised, safe to show; remote content removed; cid: links kept for rewriting
    scan: ScanResult = ScanResult()
    subject: str = ""  # on one line, if the writer wrote it themselves: that of an answer or forwarded mail is not


class Proof(StrEnum):
    """How well the From domain vouches for a mail (RFC 7208, 6376, 7489)."""

    ALIGNED = "aligned"  # DMARC pass
    UNPROTECTED = "unprotected"  # SPF or DKIM pass for that domain, but it publishes no DMARC
    NONE = "none"  # nothing to judge by
    TEMPERROR = "temperror"  # DNS did not answer; may be tried again
    FAIL = "fail"  # the domain disowns it


@dataclass(frozen=True, slots=True)
class SenderProof:
    """The verdict on the From domain and, for the desk, what it rests on."""

    proof: Proof = Proof.NONE
    domain: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the SMTP session said (RFC 5321), stored beside the raw bytes."""

    mail_from: str  # "" for the null reverse-path
    rcpt_tos: tuple[str, ...]
    peer: str = ""  # IP address of the client, after PROXY protocol if trusted
    helo: str = ""
    tls: bool = False
    smtputf8: bool = False
    received_at: datetime | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be proven of a mail: that the domain of `address`, its one From address, vouches for it."""

    raw: bytes
    envelope: Envelope
    address: str
