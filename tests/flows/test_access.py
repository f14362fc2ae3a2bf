"""What ends with a member's access besides the desk: their mails, the copies and the news that they are sent (SJ-P4,
reliability 54, 61).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cast import ARA, HR, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock, FakeProver
from running import Pump, both_databases
from sqlalchemy import event

from flows.test_conversation import receive
from gateway.threads.incoming import Proof
from gateway.threads.model import Delivery, DeliveryState, Member, MessageKind
from gateway.threads.notifying import NewsKind
from gateway.threads.policies.roles import OpeningRole, check_mail_of
from gateway.threads.routing import EMAIL
from gateway.usecases import accounts, members
from gateway.usecases.applicants import put_opening
from gateway.usecases.bell import read_bell
from gateway.usecases.compose import send
from gateway.usecases.context import Context
from gateway.usecases.organise import Assign, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.preferences import WantedHours, save_preferences
from gateway.usecases.process_mail import process_waiting
from gateway.usecases.read_thread import messages_after
from gateway.usecases.review_inbox import list_entries, release
from gateway.usecases.send_news import find_due_news, remind_of_waiting, send_news
from gateway.usecases.sign_in import viewer_of_member
from gateway.usecases.views import ApplicantView

SORA = "sora@moalabs.example"
TWO_AT_NIGHT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # Tuesday 02:00 in Seoul
NINE_TO_SIX = WantedHours("09:00", "18:00", range(5), "Asia/Seoul")


@pytest.fixture
def sora(ctx: Context, company: Company) -> Member:
    """A member who is no admin, on the notify list beside HR, who has no account."""
    put_opening(ctx, company.ats, "designer", title="Product Designer", notify_emails=[SORA, HR])
    return add_member(ctx, company, SORA)


def add_member(ctx: Context, company: Company, email: str) -> Member:
    return accounts.create_member(ctx, company.workspace.id, email=email, name="Sora Lim", role="member")


def put_out(ctx: Context, company: Company, member: Member) -> None:
    members.set_active(ctx, company.as_jun, member.id, active=False)


def keep_elsewhere(ctx: Context, company: Company, member: Member) -> None:
    """Give them a role in another opening, so that they see no more than that."""
    engineer, _ = put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    members.set_opening_role(ctx, company.as_jun, member.id, opening_id=engineer.id, role="manager")


End = Callable[[Context, Company, Member], None]
ends = pytest.mark.parametrize("end_access", [put_out, keep_elsewhere])


def ask(ctx: Context, view: ApplicantView, text: str) -> None:
    post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text=text))


def own_address(ctx: Context, channel: FakeChannel, pump: Pump, view: ApplicantView, member: str) -> str:
    """The member's reply address in the conversation, from the copy of a message."""
    ask(ctx, view, "Hi")
    pump()
    (told,) = channel.to(member)
    channel.sent.clear()
    return told.reply_to


def last_deliveries(ctx: Context, company: Company, view: ApplicantView) -> dict[str, Delivery]:
    return {d.to: d for d in messages_after(ctx, company.ats, view.thread_id)[-1].deliveries}


@both_databases
@ends
def test_their_mail_waits_for_somebody_who_may_write(
    ctx: Context,
    company: Company,
    sora: Member,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    end_access: End,
) -> None:
    """It does not go on to the candidate by itself; the queue says why, and nothing is lost."""
    to = own_address(ctx, channel, pump, mina, SORA)
    end_access(ctx, company, sora)
    receive(ctx, make_mail("You are hired at twice the salary", from_=SORA, to=to), to=to, from_=SORA)
    pump()
    assert channel.to(MINA) == []
    (entry,) = list_entries(ctx, company.as_jun)[0]
    assert (entry.state, entry.reason) == ("held", "no_access")
    release(ctx, company.as_jun, entry.id)
    pump()
    assert "twice the salary" in channel.to(MINA)[0].text


@both_databases
@ends
def test_a_copy_that_waits_when_their_access_ends_does_not_go_out(
    ctx: Context,
    company: Company,
    sora: Member,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    end_access: End,
) -> None:
    """A smarthost that is away for hours keeps copies for colleagues, too."""
    own_address(ctx, channel, pump, mina, SORA)
    ask(ctx, mina, "My salary is secret")
    end_access(ctx, company, sora)
    pump()
    assert [m.to for m in channel.sent if "secret" in m.text] == [HR]
    told = last_deliveries(ctx, company, mina)
    assert (told[SORA].state, told[SORA].reason) == (DeliveryState.CANCELLED, "no_access")


@both_databases
@ends
def test_their_copies_end_and_the_desk_says_why(
    ctx: Context,
    company: Company,
    sora: Member,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    end_access: End,
) -> None:
    """An address of the list without an account is told as before (SJ-12)."""
    own_address(ctx, channel, pump, mina, SORA)
    end_access(ctx, company, sora)
    ask(ctx, mina, "My salary is secret")
    pump()
    assert [m.to for m in channel.sent if "secret" in m.text] == [HR]
    told = last_deliveries(ctx, company, mina)
    assert (told[SORA].state, told[SORA].reason) == (DeliveryState.SKIPPED, "no_access")
    assert told[HR].state is not DeliveryState.SKIPPED


