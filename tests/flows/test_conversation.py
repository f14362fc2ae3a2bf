"""One thread, by mail and web, mixed freely: seeds §7.1 no. 1, 2 and 4 over the use cases, on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest
from cast import ARA, HR, JUN, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases

from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Envelope
from gateway.threads.model import AuthorKind, CameInBy, InboxState, MessageKind
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import counts, list_conversations, mark_read, messages_after
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.views import ApplicantView


def receive(ctx: Context, raw: bytes, *, to: str, from_: str) -> str:
    """A mail as the SMTP edge hands it in."""
    writer = MailWriter(ctx.database)
    try:
        return accept_mail(ctx, writer, Envelope(mail_from=from_, rcpt_tos=(to,), peer="192.0.2.1"), raw).result(10)
    finally:
        writer.close()


def texts(ctx: Context, company: Company, view: ApplicantView) -> list[str]:
    return [s.message.text for s in messages_after(ctx, company.ats, view.thread_id)]


@both_databases
@pytest.mark.parametrize("source", ["applied", "manual", "ats"])
def test_the_whole_conversation(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock, source: str
) -> None:
    """SJ-1 … SJ-13 and SJ-17: recruiter (web) → mail → reply by mail → recruiter mail → reply by mail → link → web."""
    mina = make_applicant(ctx, company, source=source)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="When could you come?"))
    pump()
    (to_mina,) = channel.to(MINA)
    assert to_mina.reply_to == to_mina.from_address
    assert to_mina.reply_to.endswith("@reply.example.test")
    assert "When could you come?" in to_mina.text
    assert mina.portal_url in to_mina.text
    assert JUN not in repr(to_mina)

    clock.move(minutes=5)
    answer = make_mail("Tuesday at two.\n", to=to_mina.reply_to, message_id="a1@mail.example", subject="Re: x")
    receive(ctx, answer, to=to_mina.reply_to, from_=MINA)
    pump()
    (to_jun,) = channel.to(JUN)
    (to_hr,) = channel.to(HR)
    assert "Tuesday at two." in to_jun.text
    assert MINA not in to_jun.from_address
    assert to_jun.reply_to != to_hr.reply_to

    clock.move(minutes=5)
    reply = make_mail("Great, see you.\n-- \nJun, jun@moalabs.example", from_=JUN, name="Somebody", to=to_jun.reply_to)
    receive(ctx, reply, to=to_jun.reply_to, from_=JUN)
    pump()
    second = channel.to(MINA)[1]
    assert "Great, see you." in second.text
    assert second.from_name.startswith("Jun Park")
    assert JUN not in second.text + second.html
    assert second.references[0] == to_mina.references[0]
    assert "a1@mail.example" in second.references

    clock.move(minutes=5)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="I will be there."))
    pump()
    shown = messages_after(ctx, company.ats, mina.thread_id)
    assert [(s.message.seq, s.message.author.kind, s.message.came_in_by, s.message.text) for s in shown] == [
        (1, AuthorKind.MEMBER, CameInBy.WEB, "When could you come?"),
        (2, AuthorKind.CANDIDATE, CameInBy.EMAIL, "Tuesday at two."),
        (3, AuthorKind.MEMBER, CameInBy.EMAIL, "Great, see you."),
        (4, AuthorKind.CANDIDATE, CameInBy.WEB, "I will be there."),
    ]
    assert shown[2].message.author.name == "Jun Park"  # SJ-12: not the display name of the mail
    assert {d.to for d in shown[1].deliveries} == {d.to for d in shown[3].deliveries} == {JUN, HR}  # SJ-9


def test_thread_exists_before_any_message(ctx: Context, company: Company, mina: ApplicantView) -> None:
    """SJ-5: a candidate can be written to at once."""
    assert texts(ctx, company, mina) == []
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Welcome"))
    assert texts(ctx, company, mina) == ["Welcome"]


def test_same_text_by_both_ways_differs_only_in_its_way(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """SJ-3."""
    viewer = as_candidate(ctx, mina)
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="The same words"))
    address = reply_address(ctx.settings.key, viewer.id, ctx.settings.reply_domain)
    receive(ctx, make_mail("The same words", to=address), to=address, from_=MINA)
    pump()
    web, mail = (s.message for s in messages_after(ctx, company.ats, mina.thread_id))
    assert (web.text, web.author, web.kind) == (mail.text, mail.author, mail.kind)
    assert (web.came_in_by, mail.came_in_by) == (CameInBy.WEB, CameInBy.EMAIL)


def test_only_the_openings_own_list_is_mailed_and_all_admins_see_the_badge(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-10, SJ-11: two openings with different lists; reading by one does not clear the other's badge."""
    from gateway.usecases.applicants import put_applicant, put_opening

    put_opening(ctx, company.ats, "backend", title="Backend Engineer", notify_emails=[ARA])
    first = make_applicant(ctx, company)
    second = put_applicant(ctx, company.ats, "tom", opening="backend", name="Tom", email="tom@mail.example")
    post_message(ctx, as_candidate(ctx, first), first.thread_id, NewMessage(text="for A"))
    pump()
    assert {o.to for o in channel.sent} == {JUN, HR}
    post_message(ctx, as_candidate(ctx, second), second.thread_id, NewMessage(text="for B"))
    pump()
    assert [o.to for o in channel.sent[2:]] == [ARA]
    assert counts(ctx, company.as_jun).unread == counts(ctx, company.as_ara).unread == 2
    mark_read(ctx, company.as_jun, first.thread_id, 1)
    assert (counts(ctx, company.as_jun).unread, counts(ctx, company.as_ara).unread) == (1, 2)


