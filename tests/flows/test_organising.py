"""Keeping order among conversations: assigned, tagged, put off, done, unread (ux §5, §15; peers §1 B)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cast import Company, as_candidate, make_applicant, make_company
from fakes import FakeClock
from hypothesis import given
from hypothesis import strategies as st
from running import both_databases

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.organising import NO_FILTERS, Filters, snooze_end
from gateway.usecases import read_thread
from gateway.usecases.context import Context
from gateway.usecases.organise import AddTag, Assign, Finish, PutOff, RemoveTag, mark_unread, organise, read_choices
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

SEOUL = "Asia/Seoul"


def listed(ctx: Context, company: Company, view: str, filters: Filters = NO_FILTERS) -> list[str]:
    rows, _ = read_thread.list_conversations(ctx, company.as_jun, view=view, filters=filters)
    return [row.applicant_name for row in rows]


def write(ctx: Context, mina: ApplicantView, text: str = "Hello") -> None:
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=text))


def numbers(ctx: Context, company: Company) -> dict[str, int]:
    counts = read_thread.counts(ctx, company.as_jun)
    return {view: getattr(counts, view) for view in ("mine", "unassigned", "unanswered", "scheduled", "snoozed")}


@both_databases
def test_an_assigned_conversation_is_in_its_members_view_and_says_who_did_it(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    assert listed(ctx, company, "unassigned") == ["Mina Han"]
    assert organise(ctx, company.as_ara, [mina.thread_id], Assign(company.jun.id)) == 1
    assert organise(ctx, company.as_ara, [mina.thread_id], Assign(company.jun.id)) == 0  # it is so already
    assert (listed(ctx, company, "mine"), listed(ctx, company, "unassigned")) == (["Mina Han"], [])
    page = read_thread.read_page(ctx, company.as_jun, mina.thread_id)
    assert page.organised.assignee_name == "Jun Park"
    line = page.happenings[-1]
    assert (line.name, line.data) == ("thread.assigned", {"to": "Jun Park", "by": "Ara Kim"})
    organise(ctx, company.as_jun, [mina.thread_id], Assign(""))
    assert listed(ctx, company, "unassigned") == ["Mina Han"]
    with pytest.raises(Invalid):
        organise(ctx, company.as_jun, [mina.thread_id], Assign("nobody"))


@both_databases
def test_a_snooze_ends_by_time_or_when_the_candidate_writes(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    write(ctx, mina)
    for choice in ("tomorrow", "reply"):
        organise(ctx, company.as_jun, [mina.thread_id], PutOff(choice))
        assert (listed(ctx, company, "snoozed"), listed(ctx, company, "open")) == (["Mina Han"], [])
        assert numbers(ctx, company) == {
            "mine": 0, "unassigned": 0, "unanswered": 0, "scheduled": 0, "snoozed": 1,
        }  # fmt: skip
        clock.move(days=2)
        asleep = choice == "reply"
        assert (listed(ctx, company, "snoozed") == ["Mina Han"]) is asleep
        assert (listed(ctx, company, "open") == []) is asleep
    write(ctx, mina, "Here I am")
    assert (listed(ctx, company, "snoozed"), listed(ctx, company, "unanswered")) == ([], ["Mina Han"])
    organise(ctx, company.as_jun, [mina.thread_id], PutOff("week"))
    organise(ctx, company.as_jun, [mina.thread_id], PutOff(""))
    assert listed(ctx, company, "open") == ["Mina Han"]
    with pytest.raises(Invalid):
        organise(ctx, company.as_jun, [mina.thread_id], PutOff("2020-01-01"))


@both_databases
def test_what_is_done_comes_back_when_the_candidate_writes(ctx: Context, company: Company, mina: ApplicantView) -> None:
    organise(ctx, company.as_jun, [mina.thread_id], Finish())
    assert listed(ctx, company, "open") == listed(ctx, company, "unanswered") == []
    assert listed(ctx, company, "all") == ["Mina Han"]
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="One more thing"))
    assert listed(ctx, company, "open") == []  # our own words change nothing
    write(ctx, mina)
    assert listed(ctx, company, "open") == ["Mina Han"]
    organise(ctx, company.as_jun, [mina.thread_id], Finish())
    organise(ctx, company.as_jun, [mina.thread_id], Finish(done=False))
    assert listed(ctx, company, "open") == ["Mina Han"]


@both_databases
def test_tags_and_filters_combine(ctx: Context, company: Company, mina: ApplicantView) -> None:
    other = make_applicant(
        ctx, company, external_id="a-2", name="Tomáš Dvořák", email="tomas@mail.example", locale="cs"
    )
    both = [mina.thread_id, other.thread_id]
    assert organise(ctx, company.as_jun, both, AddTag("  second   round ")) == 2
    assert organise(ctx, company.as_jun, [mina.thread_id], AddTag("SECOND round")) == 0
    organise(ctx, company.as_jun, [mina.thread_id], AddTag("서울"))
    choices = read_choices(ctx, company.as_jun)
    assert [tag.name for tag in choices.tags] == ["second round", "서울"]
    second, seoul = (tag.id for tag in choices.tags)
    assert sorted(listed(ctx, company, "all", Filters(tag_id=second))) == ["Mina Han", "Tomáš Dvořák"]
    assert listed(ctx, company, "all", Filters(tag_id=second, locale="cs")) == ["Tomáš Dvořák"]
    assert listed(ctx, company, "all", Filters(tag_id=seoul, locale="cs")) == []
    organise(ctx, company.as_jun, both, Assign(company.ara.id))
    assert len(listed(ctx, company, "all", Filters(assignee=company.ara.id, stage=choices.stages[0]))) == 2
    assert listed(ctx, company, "all", Filters(assignee="none")) == []
    organise(ctx, company.as_jun, [mina.thread_id], RemoveTag(second))
    assert listed(ctx, company, "all", Filters(tag_id=second)) == ["Tomáš Dvořák"]
    with pytest.raises(Invalid):
        organise(ctx, company.as_jun, both, AddTag("x" * 41))


@both_databases
def test_unread_is_one_members_own_and_scheduled_ones_have_a_view(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    write(ctx, mina)
    read_thread.mark_read(ctx, company.as_jun, mina.thread_id, 1)
    read_thread.mark_read(ctx, company.as_ara, mina.thread_id, 1)
    mark_unread(ctx, company.as_jun, [mina.thread_id])
    assert read_thread.counts(ctx, company.as_jun).unread == 1
    assert read_thread.counts(ctx, company.as_ara).unread == 0
    later = ctx.now + timedelta(days=1)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Tomorrow", send_at=later))
    rows, _ = read_thread.list_conversations(ctx, company.as_jun, view="scheduled")
    assert [row.goes_out_at for row in rows] == [later]
    clock.move(days=2)
    assert listed(ctx, company, "scheduled") == []


@both_databases
def test_other_companies_and_machines_change_nothing(ctx: Context, company: Company, mina: ApplicantView) -> None:
    nordlys = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    for viewer in (nordlys.as_jun, company.ats):
        with pytest.raises(NotFound):
            organise(ctx, viewer, [mina.thread_id], Finish())
    with pytest.raises(NotFound):
        mark_unread(ctx, nordlys.as_jun, [mina.thread_id])
    with pytest.raises(Invalid):
        organise(ctx, company.as_jun, [mina.thread_id], Assign(nordlys.jun.id))
    with pytest.raises(Conflict):
        organise(ctx, company.as_jun, ["x"] * 101, Finish())
    assert listed(ctx, company, "open") == ["Mina Han"]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_a_snooze_ends_on_a_morning_to_come(now: datetime) -> None:
    for choice in ("tomorrow", "monday", "week"):
        end = snooze_end(choice, now=now, timezone=SEOUL)
        assert end is not None
        assert now < end <= now + timedelta(days=8)
        assert (end + timedelta(hours=9)).hour == 9
    assert snooze_end("someday", now=now, timezone=SEOUL) is None
