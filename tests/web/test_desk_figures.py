"""The company's figures: how soon candidates were answered, what waits, what arrived, when they write (SJ-P2)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cast import MINA, Company, as_candidate, make_applicant, make_company
from fakes import FakeChannel, FakeClock
from hypothesis import given
from hypothesis import strategies as st
from running import Pump
from web.web_kit import browser_of, make_app, words_of

from gateway.errors import NotFound
from gateway.threads.channel import Failed
from gateway.threads.figures import ANSWER_STEPS, ChannelFigures, Figures, add_up, hours_of_day
from gateway.threads.model import DeliveryState, MessageKind, Viewer
from gateway.usecases import accounts, applicants, members, organise, sign_in
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_figures import read_figures
from gateway.usecases.views import ApplicantView

PATH = "/desk/figures"
both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


def say(ctx: Context, viewer: Viewer, thread_id: str, text: str = "Hello", **more: object) -> None:
    post_message(ctx, viewer, thread_id, NewMessage(text=text, **more))  # type: ignore[arg-type]


@both_databases
def test_the_first_answer_to_each_candidate_is_timed_and_the_rest_waits(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock, pump: Pump, channel: FakeChannel
) -> None:
    clock.move(minutes=10)  # 18:10 in Seoul
    say(ctx, as_candidate(ctx, mina), mina.thread_id)
    clock.move(hours=3)
    say(ctx, company.as_jun, mina.thread_id, "A note", kind=MessageKind.NOTE)  # a note is no answer
    say(ctx, company.as_jun, mina.thread_id)
    clock.move(hours=1)
    say(ctx, company.as_ara, mina.thread_id)
    bora = make_applicant(ctx, company, external_id="bora-1", name="Bora", email="bora@mail.example")
    say(ctx, as_candidate(ctx, bora), bora.thread_id)
    clock.move(minutes=5)
    pump()
    total = read_figures(ctx, company.as_jun).total
    assert (total.conversations, total.from_candidates, total.to_candidates) == (2, 2, 2)
    assert total.answer_times == (timedelta(hours=3),)
    assert (total.median_answer, total.never_answered) == (timedelta(hours=3), 1)
    assert (total.unanswered, total.oldest) == (1, clock.now - timedelta(minutes=5))
    assert {hour: number for hour, number in enumerate(total.hours) if number} == {18: 1, 22: 1}
    assert total.channels["email"].arrived == len(channel.to(MINA))
    clock.move(days=10)
    week = read_figures(ctx, company.as_jun, days=7).total
    assert (week.conversations, week.from_candidates, week.answer_times, week.unanswered) == (0, 0, (), 1)


@both_databases
def test_what_was_lost_on_the_way_is_told_by_channel(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock, pump: Pump, channel: FakeChannel
) -> None:
    channel.script = [Failed("5.1.1", "no such user")]
    say(ctx, company.as_jun, mina.thread_id)
    clock.move(minutes=1)
    pump()
    found = read_figures(ctx, company.as_jun).total.channels["email"]
    assert (found.tried, found.arrived, found.failed + found.bounced, found.success) == (1, 0, 1, 0)


@both_databases
def test_each_sees_the_openings_that_are_theirs(ctx: Context, company: Company, mina: ApplicantView) -> None:
    other, _ = applicants.put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    say(ctx, as_candidate(ctx, mina), mina.thread_id)
    plain = accounts.create_member(ctx, company.workspace.id, email="p@moalabs.example", name="P", role="member")
    members.set_opening_role(ctx, company.as_jun, plain.id, opening_id=other.id, role="manager")
    confined = sign_in.viewer_for_session(ctx, sign_in.demo_session(ctx, plain.id))
    assert confined is not None
    report = read_figures(ctx, confined)
    assert [opening.title for opening, _ in report.openings] == ["Engineer"]
    assert report.total.from_candidates == 0
    for viewer, opening_id in ((confined, company.opening.id), (as_candidate(ctx, mina), ""), (company.ats, "")):
        with pytest.raises(NotFound):
            read_figures(ctx, viewer, opening_id=opening_id)
    theirs = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    assert read_figures(ctx, theirs.as_jun).total.from_candidates == 0


def test_the_page_draws_each_number_and_leads_to_what_waits(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    desk = browser_of(make_app(ctx, company), company.jun)
    assert "Nothing was sent in this period." in words_of(desk.get(PATH).text)
    say(ctx, as_candidate(ctx, mina), mina.thread_id)
    clock.move(hours=5)
    page = desk.get(f"{PATH}?days=7&opening={company.opening.id}").text
    assert "the oldest for 5 hours" in words_of(page)
    assert f'href="/desk/unanswered?opening={company.opening.id}"' in page
    assert "<title>18:00: 1</title>" in page
    assert 'value="7" selected' in page
    assert desk.get(f"{PATH}?opening=nobody").status_code == 404
    assert desk.get(f"{PATH}?days=12345").status_code == 200


def test_the_copy_has_a_row_for_each_opening(ctx: Context, company: Company, mina: ApplicantView) -> None:
    desk = browser_of(make_app(ctx, company), company.jun)
    say(ctx, as_candidate(ctx, mina), mina.thread_id)
    copy = desk.get(f"{PATH}.csv?days=90")
    assert copy.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(copy.text))
    assert (row["title"], row["days"], row["from_candidates"], row["unanswered"]) == (
        "Product Designer",
        "90",
        "1",
        "1",
    )
    assert (row["hour_18"], row["hour_19"]) == ("1", "0")


def test_what_rests_does_not_wait(ctx: Context, company: Company, mina: ApplicantView) -> None:
    say(ctx, as_candidate(ctx, mina), mina.thread_id)
    assert read_figures(ctx, company.as_jun).total.unanswered == 1
    organise.organise(ctx, company.as_jun, [mina.thread_id], organise.Finish())
    assert read_figures(ctx, company.as_jun).total.unanswered == 0


times = st.lists(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=60)), max_size=20).map(tuple)
states = st.dictionaries(st.sampled_from(DeliveryState), st.integers(1, 50), max_size=5)
figures = st.builds(
    Figures,
    conversations=st.integers(0, 9),
    answer_times=times,
    channels=st.dictionaries(st.sampled_from(["email", "sms"]), st.builds(ChannelFigures, states)),
    hours=st.tuples(*[st.integers(0, 9)] * 24),
)


@given(st.lists(figures, max_size=4))
def test_the_whole_is_the_sum_of_its_parts(parts: list[Figures]) -> None:
    total = add_up(parts)
    assert total.conversations == sum(p.conversations for p in parts)
    assert sum(total.answer_steps) == sum(len(p.answer_times) for p in parts)
    assert sum(total.hours) == sum(sum(p.hours) for p in parts)
    tried = sum(c.tried for p in parts for c in p.channels.values())
    found = total.channels.values()
    assert sum(c.tried for c in found) == tried
    assert sum(c.arrived + c.under_way + c.fell_back + c.bounced + c.failed for c in found) == tried


def test_hours_are_those_of_the_day_summer_time_included() -> None:
    winter, summer = datetime(2026, 1, 5, 8, tzinfo=UTC), datetime(2026, 7, 5, 8, tzinfo=UTC)
    found = hours_of_day({winter: 2, summer: 3}, ZoneInfo("Europe/Stockholm"))
    assert (found[9], found[10], sum(found)) == (2, 3, 5)


def test_a_step_holds_what_came_within_it() -> None:
    steps = Figures(answer_times=(ANSWER_STEPS[0], ANSWER_STEPS[0] * 1.5, timedelta(days=99))).answer_steps
    assert steps == (1, 1, 0, 0, 0, 1)
