"""In charge of: the Date header, and what mail-parser finds wrong with date and address headers.

Not in charge of: the addresses themselves (`mailboxes`) or any other header (`mime`).

mail-parser sees only the lines that it is asked about, and of those only what is not plain: in `Name <local@domain>`
without comments, escapes and doubtful words it never finds a fault, and a date that is written as RFC 5322 §3.3 shows
it, with the right weekday, can be read in one way only.
"""

from __future__ import annotations

import binascii
import logging
import re
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any

for _name in ("mailparser", "mailparser.core", "mailparser.utils"):
    _log = logging.getLogger(_name)
    _log.addHandler(logging.NullHandler())
    _log.propagate = False

import mailparser  # noqa: E402

_MAX_LINES = 20
_MAX_LINE_BYTES = 20_000
# Begins with a line end, so that a search runs at the speed of finding one.
_ASKED = re.compile(
    rb"\n(?=[dftcrs])(?:date|from|to|cc|reply-to|sender)[ \t]*:[^\n]*+(?:\n[ \t][^\n]*+)*+", re.IGNORECASE
)
_FIELD = re.compile(rb"[A-Za-z-]+:(?:[^\r\n]|\r?\n[ \t])*\Z")
_SPEC = rb"[a-z0-9_+=-]+(?:\.[a-z0-9_+=-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
_WORD = rb"=\?utf-8\?b\?((?:[a-z0-9+/]{4}){1,14}(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?)\?="
_PLAIN_ADDRESS = re.compile(
    rb"(?:from|to|cc|reply-to|sender):[ \t]*+"
    rb'(?:(?:(?:"[a-z0-9_ .,&-]{1,80}"|[a-z0-9_-]{1,60}(?: [a-z0-9_-]{1,60}){0,8}|' + _WORD + rb") )?<" + _SPEC + rb">|"
    rb"" + _SPEC + rb")\Z",
    re.IGNORECASE,
)
_WEEKDAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
# RFC 5322 §3.3 as every client writes it: day, month, year, hour, minute, second, zone, and the zone's name.
_PLAIN_DATE = re.compile(
    rb"[Dd]ate: ([A-Z][a-z]{2}), ([0-9]{1,2}) ([A-Z][a-z]{2}) ([12][0-9]{3}) "
    rb"([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-][0-9]{2})([0-5][0-9])(?: \([A-Z]{1,5}\))?\Z"
)

_SLOPPY_DATE = re.compile(rb"date[ \t]*:[ \t]*((?![ -~]*[0-9 ][ap]m\b)[!-~][ -~]{9,79}?)[ \t]*", re.IGNORECASE)
_ZONE = re.compile(r"[ ]?(?:GMT|UTC)?([+-]\d\d):?(\d\d)(?= \(|\Z)")


def read_date(head: bytes) -> tuple[datetime | None, list[str]]:
    """The Date header as an aware UTC time, and the defects of date and address headers. Never raises."""
    lines = [line for line in find_asked(head) if len(line) < _MAX_LINE_BYTES]
    doubtful = [line for line in lines[:_MAX_LINES] if not is_plain_address(line)]
    if not doubtful:
        return None, []
    plain = _read_plain_date(doubtful[0]) if len(doubtful) == 1 else None
    if plain is not None:
        return plain, []
    try:
        parsed = _ask(doubtful)
        date = parsed.date
        defects = [f"date: {d.get('reason', 'unreadable')}" for d in parsed.date_header_defects]
        defects += [f"address: {d.get('reason', 'unreadable')}" for d in parsed.address_header_defects]
    except Exception as error:
        return None, [f"headers: {type(error).__name__}"]
    return _in_utc(date) if isinstance(date, datetime) else _read_sloppy_date(doubtful), defects


def find_asked(head: bytes) -> list[bytes]:
    """The date and address fields as they stand, folded ones whole, without the line end behind them."""
    head = b"\n" + head
    return [
        field[0][1:].removesuffix(b"\r") if field.end() < len(head) else field[0][1:] for field in _ASKED.finditer(head)
    ]


def _in_utc(date: datetime) -> datetime:
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)


def _read_plain_date(line: bytes) -> datetime | None:
    """The time of a Date field in which nothing is missing, obsolete or contradictory; else None."""
    found = _PLAIN_DATE.match(line)
    if found is None or found[1] not in _WEEKDAYS or found[3] not in _MONTHS or found[4] < b"1900":
        return None
    hours, minutes = int(found[8]), int(found[9])
    offset = timedelta(hours=hours, minutes=-minutes if found[8].startswith(b"-") else minutes)
    try:
        day = int(found[4]), _MONTHS.index(found[3]) + 1, int(found[2])
        local = datetime(*day, int(found[5]), int(found[6]), int(found[7]), tzinfo=UTC)
    except ValueError:
        return None
    return local - offset if _WEEKDAYS[local.weekday()] == found[1] else None


def _read_sloppy_date(lines: list[bytes]) -> datetime | None:
    """A date that programs write and RFC 5322 does not know: without zone or second, with a colon in the zone, ISO."""
    found = next((found for line in lines if (found := _SLOPPY_DATE.fullmatch(line))), None)
    if found is None:
        return None
    written = found[1].decode()
    try:
        if written[:4].isdigit():
            return _in_utc(datetime.fromisoformat(written))
        return _in_utc(parsedate_to_datetime(_ZONE.sub(r" \1\2", written)))
    except (ValueError, OverflowError):
        return None


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
