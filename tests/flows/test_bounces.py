"""Mail that comes back: when an address gets no more, and what lifts that (GW-3, issue row bounces)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cast import HR, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases, is_anybody_locked_out
from web.web_kit import browser_of, make_app, words_of

from flows.test_conversation import receive, texts
from flows.test_demo import wait_for
from flows.test_gate import address_of
from gateway.threads.addresses import bounce_address
from gateway.threads.events import DELIVERY_UPDATED
from gateway.threads.model import DeliveryState
from gateway.usecases.applicants import put_opening
from gateway.usecases.context import Context
from gateway.usecases.mend_delivery import send_again
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.process_mail import process_waiting
from gateway.usecases.read_thread import list_conversations, messages_after
from gateway.usecases.receive_email import RecipientVerdict, check_recipients
from gateway.usecases.views import ApplicantView

HEAD = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.example\r\nSubject: failure notice\r\n\r\n"
GONE = f"{HEAD}<{MINA}>:\r\n550 5.1.1 no such user\r\n"
TWO_GONE = """Return-Path: <>\r
From: MAILER-DAEMON@mail.example\r
Subject: failure notice\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.mail.example\r
\r
Final-Recipient: rfc822; mina@home.example\r
Action: failed\r
Status: 5.1.1\r
\r
Final-Recipient: rfc822; mina@work.example\r
Action: failed\r
Status: 5.1.1\r
\r
--b--\r
"""
FULL = f"{HEAD}<{MINA}>:\r\nmailbox is full\r\n"


@pytest.fixture
def settings_values() -> dict[str, Any]:
    return {"soft_bounces": 3, "soft_bounce_days": 7}


def suppressed(ctx: Context, company: Company) -> bool:
    with ctx.database.read() as tx:
        return tx.outbox.suppressed(company.workspace.id, [MINA]) == [MINA]


def send_and_bounce(ctx: Context, company: Company, view: ApplicantView, pump: Pump, channel: FakeChannel) -> str:
    """One message that comes back because the mailbox is full; its delivery."""
    post_message(ctx, company.as_jun, view.thread_id, NewMessage(text="Are you there?"))
    pump()
    sent = channel.to(MINA)[-1]
    to = bounce_address(ctx.settings.key, sent.delivery_id, ctx.settings.reply_domain)
    receive(ctx, FULL.encode(), to=to, from_="")
    pump()
    return sent.delivery_id


@both_databases
def test_an_address_that_is_full_again_and_again_gets_no_more_until_it_writes(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    for number in range(3):
        assert not suppressed(ctx, company), number
        send_and_bounce(ctx, company, mina, pump, channel)
    assert suppressed(ctx, company)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("I made room in my mailbox.", to=address), to=address, from_=MINA)
    pump()
    assert not suppressed(ctx, company)
    send_and_bounce(ctx, company, mina, pump, channel)
    assert not suppressed(ctx, company)  # it counts from nothing


def test_a_person_who_sends_again_lifts_it_too(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    last = [send_and_bounce(ctx, company, mina, pump, channel) for _ in range(3)][-1]
    assert suppressed(ctx, company)
    send_again(ctx, company.as_jun, last)
    assert not suppressed(ctx, company)


def test_a_few_over_a_long_time_are_nothing(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    for _ in range(4):
        send_and_bounce(ctx, company, mina, pump, channel)
        clock.move(days=8)
    assert not suppressed(ctx, company)


def test_a_mail_from_the_address_does_not_lift_a_complaint(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    with ctx.database.begin() as tx:
        tx.outbox.suppress(company.workspace.id, MINA, code="complaint", now=ctx.now)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("Hello again", to=address), to=address, from_=MINA)
    pump()
    assert suppressed(ctx, company)


@both_databases
def test_a_colleagues_address_is_corrected_unless_another_has_it(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    wrong = "hr2@moalabs.example"
    put_opening(ctx, company.ats, "designer", title="Product Designer", notify_emails=[HR, wrong])
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Is anybody there?"))
    pump()
    receive(ctx, GONE.replace(MINA, wrong).encode(), to=channel.to(wrong)[0].envelope_from, from_="")
    pump()
    (shown,) = messages_after(ctx, company.ats, mina.thread_id)
    (failed,) = [d for d in shown.deliveries if d.to == wrong]
    desk = browser_of(make_app(ctx, company), company.jun)
    again = desk.post(f"/desk/deliveries/{failed.id}/again", data={"to": HR.upper()})
    assert (again.status_code, "gets a mail of their own" in words_of(again.text)) == (409, True)
    assert failed in messages_after(ctx, company.ats, mina.thread_id)[0].deliveries
    assert send_again(ctx, company.as_jun, failed.id, to="hr3@moalabs.example").state is DeliveryState.QUEUED


@both_databases
def test_a_report_of_two_mailboxes_is_one_failure(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """RFC 3464 §2.3: the candidate's address stands for two mailboxes; the list counts one failure, not two."""
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    pump()
    sent = channel.to(MINA)[-1]
    receive(ctx, TWO_GONE.encode(), to=sent.envelope_from, from_="")
    pump()
    assert [row.failed for row in list_conversations(ctx, company.as_jun)[0]] == [1]
    send_again(ctx, company.as_jun, sent.delivery_id)
    pump()
    assert list_conversations(ctx, company.as_jun, view="attention")[0] == []