def test_an_opening_may_notify_nobody(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """DESIGN §6: `notify_emails: []` is legal; the message is in the desk all the same."""
    from gateway.usecases.applicants import put_opening

    put_opening(ctx, company.ats, "designer", title="Product Designer", notify_emails=[])
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="hello"))
    pump()
    assert channel.sent == []
    assert counts(ctx, company.as_jun).unread == 1


def test_two_recruiters_one_conversation(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-4, SJ-P4: one thread, two authors, one References chain."""
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="one"))
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="two"))
    pump()
    first, second = channel.to(MINA)
    assert [s.message.author.name for s in messages_after(ctx, company.ats, mina.thread_id)] == ["Jun Park", "Ara Kim"]
    assert first.message_id in second.references
    assert first.references[0] == second.references[0]


def test_notes_stay_in_the_team(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """NH-X-8, GW-7: a note reaches nobody and is in no candidate's or ATS's view."""
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="strong portfolio", kind=MessageKind.NOTE))
    pump()
    assert channel.sent == []
    assert messages_after(ctx, company.ats, mina.thread_id) == []
    assert messages_after(ctx, as_candidate(ctx, mina), mina.thread_id) == []
    assert [s.message.text for s in messages_after(ctx, company.as_ara, mina.thread_id)] == ["strong portfolio"]


def test_unanswered_applicants_are_listed_until_somebody_writes(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """SJ-P2."""
    rows, _ = list_conversations(ctx, company.as_jun, view="unanswered")
    assert [r.applicant_name for r in rows] == ["Mina Han"]
    assert isinstance(rows[0].unanswered_since, datetime)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Thank you for applying"))
    assert list_conversations(ctx, company.as_jun, view="unanswered")[0] == []


def test_automatic_mail_is_never_a_message_and_never_answered(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-5: an out-of-office reply is kept as an ignored entry; nobody is told."""
    address = reply_address(ctx.settings.key, as_candidate(ctx, mina).id, ctx.settings.reply_domain)
    away = make_mail("I am away", to=address, subject="Automatic reply", headers={"Auto-Submitted": "auto-replied"})
    receive(ctx, away, to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == []
    assert channel.sent == []
    entries, _ = list_entries(ctx, company.as_jun, state=InboxState.IGNORED)
    assert [e.reason for e in entries] == ["automatic_reply"]
