"""NH-P3: what a member is told of, by which ways and when; the bell always rings (SJ-11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cast import ARA, HR, JUN, MINA, STRANGER, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from simulators.slack import Slack

from gateway.errors import Invalid
from gateway.outbound.ats import WebhookClient
from gateway.outbound.slack import SlackChannel
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.writer import MailWriter
from gateway.threads.channel import Failed, Retry
from gateway.threads.incoming import Envelope
from gateway.threads.model import DeliveryState, MessageKind, Viewer
from gateway.threads.notifying import SLACK, NewsKind
from gateway.threads.routing import EMAIL
from gateway.usecases.bell import mark_all_read, read_bell
from gateway.usecases.compose import send
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.mend_delivery import send_again
from gateway.usecases.move_messages import move_messages
from gateway.usecases.organise import Assign, PutOff, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.preferences import WantedHours, read_preferences, save_preferences, save_undo_seconds
from gateway.usecases.read_thread import counts, mark_read, messages_after
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.reject import reject_applicant
from gateway.usecases.review_inbox import discard, list_entries
from gateway.usecases.send_news import find_due_news, forget_old_news, remind_of_waiting, send_news

NINE_TO_SIX = WantedHours("09:00", "18:00", range(5), "Asia/Seoul")
TWO_AT_NIGHT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # Tuesday 02:00 in Seoul
NINE = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)  # Tuesday 09:00 in Seoul
ALL = {EMAIL: list(NewsKind), SLACK: list(NewsKind)}


def choose(ctx: Context, viewer: Viewer, **other: object) -> None:
    """Mail for everything within 09-18 on weekdays, unless told otherwise."""
    values: dict[str, object] = {"on": [EMAIL], "kinds": ALL, "hours": NINE_TO_SIX}
    save_preferences(ctx, viewer, **{**values, **other})  # type: ignore[arg-type]


def said(ctx: Context, viewer: Viewer) -> list[NewsKind]:
    """The bell, newest first."""
    return [one.news.kind for one in read_bell(ctx, viewer)[0]]


def hold_mail(ctx: Context, pump: Pump) -> None:
    """A stranger writes to the company's visible address."""
    writer = MailWriter(ctx.database)
    to = f"moalabs@{ctx.settings.reply_domain}"
    raw = make_mail("Is there a job?", from_=STRANGER, to=to)
    accept_mail(ctx, writer, Envelope(mail_from=STRANGER, rcpt_tos=(to,), peer="192.0.2.1"), raw).result(10)
    writer.close()
    pump()


@pytest.fixture
def slack(ctx: Context) -> Iterator[Slack]:
    simulator = Slack()
    yield simulator
    simulator.close()


@pytest.fixture
def settings_values() -> dict[str, object]:
    return {"webhook_private_addresses": True, "trust_matching_sender": True}


def with_slack(ctx: Context, channel: FakeChannel, *, allow_private: bool = True) -> Context:
    client = WebhookClient(seconds=5, allow_private=allow_private)
    return replace(ctx, channels={"email": channel, SLACK: SlackChannel(client)})


@both_databases
def test_a_message_at_night_rings_the_bell_and_is_mailed_when_the_hours_begin(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """NH-P3's check, PE-P1: 02:00 with hours 09-18: bell yes, mail at no time before 09:00; others as ever."""
    mina = make_applicant(ctx, company)
    choose(ctx, company.as_jun)
    clock.now = TWO_AT_NIGHT
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="I cannot sleep"))
    pump()
    assert said(ctx, company.as_jun) == said(ctx, company.as_ara) == [NewsKind.MESSAGE]
    assert [o.to for o in channel.sent] == [HR]  # an address without an account has no hours
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert {d.to: (d.state, d.reason) for d in shown.deliveries}[JUN] == (DeliveryState.SKIPPED, "outside_hours")
    clock.now = NINE.replace(day=23, hour=23, minute=59)
    pump()
    assert channel.to(JUN) == []
    clock.now = NINE
    restarted = replace(ctx, database=Database(ctx.settings.database_address, Blobs(ctx.settings.blobs_address)))
    Pump(restarted)()  # the wait is a row: another process finds it
    restarted.database.close()
    (copy,) = channel.to(JUN)
    assert "I cannot sleep" in copy.text
    assert copy.reply_to.startswith("r+")  # alone, it is the ordinary copy that can be answered
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert {d.to: d.state for d in shown.deliveries}[JUN] is DeliveryState.ACCEPTED


