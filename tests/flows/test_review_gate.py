"""The review queue is no way around a rejection: by no name in From, in no other conversation, and not by reading
(SJ-15, DESIGN §4.6, §6).
"""

from __future__ import annotations

import pytest
from cast import JUN, MINA, STRANGER, Company, make_applicant, make_mail
from fakes import FakeChannel, FakeClock, FakeProver
from running import Pump, both_databases

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.errors import Conflict, NotFound
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Proof
from gateway.threads.model import InboxEntry, InboxState, Viewer
from gateway.usecases import accounts
from gateway.usecases.admit_sender import SenderIs
from gateway.usecases.change_stage import change_stage
from gateway.usecases.compare_reading import compare_reading
from gateway.usecases.context import Context
from gateway.usecases.merge import merge
from gateway.usecases.process_mail import process_waiting
from gateway.usecases.review_inbox import list_entries, read_entry, read_raw, release
from gateway.usecases.sign_in import viewer_of_member
from gateway.usecases.views import ApplicantView

AUTOMATIC = {"Auto-Submitted": "auto-replied"}


@pytest.fixture
def manager(ctx: Context, company: Company) -> Viewer:
    """A member who is no admin: admins see a raw mail in any case."""
    return viewer_of_member(
        accounts.create_member(ctx, company.workspace.id, email="sora@moalabs.example", name="Sora", role="member")
    )


def write(ctx: Context, view: ApplicantView, text: str, *, from_: str = MINA, **other: object) -> None:
    address = address_of(ctx, view)
    raw = make_mail(text, from_=from_, to=address, subject=f"Re: {text}", **other)  # type: ignore[arg-type]
    receive(ctx, raw, to=address, from_=MINA)


def only(ctx: Context, company: Company, state: InboxState) -> InboxEntry:
    (entry,) = list_entries(ctx, company.as_jun, state=state)[0]
    return entry


@pytest.mark.parametrize("sender_is", [None, *SenderIs])
@pytest.mark.parametrize("from_", [MINA, JUN, STRANGER])
def test_what_was_refused_is_released_under_nobodys_name(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    channel: FakeChannel,
    prover: FakeProver,
    from_: str,
    sender_is: SenderIs | None,
) -> None:
    """Whoever stands in From: the gate asks whose reply address it came to."""
    prover.proof = Proof.FAIL
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    write(ctx, mina, "Dear Mina, you are hired after all", from_=from_)
    pump()
    channel.sent.clear()
    entry = only(ctx, company, InboxState.REFUSED)
    for as_note in (False, True):
        with pytest.raises(Conflict) as conflict:
            release(ctx, company.as_jun, entry.id, sender_is=sender_is, as_note=as_note)
        assert conflict.value.code in ("thread_blocked", "names_colleague")
    pump()
    assert (texts(ctx, company, mina), channel.sent) == ([], [])


@both_databases
def test_what_was_refused_goes_into_no_other_conversation(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """Until the candidate is restored in the one to which it came."""
    again = make_applicant(ctx, company, external_id="mina-2")
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    write(ctx, mina, "But why?")
    pump()
    entry = only(ctx, company, InboxState.REFUSED)
    for as_note in (False, True):
        with pytest.raises(Conflict) as conflict:
            release(ctx, company.as_jun, entry.id, thread_id=again.thread_id, as_note=as_note)
        assert conflict.value.code == "thread_blocked"
    change_stage(ctx, company.as_jun, mina.thread_id, "restored")
    release(ctx, company.as_jun, entry.id, thread_id=again.thread_id)
    assert texts(ctx, company, again) == ["But why?"]


@both_databases
def test_what_was_refused_follows_its_conversation_into_another(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """The gate of the conversation that its own became part of decides."""
    again = make_applicant(ctx, company, external_id="mina-2")
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    write(ctx, mina, "But why?")
    pump()
    entry = only(ctx, company, InboxState.REFUSED)
    change_stage(ctx, company.as_jun, again.thread_id, "rejected")
    merge(ctx, company.as_jun, again.thread_id, mina.thread_id)
    with pytest.raises(Conflict) as conflict:
        release(ctx, company.as_jun, entry.id, thread_id=again.thread_id)
    assert conflict.value.code == "thread_blocked"
    change_stage(ctx, company.as_jun, again.thread_id, "restored")
    release(ctx, company.as_jun, entry.id, thread_id=again.thread_id)
    assert "But why?" in texts(ctx, company, again)


def test_a_rejected_candidate_is_not_read_by_calling_their_mail_automatic(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, manager: Viewer
) -> None:
    """It is set aside without the gate having been asked; the team sees that it came, not what it says."""
    write(ctx, mina, "Out of office", headers=AUTOMATIC)
    pump()
    before = only(ctx, company, InboxState.IGNORED)
    assert read_entry(ctx, manager, before.id).reply == "Out of office"
    clock.move(minutes=1)
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    clock.move(minutes=1)
    write(ctx, mina, "But why?", headers=AUTOMATIC)
    pump()
    entry = next(e for e in list_entries(ctx, company.as_jun, state="ignored")[0] if e.id != before.id)
    for viewer in (manager, company.as_jun):
        view = read_entry(ctx, viewer, entry.id)
        assert (view.reply, view.hidden) == ("", True)
    with pytest.raises(NotFound):
        read_raw(ctx, manager, entry.id)
    compared = compare_reading(ctx, company.as_jun, entry.id)
    assert compared.now
    assert "why" not in f"{compared.then} {compared.now}"
    assert read_entry(ctx, manager, before.id).reply == "Out of office"
    change_stage(ctx, company.as_jun, mina.thread_id, "restored")
    assert read_entry(ctx, manager, entry.id).reply == "But why?"


def test_what_nobody_has_decided_about_is_not_read(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, manager: Viewer
) -> None:
    """Not while it is processed again: the gate, which may keep it out, has not been asked yet."""
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    write(ctx, mina, "But why?")
    pump()
    entry = only(ctx, company, InboxState.REFUSED)
    with ctx.database.begin() as tx:
        tx.inbox.finish(entry.id, InboxState.RECEIVED, tries=0)
    assert (read_entry(ctx, manager, entry.id).reply, read_entry(ctx, manager, entry.id).hidden) == ("", True)
    with pytest.raises(NotFound):
        read_raw(ctx, manager, entry.id)
    process_waiting(ctx)
    assert only(ctx, company, InboxState.REFUSED).id == entry.id


def test_a_colleagues_absence_note_is_read_after_a_rejection_too(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    """The gate is the candidate's: what came from the company or from a mail server is not hidden."""
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    address = own_address_of(ctx, mina, JUN)
    raw = make_mail("I am away", from_=JUN, name="Jun", to=address, headers=AUTOMATIC)
    receive(ctx, raw, to=address, from_=JUN)
    pump()
    assert read_entry(ctx, company.as_jun, only(ctx, company, InboxState.IGNORED).id).reply == "I am away"


def own_address_of(ctx: Context, view: ApplicantView, email: str) -> str:
    """A colleague's reply address in the conversation."""
    with ctx.database.read() as tx:
        conversation = tx.threads.load(view.thread_id)
    assert conversation
    person = next(p for p in conversation.participants if p.email == email)
    return reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
