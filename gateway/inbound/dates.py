"""In charge of: the Date header, and what mail-parser finds wrong with date and address headers.

Not in charge of: the addresses themselves (`mailboxes`) or any other header (`mime`).

mail-parser sees only the lines that it is asked about, and of the address lines only those that are not plain: in
`Name <local@domain>` without comments, escapes and doubtful words it never finds a fault.
"""

from __future__ import annotations

import binascii
import logging
import re
from datetime import UTC, datetime
from email.message import Message
from typing import Any

for _name in ("mailparser", "mailparser.core", "mailparser.utils"):
    _log = logging.getLogger(_name)
    _log.addHandler(logging.NullHandler())
    _log.propagate = False

import mailparser  # noqa: E402

_MAX_LINES = 20
_MAX_LINE_BYTES = 20_000
_LINE_END = re.compile(rb"\r?\n(?![ \t])")
_ASKED = re.compile(rb"(?:date|from|to|cc|reply-to|sender)[ \t]*:", re.IGNORECASE)
_FIELD = re.compile(rb"[A-Za-z-]+:(?:[^\r\n]|\r?\n[ \t])*\Z")
_SPEC = rb"[a-z0-9_+=-]+(?:\.[a-z0-9_+=-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
_WORD = rb"=\?utf-8\?b\?((?:[a-z0-9+/]{4}){1,14}(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?)\?="
_PLAIN_ADDRESS = re.compile(
    rb"(?:from|to|cc|reply-to|sender):[ \t]*+"
    rb'(?:(?:(?:"[a-z0-9_ .,&-]{1,80}"|[a-z0-9_-]{1,60}(?: [a-z0-9_-]{1,60}){0,8}|' + _WORD + rb") )?<" + _SPEC + rb">|"
    rb"" + _SPEC + rb")\Z",
    re.IGNORECASE,
)


def read_date(head: bytes) -> tuple[datetime | None, list[str]]:
    """The Date header as an aware UTC time, and the defects of date and address headers. Never raises."""
    lines = [line for line in _LINE_END.split(head) if _ASKED.match(line) and len(line) < _MAX_LINE_BYTES]
    try:
        parsed = _ask([line for line in lines[:_MAX_LINES] if not is_plain_address(line)])
        date = parsed.date
        defects = [f"date: {d.get('reason', 'unreadable')}" for d in parsed.date_header_defects]
        defects += [f"address: {d.get('reason', 'unreadable')}" for d in parsed.address_header_defects]
    except Exception as error:
        return None, [f"headers: {type(error).__name__}"]
    if not isinstance(date, datetime):
        return None, defects
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC), defects


def is_plain_address(line: bytes) -> bool:
    """Whether an address header holds one address in a form that leaves nothing to complain of."""
    found = _PLAIN_ADDRESS.match(line)
    if found is None:
        return False
    return found[1] is None or _is_plain_word(found[1])


def _is_plain_word(word: bytes) -> bool:
    """Whether a base64 word is a name of letters, digits and spaces."""
    try:
        name = binascii.a2b_base64(word).decode()
    except ValueError:
        return False
    return name.replace(" ", "").isalnum()


def _ask(lines: list[bytes]) -> Any:
    """mail-parser on these header lines, without the standard parser where each is a field of its own."""
    if not all(_FIELD.match(line) for line in lines):
        return mailparser.parse_from_bytes(b"\r\n".join(lines) + b"\r\n\r\n")
    message: Message[str, str] = Message()
    for line in lines:
        message.set_raw(*message.policy.header_source_parse([line.decode("ascii", "surrogateescape")]))
    message.set_payload("")
    return mailparser.MailParser(message)