@both_databases
def test_an_address_of_the_list_is_an_account_once_somebody_has_it(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump
) -> None:
    """HR got their reply address before they got an account, and lost the account since."""
    to = own_address(ctx, channel, pump, mina, HR)
    put_out(ctx, company, add_member(ctx, company, HR))
    receive(ctx, make_mail("Come on Monday", from_=HR, to=to), to=to, from_=HR)
    ask(ctx, mina, "My salary is secret")
    pump()
    assert (channel.to(MINA), channel.to(HR)) == ([], [])
    assert [e.reason for e in list_entries(ctx, company.as_jun)[0]] == ["no_access"]


def test_a_forged_mail_is_told_as_forged_whatever_the_writer_may(
    ctx: Context,
    company: Company,
    sora: Member,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    prover: FakeProver,
) -> None:
    """So that passing it on is asked twice."""
    to = own_address(ctx, channel, pump, mina, SORA)
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    prover.by_address[SORA] = Proof.NONE
    receive(ctx, make_mail("Pay a deposit", from_=SORA, to=to), to=to, from_=SORA)
    pump()
    assert [e.reason for e in list_entries(ctx, company.as_jun)[0]] == ["unproven_recruiter"]


def test_who_writes_by_mail_may_what_they_may_in_the_desk(company: Company) -> None:
    here, there = company.opening.id, "another"
    member = replace(company.as_jun, admin=False)
    decided = {
        "put out": check_mail_of(None, here),
        "sees all": check_mail_of(member, here),
        **{role: check_mail_of(replace(member, confined_to={here: role}), here) for role in OpeningRole},
        "elsewhere": check_mail_of(replace(member, confined_to={there: OpeningRole.ADMIN}), here),
        "nowhere": check_mail_of(replace(member, confined_to={}), here),
    }
    assert {who: (d.verdict, d.reason) for who, d in decided.items()} == {
        **dict.fromkeys(("sees all", "admin", "manager"), ("allow", "ok")),
        **dict.fromkeys(("put out", "elsewhere", "nowhere"), ("hold", "no_access")),
        "evaluator": ("hold", "evaluator"),
    }


@both_databases
def test_who_no_longer_sees_a_conversation_hears_nothing_of_it(
    ctx: Context,
    company: Company,
    sora: Member,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    clock: FakeClock,
) -> None:
    """Neither of messages nor of failures nor of mentions; the reminder goes to those who can answer (SJ-11)."""
    everything = {EMAIL: list(NewsKind)}
    for viewer in (viewer_of_member(sora), company.as_ara):
        save_preferences(ctx, viewer, on=[EMAIL], kinds=everything, hours=None)
    organise(ctx, company.as_jun, [mina.thread_id], Assign(sora.id))
    pump()
    channel.sent.clear()
    keep_elsewhere(ctx, company, sora)
    ask(ctx, mina, "My salary is 12345")
    send(ctx, company.as_jun, mina.thread_id, NewMessage(text="@Sora Lim look", kind=MessageKind.NOTE))
    pump()
    clock.move(days=3)
    assert remind_of_waiting(ctx) == 1
    pump()
    assert channel.to(SORA) == []
    assert "Mina Han is still waiting" in channel.to(ARA)[-1].subject


@both_databases
def test_what_waited_for_the_morning_is_not_told_to_who_lost_access_at_night(
    ctx: Context,
    company: Company,
    sora: Member,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    clock: FakeClock,
) -> None:
    own_address(ctx, channel, pump, mina, SORA)
    clock.now = TWO_AT_NIGHT
    kinds = {EMAIL: list(NewsKind)}
    save_preferences(ctx, viewer_of_member(sora), on=[EMAIL], kinds=kinds, hours=NINE_TO_SIX)
    organise(ctx, company.as_jun, [mina.thread_id], Assign(sora.id))
    ask(ctx, mina, "My salary is 12345")
    pump()
    assert channel.to(SORA) == []
    keep_elsewhere(ctx, company, sora)
    clock.move(hours=8)
    for member_id in find_due_news(ctx):
        send_news(ctx, member_id)
    pump()
    assert channel.to(SORA) == []
    assert read_bell(ctx, replace(viewer_of_member(sora), confined_to={}))[0] == []


@both_databases
def test_many_colleagues_who_write_at_the_same_time_are_looked_up_together(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump
) -> None:
    """However many mails wait, what their writers may is one question (docs/performance.md)."""
    lookups: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "opening_members" in statement:
            lookups.append(statement)

    event.listen(ctx.database.engine, "before_cursor_execute", note)
    asked = []
    for number in (2, 6):
        emails = [f"r{number}-{n}@moalabs.example" for n in range(number)]
        for email in emails:
            add_member(ctx, company, email)
        put_opening(ctx, company.ats, "designer", title="Product Designer", notify_emails=emails)
        view = make_applicant(ctx, company, external_id=f"m-{number}", email=f"m{number}@mail.example")
        ask(ctx, view, "Hi")
        pump()
        for email in emails:
            to = channel.to(email)[0].reply_to
            receive(ctx, make_mail("Answer", from_=email, to=to), to=to, from_=email)
        lookups.clear()
        process_waiting(ctx)
        asked.append(len(lookups))
        assert len(messages_after(ctx, company.ats, view.thread_id)) == number + 1
    assert asked[0] == asked[1]
