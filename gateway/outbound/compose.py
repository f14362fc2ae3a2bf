"""In charge of: one rendered message -> the bytes of a mail (RFC 5322, MIME).

Not in charge of: the words (`rendering`), how a field is written (`headers`), signing (`dkim`), sending (`mail`).
"""

from __future__ import annotations

import hashlib
import re
from base64 import encodebytes
from binascii import b2a_qp
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from gateway.errors import Invalid
from gateway.outbound.headers import (
    address_field,
    ids_field,
    is_message_id,
    one_line,
    plain_field,
    read_address,
    text_field,
)
from gateway.threads.channel import InlinePicture, Outgoing, OutgoingFile

ORIGIN_HEADER = "X-Gateway-Origin"
MAX_REFERENCES = 20
REMEMBERED = 1000  # characters of a line that is kept when it has been encoded
_TYPE = re.compile(r"([a-z0-9][a-z0-9!#$&^_.+-]{0,126})/([a-z0-9][a-z0-9!#$&^_.+-]{0,126})\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")
_EXTRA_NAME = re.compile(r"(?:X-[A-Za-z0-9-]+|List-[A-Za-z-]+|Precedence|Importance|Feedback-ID)\Z")
_AUTOMATIC = ("auto-generated", "auto-replied")


def compose_mail(outgoing: Outgoing, *, date: datetime, domain: str) -> bytes:
    """The mail as it goes on the wire: CRLF only, no line over 998 octets, ASCII except for addresses that need UTF-8.

    `domain` is the reply domain: it stands in `X-Gateway-Origin`, by which we know our own mails when they come back.
    Nobody is named but one recipient, so there is no Cc and no Bcc. Raises Invalid when an address, the Message-ID or
    an extra field cannot be written safely; names, subject and file names are cleaned instead.
    """
    return "".join(_fields(outgoing, date=date, domain=domain)).encode() + _body(outgoing)


def _fields(outgoing: Outgoing, *, date: datetime, domain: str) -> list[str]:
    fields = [
        plain_field("Date", format_datetime(date.astimezone(UTC))),
        address_field("From", outgoing.from_name, read_address(outgoing.from_address, "from_address")),
        address_field("To", outgoing.to_name, read_address(outgoing.to, "to")),
    ]
    if outgoing.reply_to:
        fields.append(address_field("Reply-To", outgoing.from_name, read_address(outgoing.reply_to, "reply_to")))
    fields.append(text_field("Subject", outgoing.subject))
    return [*fields, *_identification(outgoing), *_automatic(outgoing), *_extra(outgoing), *_ours(outgoing, domain)]


def _identification(outgoing: Outgoing) -> list[str]:
    """Message-ID, In-Reply-To and References (RFC 5322 §3.6.4). Ids of others that cannot be written are left out."""
    if not is_message_id(outgoing.message_id):
        raise Invalid("message_id", "A mail needs a Message-ID of printable ASCII, without angle brackets.")
    fields = [ids_field("Message-ID", [outgoing.message_id])]
    parent = [outgoing.in_reply_to] if is_message_id(outgoing.in_reply_to) else []
    every = [one for one in outgoing.references if is_message_id(one) and one not in parent] + parent
    references = every if len(every) <= MAX_REFERENCES else [every[0], *every[1 - MAX_REFERENCES :]]
    if parent:
        fields.append(ids_field("In-Reply-To", parent))
    if references:
        fields.append(ids_field("References", references))
    return fields


def _automatic(outgoing: Outgoing) -> list[str]:
    """Asks other programs not to answer (RFC 3834 §5; X-Auto-Response-Suppress is what Exchange obeys)."""
    if not outgoing.automatic:
        return []
    if outgoing.automatic not in _AUTOMATIC:
        raise Invalid("automatic", f"Auto-Submitted is one of {', '.join(_AUTOMATIC)} or empty.")
    return [plain_field("Auto-Submitted", outgoing.automatic), plain_field("X-Auto-Response-Suppress", "All")]


def _extra(outgoing: Outgoing) -> list[str]:
    names = [name.lower() for name in outgoing.headers]
    if len(set(names)) < len(names) or not all(_EXTRA_NAME.match(name) for name in outgoing.headers):
        raise Invalid(
            "headers", "Extra header fields are X-…, List-…, Precedence, Importance or Feedback-ID, each once."
        )
    if {ORIGIN_HEADER.lower(), "x-auto-response-suppress"} & set(names):
        raise Invalid("headers", f"{ORIGIN_HEADER} and X-Auto-Response-Suppress are set by the gateway alone.")
    return [text_field(name, value) for name, value in outgoing.headers.items()]


