"""Answers to invitations: whose answer of several it is, and the words that come with it."""

from __future__ import annotations

import pytest

from gateway.inbound.reading import read_mail
from gateway.threads.incoming import Automatic, CalendarAnswer, IncomingMail

WHO = "mina@mail.example"
HEAD = (
    f"From: Mina Han <{WHO}>\nSubject: Interview\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n"
)


def answer(*lines: str, text: str = "", method: str = "METHOD:REPLY") -> IncomingMail:
    event = "\n".join(["BEGIN:VEVENT", "UID:1", "SUMMARY:Interview", "DTSTART:20261203T010000Z", *lines, "END:VEVENT"])
    calendar = f"BEGIN:VCALENDAR\nVERSION:2.0\n{method}\n{event}\nEND:VCALENDAR\n"
    parts = (
        f"--b\nContent-Type: text/plain\n\n{text}\n--b\nContent-Type: text/calendar; method=REPLY\n\n{calendar}--b--\n"
    )
    return read_mail(f"{HEAD}\n{parts}".replace("\n", "\r\n").encode()).mail


def answer_of(mail: IncomingMail) -> CalendarAnswer:
    assert mail.automatic is Automatic.CALENDAR
    assert mail.calendar is not None
    return mail.calendar


@pytest.mark.parametrize(
    "attendees",
    [
        ("PARTSTAT=ACCEPTED:mailto:hr@firma.example", "PARTSTAT=DECLINED:mailto:mina@mail.example"),
        ("PARTSTAT=ACCEPTED:mailto:hr@firma.example", "PARTSTAT=DECLINED:MAILTO:Mina@Mail.example"),
        ("PARTSTAT=NEEDS-ACTION:mailto:hr@firma.example", "PARTSTAT=DECLINED:mailto:mina@other.example"),
    ],
)
def test_the_senders_answer_counts_among_all_who_are_invited(attendees: tuple[str, ...]) -> None:
    mail = answer(*(f"ATTENDEE;{a}" for a in attendees))

    assert answer_of(mail).answer == "declined"


@pytest.mark.parametrize(
    ("lines", "text", "comment"),
    [
        (("COMMENT:See you",), "Mina Han has accepted.", "See you"),
        ((), "Could we do Friday instead?", "Could we do Friday instead?"),
        ((), "I cannot make the Interview.\n\n> Shall we meet on Thursday?", "I cannot make the Interview."),
        ((), "Mina Han has accepted this invitation.\n\nInterview\nThursday Dec 3", ""),
        ((), "Mina Han has accepted.\n\nTitle: Interview\nWhen: Thursday", ""),
        ((), "", ""),
    ],
)
def test_words_of_an_answer_are_kept(lines: tuple[str, ...], text: str, comment: str) -> None:
    mail = answer("ATTENDEE;PARTSTAT=ACCEPTED:mailto:mina@mail.example", *lines, text=text)

    assert answer_of(mail).comment == comment


def test_note_at_the_attendee_is_a_comment() -> None:
    mail = answer('ATTENDEE;PARTSTAT=DECLINED;X-RESPONSE-COMMENT="I am ill":mailto:mina@mail.example')

    assert answer_of(mail).comment == "I am ill"


def test_method_may_stand_after_a_space() -> None:
    mail = answer("ATTENDEE;PARTSTAT=ACCEPTED:mailto:mina@mail.example", method="METHOD: REPLY")

    assert answer_of(mail).answer == "accepted"
