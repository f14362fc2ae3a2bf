"""Who may write in a thread, as people meet it: reliability 41, 44, 45, 48, 49; GW-4, SJ-12."""

from __future__ import annotations

import pytest
from cast import ARA, HR, JUN, MINA, STRANGER, Company, as_candidate, make_mail
from fakes import FakeChannel, FakeClock, FakeProver
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from flows.test_mail_rules import entries
from gateway.errors import Conflict
from gateway.threads.incoming import Proof
from gateway.usecases.admit_sender import SenderIs
from gateway.usecases.change_stage import change_stage
from gateway.usecases.confirm_sender import Answer, answer_question, ask_sender, read_question
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_page
from gateway.usecases.review_inbox import list_entries, read_entry, release
from gateway.usecases.views import ApplicantView


def test_48_dns_that_does_not_answer_is_asked_again_and_then_held(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, prover: FakeProver, clock: FakeClock
) -> None:
    """Reliability 48."""
    address = address_of(ctx, mina)
    prover.proof = Proof.TEMPERROR
    for text in ("answered at the second time", "never answered"):
        receive(ctx, make_mail(text, to=address), to=address, from_=MINA)
        pump()
        assert entries(ctx, company) == []
        clock.move(seconds=31)
        if text.startswith("answered"):
            prover.proof = Proof.ALIGNED
            pump()
            prover.proof = Proof.TEMPERROR
    pump()
    clock.move(minutes=6)
    pump()
    assert texts(ctx, company, mina) == ["answered at the second time"]
    assert entries(ctx, company) == [("held", "unproven_sender")]


def sender_of(ctx: Context, company: Company, view: ApplicantView) -> list[tuple[str, str, str]]:
    """(kind, name, mark) of each message."""
    found = messages_after(ctx, company.as_jun, view.thread_id)
    return [(m.message.author.kind.value, m.message.author.name, m.message.mark) for m in found]


def only_entry(ctx: Context, company: Company) -> str:
    (entry,) = list_entries(ctx, company.as_jun)[0]
    return entry.id


def test_41_a_spoofed_from_with_a_right_token_is_held_and_says_why(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, prover: FakeProver
) -> None:
    """Reliability 41."""
    address = address_of(ctx, mina)
    prover.proof = Proof.FAIL
    receive(ctx, make_mail("pay me", to=address), to=address, from_=MINA)
    pump()
    assert entries(ctx, company) == [("held", "failed_proof")]
    assert texts(ctx, company, mina) == []
    assert read_entry(ctx, company.as_jun, only_entry(ctx, company)).proof