@both_databases
def test_what_waited_comes_as_one_summary_and_can_be_answered_by_mail(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """NH-P3, ux §11: a row for each conversation, who waited longest first; each with the person's own address."""
    mina = make_applicant(ctx, company)
    anna = make_applicant(ctx, company, external_id="anna-1", name="Anna Berg", email="anna@mail.example")
    choose(ctx, company.as_jun)
    clock.now = TWO_AT_NIGHT
    for view, text in ((mina, "One"), (anna, "Two"), (mina, "Three")):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text=text))
        clock.move(minutes=1)
    organise(ctx, company.as_ara, [anna.thread_id], Assign(company.jun.id))
    pump()
    assert channel.to(JUN) == []
    clock.now = NINE
    pump()
    (summary,) = channel.to(JUN)
    assert summary.subject == "New at Moa Labs: Mina Han, Anna Berg"
    lines = summary.text.splitlines()
    assert lines[0:2] == ["Mina Han · Product Designer", "- Mina Han: 2 new messages"]
    assert "- Ara Kim assigned the conversation with Anna Berg to you" in lines
    assert f"/desk/t/{anna.thread_id}" in summary.text
    replies = [line.rpartition(" ")[2] for line in lines if line.startswith("Answer by mail")]
    assert len(set(replies)) == 2
    writer = MailWriter(ctx.database)
    raw = make_mail("Good morning, Mina.", from_=JUN, name="Jun Park", to=replies[0])
    accept_mail(ctx, writer, Envelope(mail_from=JUN, rcpt_tos=(replies[0],), peer="192.0.2.1"), raw).result(10)
    writer.close()
    pump()
    assert [m.message.text for m in messages_after(ctx, company.as_jun, mina.thread_id)][-1] == "Good morning, Mina."
    clock.move(days=1)
    assert pump() == 0  # nothing is told twice


@both_databases
def test_the_hours_hold_for_every_way_and_every_kind(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, slack: Slack
) -> None:
    """NH-P3: mentions, assignments and failures wait as well, by mail and by Slack."""
    ctx, mina = with_slack(ctx, channel), make_applicant(ctx, company)
    pump = Pump(ctx)
    choose(ctx, company.as_ara, on=[EMAIL, SLACK], slack_url=slack.hook)
    clock.now = TWO_AT_NIGHT
    send(ctx, company.as_jun, mina.thread_id, NewMessage(text="@Ara <look> & tell me", kind=MessageKind.NOTE))
    organise(ctx, company.as_jun, [mina.thread_id], Assign(company.ara.id))
    channel.script.append(Failed("5.1.1", "no such user"))
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Hello"))
    pump()
    assert said(ctx, company.as_ara) == [NewsKind.FAILED, NewsKind.ASSIGNED, NewsKind.MENTIONED]
    assert said(ctx, company.as_jun) == []
    assert (channel.to(ARA), slack.texts()) == ([], [])
    clock.now = NINE
    pump()
    assert len(channel.to(ARA)) == 1
    (text,) = slack.texts()
    assert f"/desk/t/{mina.thread_id}" in text
    assert "Jun Park mentioned you in a note about Mina Han" in text
    assert "Your message to Mina Han was not delivered" in text
    assert "look" not in text  # what somebody wrote stays here
    assert read_bell(ctx, company.as_ara)[0][2].text == "@Ara <look> & tell me"


