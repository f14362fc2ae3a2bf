"""The rejection gate: SJ-14 … SJ-16, SJ-P1, GW-6, DESIGN §4.6; seeds §7.1 no. 3."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cast import CONTACT, MINA, STRANGER, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from gateway.errors import Conflict, Refused
from gateway.threads.addresses import reply_address
from gateway.threads.decisions import Reason
from gateway.threads.model import AuthorKind, DeliveryState, InboxState, ThreadState
from gateway.usecases.accounts import update_workspace
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import events_of_thread, messages_after, read_page
from gateway.usecases.review_inbox import list_entries, read_entry, release
from gateway.usecases.views import ApplicantView


def address_of(ctx: Context, view: ApplicantView) -> str:
    return reply_address(ctx.settings.key, as_candidate(ctx, view).id, ctx.settings.reply_domain)


@both_databases
def test_after_a_rejection_nothing_of_the_candidate_enters(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """SJ-14, SJ-15, SJ-16: web, mail, old link, old address, attachment only; the company may go on; restore opens."""
    mina = make_applicant(ctx, company)
    viewer, address = as_candidate(ctx, mina), address_of(ctx, mina)
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="before"))
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected", notify=NewMessage(text="We chose another candidate."))
    pump()
    told = channel.to(MINA)
    assert ["We chose another candidate." in o.text for o in told] == [True]
    assert CONTACT in told[0].text

    with pytest.raises(Refused) as refused:
        post_message(ctx, viewer, mina.thread_id, NewMessage(text="web"))
    assert refused.value.decision.reason is Reason.THREAD_BLOCKED
    recruiters_before = len(channel.sent) - len(channel.to(MINA))
    for number, files in enumerate([{}, {}, {"cv.pdf": b"%PDF"}]):
        clock.move(minutes=10)
        text = "please" if not files else "\n"
        receive(
            ctx,
            make_mail(f"{text} {number}", to=address, files=files, message_id=f"m{number}@x.example"),
            to=address,
            from_=MINA,
        )
        pump()
    assert texts(ctx, company, mina) == ["before", "We chose another candidate."]
    assert len(channel.sent) - len(channel.to(MINA)) == recruiters_before
    notices = channel.to(MINA)[1:]
    assert len(notices) == 1  # GW-6: five tries, one notice
    assert notices[0].automatic == "auto-replied"
    assert notices[0].envelope_from == ""
    assert CONTACT in notices[0].text
    assert notices[0].in_reply_to == "m0@x.example"
    entries, _ = list_entries(ctx, company.as_jun, state=InboxState.REFUSED)
    assert len(entries) == 3
    assert read_entry(ctx, company.as_jun, entries[0].id).reply == ""  # that they wrote, never what
    page = read_page(ctx, company.as_jun, mina.thread_id)
    assert page.conversation.thread.blocked_tries == 4

    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="All the best."))
    pump()
    assert "All the best." in channel.to(MINA)[-1].text
    assert CONTACT in channel.to(MINA)[-1].text

    change_stage(ctx, company.as_jun, mina.thread_id, "restored")
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="after"))
    assert texts(ctx, company, mina)[-1] == "after"


@both_databases
def test_a_refused_mail_may_be_released_after_a_restore(ctx: Context, company: Company, pump: Pump) -> None:
    """DESIGN §6: kept under retention, released by hand, only once the gate is open."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("I have a question", to=address), to=address, from_=MINA)
    pump()
    (entry,), _ = list_entries(ctx, company.as_jun, state=InboxState.REFUSED)
    with pytest.raises(Conflict, match="restore"):
        release(ctx, company.as_jun, entry.id)
    change_stage(ctx, company.as_jun, mina.thread_id, "restored")
    assert release(ctx, company.as_jun, entry.id).state is InboxState.THREADED
    assert texts(ctx, company, mina) == ["I have a question"]
    with pytest.raises(Conflict):
        release(ctx, company.as_jun, entry.id)


@pytest.mark.parametrize("stage", ["Rejected", " REJECTED "])
def test_the_stage_closes_the_gate_however_it_is_written(
    ctx: Context, company: Company, mina: ApplicantView, stage: str
) -> None:
    """SJ-15: whoever moves the applicant, no stage of that name is made beside an open gate."""
    moved = change_stage(ctx, company.as_jun, mina.thread_id, stage)
    assert (moved.applicant.stage, moved.thread.state) == ("rejected", ThreadState.BLOCKED)
    moved = change_stage(ctx, company.as_jun, mina.thread_id, "Restored")
    assert moved.thread.state is ThreadState.OPEN


