"""In charge of: answers to invitations — iTIP REPLY and COUNTER in a text/calendar part (RFC 5546 §3.2.3, §3.2.7).

Not in charge of: invitations themselves, which are files, nor what becomes of an answer (`policies/loops`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway.inbound.charsets import clean_text, decode_text
from gateway.threads.incoming import CalendarAnswer, IncomingAttachment

log = logging.getLogger("gateway.inbound.calendars")

_TYPES = ("text/calendar", "application/ics")
_MAX_BYTES = 100_000
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative", "DELEGATED": "declined"}
_METHOD = re.compile(rb"METHOD:[ \t]*(?:REPLY|COUNTER)", re.IGNORECASE)
_MOST_TITLE = 200
_MOST_COMMENT = 500


def read_calendar_answer(files: Sequence[IncomingAttachment], *, sender: str = "") -> CalendarAnswer | None:
    """The first answer to an invitation among the files; None if there is none, or none that can be read.

    `sender`: their address, for the answer of one among several attendees.
    """
    for file in files:
        if file.content_type not in _TYPES or len(file.content) > _MAX_BYTES:
            continue
        if not _METHOD.search(file.content):
            continue
        try:
            return _read(decode_text(file.content, "utf-8").text, sender)
        except Exception as error:
            log.info("a calendar answer could not be read: %s", type(error).__name__)
    return None


def add_words(answer: CalendarAnswer, words: str) -> CalendarAnswer:
    """With the words of the mail as its comment, where the calendar has none: many clients put them there only.

    A text that lists the invitation, its title on a line alone, is the calendar's own notice.
    """
    words = words.strip()
    lines = {re.split(r"[:：]\s", line, maxsplit=1)[-1].strip() for line in words.splitlines()}
    if answer.comment or (answer.title and answer.title in lines):
        return answer
    return replace(answer, comment=words[:_MOST_COMMENT])


def _read(text: str, sender: str) -> CalendarAnswer | None:
    from icalendar import Calendar  # loaded only where a mail has a calendar

    calendar: Any = Calendar.from_ical(text)
    method = str(calendar.get("METHOD", "")).strip().upper()
    event: Any = next(iter(calendar.walk("VEVENT")), None)
    if event is None or method not in ("REPLY", "COUNTER"):
        return None
    attendee = _find_attendee(event, sender)
    status = str(attendee.params.get("PARTSTAT", "")).upper() if attendee is not None else ""
    answer = "counter" if method == "COUNTER" else _ANSWERS.get(status, "")
    if not answer:
        return None
    starts, day = _read_start(event)
    return CalendarAnswer(
        answer=answer,
        title=_words(event.get("SUMMARY", ""))[:_MOST_TITLE],
        starts=starts,
        day=day,
        comment=_words(event.get("COMMENT", "") or _note_of(attendee))[:_MOST_COMMENT],
    )


def _find_attendee(event: Any, sender: str) -> Any:
    """Who answers: the sender, else the first who gives an answer; some programs list everybody who is invited."""
    attendees = event.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    own = [a for a in attendees if sender and str(a).lower().removeprefix("mailto:") == sender.lower()]
    answering = [a for a in attendees if str(a.params.get("PARTSTAT", "")).upper() in _ANSWERS]
    return next(iter([*own, *answering, *attendees]), None)


def _note_of(attendee: Any) -> str:
    """Where Google puts the note of somebody who answers."""
    return str(attendee.params.get("X-RESPONSE-COMMENT", "")) if attendee is not None else ""


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