@both_databases
def test_a_mail_that_is_tried_again_keeps_to_the_hours_too(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    mina = make_applicant(ctx, company)
    choose(ctx, company.as_jun)
    clock.now = datetime(2026, 11, 23, 8, 59, tzinfo=UTC)  # Monday 17:59 in Seoul
    channel.script += [Retry("4.3.2", "later"), Retry("4.3.2", "later")]
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Just in time"))
    pump()
    channel.sent.clear()
    clock.move(minutes=10)
    pump()
    assert [o.to for o in channel.sent] == [HR]
    clock.now = NINE
    pump()
    assert [o.to for o in channel.sent] == [HR, JUN]


@both_databases
def test_what_was_seen_or_switched_off_meanwhile_is_not_sent(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    mina = make_applicant(ctx, company)
    choose(ctx, company.as_jun)
    clock.now = TWO_AT_NIGHT
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Seen in the desk"))
    mark_read(ctx, company.as_jun, mina.thread_id, 1)
    assert counts(ctx, company.as_jun).bell == 0
    assert counts(ctx, company.as_ara).bell == 1  # reading by one does not clear the others' (SJ-11)
    organise(ctx, company.as_ara, [mina.thread_id], Assign(company.jun.id))
    choose(ctx, company.as_jun, on=[])
    clock.now = NINE
    pump()
    assert channel.to(JUN) == []
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="By day"))
    pump()
    assert channel.to(JUN) == []
    shown = messages_after(ctx, company.as_jun, mina.thread_id)[-1]
    assert {d.to: d.reason for d in shown.deliveries}[JUN] == "switched_off"
    assert said(ctx, company.as_jun)[0] is NewsKind.MESSAGE  # the bell always rings


