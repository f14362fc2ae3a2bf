"""Rejections whose message has not gone out: a new decision takes their place, whatever the clock says, and they take
force although nobody can be reached (SJ-15, SJ-16, SJ-P1, SJ-P2; seeds §6.2, §9 no. 4).
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from cast import MINA, Company, as_candidate, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases

from flows.test_conversation import texts
from flows.test_silent_rejections import state_of
from gateway.errors import Conflict, Refused
from gateway.threads.channel import Outgoing, Retry, SendResult, Unknown
from gateway.threads.decisions import Reason
from gateway.threads.model import DeliveryState, ThreadState
from gateway.usecases import waiting
from gateway.usecases.change_stage import change_stage, close_due_gates
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import events_of_thread, list_conversations, messages_after
from gateway.usecases.reject import reject_applicant
from gateway.usecases.views import ApplicantView
from gateway.usecases.waiting import move_to, send_now, take_back


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
def test_a_rejection_that_was_under_way_at_a_restore_is_not_tried_again(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    mina = make_applicant(ctx, company)
    restored = partial(change_stage, ctx, company.ats, mina.thread_id, "restored")

    class Slow(FakeChannel):
        def send(self, outgoing: Outgoing, **options: Any) -> SendResult:
            restored()
            return super().send(outgoing, **options)

    ctx.channels["email"] = slow = Slow(script=[Retry("4.4.1", "the smarthost is away")])
    change_stage(ctx, company.ats, mina.thread_id, "rejected", notify=NewMessage(text="Sorry, no."))
    pump()
    clock.move(hours=1)
    pump()
    (shown,) = messages_after(ctx, company.ats, mina.thread_id)
    assert len(slow.sent) == 1
    assert [(d.state, d.reason) for d in shown.deliveries] == [(DeliveryState.CANCELLED, "stage_changed")]
    assert list_conversations(ctx, company.as_jun, view="attention")[0] == []


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


def bar(ctx: Context, company: Company) -> None:
    """Mail to her came back."""
    with ctx.database.begin() as tx:
        tx.outbox.suppress(company.workspace.id, MINA, code="5.1.1", now=ctx.now)


def reject_later(ctx: Context, company: Company, view: ApplicantView) -> str:
    """In an hour; the message's id."""
    farewell = NewMessage(text="Sorry, no.", send_at=ctx.now + timedelta(hours=1), client_key="farewell")
    change_stage(ctx, company.as_jun, view.thread_id, "rejected", notify=farewell)
    return next(s.message.id for s in messages_after(ctx, company.as_jun, view.thread_id)[::-1])


@both_databases
@pytest.mark.parametrize("planned", [False, True])
def test_a_rejection_takes_force_though_nobody_can_be_reached(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, channel: FakeChannel, planned: bool
) -> None:
    """SJ-15, SJ-16: it stands on the page when its time has come, and from then on nothing enters."""
    mina = make_applicant(ctx, company)
    viewer = as_candidate(ctx, mina)
    if not planned:
        bar(ctx, company)
    message_id = reject_later(ctx, company, mina)
    if planned:  # and ended before a worker had it
        with ctx.database.begin() as tx:
            tx.waiting.stop_copies(message_id, reason=Reason.SUPPRESSED, now=ctx.now)
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="still open"))
    assert close_due_gates(ctx) == 0
    clock.move(hours=1)
    assert (close_due_gates(ctx), close_due_gates(ctx)) == (1, 0)
    pump()
    assert channel.to(MINA) == []
    assert [s.message.text for s in messages_after(ctx, viewer, mina.thread_id)] == ["Sorry, no.", "still open"]
    with pytest.raises(Refused):
        post_message(ctx, viewer, mina.thread_id, NewMessage(text="too late"))
    assert [e.name for e in events_of_thread(ctx, viewer, mina.thread_id, after=0)][-1] == "thread.blocked"


def test_the_gate_does_not_close_before_the_message_leaves(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    """Seeds §9 no. 4: workers are busy, and a robot must not tell first."""
    reject_later(ctx, company, mina)
    clock.move(hours=2)
    assert (close_due_gates(ctx), state_of(ctx, company, mina)) == (0, ThreadState.OPEN)
    pump()
    assert (len(channel.to(MINA)), state_of(ctx, company, mina)) == (1, ThreadState.BLOCKED)
    change_stage(ctx, company.as_jun, mina.thread_id, "restored")
    reject_applicant(ctx, company.as_jun, mina.thread_id, notify=None, undo=15)
    pump()
    assert state_of(ctx, company, mina) is ThreadState.OPEN  # the first one closes nothing any more


@pytest.mark.parametrize("reachable", [True, False])
@pytest.mark.parametrize("how", ["undone", "replaced", "moved", "sent at once", "posted again"])
def test_what_becomes_of_it_becomes_of_the_gate(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, reachable: bool, how: str
) -> None:
    jun, thread_id, later = company.as_jun, mina.thread_id, clock.now + timedelta(days=2)
    if not reachable:
        bar(ctx, company)
    message_id = reject_later(ctx, company, mina)
    match how:
        case "undone":
            take_back(ctx, jun, thread_id, message_id)
        case "replaced":
            change_stage(ctx, jun, thread_id, "Interview")
        case "moved":
            move_to(ctx, jun, thread_id, message_id, at=later)
        case "sent at once":
            send_now(ctx, jun, thread_id, message_id)
            pump()
            assert state_of(ctx, company, mina) is ThreadState.BLOCKED
        case _:
            move_to(ctx, jun, thread_id, message_id, at=later)
            reject_later(ctx, company, mina)  # the answer to the first was lost
    clock.move(days=1)
    pump()
    assert (state_of(ctx, company, mina) is ThreadState.BLOCKED) is (how == "sent at once")
    clock.move(days=2)
    pump()
    assert (state_of(ctx, company, mina) is ThreadState.OPEN) is (how in ("undone", "replaced"))


@pytest.mark.parametrize("database_kind", ["postgresql"])  # on SQLite one comes after the other
@pytest.mark.parametrize("how", ["undone", "moved"])
def test_it_is_not_taken_back_once_the_gate_has_closed(
    ctx: Context, company: Company, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The sweep is quicker than an undo that has found the message waiting, and no delivery tells."""
    mina = make_applicant(ctx, company)
    bar(ctx, company)
    message_id = reject_later(ctx, company, mina)
    ahead = replace(ctx, clock=lambda: clock.now + timedelta(hours=1))
    find = waiting._open

    def find_and_be_late(*args: Any) -> Any:
        found = find(*args)
        assert close_due_gates(ahead) == 1
        return found

    monkeypatch.setattr(waiting, "_open", find_and_be_late)
    at = clock.now + timedelta(days=2)
    act = take_back if how == "undone" else partial(move_to, at=at)
    with pytest.raises(Conflict) as late:
        act(ctx, company.as_jun, mina.thread_id, message_id)
    assert late.value.code == "gone_out"
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert (shown.message.cancelled, state_of(ctx, company, mina)) == (False, ThreadState.BLOCKED)
