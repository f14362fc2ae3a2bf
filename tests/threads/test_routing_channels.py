"""Who is reached by which channel, in which order and when: pure rules (seeds §6.2, §9 no. 30-32)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.decisions import Reason
from gateway.threads.model import DeliveryState
from gateway.threads.purpose import Purpose
from gateway.threads.routing import (
    ALIMTALK,
    CHANNELS,
    EMAIL,
    PHONE_CHANNELS,
    SMS,
    Reach,
    bar,
    earliest,
    plan_person,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SEOUL = timezone(timedelta(hours=9))
EVERYWHERE = {EMAIL: "a@mail.example", ALIMTALK: "+821012345678", SMS: "+821012345678"}
BARS = (Reason.SUPPRESSED, Reason.OPTED_OUT, Reason.CHANNEL_OFF, Reason.NOT_MOBILE, Reason.NO_TEMPLATE)

reaches = st.builds(
    Reach,
    st.dictionaries(st.sampled_from(CHANNELS), st.sampled_from(["", "somewhere"])),
    st.dictionaries(st.sampled_from(CHANNELS), st.sampled_from(BARS)),
    st.sampled_from([None, SEOUL, UTC]),
)
orders = st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=5)


def test_the_first_that_can_be_used_is_taken_and_the_others_are_kept() -> None:
    plan = plan_person("p", Reach(EVERYWHERE), order=(ALIMTALK, SMS, EMAIL), now=NOW)
    assert (plan.channel, plan.to, plan.rest) == (ALIMTALK, "+821012345678", (SMS, EMAIL))
    assert (plan.state, plan.next_attempt_at) == (DeliveryState.QUEUED, NOW)


def test_what_cannot_be_used_is_passed_over() -> None:
    reach = Reach({EMAIL: "", SMS: "+82"}, {ALIMTALK: Reason.NO_TEMPLATE})
    plan = plan_person("p", reach, order=(EMAIL, ALIMTALK, SMS), now=NOW)
    assert (plan.channel, plan.rest) == (SMS, ())


def test_when_none_can_it_is_seen_with_the_reason_of_the_first_wanted() -> None:
    reach = Reach({}, {ALIMTALK: Reason.NOT_MOBILE})
    plan = plan_person("p", reach, order=(ALIMTALK, SMS), now=NOW)
    assert (plan.state, plan.channel, plan.reason) == (DeliveryState.SKIPPED, ALIMTALK, Reason.NOT_MOBILE)


@given(reaches, orders, st.sampled_from(Purpose))
def test_a_plan_never_names_a_channel_that_is_barred_nor_one_twice(
    reach: Reach, order: list[str], purpose: Purpose
) -> None:
    plan = plan_person("p", reach, order=order, now=NOW, purpose=purpose)
    if plan.state is DeliveryState.SKIPPED:
        assert all(bar(reach, c, purpose=purpose) for c in order)
        assert plan.reason
        assert plan.rest == ()
        return
    walked = (plan.channel, *plan.rest)
    assert len(set(walked)) == len(walked)
    assert set(walked) <= set(order)
    assert all(bar(reach, c, purpose=purpose) is None for c in walked)
    assert plan.to == reach.addresses[plan.channel]
    assert plan.next_attempt_at is not None
    assert plan.next_attempt_at >= NOW


@pytest.mark.parametrize("purpose", Purpose)
def test_an_opt_out_holds_for_everything_but_what_the_law_demands(purpose: Purpose) -> None:
    reach = Reach(EVERYWHERE, {SMS: Reason.OPTED_OUT})
    expected = None if purpose is Purpose.LEGAL_NOTICE else Reason.OPTED_OUT
    assert bar(reach, SMS, purpose=purpose) is expected


def test_an_address_that_does_not_work_bars_legal_notices_too() -> None:
    assert bar(Reach(EVERYWHERE, {EMAIL: Reason.SUPPRESSED}), EMAIL, purpose=Purpose.LEGAL_NOTICE) is Reason.SUPPRESSED


def test_alimtalk_carries_no_advertising() -> None:
    assert bar(Reach(EVERYWHERE), ALIMTALK, purpose=Purpose.ADVERTISING) is Reason.NOT_FOR_ADVERTISING


@pytest.mark.parametrize(
    ("hour", "start"),
    [(7, 8), (8, 8), (20, 20), (21, 32), (23, 32), (0, 8)],
)
def test_reminders_keep_out_of_the_night(hour: int, start: int) -> None:
    midnight = datetime(2026, 11, 23, tzinfo=SEOUL)
    at = midnight + timedelta(hours=hour)
    assert earliest(SMS, purpose=Purpose.REMINDER, at=at, zone=SEOUL) == midnight + timedelta(hours=start)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(CHANNELS), st.sampled_from(Purpose))
def test_only_reminders_and_advertising_by_phone_wait_and_never_longer_than_a_night(
    at: datetime, channel: str, purpose: Purpose
) -> None:
    if not 1971 < at.year < 9990:
        return
    start = earliest(channel, purpose=purpose, at=at, zone=SEOUL)
    assert at <= start <= at + timedelta(hours=11)
    waits = purpose is Purpose.REMINDER or (purpose is Purpose.ADVERTISING and channel in PHONE_CHANNELS)
    if waits:
        assert 8 <= start.astimezone(SEOUL).hour < 21
    else:
        assert start == at