@both_databases
def test_later_hours_hold_for_what_already_waits(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    mina = make_applicant(ctx, company)
    choose(ctx, company.as_jun)
    clock.now = TWO_AT_NIGHT
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Good night"))
    choose(ctx, company.as_jun, hours=replace(NINE_TO_SIX, begin="11:00"))
    clock.now = NINE
    pump()
    assert channel.to(JUN) == []
    clock.move(hours=2)
    pump()
    assert len(channel.to(JUN)) == 1


@both_databases
def test_a_failure_reaches_the_author_and_a_second_one_again(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """seeds §9: failures notify the author; nobody else, by mail and by bell."""
    mina = make_applicant(ctx, company)
    channel.script.append(Failed("5.1.1", "no such user"))
    posted = post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Hello"))
    pump()
    (mail,) = channel.to(ARA)
    assert mail.subject == "New at Moa Labs: Your message to Mina Han was not delivered"
    assert f"/desk/t/{mina.thread_id}#msg-{posted.message.id}" in mail.text
    assert (said(ctx, company.as_ara), said(ctx, company.as_jun)) == ([NewsKind.FAILED], [])
    channel.script.append(Failed("5.1.1", "no such user"))
    send_again(ctx, company.as_jun, posted.deliveries[0].id)
    pump()
    assert said(ctx, company.as_ara) == [NewsKind.FAILED, NewsKind.FAILED]


@both_databases
def test_a_held_mail_rings_for_those_who_may_decide(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    hold_mail(ctx, pump)
    assert said(ctx, company.as_jun) == said(ctx, company.as_ara) == [NewsKind.HELD]
    assert channel.sent == []  # not by mail, as long as nobody chooses it


@both_databases
def test_who_has_a_conversation_is_reminded_once_that_the_candidate_waits(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """NH-P3's reminder; an applicant who never wrote is nobody's debt."""
    mina = make_applicant(ctx, company)
    make_applicant(ctx, company, external_id="quiet-1", name="Quiet Q", email="quiet@mail.example")
    choose(ctx, company.as_ara, hours=None)
    organise(ctx, company.as_jun, [mina.thread_id], Assign(company.ara.id))
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When?"))
    pump()
    clock.move(hours=23)
    assert remind_of_waiting(ctx) == 0
    clock.move(hours=1)
    assert (remind_of_waiting(ctx), remind_of_waiting(ctx)) == (1, 0)
    pump()
    assert said(ctx, company.as_ara)[0] is NewsKind.UNANSWERED
    assert NewsKind.UNANSWERED not in said(ctx, company.as_jun)
    assert "Mina Han is still waiting for an answer" in channel.to(ARA)[-1].subject
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Tomorrow"))
    clock.move(days=3)
    assert remind_of_waiting(ctx) == 0


@both_databases
def test_nobody_is_reminded_of_a_conversation_that_rests_or_is_rejected(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock
) -> None:
    """SJ-P2: what waits for an answer is the same in the list, in the figures and in the reminder."""
    mina = make_applicant(ctx, company)
    anna = make_applicant(ctx, company, external_id="anna-1", name="Anna Berg", email="anna@mail.example")
    for view in (mina, anna):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="When?"))
    pump()
    organise(ctx, company.as_jun, [mina.thread_id], PutOff("week"))
    reject_applicant(ctx, company.as_jun, anna.thread_id, notify=None)
    clock.move(hours=25)
    assert remind_of_waiting(ctx) == 0
    clock.move(days=6)
    assert remind_of_waiting(ctx) == 1  # it rests no longer


@both_databases
def test_after_a_rest_of_weeks_the_one_who_waits_is_not_forgotten(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock
) -> None:
    """A conversation that is put off for longer than reminders look back is reminded of when the rest is over, once."""
    mina = make_applicant(ctx, company)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When?"))
    pump()
    organise(ctx, company.as_jun, [mina.thread_id], PutOff("2026-12-20"))
    clock.move(days=26)
    assert remind_of_waiting(ctx) == 0
    clock.move(days=1, hours=12)
    assert (remind_of_waiting(ctx), remind_of_waiting(ctx)) == (1, 0)
    clock.move(days=30)
    assert remind_of_waiting(ctx) == 0


@both_databases
def test_the_bell_is_read_forgotten_and_erased(
    ctx: Context, company: Company, clock: FakeClock, channel: FakeChannel, pump: Pump
) -> None:
    mina = make_applicant(ctx, company)
    anna = make_applicant(ctx, company, external_id="anna-1", name="Anna Berg", email="anna@mail.example")
    choose(ctx, company.as_jun)
    clock.now = TWO_AT_NIGHT
    for view in (mina, anna):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="Hello"))
    assert counts(ctx, company.as_jun).bell == 2
    mark_all_read(ctx, company.as_ara)
    assert (counts(ctx, company.as_jun).bell, counts(ctx, company.as_ara).bell) == (2, 0)
    erase_applicant(ctx, company.as_jun, mina.thread_id)
    assert [one.applicant_name for one in read_bell(ctx, company.as_jun)[0]] == ["Anna Berg"]
    clock.now = NINE
    pump()
    assert MINA not in channel.to(JUN)[0].text
    clock.move(days=91)
    assert forget_old_news(ctx) == 2
    assert said(ctx, company.as_jun) == []


@both_databases
def test_what_is_no_longer_so_in_the_morning_is_not_told(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """A colleague answered, or decided about the mail, while it waited for the hours."""
    mina = make_applicant(ctx, company)
    choose(ctx, company.as_jun)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When?"))
    mark_read(ctx, company.as_jun, mina.thread_id, 1)
    hold_mail(ctx, pump)
    clock.now = TWO_AT_NIGHT.replace(day=24)
    assert remind_of_waiting(ctx) == 1
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="On Tuesday"))
    entry = list_entries(ctx, company.as_ara)[0][0]
    discard(ctx, company.as_ara, entry.id)
    clock.now = NINE.replace(day=25)
    pump()
    assert channel.to(JUN) == []
    assert said(ctx, company.as_jun) == [NewsKind.UNANSWERED, NewsKind.HELD, NewsKind.MESSAGE]


