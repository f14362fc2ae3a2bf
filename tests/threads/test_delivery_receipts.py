"""The state machine under providers' news in any order (reliability 66, 68)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.channel import Absent, Accepted, CannotTell, Failed, Receipt, ReceiptStatus, Retry, Unknown
from gateway.threads.delivery import ABSENT_AFTER, MAX_TRIES, after_receipt, after_send, after_trace, next_look
from gateway.threads.model import Delivery, DeliveryState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BASE = Delivery(
    id="01d",
    workspace_id="w",
    thread_id="t",
    message_id="m",
    notice_id=None,
    participant_id="p",
    channel="sms",
    to="+821012345678",
    state=DeliveryState.ACCEPTED,
    reason="",
    code="",
    tries=1,
    next_attempt_at=None,
    lease_until=None,
    provider_id="r:1",
    rfc_message_id="",
    created_at=NOW,
    updated_at=NOW,
)
receipts = st.builds(
    Receipt,
    st.sampled_from(ReceiptStatus),
    st.just("01d"),
    st.sampled_from(["", "r:1"]),
    st.sampled_from(["", "nhn.sms.3001"]),
    st.just("words"),
    st.booleans(),
)
ENDED = (DeliveryState.CANCELLED, DeliveryState.SKIPPED, DeliveryState.QUEUED, DeliveryState.SCHEDULED)


def at(state: DeliveryState, **changes: object) -> Delivery:
    return replace(BASE, state=state, **changes)  # type: ignore[arg-type]


@given(st.lists(receipts, max_size=12), st.sampled_from(DeliveryState))
def test_news_in_any_order_never_undoes_an_arrival_nor_wakes_what_ended(
    news: list[Receipt], first: DeliveryState
) -> None:
    """Reliability 66, 68."""
    delivery, arrived = at(first), first is DeliveryState.DELIVERED
    for receipt in news:
        move = after_receipt(delivery, receipt, now=NOW)
        if move is not None:
            delivery = replace(delivery, state=move.state)
        arrived = arrived or delivery.state is DeliveryState.DELIVERED
        assert not arrived or delivery.state is DeliveryState.DELIVERED
    if first in ENDED:
        assert delivery.state is first
    if first is DeliveryState.FELL_BACK:
        assert delivery.state is DeliveryState.FELL_BACK


@given(st.permutations(["pending", "failed", "delivered", "pending"]))
def test_sent_after_delivered_and_failed_after_delivered_change_nothing(order: list[str]) -> None:
    """Twilio's callbacks may come in any order."""
    delivery = at(DeliveryState.ACCEPTED)
    for status in order:
        move = after_receipt(delivery, Receipt(ReceiptStatus(status), "01d"), now=NOW)
        delivery = replace(delivery, state=move.state) if move else delivery
    assert delivery.state is DeliveryState.DELIVERED


def test_a_passing_failure_is_tried_again_only_where_nothing_else_is_left() -> None:
    failed = Receipt(ReceiptStatus.FAILED, "01d", code="nhn.sms.1001", again=True)
    alone = after_receipt(at(DeliveryState.ACCEPTED), failed, now=NOW)
    assert alone is not None
    assert alone.state is DeliveryState.DEFERRED
    with_other = after_receipt(at(DeliveryState.ACCEPTED, rest=("email",)), failed, now=NOW)
    assert with_other is not None
    assert with_other.state is DeliveryState.BOUNCED
    third = after_receipt(at(DeliveryState.ACCEPTED, tries=3), failed, now=NOW)
    assert third is not None
    assert third.state is DeliveryState.BOUNCED


def test_a_failure_of_a_copy_that_was_followed_by_another_is_no_news() -> None:
    """Reliability 66: each would order one more copy, and each costs money."""
    first = Receipt(ReceiptStatus.FAILED, "01d", "r:1", code="nhn.sms.E999", again=True)
    assert after_receipt(at(DeliveryState.DEFERRED), first, now=NOW) is None  # the second is ordered already
    for state in (DeliveryState.SENDING, DeliveryState.UNCERTAIN):
        assert after_receipt(at(state, tries=2, provider_id=""), first, now=NOW) is None
    second = at(DeliveryState.ACCEPTED, tries=2, provider_id="r:2")
    assert after_receipt(second, first, now=NOW) is None
    for status in (ReceiptStatus.UNCONFIRMED, ReceiptStatus.PENDING):
        assert after_receipt(second, replace(first, status=status), now=NOW) is None
    arrived = after_receipt(second, replace(first, status=ReceiptStatus.DELIVERED), now=NOW)
    assert arrived is not None
    assert arrived.state is DeliveryState.DELIVERED


def test_a_failure_of_the_newest_copy_counts() -> None:
    failed = Receipt(ReceiptStatus.FAILED, "01d", "r:2", code="nhn.sms.3001")
    told = after_receipt(at(DeliveryState.ACCEPTED, tries=2, provider_id="r:2"), failed, now=NOW)
    found = after_trace(at(DeliveryState.UNCERTAIN, tries=2, provider_id=""), failed, now=NOW)
    assert [move.state for move in (told, found) if move] == [DeliveryState.BOUNCED] * 2


def test_an_absent_message_goes_again_only_when_uncertain_and_late_enough() -> None:
    uncertain = at(DeliveryState.UNCERTAIN, provider_id="")
    assert after_trace(uncertain, Absent(), now=NOW + ABSENT_AFTER - timedelta(seconds=1)) is None
    again = after_trace(uncertain, Absent(), now=NOW + ABSENT_AFTER)
    assert again is not None
    assert again.state is DeliveryState.QUEUED
    assert after_trace(at(DeliveryState.ACCEPTED), Absent(), now=NOW + timedelta(days=1)) is None
    assert after_trace(at(DeliveryState.UNCERTAIN), Absent(), now=NOW + timedelta(days=1)) is None
    assert after_trace(uncertain, CannotTell("away"), now=NOW + timedelta(days=1)) is None


def test_what_a_traceable_channel_does_not_know_is_looked_up_and_never_repeated_by_itself() -> None:
    move = after_send(Unknown("lost"), tries=1, now=NOW, jitter=0.5, stable_key=True, traceable=True)
    assert (move.state, move.next_attempt_at) == (DeliveryState.UNCERTAIN, None)
    assert move.look_at == NOW + timedelta(minutes=1)


def test_a_refusal_of_our_own_uses_up_no_try() -> None:
    move = after_send(Retry("rate", "", 2.0, counted=False), tries=MAX_TRIES, now=NOW, jitter=0.5, stable_key=False)
    assert (move.state, move.counted) == (DeliveryState.DEFERRED, False)


def test_an_accepted_message_is_asked_about_and_a_failed_one_is_not() -> None:
    taken = after_send(Accepted("x"), tries=1, now=NOW, jitter=0.5, stable_key=False, traceable=True)
    assert taken.look_at == NOW + timedelta(minutes=1)
    refused = after_send(Failed("c", "w"), tries=1, now=NOW, jitter=0.5, stable_key=False, traceable=True)
    assert refused.look_at is None


@given(st.integers(0, 100 * 3600))
def test_looks_come_later_and_later_and_end(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    look = next_look(since=NOW, now=now)
    assert (look is None) == (seconds >= 80 * 3600)
    assert look is None or look > now
