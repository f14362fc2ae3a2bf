"""In charge of: answers to invitations — iTIP REPLY and COUNTER in a text/calendar part (RFC 5546 §3.2.3, §3.2.7).

Not in charge of: invitations themselves, which are files, nor what becomes of an answer (`policies/loops`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.inbound.charsets import clean_text, decode_text
from gateway.threads.incoming import CalendarAnswer, IncomingAttachment

log = logging.getLogger("gateway.inbound.calendars")

_TYPES = ("text/calendar", "application/ics")
_MAX_BYTES = 100_000
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative", "DELEGATED": "declined"}


def read_calendar_answer(files: Sequence[IncomingAttachment]) -> CalendarAnswer | None:
    """The first answer to an invitation among the files; None if there is none, or none that can be read."""
    for file in files:
        if file.content_type not in _TYPES or len(file.content) > _MAX_BYTES:
            continue
        upper = file.content.upper()
        if b"METHOD:REPLY" not in upper and b"METHOD:COUNTER" not in upper:
            continue
        try:
            return _read(decode_text(file.content, "utf-8").text)
        except Exception as error:
            log.info("a calendar answer could not be read: %s", type(error).__name__)
    return None


def _read(text: str) -> CalendarAnswer | None:
    from icalendar import Calendar  # loaded only where a mail has a calendar

    calendar: Any = Calendar.from_ical(text)
    method = str(calendar.get("METHOD", "")).upper()
    event: Any = next(iter(calendar.walk("VEVENT")), None)
    if event is None or method not in ("REPLY", "COUNTER"):
        return None
    attendees = event.get("ATTENDEE", [])
    attendee = next(iter(attendees), None) if isinstance(attendees, list) else attendees
    status = str(attendee.params.get("PARTSTAT", "")).upper() if attendee is not None else ""
    answer = "counter" if method == "COUNTER" else _ANSWERS.get(status, "")
    if not answer:
        return None
    starts, day = _read_start(event)
    return CalendarAnswer(
        answer=answer,
        title=_words(event.get("SUMMARY", ""))[:200],
        starts=starts,
        day=day,
        comment=_words(event.get("COMMENT", ""))[:500],
    )


def _read_start(event: Any) -> tuple[datetime | None, str]:
    """(the moment in UTC, ""), or for a whole day or a time without a zone (None, as written)."""
    if "DTSTART" not in event:
        return None, ""
    value = event.decoded("DTSTART")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC), ""
    return None, value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else value.isoformat()


def _words(value: Any) -> str:
    """Text of a property; of several, the first."""
    return clean_text(str(value[0] if isinstance(value, list) else value)).strip()