def _ours(outgoing: Outgoing, domain: str) -> list[str]:
    language = outgoing.language.replace("_", "-") if _LANGUAGE.match(outgoing.language) else "en"
    return [plain_field("Content-Language", language), plain_field(ORIGIN_HEADER, domain)]


def _body(outgoing: Outgoing) -> bytes:
    """Text, HTML with its pictures beside it, files around both (RFC 2046 §5.1.4, RFC 2387 §3). Never sent as 7bit:
    so no content can hold a boundary or a bare CR.

    Written here and not by the standard library's generator, which takes ten times as long for the same octets.
    """
    digest = hashlib.sha256(outgoing.message_id.encode()).hexdigest()[:24]
    body = _text_part(outgoing.text, "plain")
    if outgoing.html:
        html = _text_part(outgoing.html, "html")
        if outgoing.pictures:
            pictures = [_picture_part(picture) for picture in outgoing.pictures]
            html = _multipart('related; type="text/html"', [html, *pictures], boundary=f"=_2_{digest}")
        body = _multipart("alternative", [body, html], boundary=f"=_1_{digest}")
    if outgoing.files:
        files = [_file_part(file).as_bytes(policy=SMTP) for file in outgoing.files]
        body = _multipart("mixed", [body, *files], boundary=f"=_0_{digest}")
    return b"MIME-Version: 1.0\r\n" + body


def _multipart(kind: str, parts: list[bytes], *, boundary: str) -> bytes:
    """`=_` can stand neither in quoted-printable nor in base64 (RFC 2045 §6.7, note 2)."""
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n'.encode()
    between = f"\r\n--{boundary}".encode()
    return head + b"".join(between + b"\r\n" + part for part in parts) + between + b"--\r\n"


def _text_part(text: str, subtype: str) -> bytes:
    """UTF-8 in lines of at most 76 octets: quoted-printable if most is ASCII, else base64 (RFC 2045 §6.7, §6.8)."""
    clean = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").removesuffix("\n")
    octets = clean.encode("utf-8", "replace")
    if 4 * len(clean) >= 3 * len(octets):  # most is ASCII
        encoding, encoded = "quoted-printable", b"".join(map(_quote, clean.split("\n")))
    else:
        lines = octets.replace(b"\n", b"\r\n") + b"\r\n"
        encoding, encoded = "base64", encodebytes(lines).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + encoded


def _quote(line: str) -> bytes:
    return _quote_short(line) if len(line) <= REMEMBERED else _quote_any(line)


def _quote_any(line: str) -> bytes:
    return b2a_qp(line.encode("utf-8", "replace") + b"\r\n")


_quote_short = lru_cache(1024)(_quote_any)  # most lines of mails are their template's, the same in each


@lru_cache(32)
def _picture_part(picture: InlinePicture) -> bytes:
    """A picture of the HTML: made once for all mails that show it. Without its name some clients list it as a file.
    Raises Invalid.
    """
    kind = _TYPE.match(picture.content_type)
    if kind is None or kind[1] != "image" or not is_message_id(picture.content_id):
        raise Invalid("pictures", "A picture needs an image/… type, and a Content-ID written as a Message-ID is.")
    name = f"picture.{kind[2]}"
    fields = [
        plain_field("Content-Type", f'{kind[0]}; name="{name}"'),
        plain_field("Content-Transfer-Encoding", "base64"),
        ids_field("Content-ID", [picture.content_id]),
        plain_field("Content-Disposition", f'inline; filename="{name}"'),
    ]
    return "".join(fields).encode() + b"\r\n" + encodebytes(picture.content).replace(b"\n", b"\r\n")


def _file_part(file: OutgoingFile) -> EmailMessage:
    """An attachment in base64; its name by RFC 2231 where it is not ASCII."""
    part = EmailMessage(policy=SMTP)
    kind = _TYPE.match(file.content_type.lower().strip())
    # message/* and multipart/* may not be base64 (RFC 2046 §5.2.1), and nothing of ours reads them as parts.
    main, sub = kind.groups() if kind and kind[1] not in ("message", "multipart") else ("application", "octet-stream")
    part.set_content(
        file.content, maintype=main, subtype=sub, disposition="attachment", filename=clean_filename(file.filename)
    )
    del part["MIME-Version"]
    return part


def clean_filename(name: str) -> str:
    """A file name without folders, controls, tricks of direction, or what a reader would decode (`=?`)."""
    flat = one_line(re.split(r"[/\\]", name)[-1], 1000).replace("=?", "_").replace('"', "'").strip(". ")
    stem, dot, ending = flat.rpartition(".")
    short = f"{stem[:120]}{dot}{ending}" if dot and len(ending) <= 10 else flat[:120]
    return short or "attachment"
