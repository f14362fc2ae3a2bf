"""Drafts, messages that wait, undo, mentions: who writes at the desk loses nothing and can take it back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cast import ARA, MINA, Company, as_candidate, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.channel import Failed, OutgoingFile
from gateway.threads.drafts import Draft
from gateway.threads.model import DeliveryState, MessageKind, ThreadState
from gateway.usecases.change_stage import change_stage
from gateway.usecases.compose import read_composer, send, to_be_undone
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one, find_due
from gateway.usecases.drafts import add_files, read_draft, remove_file, save_draft
from gateway.usecases.erase import erase_applicant
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.presence import BELIEVED, find_colleagues, note_presence
from gateway.usecases.read_thread import counts, list_conversations, messages_after, read_page
from gateway.usecases.views import ApplicantView
from gateway.usecases.waiting import move_to, send_now, take_back

FILE = OutgoingFile("plan.txt", "text/plain", b"third floor")


def with_undo(ctx: Context, seconds: int = 15) -> Context:
    return replace(ctx, settings=ctx.settings.model_copy(update={"undo_seconds": seconds}))


@both_databases
def test_a_draft_is_kept_with_its_files_and_goes_when_it_is_sent(ctx: Context, company: Company) -> None:
    """ux §5 composer: per member and thread; nobody else sees it."""
    mina = make_applicant(ctx, company)
    jun, thread_id = company.as_jun, mina.thread_id
    save_draft(ctx, jun, thread_id, Draft("Dear Mina", MessageKind.NOTE, ("sms",)))
    files = add_files(ctx, jun, thread_id, (FILE, replace(FILE, filename="other.txt", content=b"x" * 70_000)))
    assert [f.filename for f in remove_file(ctx, jun, thread_id, files[1].id)] == ["plan.txt"]
    draft = read_draft(ctx, jun, thread_id)
    assert (draft.text, draft.kind, draft.channels) == ("Dear Mina", MessageKind.NOTE, ("sms",))
    assert read_draft(ctx, company.as_ara, thread_id).is_empty
    rows, _ = list_conversations(ctx, jun)
    assert [r.draft for r in rows] == ["Dear Mina"]
    with pytest.raises(NotFound):
        save_draft(ctx, as_candidate(ctx, mina), thread_id, Draft("not mine"))

    posted = send(ctx, jun, thread_id, NewMessage(text="Dear Mina, welcome", client_key="k1"))
    assert [a.filename for a in posted.message.attachments] == ["plan.txt"]
    assert read_draft(ctx, jun, thread_id).is_empty
    again = send(ctx, jun, thread_id, NewMessage(text="Dear Mina, welcome", client_key="k1"))
    assert again.repeated
    assert again.message.id == posted.message.id
    add_files(ctx, jun, thread_id, (FILE,))
    erase_applicant(ctx, jun, thread_id)


def test_a_draft_takes_no_more_files_than_a_message(ctx: Context, company: Company, mina: ApplicantView) -> None:
    most = ctx.settings.max_upload_files
    add_files(ctx, company.as_jun, mina.thread_id, (FILE,) * most)
    with pytest.raises(Invalid) as many:
        add_files(ctx, company.as_jun, mina.thread_id, (FILE,))
    assert many.value.code == "files_many"


@both_databases
def test_undo_hands_the_words_back_and_nobody_gets_them(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """ux §5 undo: 15 s for a mail; the thread is as if it had never been written."""
    ctx, mina = with_undo(ctx), make_applicant(ctx, company)
    jun, thread_id, candidate = company.as_jun, mina.thread_id, as_candidate(ctx, mina)
    post_message(ctx, candidate, thread_id, NewMessage(text="When?"))
    pump()
    channel.sent.clear()
    before, _ = list_conversations(ctx, jun)
    add_files(ctx, jun, thread_id, (FILE,))
    posted = send(ctx, jun, thread_id, NewMessage(text="On Tuesday"))
    assert posted.message.goes_out_at == clock.now + timedelta(seconds=15)
    clock.move(seconds=14)
    assert pump() == 0
    assert [s.message.text for s in messages_after(ctx, candidate, thread_id)] == ["When?"]
    save_draft(ctx, jun, thread_id, Draft("P.S."))
    take_back(ctx, jun, thread_id, posted.message.id)
    clock.move(minutes=5)
    pump()
    assert channel.sent == []
    draft = read_draft(ctx, jun, thread_id)
    assert draft.text == "On Tuesday\n\nP.S."
    assert [f.filename for f in draft.files] == ["plan.txt"]
    shown = messages_after(ctx, jun, thread_id)[-1]
    assert shown.message.cancelled
    assert [(d.state, d.reason) for d in shown.deliveries] == [(DeliveryState.CANCELLED, "undone")]
    after, _ = list_conversations(ctx, jun)
    assert [(r.last_text, r.unanswered_since) for r in after] == [(r.last_text, r.unanswered_since) for r in before]
    with pytest.raises(Conflict):
        take_back(ctx, jun, thread_id, posted.message.id)


@both_databases
def test_after_its_time_a_message_cannot_be_taken_back(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    ctx, mina = with_undo(ctx), make_applicant(ctx, company)
    posted = send(ctx, company.as_jun, mina.thread_id, NewMessage(text="On Tuesday"))
    clock.move(seconds=15)
    with pytest.raises(Conflict) as late:
        take_back(ctx, company.as_jun, mina.thread_id, posted.message.id)
    assert late.value.code == "gone_out"
    pump()
    assert len(channel.to(MINA)) == 1


@both_databases
def test_undo_and_a_worker_at_the_same_moment_agree(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock
) -> None:
    """Reliability 69: the outbox's row decides, even when the worker's clock is ahead: either it was sent, or it
    was taken back.
    """
    ctx, mina = with_undo(ctx), make_applicant(ctx, company)
    ahead = replace(ctx, clock=lambda: clock.now + timedelta(seconds=30))
    for number in range(6):
        posted = send(ctx, company.as_jun, mina.thread_id, NewMessage(text=f"Try {number}"))
        barrier, channel.sent[:] = threading.Barrier(2), []

        def undo(message_id: str = posted.message.id, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait(10)
            try:
                take_back(ctx, company.as_jun, mina.thread_id, message_id)
            except Conflict:
                return False
            return True

        def work(delivery_id: str = posted.deliveries[0].id, barrier: threading.Barrier = barrier) -> bool:
            barrier.wait(10)
            return deliver_one(ahead, delivery_id) is not None

        with ThreadPoolExecutor(2) as pool:
            undone, sent = pool.submit(undo), pool.submit(work)
        assert undone.result() != sent.result()
        assert len(channel.sent) == int(sent.result())


def test_how_long_one_may_think(ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock) -> None:
    """A member's own wish; the API sends at once; a note never waits."""
    ctx, jun = with_undo(ctx), company.as_jun
    with ctx.database.begin() as tx:
        tx.drafts.set_undo_seconds(jun.id, 40)
    assert read_composer(ctx, jun, mina.thread_id).undo == 40
    at = send(ctx, jun, mina.thread_id, NewMessage(text="Hello")).message.goes_out_at
    assert at == clock.now + timedelta(seconds=40)
    assert send(ctx, jun, mina.thread_id, NewMessage(text="Hm", kind=MessageKind.NOTE)).message.goes_out_at is None
    assert post_message(ctx, company.ats, mina.thread_id, NewMessage(text="By API")).message.goes_out_at is None


