"""In charge of: the little that can be told of a mail that the parsers could not read: Message-ID, Subject, From.

Not in charge of: parsing (`mime`). Standard library only, one bounded pass; it runs in the process that must not fall.
"""

from __future__ import annotations

import hashlib
import re

from gateway.threads.incoming import Address, IncomingMail

_SCANNED_BYTES = 64 * 1024
_FIELD = re.compile(rb"(message-id|subject|from)[ \t]*:(.*)\Z", re.IGNORECASE | re.DOTALL)
_ID = re.compile(rb"\s*<([!-;=?-~]{3,500})>\s*\Z")
_FROM = re.compile(rb"[^<>@,;]{0,200}<([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253})>\s*\Z")
_BARE_FROM = re.compile(rb"\s*([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253})\s*\Z")


def scan_headers(raw: bytes, defect: str) -> IncomingMail:
    """What stands plainly in the first 64 kB of headers; a field that comes twice or in a doubtful form is left out."""
    fields: dict[str, list[bytes]] = {}
    head = re.split(rb"\r?\n\r?\n", raw[:_SCANNED_BYTES], maxsplit=1)[0]
    for line in re.split(rb"\r?\n(?![ \t])", head):
        found = _FIELD.match(line)
        if found:
            fields.setdefault(found[1].decode().lower(), []).append(found[2][:2000])
    return IncomingMail(
        message_id=_read_id(fields.get("message-id", [])),
        subject=_read_subject(fields.get("subject", [])),
        from_=_read_from(fields.get("from", [])),
        defects=(defect,),
        body_digest=hashlib.sha256(raw).hexdigest(),
    )


def _only(values: list[bytes]) -> bytes:
    return values[0] if len(values) == 1 else b""


def _read_id(values: list[bytes]) -> str:
    found = _ID.match(_only(values))
    return found[1].decode() if found else ""


def _read_subject(values: list[bytes]) -> str:
    text = _only(values).decode("utf-8", "replace")
    return re.sub(r"[\x00-\x20\x7f]+", " ", text).strip()[:500]


def _read_from(values: list[bytes]) -> tuple[Address, ...]:
    value = _only(values)
    found = _FROM.match(value) or _BARE_FROM.match(value)
    if found is None:
        return ()
    local, _, domain = found[1].decode().rpartition("@")
    return (Address(name="", address=f"{local}@{domain.lower()}"),)