@both_databases
def test_a_slack_that_takes_nothing_any_more_is_switched_off_and_the_bell_says_so(
    ctx: Context, company: Company, channel: FakeChannel, slack: Slack
) -> None:
    ctx, mina = with_slack(ctx, channel), make_applicant(ctx, company)
    pump = Pump(ctx)
    choose(ctx, company.as_jun, on=[SLACK], hours=None, slack_url=f"{slack.url}/services/revoked")
    for text in ("One", "Two"):
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=text))
        pump()
    assert len(slack.calls) == 1
    assert said(ctx, company.as_jun) == [NewsKind.MESSAGE, NewsKind.UNREACHED, NewsKind.MESSAGE]
    assert SLACK not in read_preferences(ctx, company.as_jun)[0].on


@both_databases
def test_the_bell_follows_a_message_that_is_moved(ctx: Context, company: Company, channel: FakeChannel) -> None:
    """It leads to the conversation in which the message is, under that person's name, and goes with that one."""
    mina = make_applicant(ctx, company)
    anna = make_applicant(ctx, company, external_id="anna-1", name="Anna Berg", email="anna@mail.example")
    new = NewMessage(text="From Anna's mailbox")
    posted = post_message(ctx, as_candidate(ctx, mina), mina.thread_id, new)
    Pump(ctx)()
    move_messages(ctx, company.as_jun, mina.thread_id, [posted.message.id], to=anna.thread_id, sure=True)
    (one,) = read_bell(ctx, company.as_ara)[0]
    assert (one.applicant_name, one.news.thread_id) == ("Anna Berg", anna.thread_id)
    erase_applicant(ctx, company.as_jun, anna.thread_id)
    assert said(ctx, company.as_ara) == []


@both_databases
def test_two_workers_send_what_waits_once(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, pump: Pump
) -> None:
    mina = make_applicant(ctx, company)
    choose(ctx, company.as_jun)
    clock.now = TWO_AT_NIGHT
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    clock.now = NINE
    assert find_due_news(ctx) == [company.jun.id]
    send_news(ctx, company.jun.id)
    send_news(ctx, company.jun.id)
    pump()
    assert len(channel.to(JUN)) == 1


def test_choices_are_checked_and_the_slack_address_is_kept_sealed(ctx: Context, company: Company) -> None:
    """A bad value is refused with its field; the address is in no row in the clear."""
    jun = company.as_jun
    hook = "https://hooks.slack.example/services/T0/B0/very-secret"
    choose(ctx, jun, on=[SLACK], slack_url=hook)
    kept, _ = read_preferences(ctx, jun)
    assert "very-secret" not in kept.slack_url
    choose(ctx, jun, on=[SLACK])  # not given again: kept
    assert read_preferences(ctx, jun)[0].slack_url == kept.slack_url
    bad: list[tuple[str, dict[str, object]]] = [
        ("slack_url", {"slack_url": "ftp://files.example"}),
        ("slack_url", {"on": [SLACK], "slack_url": ""}),
        ("hours_end", {"hours": replace(NINE_TO_SIX, end="08:00")}),
        ("hours_begin", {"hours": replace(NINE_TO_SIX, begin="nine")}),
        ("days", {"hours": replace(NINE_TO_SIX, days=())}),
        ("timezone", {"hours": replace(NINE_TO_SIX, zone="Mars/Olympus")}),
    ]
    for field, values in bad:
        with pytest.raises(Invalid) as wrong:
            choose(ctx, jun, **values)
        assert wrong.value.field == field
    choose(ctx, jun, hours=replace(NINE_TO_SIX, end="00:00"))  # midnight
    with pytest.raises(Invalid):
        save_undo_seconds(ctx, jun, 61)
