"""In charge of: what visiting cards and calendar files say, as plain fields for a page (RFC 6350; iCalendar).

Not in charge of: answers to invitations (they are mail of their own kind) or showing. Runs in the parsing process.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import icalendar

LARGEST = 262_144  # bytes; icalendar needs seconds for a megabyte of odd lines
MOST_FIELDS = 100
LONGEST = 2_000  # characters of one value

_CARD = {
    "FN": "name", "ORG": "organisation", "TITLE": "title", "ROLE": "title", "TEL": "phone", "EMAIL": "email",
    "ADR": "address", "URL": "web", "NOTE": "note",
}  # fmt: skip
_EVENT = {
    "SUMMARY": "summary", "DTSTART": "start", "DTEND": "end", "LOCATION": "place", "ORGANIZER": "organiser",
    "ATTENDEE": "attendee", "URL": "web", "DESCRIPTION": "note",
}  # fmt: skip


def read_fields(content: bytes) -> list[tuple[str, str]]:
    """(field, value) pairs of a vCard or iCalendar file; [] if it cannot be read. Never raises.

    Fields: name, organisation, title, phone, email, address, web, note; summary, start, end, place, organiser,
    attendee.
    """
    if len(content) > LARGEST:
        return []
    try:
        found = list(_walk(icalendar.Calendar.from_ical(content, multiple=True)))
    except Exception:  # the library raises many kinds for files that nobody's program wrote
        return []
    return [(field, value[:LONGEST]) for field, value in found if value.strip()][:MOST_FIELDS]


def _walk(components: Any) -> Iterator[tuple[str, str]]:
    for component in components:
        for part in component.walk():
            names = {"VCARD": _CARD, "VEVENT": _EVENT}.get(part.name, {})
            for key, value in part.property_items(recursive=False):
                field = names.get(key.rpartition(".")[2].upper())
                if field:
                    yield field, _as_text(value)


def _as_text(value: Any) -> str:
    moment = getattr(value, "dt", None)
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip()
    if isinstance(moment, date):
        return moment.isoformat()
    parts = getattr(value, "fields", None) or getattr(value, "ical_value", None)
    if isinstance(parts, tuple):
        return ", ".join(str(p) for p in parts if p)
    return _decode(str(value), getattr(value, "params", {})).removeprefix("mailto:").removeprefix("MAILTO:")


def _decode(text: str, params: Any) -> str:
    """vCard 2.1 and 3.0 write other letters encoded."""
    encoding, charset = str(params.get("ENCODING", "")).upper(), str(params.get("CHARSET", "utf-8"))
    try:
        if encoding == "QUOTED-PRINTABLE":
            return quopri.decodestring(text.encode()).decode(charset, "replace")
        if encoding in ("B", "BASE64"):
            return base64.b64decode(text).decode(charset, "replace")
    except (LookupError, ValueError):
        return text
    return text