@both_databases
def test_a_scheduled_message_ends_when_the_candidate_writes_first(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """Reliability 69: issue rows of scheduled sending: by the candidate's message, or another stage; only where it
    was asked for.
    """
    mina = make_applicant(ctx, company)
    jun, thread_id, later = company.as_jun, mina.thread_id, clock.now + timedelta(hours=3)
    dear = [send(ctx, jun, thread_id, NewMessage(text=f"{n}", send_at=later, unless_news=n != 1)) for n in range(2)]
    post_message(ctx, as_candidate(ctx, mina), thread_id, NewMessage(text="I was quicker"))
    gone, stays = (s for s in messages_after(ctx, jun, thread_id) if s.message.id in {p.message.id for p in dear})
    assert (gone.message.cancelled, gone.deliveries[0].reason) == (True, "wrote_first")
    assert not stays.message.cancelled
    third = send(ctx, jun, thread_id, NewMessage(text="3", send_at=later, unless_news=True))
    change_stage(ctx, jun, thread_id, "Interview")
    assert messages_after(ctx, jun, thread_id)[-1].deliveries[0].reason == "stage_changed"
    assert third.message.id == messages_after(ctx, jun, thread_id)[-1].message.id
    pump()
    channel.sent.clear()
    clock.move(hours=4)
    pump()
    assert [o.to for o in channel.sent] == [MINA]


@both_databases
def test_a_waiting_message_can_be_moved_and_sent_at_once(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    mina = make_applicant(ctx, company)
    jun, thread_id = company.as_jun, mina.thread_id
    posted = send(ctx, jun, thread_id, NewMessage(text="Soon", send_at=clock.now + timedelta(hours=1)))
    move_to(ctx, jun, thread_id, posted.message.id, at=clock.now + timedelta(hours=5))
    clock.move(hours=2)
    assert find_due(ctx)[1] == []
    with pytest.raises(Invalid):
        move_to(ctx, jun, thread_id, posted.message.id, at=clock.now - timedelta(hours=1))
    send_now(ctx, company.as_ara, thread_id, posted.message.id)
    pump()
    assert len(channel.to(MINA)) == 1
    assert messages_after(ctx, as_candidate(ctx, mina), thread_id)[-1].message.text == "Soon"


@both_databases
def test_a_rejection_with_a_message_can_be_taken_back_until_it_goes_out(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """seeds §9 no. 4: the gate closes when the message goes out, so an undo in time leaves it open."""
    ctx, mina = with_undo(ctx), make_applicant(ctx, company)
    jun, thread_id = company.as_jun, mina.thread_id
    for undone in (True, False):
        notify = to_be_undone(ctx, jun, thread_id, NewMessage(text="We chose somebody else."))
        moved = change_stage(ctx, jun, thread_id, "rejected", notify=notify)
        assert moved.thread.state is ThreadState.OPEN
        if undone:
            take_back(ctx, jun, thread_id, messages_after(ctx, jun, thread_id)[-1].message.id)
        clock.move(seconds=20)
        pump()
        found = read_page(ctx, jun, thread_id).conversation
        assert (found.thread.state is ThreadState.OPEN, found.applicant.stage != "rejected") == (undone, undone)
    assert len(channel.to(MINA)) == 1


@both_databases
def test_a_mention_is_mailed_and_unread_until_it_is_read(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    mina = make_applicant(ctx, company)
    note = NewMessage(text="@ara kim, and @Ara: please look. jun@moalabs.example is me.", kind=MessageKind.NOTE)
    seq = send(ctx, company.as_jun, mina.thread_id, note).message.seq
    pump()
    assert [o.to for o in channel.sent] == [ARA]
    assert f"/desk/t/{mina.thread_id}#msg-" in channel.sent[0].text
    assert (counts(ctx, company.as_ara).unread, counts(ctx, company.as_jun).unread) == (1, 0)
    with ctx.database.begin() as tx:
        tx.listing.mark_read(company.ara.id, mina.thread_id, seq)
    assert counts(ctx, company.as_ara).unread == 0


@both_databases
def test_who_is_here_is_known_for_a_while(ctx: Context, company: Company, clock: FakeClock) -> None:
    mina = make_applicant(ctx, company)
    note_presence(ctx, company.as_ara, mina.thread_id, typing=True)
    with pytest.raises(NotFound):
        note_presence(ctx, as_candidate(ctx, mina), mina.thread_id)
    here = find_colleagues(ctx, company.as_jun, [mina.thread_id])[mina.thread_id]
    assert [(c.name, c.typing) for c in here] == [("Ara Kim", True)]
    assert find_colleagues(ctx, company.as_ara, [mina.thread_id]) == {}
    clock.move(seconds=BELIEVED.total_seconds() + 1)
    assert find_colleagues(ctx, company.as_jun, [mina.thread_id]) == {}


def test_a_rejection_or_a_failure_meanwhile_stops_an_answer(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """ux §5 conflict stop: not only newer messages."""
    jun, thread_id = company.as_jun, mina.thread_id
    seen = read_page(ctx, jun, thread_id).last_event
    channel.script.append(Failed("5.1.1", "no such user"))
    post_message(ctx, company.as_jun, thread_id, NewMessage(text="mine"))
    pump()
    with pytest.raises(Conflict):
        send(ctx, jun, thread_id, NewMessage(text="again", seen_event=seen))
    seen = read_page(ctx, jun, thread_id).last_event
    change_stage(ctx, jun, thread_id, "Interview")
    send(ctx, jun, thread_id, NewMessage(text="I moved them myself", seen_event=seen))
    change_stage(ctx, company.as_ara, thread_id, "rejected")
    with pytest.raises(Conflict):
        send(ctx, jun, thread_id, NewMessage(text="again", seen_event=seen))


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "\u2060\ufeff\xad", "\u3164"])
def test_what_shows_nothing_is_not_sent(ctx: Context, company: Company, mina: ApplicantView, text: str) -> None:
    for viewer in (company.as_jun, company.ats, as_candidate(ctx, mina)):
        for kind in MessageKind:
            with pytest.raises(Invalid) as empty:
                post_message(ctx, viewer, mina.thread_id, NewMessage(text=text, kind=kind))
            assert empty.value.code == "text_empty"
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="\U0001f469\u200d\U0001f4bb"))
    assert [s.message.text for s in messages_after(ctx, company.as_jun, mina.thread_id)] == [
        "\U0001f469\u200d\U0001f4bb"
    ]


def test_a_name_that_shows_nothing_is_no_name(ctx: Context, company: Company) -> None:
    for name in ("\u200b", "\u3164"):
        with pytest.raises(Invalid) as empty:
            make_applicant(ctx, company, external_id="a", name=name, email="a@mail.example")
        assert empty.value.code == "name_empty"