@pytest.mark.parametrize("header", ["Cc", "Reply-To", "Sender", "Bcc", "Resent-From", "To"])
def test_44_a_header_adds_nobody_and_turns_no_answer_aside(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, header: str
) -> None:
    """Reliability 44."""
    address = address_of(ctx, mina)
    headers = {header: STRANGER} if header != "To" else {}
    to = address if header != "To" else f"{address}, {STRANGER}"
    receive(ctx, make_mail("my answer", to=to, headers=headers), to=address, from_=MINA)
    pump()
    assert texts(ctx, company, mina) == ["my answer"]
    people = {p.email for p in read_page(ctx, company.as_jun, mina.thread_id).conversation.participants}
    assert people == {MINA, JUN, HR}
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Thank you"))
    pump()
    assert {o.to for o in channel.sent} == {MINA, JUN, HR}
    receive(ctx, make_mail("hello", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    assert entries(ctx, company) == [("held", "other_sender")]


def test_45_a_third_partys_mail_is_not_shown_to_the_candidate_not_even_when_they_are_asked(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 45: the Ticket Trick: a sign-up code sent to a reply address must not reach whoever knows that
    address.
    """
    address = address_of(ctx, mina)
    raw = make_mail("Your code is 493021", from_=STRANGER, to=address, subject="Code 493021")
    receive(ctx, raw, to=address, from_=STRANGER)
    pump()
    ask_sender(ctx, company.as_jun, only_entry(ctx, company))
    pump()
    question = channel.to(MINA)[-1]
    token = question.text.split("/c/confirm/")[1].split()[0]
    asked = read_question(ctx, token)
    assert asked is not None
    shown = f"{question.subject}{question.text}{question.html}{asked}"
    assert STRANGER in shown
    assert "493021" not in shown
    assert messages_after(ctx, as_candidate(ctx, mina), mina.thread_id) == []


def test_49_the_candidate_confirms_a_second_address_by_a_link_that_works_once(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, prover: FakeProver
) -> None:
    """Reliability 49."""
    address, second = address_of(ctx, mina), "mina@second.example"
    receive(ctx, make_mail("from my other account", from_=second, to=address), to=address, from_=second)
    pump()
    entry_id = only_entry(ctx, company)
    ask_sender(ctx, company.as_jun, entry_id)
    ask_sender(ctx, company.as_jun, entry_id)
    pump()
    old, new = [o.text.split("/c/confirm/")[1].split()[0] for o in channel.to(MINA)[-2:]]
    assert read_question(ctx, old) is None
    assert read_question(ctx, new) is not None
    assert texts(ctx, company, mina) == []
    assert answer_question(ctx, "x" * 43, is_mine=True) is Answer.DEAD
    assert answer_question(ctx, new, is_mine=True) is Answer.TAKEN
    assert answer_question(ctx, new, is_mine=True) is Answer.DEAD
    assert sender_of(ctx, company, mina) == [("candidate", "Mina Han", "")]
    receive(ctx, make_mail("and again", from_=second, to=address), to=address, from_=second)
    prover.proof = Proof.FAIL
    receive(ctx, make_mail("forged", from_=second, to=address), to=address, from_=second)
    pump()
    assert len(entries(ctx, company)) == 2
    prover.proof = Proof.ALIGNED
    receive(ctx, make_mail("proven", from_=second, to=address), to=address, from_=second)
    pump()
    assert texts(ctx, company, mina)[-1] == "proven"


def test_49_an_unproven_mail_is_let_in_only_while_the_confirmation_is_fresh(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    channel: FakeChannel,
    prover: FakeProver,
    clock: FakeClock,
) -> None:
    """Reliability 49."""
    address = address_of(ctx, mina)
    prover.proof = Proof.NONE
    receive(ctx, make_mail("is it me?", to=address), to=address, from_=MINA)
    pump()
    ask_sender(ctx, company.as_jun, only_entry(ctx, company))
    pump()
    token = channel.to(MINA)[-1].text.split("/c/confirm/")[1].split()[0]
    assert answer_question(ctx, token, is_mine=True) is Answer.TAKEN
    receive(ctx, make_mail("it is me", to=address), to=address, from_=MINA)
    pump()
    assert sender_of(ctx, company, mina)[-1] == ("candidate", "Mina Han", "unprotected_domain")
    clock.move(days=31)
    receive(ctx, make_mail("a month later", to=address), to=address, from_=MINA)
    pump()
    assert entries(ctx, company) == [("held", "unproven_sender")]


def test_a_candidate_who_says_no_leaves_the_mail_held_with_that_reason(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail("not me", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    entry_id = only_entry(ctx, company)
    ask_sender(ctx, company.as_jun, entry_id)
    pump()
    token = channel.to(MINA)[-1].text.split("/c/confirm/")[1].split()[0]
    assert answer_question(ctx, token, is_mine=False) is Answer.DISOWNED
    assert entries(ctx, company) == [("held", "disowned")]
    with pytest.raises(Conflict):
        ask_sender(ctx, company.as_jun, entry_id)
    assert texts(ctx, company, mina) == []


def test_a_link_ends_after_its_days_and_a_closed_conversation_takes_no_confirmed_mail(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """SJ-15: the gate stands before every door, also before this one."""
    address = address_of(ctx, mina)
    receive(ctx, make_mail("late", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    entry_id = only_entry(ctx, company)
    ask_sender(ctx, company.as_jun, entry_id)
    pump()
    token = channel.to(MINA)[-1].text.split("/c/confirm/")[1].split()[0]
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    assert answer_question(ctx, token, is_mine=True) is Answer.CLOSED
    assert texts(ctx, company, mina) == []
    clock.move(days=8)
    assert read_question(ctx, token) is None
    assert answer_question(ctx, token, is_mine=True) is Answer.DEAD


def test_a_guest_is_added_by_a_recruiter_and_writes_under_their_own_name(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """A parent's words are never the candidate's, and what the company says is not sent to the parent."""
    address, parent = address_of(ctx, mina), "parent@home.example"
    raw = make_mail("I am her mother", from_=parent, name="Sun Han", to=address)
    receive(ctx, raw, to=address, from_=parent)
    pump()
    release(ctx, company.as_jun, only_entry(ctx, company), sender_is=SenderIs.GUEST)
    receive(ctx, make_mail("Once more", from_=parent, name="Sun Han", to=address), to=address, from_=parent)
    pump()
    assert sender_of(ctx, company, mina) == [("guest", "Sun Han", "")] * 2
    assert "Sun Han" in channel.to(JUN)[-1].from_name
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="For Mina"))
    pump()
    assert channel.to(parent) == []
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("Why?", from_=parent, name="Sun Han", to=address), to=address, from_=parent)
    pump()
    assert len(sender_of(ctx, company, mina)) == 3
    assert entries(ctx, company, "refused") == [("refused", "thread_blocked")]


def test_a_colleague_who_is_added_speaks_for_the_company(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail("I take over", from_=ARA, name="Ara", to=address), to=address, from_=ARA)
    pump()
    assert channel.to(MINA) == []
    release(ctx, company.as_jun, only_entry(ctx, company), sender_is=SenderIs.COLLEAGUE)
    pump()
    assert sender_of(ctx, company, mina) == [("member", "Ara Kim", "")]
    (mail,) = channel.to(MINA)
    assert ARA not in mail.text + mail.html + mail.from_address + mail.reply_to


def test_a_second_address_is_added_by_a_recruiter_for_later_mails_too(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    address, second = address_of(ctx, mina), "mina@second.example"
    receive(ctx, make_mail("one", from_=second, to=address), to=address, from_=second)
    pump()
    release(ctx, company.as_jun, only_entry(ctx, company), sender_is=SenderIs.CANDIDATE)
    receive(ctx, make_mail("two", from_=second, to=address), to=address, from_=second)
    visible = f"{company.workspace.slug}@{ctx.settings.reply_domain}"
    receive(ctx, make_mail("three", from_=second, to=visible), to=visible, from_=second)
    pump()
    assert texts(ctx, company, mina) == ["one", "two", "three"]
    assert sender_of(ctx, company, mina) == [("candidate", "Mina Han", "")] * 3


@both_databases
@pytest.mark.parametrize("sender_is", [None, SenderIs.CANDIDATE, SenderIs.GUEST])
def test_41_a_forged_from_makes_nobody_of_the_company_the_author_unless_a_person_says_so(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, sender_is: SenderIs | None
) -> None:
    """From: a recruiter, to the candidate's own reply address. One click sends nothing in the recruiter's name."""
    address = address_of(ctx, mina)
    receive(ctx, make_mail("You are hired", from_=JUN, name="Jun", to=address), to=address, from_="x@evil.example")
    pump()
    entry_id = only_entry(ctx, company)
    view = read_entry(ctx, company.as_ara, entry_id)
    assert (view.names_colleague, view.may_ask) == (True, False)
    with pytest.raises(Conflict) as conflict:
        release(ctx, company.as_ara, entry_id, sender_is=sender_is)
    assert conflict.value.code == "names_colleague"
    pump()
    assert (channel.to(MINA), texts(ctx, company, mina)) == ([], [])
    release(ctx, company.as_ara, entry_id, sender_is=SenderIs.COLLEAGUE)
    pump()
    assert sender_of(ctx, company, mina) == [("member", "Jun Park", "")]
    assert "You are hired" in channel.to(MINA)[0].text


def test_what_names_a_colleague_may_be_kept_as_a_note(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """Also when it came to the company's address, from a member who takes no part in the conversation."""
    visible = f"{company.workspace.slug}@{ctx.settings.reply_domain}"
    receive(ctx, make_mail("About Mina", from_=ARA, name="Ara", to=visible), to=visible, from_=ARA)
    pump()
    entry_id = only_entry(ctx, company)
    with pytest.raises(Conflict):
        release(ctx, company.as_jun, entry_id, thread_id=mina.thread_id)
    release(ctx, company.as_jun, entry_id, thread_id=mina.thread_id, as_note=True)
    pump()
    assert channel.to(MINA) == []
