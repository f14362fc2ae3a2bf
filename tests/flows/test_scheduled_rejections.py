"""Rejections whose message has not gone out: a new decision takes their place, whatever the clock says, and they take
force although nobody can be reached (SJ-15, SJ-16, SJ-P1, SJ-P2; seeds §6.2, §9 no. 4).
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cast import MINA, Company, as_candidate, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases

from flows.test_conversation import texts
from flows.test_silent_rejections import state_of
from gateway.threads.channel import Retry, Unknown
from gateway.threads.model import DeliveryState, ThreadState
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import events_of_thread, list_conversations, messages_after
from gateway.usecases.views import ApplicantView


@both_databases
@pytest.mark.parametrize("scheduled", [True, False])
def test_who_is_restored_while_the_mail_is_late_gets_no_rejection(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, channel: FakeChannel, scheduled: bool
) -> None:
    """Seeds §9 no. 4: not the clock decides, but whether it has left; SJ-P2: they wait for an answer as before."""
    mina = make_applicant(ctx, company)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Any news?"))
    pump()
    channel.sent.clear()
    send_at = clock.now + timedelta(hours=1) if scheduled else None
    farewell = NewMessage(text="Sorry, no.", send_at=send_at)
    change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=farewell)
    clock.move(hours=1)
    channel.script[:] = [Retry("4.4.1", "the smarthost is away")]
    pump()
    assert [len(channel.sent), state_of(ctx, company, mina)] == [1, ThreadState.BLOCKED]
    change_stage(ctx, company.ats, mina.thread_id, "restored")
    clock.move(hours=1)
    pump()
    assert len(channel.sent) == 1
    leaves_no_trace(ctx, company, mina)


@both_databases
def test_a_rejection_that_was_replaced_leaves_no_trace(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock
) -> None:
    """SJ-P2: whoever asked is among the unanswered again; the ATS hears that the message will not go out."""
    mina = make_applicant(ctx, company)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Any news?"))
    farewell = NewMessage(text="Sorry, no.", send_at=clock.now + timedelta(days=1))
    change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=farewell)
    change_stage(ctx, company.ats, mina.thread_id, "Interview")
    leaves_no_trace(ctx, company, mina)


def leaves_no_trace(ctx: Context, company: Company, view: ApplicantView) -> None:
    """Of the farewell, which nobody got."""
    (row,), _ = list_conversations(ctx, company.as_jun, view="unanswered")
    assert (row.last_text, row.failed) == ("Any news?", 0)
    assert texts(ctx, company, view) == ["Any news?", "Sorry, no."]
    assert [s.message.text for s in messages_after(ctx, as_candidate(ctx, view), view.thread_id)] == ["Any news?"]
    told = [e for e in events_of_thread(ctx, company.ats, view.thread_id, after=0) if e.name == "message.cancelled"]
    assert [e.data["reason"] for e in told] == ["stage_changed"]


@pytest.mark.parametrize(("stage", "farewells"), [("Archive", 1), ("rejected", 1), ("restored", 0)])
def test_a_late_rejection_is_still_mailed_to_who_stays_rejected(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    clock: FakeClock,
    channel: FakeChannel,
    stage: str,
    farewells: int,
) -> None:
    """An ATS files them under its own stages, or says once more that they are rejected."""
    channel.script[:] = [Retry("4.4.1", "the smarthost is away")]
    change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=NewMessage(text="Sorry, no."))
    pump()
    channel.sent.clear()
    change_stage(ctx, company.ats, mina.thread_id, stage)
    clock.move(hours=1)
    pump()
    assert len(channel.to(MINA)) == farewells


def test_a_second_rejection_in_other_words_takes_the_place_of_a_late_one(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    channel.script[:] = [Retry("4.4.1", "the smarthost is away")]
    for words in ("Sorry, Minna.", "Sorry, Mina."):
        change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=NewMessage(text=words))
        pump()
    clock.move(hours=1)
    pump()
    assert ["Sorry, Mina." in o.text for o in channel.to(MINA)] == [False, True]


@both_databases
def test_a_rejection_that_may_have_arrived_stays_and_is_not_repeated(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    """Nobody can take back what left, and nobody says that it was: no further copy goes."""
    mina = make_applicant(ctx, company)
    channel.script[:] = [Unknown("the connection broke")]
    change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=NewMessage(text="Sorry, no."))
    pump()
    change_stage(ctx, company.ats, mina.thread_id, "restored")
    clock.move(hours=1)
    pump()
    assert len(channel.to(MINA)) == 1
    (shown,) = messages_after(ctx, company.ats, mina.thread_id)
    assert (shown.message.cancelled, [d.state for d in shown.deliveries]) == (False, [DeliveryState.UNCERTAIN])


@both_databases
def test_a_restore_and_a_worker_at_the_same_moment_agree(
    ctx: Context, company: Company, clock: FakeClock, channel: FakeChannel
) -> None:
    """The outbox's rows decide: either the farewell left, and is shown, or nobody gets it. Neither waits for ever."""
    mina = make_applicant(ctx, company)
    for number in range(6):
        farewell = NewMessage(text=f"Sorry {number}", send_at=clock.now + timedelta(minutes=1))
        change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=farewell)
        clock.move(minutes=2)
        shown = messages_after(ctx, company.ats, mina.thread_id)[-1]
        barrier, channel.sent[:] = threading.Barrier(2), []

        def restore(barrier: threading.Barrier = barrier) -> None:
            barrier.wait(10)
            change_stage(ctx, company.ats, mina.thread_id, "restored")

        def work(delivery_id: str = shown.deliveries[0].id, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait(10)
            return deliver_one(ctx, delivery_id) is not None

        with ThreadPoolExecutor(2) as pool:
            restored, sent = pool.submit(restore), pool.submit(work)
        restored.result()
        assert len(channel.sent) == int(sent.result())
        shown = messages_after(ctx, company.ats, mina.thread_id)[-1]
        assert shown.message.cancelled is not sent.result()
        assert state_of(ctx, company, mina) is ThreadState.OPEN