def test_a_silent_rejection_sends_nothing_by_itself(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-P1: notify=false → blocked, zero mails."""
    conversation = change_stage(ctx, company.ats, mina.thread_id, "rejected")
    pump()
    assert conversation.thread.state is ThreadState.BLOCKED
    assert channel.sent == []


def test_the_notice_names_the_contact_of_the_moment(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel, clock: FakeClock
) -> None:
    """SJ-16: change it in the settings → the next notice shows the new one; the opening's goes before the
    workspace's.
    """
    from gateway.usecases.applicants import put_opening

    address = address_of(ctx, mina)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    update_workspace(ctx, company.as_jun, public_contact="people@moalabs.example")
    receive(ctx, make_mail("one", to=address), to=address, from_=MINA)
    pump()
    assert "people@moalabs.example" in channel.to(MINA)[-1].text
    put_opening(
        ctx,
        company.ats,
        "designer",
        title="Product Designer",
        notify_emails=[],
        public_contact="design@moalabs.example",
    )
    clock.move(hours=25)
    receive(ctx, make_mail("two", to=address), to=address, from_=MINA)
    pump()
    assert "design@moalabs.example" in channel.to(MINA)[-1].text
    assert len(channel.to(MINA)) == 2


def test_nobody_else_gets_the_notice(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-5, GW-6: strangers, machines and null return paths are never answered."""
    address = address_of(ctx, mina)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("buy", from_=STRANGER, to=address), to=address, from_=STRANGER)
    receive(ctx, make_mail("away", to=address, headers={"Auto-Submitted": "auto-replied"}), to=address, from_=MINA)
    receive(ctx, make_mail("null path", to=address), to=address, from_="")
    pump()
    assert channel.sent == []
    assert texts(ctx, company, mina) == []


def test_a_scheduled_rejection_closes_the_gate_when_it_goes_out(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    """Seeds §9 no. 4: a robot must not tell first."""
    viewer = as_candidate(ctx, mina)
    later = clock.now + timedelta(hours=2)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected", notify=NewMessage(text="Sorry.", send_at=later))
    pump()
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="still open"))
    assert [s.message.text for s in messages_after(ctx, viewer, mina.thread_id)] == ["still open"]
    clock.move(hours=3)
    pump()
    assert "Sorry." in channel.to(MINA)[-1].text
    heard = [e.name for e in events_of_thread(ctx, viewer, mina.thread_id, after=0)]
    assert heard[-2:] == ["message.released", "thread.blocked"]
    with pytest.raises(Refused):
        post_message(ctx, viewer, mina.thread_id, NewMessage(text="too late"))


@both_databases
@pytest.mark.parametrize("round_", range(3))
def test_nothing_enters_after_the_gate_closed_under_concurrency(
    ctx: Context, company: Company, pump: Pump, round_: int
) -> None:
    """DESIGN §4.6, reliability 50: mails, web posts and API calls race the rejection; what is in came before it."""
    mina = make_applicant(ctx, company, external_id=f"race-{round_}")
    viewer, address = as_candidate(ctx, mina), address_of(ctx, mina)
    for number in range(4):
        receive(ctx, make_mail(f"mail {number}", to=address, message_id=f"r{number}@x.example"), to=address, from_=MINA)
    barrier = threading.Barrier(3)

    def post_many() -> list[str]:
        barrier.wait()
        done = []
        for number in range(12):
            try:
                post_message(ctx, viewer, mina.thread_id, NewMessage(text=f"web {number}"))
                done.append(f"web {number}")
            except Refused:
                pass
        return done

    def reject() -> int:
        barrier.wait()
        return change_stage(ctx, company.ats, mina.thread_id, "rejected").thread.last_seq

    def process() -> None:
        barrier.wait()
        pump()

    with ThreadPoolExecutor(3) as pool:
        posted, closed, processed = pool.submit(post_many), pool.submit(reject), pool.submit(process)
        processed.result(60)
        stored, last_open = posted.result(60), closed.result(60)
    pump()
    shown = messages_after(ctx, company.ats, mina.thread_id, limit=100)
    assert [s.message.seq for s in shown] == list(range(1, len(shown) + 1))
    assert all(s.message.seq <= last_open for s in shown if s.message.author.kind is AuthorKind.CANDIDATE)
    assert [s.message.text for s in shown if s.message.text.startswith("web")] == stored
    change_stage(ctx, company.ats, mina.thread_id, "restored")
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="open again"))


