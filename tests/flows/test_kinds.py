"""Mail that is no message: a chip in the desk, nothing for the candidate, nobody notified (GW-5)."""

from __future__ import annotations

from cast import MINA, Company, as_candidate, make_mail
from fakes import FakeChannel
from running import Pump

from flows.test_conversation import receive, texts
from gateway.inbound.mime import parse_mail
from gateway.threads.addresses import bounce_address, reply_address
from gateway.threads.incoming import Automatic
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import read_page
from gateway.usecases.views import ApplicantView

ANSWER = """From: Mina Han <mina@mail.example>
Subject: Accepted: Interview
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

Mina Han has accepted this invitation.
--b
Content-Type: text/calendar; method={method}; charset=utf-8

BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//x//y//EN
METHOD:{method}
BEGIN:VEVENT
UID:1@x
DTSTART;TZID=Asia/Seoul:20261203T100000
SUMMARY:Interview
COMMENT:See you
ATTENDEE;PARTSTAT={status}:mailto:mina@mail.example
END:VEVENT
END:VCALENDAR
--b--
"""
COMPLAINT = """From: fbl@provider.example
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
Original-Mail-From: <{path}>

--b
Content-Type: message/rfc822

Subject: ours

words
--b--
"""


def as_raw(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def test_an_answer_to_an_invitation_is_a_chip(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    address = reply_address(ctx.settings.key, as_candidate(ctx, mina).id, ctx.settings.reply_domain)
    receive(ctx, as_raw(ANSWER.format(method="REPLY", status="ACCEPTED")), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == []
    (chip,) = read_page(ctx, company.as_jun, mina.thread_id).happenings
    assert (chip.data["answer"], chip.data["title"], chip.data["comment"]) == ("accepted", "Interview", "See you")
    assert chip.data["starts"] == "2026-12-03T01:00:00+00:00"
    assert read_page(ctx, as_candidate(ctx, mina), mina.thread_id).happenings == ()
    assert channel.to(MINA) == []


def test_an_answer_to_an_invitation_brings_no_words_past_the_gate(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-14: after a rejection neither title nor comment of a calendar answer reaches anybody; nobody is answered."""
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    address = reply_address(ctx.settings.key, as_candidate(ctx, mina).id, ctx.settings.reply_domain)
    receive(ctx, as_raw(ANSWER.format(method="REPLY", status="ACCEPTED")), to=address, from_=MINA)
    pump()
    chips = [h for h in read_page(ctx, company.as_jun, mina.thread_id).happenings if "entry_id" in h.data]
    assert [(c.data["reason"], set(c.data)) for c in chips] == [("automatic_reply", {"entry_id", "reason", "channel"})]
    assert channel.to(MINA) == []


def test_a_complaint_stops_mail_to_the_address_that_our_own_return_path_names(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="one"))
    pump()
    (sent,) = channel.to(MINA)
    forged = f"b+{'a' * 52}@{ctx.settings.reply_domain}"
    ours = bounce_address(ctx.settings.key, sent.delivery_id, ctx.settings.reply_domain)
    for path, suppressed in ((forged, []), (ours, [MINA])):
        receive(ctx, as_raw(COMPLAINT.format(path=path)), to="abuse@reply.example.test", from_="fbl@provider.example")
        pump()
        with ctx.database.read() as tx:
            assert tx.outbox.suppressed(company.workspace.id, [MINA]) == suppressed


def test_a_counter_proposal_and_an_ordinary_invitation_are_told_apart() -> None:
    counter = parse_mail(as_raw(ANSWER.format(method="COUNTER", status="TENTATIVE")))
    assert counter.calendar is not None
    assert (counter.automatic, counter.calendar.answer) == (Automatic.CALENDAR, "counter")
    invitation = parse_mail(as_raw(ANSWER.format(method="REQUEST", status="NEEDS-ACTION")))
    assert (invitation.automatic, invitation.calendar) == (Automatic.NO, None)
    assert parse_mail(make_mail("plain")).calendar is None
