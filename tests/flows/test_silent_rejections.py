"""Rejections without a message wait while they can be undone; undone, nothing of them is left (SJ-P1, ux §5)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cast import CONTACT, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.errors import Conflict, NotFound, Refused
from gateway.threads.model import ThreadState, Viewer
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


@both_databases
@pytest.mark.parametrize("second", ["letter", "silent"])
@pytest.mark.parametrize("first", ["letter", "silent"])
def test_of_two_forms_for_the_same_person_only_one_rejects(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock, first: str, second: str
) -> None:
    """SJ-P1: the first one's letter goes out, once, and nothing of the second one's."""
    view = make_applicant(ctx, company)
    seen = read_page(ctx, company.as_jun, view.thread_id, limit=1).last_event
    later = ctx.now + timedelta(seconds=15)
    letters = {"letter": NewMessage(text="We are sorry", send_at=later), "silent": None}
    reject_applicant(ctx, company.as_jun, view.thread_id, notify=letters[first], undo=15, seen_event=seen)
    for _ in ("while it can be undone", "after that"):
        with pytest.raises(Conflict, match="meanwhile"):
            reject_applicant(ctx, company.as_ara, view.thread_id, notify=letters[second], undo=15, seen_event=seen)
        clock.move(seconds=20)
        pump()
    assert len(channel.to(MINA)) == (1 if first == "letter" else 0)
    assert state_of(ctx, company, view) is ThreadState.BLOCKED


@both_databases
def test_a_letter_after_a_silent_rejection_is_written_once(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """Who saw that they are rejected may still write to them; of two who do, one does."""
    view = make_applicant(ctx, company)
    reject(ctx, company, view, undo=0)
    seen = read_page(ctx, company.as_jun, view.thread_id, limit=1).last_event
    letter = NewMessage(text="We are sorry")
    reject_applicant(ctx, company.as_jun, view.thread_id, notify=letter, seen_event=seen)
    with pytest.raises(Conflict):
        reject_applicant(ctx, company.as_ara, view.thread_id, notify=letter, seen_event=seen)
    pump()
    assert len(channel.to(MINA)) == 1


def test_who_was_restored_since_the_form_was_opened_can_be_rejected(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    seen = read_page(ctx, company.as_jun, mina.thread_id, limit=1).last_event
    reject(ctx, company, mina, undo=0)
    change_stage(ctx, company.as_ara, mina.thread_id, "restored")
    reject_applicant(ctx, company.as_jun, mina.thread_id, notify=NewMessage(text="We are sorry"), seen_event=seen)
    pump()
    assert len(channel.to(MINA)) == 1


@both_databases
def test_two_who_reject_at_the_same_moment_write_one_letter(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    view = make_applicant(ctx, company)
    seen = read_page(ctx, company.as_jun, view.thread_id, limit=1).last_event
    barrier = threading.Barrier(2)

    def press(viewer: Viewer) -> bool:
        barrier.wait(10)
        letter = NewMessage(text=f"We are sorry, {viewer.name}")
        try:
            reject_applicant(ctx, viewer, view.thread_id, notify=letter, seen_event=seen)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, (company.as_jun, company.as_ara))) == [False, True]
    pump()
    assert len(channel.to(MINA)) == 1