@settings(max_examples=25)
@given(steps=st.lists(st.sampled_from(["web", "mail", "ats", "reject", "restore"]), min_size=1, max_size=14))
def test_any_order_of_steps_keeps_the_rule(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, steps: list[str]
) -> None:
    """Model: a candidate's words are in exactly if the gate was open when they came; the company's always are."""
    mina = make_applicant(ctx, company, external_id=ctx.new_id())
    viewer, address = as_candidate(ctx, mina), address_of(ctx, mina)
    expected: list[str] = []
    is_open = True
    for number, step in enumerate(steps):
        text = f"{step} {number}"
        clock.move(minutes=1)
        if step == "web":
            try:
                post_message(ctx, viewer, mina.thread_id, NewMessage(text=text))
            except Refused:
                assert not is_open
        elif step == "mail":
            receive(ctx, make_mail(text, to=address, message_id=f"{ctx.new_id()}@x.example"), to=address, from_=MINA)
            pump()
        elif step == "ats":
            post_message(ctx, company.ats, mina.thread_id, NewMessage(text=text))
        else:
            is_open = step == "restore"
            change_stage(ctx, company.ats, mina.thread_id, "rejected" if step == "reject" else "restored")
        if step == "ats" or (step in ("web", "mail") and is_open):
            expected.append(text)
    assert texts(ctx, company, mina) == expected


def test_many_are_rejected_each_in_their_own_words_or_silently(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-P1: own message for each, in their language; with the mail switched off: blocked, zero mails."""
    from gateway.usecases.reject import reject_many

    make_applicant(ctx, company, external_id="a", email="a@mail.example", locale="ko", name="한지우")
    make_applicant(ctx, company, external_id="b", email="b@mail.example", locale="cs", name="Tomáš")
    quiet = make_applicant(ctx, company, external_id="c", email="c@mail.example")
    done = reject_many(ctx, company.ats, ["a", "b", "nobody"], notify=None, suggest=True)
    assert [(r.external_id, bool(r.problem)) for r in done] == [("a", False), ("b", False), ("nobody", True)]
    reject_many(ctx, company.ats, ["c"], notify=None, suggest=False)
    pump()
    assert "한지우" in channel.to("a@mail.example")[0].text
    assert "Tomáš" in channel.to("b@mail.example")[0].text
    assert channel.to("c@mail.example") == []
    with pytest.raises(Refused):
        post_message(ctx, as_candidate(ctx, quiet), quiet.thread_id, NewMessage(text="x"))


@pytest.mark.parametrize("stage", ["restored", "second interview"])
def test_a_new_decision_cancels_a_rejection_that_has_not_gone_out(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, channel: FakeChannel, stage: str
) -> None:
    """Seeds §6.2, §9 no. 4: the farewell is neither mailed nor shown; the gate stays open."""
    viewer = as_candidate(ctx, mina)
    farewell = NewMessage(text="Sorry.", send_at=clock.now + timedelta(hours=2))
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected", notify=farewell)
    change_stage(ctx, company.as_jun, mina.thread_id, stage)
    clock.move(hours=3)
    pump()
    assert channel.to(MINA) == []
    assert messages_after(ctx, viewer, mina.thread_id) == []
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="still here"))
    (kept,) = (s for s in messages_after(ctx, company.as_jun, mina.thread_id) if s.message.text == "Sorry.")
    assert [d.state for d in kept.deliveries] == [DeliveryState.CANCELLED]


def test_what_a_rejected_candidate_wrote_is_no_note_either(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """DESIGN §6: the desk shows that they wrote, not what."""
    address = address_of(ctx, mina)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("my words", to=address), to=address, from_=MINA)
    pump()
    (entry,), _ = list_entries(ctx, company.as_jun, state=InboxState.REFUSED)
    with pytest.raises(Conflict):
        release(ctx, company.as_jun, entry.id, as_note=True)
    assert messages_after(ctx, company.as_jun, mina.thread_id) == []