def test_two_mailboxes_that_are_full_at_once_are_one_bounce(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    for _ in range(2):
        post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
        pump()
        receive(ctx, TWO_GONE.replace("5.1.1", "5.2.2").encode(), to=channel.to(MINA)[-1].envelope_from, from_="")
        pump()
    assert not suppressed(ctx, company)


@both_databases
def test_a_forged_bounce_changes_nothing_and_no_bounce_closes_a_conversation(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 31: only the return path of the very delivery counts; to any other address a report says nothing."""
    mina = make_applicant(ctx, company)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    pump()
    sent = channel.to(MINA)[0]
    local, _, domain = sent.envelope_from.partition("@")
    altered = [local[:n] + ("a" if local[n] != "a" else "b") + local[n + 1 :] for n in (2, len(local) // 2, -2)]
    forged = [*(f"{name}@{domain}" for name in (*altered, local[:-1], local + "a", "b+")), "postmaster", sent.reply_to]

    def state() -> DeliveryState:
        return messages_after(ctx, company.as_jun, mina.thread_id)[0].deliveries[0].state

    taken = [path for path in forged if check_recipients(ctx, [path]) == [RecipientVerdict.ACCEPTED]]
    assert sent.reply_to in taken
    for path in taken:
        receive(ctx, GONE.encode(), to=path, from_="")
        pump()
        assert state() is DeliveryState.ACCEPTED, path
    receive(ctx, GONE.encode(), to=sent.envelope_from, from_="")
    pump()
    assert state() is DeliveryState.BOUNCED
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="I am still here"))
    assert texts(ctx, company, mina) == ["hello", "I am still here"]


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_bounce_that_is_quicker_than_the_record_of_the_sending(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """Both lock the delivery before its conversation: the other way round was a deadlock."""
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Are you there?"))
    pump()
    sent = channel.to(MINA)[-1]
    to = bounce_address(ctx.settings.key, sent.delivery_id, ctx.settings.reply_domain)
    receive(ctx, GONE.encode(), to=to, from_="")
    with ThreadPoolExecutor(1) as worker:
        with ctx.database.begin() as tx:  # as the worker that records what it sent
            tx.attempts.hold_many([sent.delivery_id])
            settling = worker.submit(process_waiting, ctx)
            wait_for(lambda: is_anybody_locked_out(ctx), "the bounce to wait for the record")
            tx.events.append(mina.thread_id, company.workspace.id, DELIVERY_UPDATED, now=ctx.now)
        settling.result(20)
    (shown,) = messages_after(ctx, company.ats, mina.thread_id)
    assert shown.deliveries[0].state is DeliveryState.BOUNCED
