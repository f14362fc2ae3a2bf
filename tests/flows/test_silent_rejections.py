"""Rejections without a message wait while they can be undone; undone, nothing of them is left (SJ-P1, ux §5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cast import CONTACT, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.errors import Conflict, NotFound, Refused
from gateway.threads.model import ThreadState
from gateway.usecases.change_stage import change_stage, close_due_gates
from gateway.usecases.context import Context
from gateway.usecases.merge import merge, split
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import events_of_thread, read_page
from gateway.usecases.reject import find_waiting_rejections, reject_applicant, undo_rejections
from gateway.usecases.views import ApplicantView
from gateway.usecases.waiting import take_back_rejection


def reject(ctx: Context, company: Company, view: ApplicantView, *, undo: int = 15) -> None:
    reject_applicant(ctx, company.as_jun, view.thread_id, notify=None, undo=undo)


def told(ctx: Context, company: Company, view: ApplicantView) -> list[tuple[str, str]]:
    """What the ATS hears of the stage and the gate."""
    events = events_of_thread(ctx, company.ats, view.thread_id, after=0)
    return [(e.name, e.data.get("stage", "")) for e in events if e.name.startswith("thread.")]


def state_of(ctx: Context, company: Company, view: ApplicantView) -> ThreadState:
    return read_page(ctx, company.as_jun, view.thread_id).conversation.thread.state


@both_databases
def test_undone_in_time_the_candidate_and_the_gate_never_knew(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    view = make_applicant(ctx, company)
    change_stage(ctx, company.as_jun, view.thread_id, "Interview")
    reject(ctx, company, view)
    clock.move(seconds=10)
    assert close_due_gates(ctx) == 0
    post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="One question"))
    receive(ctx, make_mail("And one by mail", to=address_of(ctx, view)), to=address_of(ctx, view), from_=MINA)
    pump()
    assert texts(ctx, company, view) == ["One question", "And one by mail"]
    take_back_rejection(ctx, company.as_jun, view.thread_id)
    clock.move(minutes=5)
    pump()
    assert state_of(ctx, company, view) is ThreadState.OPEN
    assert told(ctx, company, view) == [
        ("thread.stage", "Interview"),
        ("thread.stage", "rejected"),
        ("thread.stage", "Interview"),
    ]
    assert channel.to(MINA) == []


@both_databases
def test_not_undone_it_closes_when_the_time_is_over(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """SJ-15, SJ-16: from then on as with every rejection; too late to undo, but it can be restored."""
    view = make_applicant(ctx, company)
    reject(ctx, company, view)
    clock.move(seconds=15)
    assert close_due_gates(ctx) == 1
    assert close_due_gates(ctx) == 0
    assert told(ctx, company, view)[-1][0] == "thread.blocked"
    with pytest.raises(Refused):
        post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage(text="Why?"))
    receive(ctx, make_mail("Why?", to=address_of(ctx, view)), to=address_of(ctx, view), from_=MINA)
    pump()
    assert CONTACT in channel.to(MINA)[0].text
    with pytest.raises(Conflict):
        take_back_rejection(ctx, company.as_jun, view.thread_id)
    change_stage(ctx, company.as_jun, view.thread_id, "restored")
    assert state_of(ctx, company, view) is ThreadState.OPEN


def test_without_time_to_undo_and_by_the_api_it_closes_at_once(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """DESIGN §6: `stage: rejected` closes the gate when the call returns."""
    reject(ctx, company, mina, undo=0)
    assert state_of(ctx, company, mina) is ThreadState.BLOCKED
    other = make_applicant(ctx, company, external_id="o", email="o@mail.example")
    change_stage(ctx, company.ats, other.thread_id, "rejected")
    assert state_of(ctx, company, other) is ThreadState.BLOCKED


@pytest.mark.parametrize(
    ("stage", "state"), [("Offer", "open"), ("restored", "open"), ("rejected", "candidate_blocked")]
)
def test_a_new_decision_takes_its_place(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock, stage: str, state: str
) -> None:
    reject(ctx, company, mina)
    change_stage(ctx, company.ats, mina.thread_id, stage)
    assert find_waiting_rejections(ctx, company.as_jun, [mina.thread_id]) == {}
    clock.move(minutes=1)
    close_due_gates(ctx)
    assert state_of(ctx, company, mina).value == state


def test_one_button_takes_back_both_kinds_and_only_ones_own(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    other = make_applicant(ctx, company, external_id="o", email="o@mail.example")
    reject(ctx, company, mina)
    note = NewMessage(text="We are sorry", send_at=ctx.now + timedelta(seconds=15))
    reject_applicant(ctx, company.as_jun, other.thread_id, notify=note)
    both = [mina.thread_id, other.thread_id]
    waiting = find_waiting_rejections(ctx, company.as_jun, both)
    assert [bool(waiting[i].message_id) for i in both] == [False, True]
    for stranger in (as_candidate(ctx, mina), company.ats):
        with pytest.raises(NotFound):
            take_back_rejection(ctx, stranger, mina.thread_id)
    assert sorted(undo_rejections(ctx, company.as_ara, both)) == sorted(both)
    clock.move(minutes=1)
    assert close_due_gates(ctx) == 0
    assert [state_of(ctx, company, v) for v in (mina, other)] == [ThreadState.OPEN] * 2


@both_databases
def test_a_conversation_that_was_merged_meanwhile_closes_once_it_is_split(
    ctx: Context, company: Company, clock: FakeClock
) -> None:
    kept = make_applicant(ctx, company)
    other = make_applicant(ctx, company, external_id="twice")
    reject(ctx, company, other)
    merge(ctx, company.as_jun, kept.thread_id, other.thread_id)
    clock.move(minutes=1)
    assert close_due_gates(ctx) == 0
    split(ctx, company.as_jun, kept.thread_id, other.thread_id)
    assert close_due_gates(ctx) == 1
    assert [state_of(ctx, company, v) for v in (kept, other)] == [ThreadState.OPEN, ThreadState.BLOCKED]
