"""NH-P3 as a rule: never outside a person's hours, never lost, and nothing that they switched off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.notifying import (
    DAY,
    LONGEST_PUSH,
    SLACK,
    WAYS,
    Hours,
    NewsKind,
    Preferences,
    decide_notification,
    time_to_push,
)
from gateway.threads.routing import EMAIL

SEOUL = ZoneInfo("Asia/Seoul")
WEEKDAYS = frozenset(range(5))
ZONES = ("Asia/Seoul", "Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC")
LONGEST_WAIT = timedelta(days=15)  # one day a week, and its hours fall into a change of clocks

moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
spans = st.tuples(st.integers(0, DAY - 1), st.integers(1, DAY)).filter(lambda span: span[0] < span[1])
hours = st.builds(
    lambda span, days, zone: Hours(span[0], span[1], days, ZoneInfo(zone)),
    spans,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from(ZONES),
)
kinds = st.frozensets(st.sampled_from(NewsKind))
choices = st.builds(
    Preferences,
    on=st.frozensets(st.sampled_from(WAYS)),
    kinds=st.fixed_dictionaries(dict.fromkeys(WAYS, kinds)),
    hours=st.none() | hours,
    slack_url=st.sampled_from(["", "sealed"]),
)


@given(choices, st.sampled_from(NewsKind), moments)
def test_nothing_comes_outside_the_hours_and_nothing_is_lost(
    preferences: Preferences, kind: NewsKind, now: datetime
) -> None:
    plan = decide_notification(preferences, kind, now)
    wanted = {way for way in preferences.on if kind in preferences.kinds[way]}
    assert set(plan.ways) == (wanted if preferences.slack_url else wanted - {SLACK})  # all that was chosen, no more
    assert now <= plan.at < now + LONGEST_WAIT
    if preferences.hours is None:
        assert plan.at == now
        return
    hours = preferences.hours
    local = plan.at.astimezone(hours.zone)
    assert local.weekday() in hours.days
    assert hours.begin <= local.hour * 60 + local.minute < hours.end
    before = now.astimezone(hours.zone)
    if before.weekday() in hours.days and hours.begin <= before.hour * 60 + before.minute < hours.end:
        assert plan.at == now  # within them nothing waits


@pytest.mark.parametrize(
    ("now", "at"),
    [
        ("2026-11-24T02:00", "2026-11-24T09:00"),  # Tuesday night
        ("2026-11-24T09:00", "2026-11-24T09:00"),
        ("2026-11-24T17:59", "2026-11-24T17:59"),
        ("2026-11-24T18:00", "2026-11-25T09:00"),
        ("2026-11-27T18:30", "2026-11-30T09:00"),  # Friday evening: Monday
    ],
)
def test_nine_to_six_on_weekdays(now: str, at: str) -> None:
    """NH-P3: at 02:00 with hours 09-18, mail at no time before 09:00."""
    preferences = Preferences(hours=Hours(9 * 60, 18 * 60, WEEKDAYS, SEOUL))
    plan = decide_notification(preferences, NewsKind.MESSAGE, datetime.fromisoformat(now).replace(tzinfo=SEOUL))
    assert plan.at == datetime.fromisoformat(at).replace(tzinfo=SEOUL)
    assert plan.ways == (EMAIL,)


def test_hours_that_a_change_of_clocks_takes_away_begin_on_the_next_day() -> None:
    """Prague, 29 March 2026: there is no time between 02:00 and 03:00."""
    prague = ZoneInfo("Europe/Prague")
    preferences = Preferences(hours=Hours(2 * 60, 2 * 60 + 45, frozenset(range(7)), prague))
    plan = decide_notification(preferences, NewsKind.FAILED, datetime(2026, 3, 29, 1, 0, tzinfo=prague))
    assert plan.at == datetime(2026, 3, 30, 2, 0, tzinfo=prague)


def test_without_a_choice_mail_comes_for_what_concerns_one_and_slack_for_nothing() -> None:
    now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    told = {kind for kind in NewsKind if decide_notification(Preferences(), kind, now).ways == (EMAIL,)}
    assert told == {NewsKind.MESSAGE, NewsKind.ASSIGNED, NewsKind.MENTIONED, NewsKind.FAILED}


@given(choices, moments, st.floats(0, 1))
def test_a_push_waits_for_a_device_within_the_hours_alone(
    preferences: Preferences, now: datetime, share: float
) -> None:
    """NH-P3: at whatever moment of its wait the device is switched on, it is a moment of the hours."""
    left = time_to_push(preferences, now)
    assert timedelta(0) <= left <= LONGEST_PUSH
    hours = preferences.hours
    if hours is None:
        assert left == LONGEST_PUSH
    elif not hours.hold(now):
        assert left == timedelta(0)
    elif hours.zone.key in ("Asia/Seoul", "UTC"):  # elsewhere clocks are changed, which may end them once more
        assert hours.hold(now + left * share * 0.999)
        assert left == LONGEST_PUSH or not hours.hold(now + left)


def test_hours_that_follow_each_other_without_a_break_are_one() -> None:
    round_the_clock = Preferences(hours=Hours(0, DAY, WEEKDAYS, SEOUL))
    late = datetime(2026, 11, 24, 23, 59, tzinfo=SEOUL)  # Tuesday; Wednesday's hours begin at once
    assert time_to_push(round_the_clock, late) == LONGEST_PUSH
    assert time_to_push(round_the_clock, late + timedelta(days=3)) == timedelta(minutes=1)  # Friday
