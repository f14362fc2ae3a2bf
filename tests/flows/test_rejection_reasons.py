"""The reason of a rejection is a note for the team that is written with the rejection and taken back with it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import Company, make_applicant
from fakes import FakeClock
from running import Pump, both_databases
from web.web_kit import browser_of, make_app, words_of

from gateway.errors import Invalid, Unavailable
from gateway.store.database import Database
from gateway.threads.model import MessageKind, ThreadState
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import read_page
from gateway.usecases.reject import reject_applicant, reject_many, undo_rejections
from gateway.usecases.views import ApplicantView

WHY = "No portfolio"


def notes(ctx: Context, company: Company, view: ApplicantView) -> list[tuple[str, bool]]:
    """The notes of a conversation, and whether each still holds."""
    shown = read_page(ctx, company.as_jun, view.thread_id).messages
    return [(s.message.text, not s.message.cancelled) for s in shown if s.message.kind is MessageKind.NOTE]


def reject(ctx: Context, company: Company, view: ApplicantView, *, why: str = WHY, letter: bool = False) -> None:
    waits = NewMessage(text="We are sorry", send_at=ctx.now + timedelta(seconds=15))
    reject_applicant(ctx, company.as_jun, view.thread_id, notify=waits if letter else None, undo=15, reason=why)


@pytest.mark.parametrize("letter", [True, False])
def test_a_crash_leaves_both_the_rejection_and_its_reason_or_neither(
    ctx: Context, company: Company, mina: ApplicantView, monkeypatch: pytest.MonkeyPatch, letter: bool
) -> None:
    begin, begun = Database.begin, []

    @contextmanager
    def begin_once(database: Database) -> Any:
        if begun:
            raise Unavailable("the process died after its first transaction")
        begun.append(1)
        with begin(database) as tx:
            yield tx

    monkeypatch.setattr(Database, "begin", begin_once)
    with suppress(Unavailable):
        reject(ctx, company, mina, letter=letter)
    monkeypatch.undo()
    rejected = read_page(ctx, company.as_jun, mina.thread_id).conversation.applicant.stage == "rejected"
    assert (rejected, notes(ctx, company, mina)) == (True, [(WHY, True)])


def test_a_reason_that_cannot_be_kept_rejects_nobody(ctx: Context, company: Company, mina: ApplicantView) -> None:
    with pytest.raises(Invalid):
        reject(ctx, company, mina, why="x" * (ctx.settings.max_text_chars + 1))
    chat = read_page(ctx, company.as_jun, mina.thread_id).conversation
    assert (chat.applicant.stage == "rejected", chat.thread.closes_at) == (False, None)


@both_databases
@pytest.mark.parametrize("letter", [True, False])
def test_the_reason_of_a_rejection_that_is_undone_no_longer_holds(
    ctx: Context, company: Company, clock: FakeClock, letter: bool
) -> None:
    """What was noted by hand meanwhile stays, and so does what a colleague reads after the next rejection."""
    view = make_applicant(ctx, company)
    reject(ctx, company, view, letter=letter)
    by_hand = NewMessage(text="Call her anyway", kind=MessageKind.NOTE)
    post_message(ctx, company.as_ara, view.thread_id, by_hand)
    assert undo_rejections(ctx, company.as_jun, [view.thread_id]) == [view.thread_id]
    assert notes(ctx, company, view) == [(WHY, False), ("Call her anyway", True)]
    reject(ctx, company, view, why="Salary", letter=letter)
    clock.move(minutes=1)
    assert notes(ctx, company, view)[-1] == ("Salary", True)


def test_the_reason_of_a_rejection_that_took_force_stays_whatever_comes(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock
) -> None:
    reject(ctx, company, mina)
    clock.move(seconds=20)
    pump()
    change_stage(ctx, company.as_ara, mina.thread_id, "restored")
    assert notes(ctx, company, mina) == [(WHY, True)]
    reject(ctx, company, mina, why="Again")
    undo_rejections(ctx, company.as_jun, [mina.thread_id])
    assert notes(ctx, company, mina) == [(WHY, True), ("Again", False)]


@pytest.mark.parametrize(("stage", "holds"), [("Offer", False), ("restored", False), ("rejected", True)])
def test_another_decision_before_it_takes_force_takes_the_reason_with_it(
    ctx: Context, company: Company, mina: ApplicantView, stage: str, holds: bool
) -> None:
    """Rejected in other words they are rejected all the same."""
    reject(ctx, company, mina, letter=True)
    change_stage(ctx, company.ats, mina.thread_id, stage)
    assert notes(ctx, company, mina) == [(WHY, holds)]
    blocked = read_page(ctx, company.as_jun, mina.thread_id).conversation.thread.state is ThreadState.BLOCKED
    assert blocked is holds


def test_the_desk_says_what_became_of_the_note(ctx: Context, company: Company, mina: ApplicantView) -> None:
    waits = replace(ctx, settings=ctx.settings.model_copy(update={"undo_seconds": 15}))
    desk = browser_of(make_app(waits, company), company.jun)
    desk.post(f"/desk/t/{mina.thread_id}/reject", data={"how": "silent", "reason": WHY})
    assert "Taken back with the rejection" not in words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    desk.post("/desk/reject/undo", data={f"t.{mina.thread_id}": "1", "beside": mina.thread_id})
    shown = words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    assert f"Taken back with the rejection. {WHY}" in shown


def test_one_press_of_two_notes_the_reason_once(ctx: Context, company: Company, mina: ApplicantView) -> None:
    for _ in range(2):
        letter = NewMessage(text="We are sorry", send_at=ctx.now + timedelta(seconds=15), client_key="k")
        key = {"client_key": "k", "suggest": False, "reason": WHY}
        reject_many(ctx, company.as_jun, [mina.applicant.external_id], notify=lambda _, new=letter: new, **key)
    assert notes(ctx, company, mina) == [(WHY, True)]
