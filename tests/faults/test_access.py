"""Reliability 43, 44, 50: made-up threading, added people, and the gate under every interleaving (P6, P7)."""

from __future__ import annotations

import itertools
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from cast import HR, JUN, MINA, STRANGER, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock, FakeProver
from flows.test_conversation import texts
from flows.test_gate import address_of
from running import Pump, both_databases

from faults.conftest import LONG
from gateway.errors import Refused
from gateway.store.writer import MailWriter
from gateway.threads import events
from gateway.threads.channel import OutgoingFile
from gateway.threads.incoming import Envelope, Proof
from gateway.threads.model import AuthorKind, Viewer
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.process_mail import process_mail
from gateway.usecases.read_thread import messages_after
from gateway.usecases.receive_email import RecipientVerdict, accept_mail, check_recipients
from gateway.usecases.views import ApplicantView

INTERLEAVINGS = 5_000 if LONG else 60  # on each database


@pytest.fixture
def receive(ctx: Context):  # type: ignore[no-untyped-def]
    """A mail as the SMTP edge hands it in; one writer for all."""
    writer = MailWriter(ctx.database)

    def take(raw: bytes, *, to: str, from_: str) -> str:
        return accept_mail(ctx, writer, Envelope(mail_from=from_, rcpt_tos=(to,), peer="192.0.2.1"), raw).result(10)

    yield take
    writer.close()


def test_headers_alone_never_open_a_thread(  # type: ignore[no-untyped-def]
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, prover: FakeProver, receive, tally: Counter[str]
) -> None:
    """Reliability 43, P6: 48 mails with made-up ids, subjects, references and senders, to every kind of our addresses:
    not one enters Mina's thread, not one is sent to her, and none is bounced."""
    mina = make_applicant(ctx, company)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    pump()
    ours = channel.to(MINA)[0]
    prover.proof = Proof.NONE
    domain = ctx.settings.reply_domain
    clues: list[dict[str, str]] = [
        {"In-Reply-To": f"<{ours.message_id}>"},
        {"References": f"<{ours.references[0]}> <{ours.message_id}>"},
        {"In-Reply-To": f"<01k9zzzzzzzzzzzzzzzzzzzzzz@{domain}>"},
        {"References": f"<thread-{mina.thread_id}@{domain}>"},
        {"Reply-To": ours.reply_to},
        {"X-Thread-Id": mina.thread_id, "Sender": JUN},
    ]
    senders = (STRANGER, JUN, HR, "mina@mail.example.evil.example")
    targets = (f"{company.workspace.slug}@{domain}", "postmaster")
    for number, (clue, sender, to) in enumerate(itertools.product(clues, senders, targets)):
        subject = f"Re: {ours.subject} [#{mina.thread_id}]"
        raw = make_mail(f"forged {number}", from_=sender, to=to, subject=subject, headers=clue)
        receive(raw, to=to, from_=sender)
    pump()
    assert texts(ctx, company, mina) == ["hello"]
    assert [o.to for o in channel.sent] == [MINA]
    tally["mails with made-up threading"] += len(clues) * len(senders) * len(targets)


def test_made_up_tokens_are_unknown(ctx: Context, company: Company, tally: Counter[str]) -> None:
    """Reliability 42, 43: no other form, no altered octet of an issued address is an address of ours."""
    address = address_of(ctx, make_applicant(ctx, company))
    local, _, domain = address.partition("@")
    assert check_recipients(ctx, [address])[0] is RecipientVerdict.ACCEPTED
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    for at in range(2, len(local)):
        other = local[:at] + alphabet[(alphabet.find(local[at]) + 7) % 32] + local[at + 1 :]
        assert check_recipients(ctx, [f"{other}@{domain}"])[0] is RecipientVerdict.UNKNOWN, at
    for cut in range(1, len(local)):
        assert check_recipients(ctx, [f"{local[:cut]}@{domain}"])[0] is RecipientVerdict.UNKNOWN, cut
    tally["altered reply addresses"] += 2 * len(local) - 3


def test_nobody_is_added_by_a_header(  # type: ignore[no-untyped-def]
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel, clock: FakeClock, receive
) -> None:
    """Reliability 44, P6: Cc, Reply-To, Sender, Resent-*, Disposition-Notification-To add nobody and move no answer."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    for name in ("Cc", "Bcc", "Reply-To", "Sender", "Resent-To", "Disposition-Notification-To", "Return-Receipt-To"):
        receive(make_mail(f"please see {name}", to=address, headers={name: STRANGER}), to=address, from_=MINA)
        clock.move(minutes=1)
    receive(make_mail("to many", to=f"{address}, {STRANGER}"), to=address, from_=MINA)
    pump()
    assert len(texts(ctx, company, mina)) == 8
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="answer"))
    pump()
    assert {o.to for o in channel.sent} == {MINA, JUN, HR}
    assert [o.to for o in channel.sent][-1] == MINA
    for outgoing in channel.sent:
        assert STRANGER not in (outgoing.to, outgoing.reply_to, outgoing.from_address, outgoing.envelope_from)
        assert "Cc" not in outgoing.headers


@dataclass(frozen=True)
class Race:
    """One thread and what happens to it at the same time."""

    ctx: Context
    company: Company
    view: ApplicantView
    viewer: Viewer
    entry_id: str
    number: int

    def web(self) -> str:
        return self._post(self.viewer, NewMessage(text=f"web {self.number}"))

    def file(self) -> str:
        return self._post(self.viewer, NewMessage(files=(OutgoingFile("cv.txt", "text/plain", b"x"),)))

    def on_behalf(self) -> str:
        new = NewMessage(text="from the ATS", author_name="Mina Han", author_email=MINA)
        return self._post(self.company.ats, new)

    def mail(self) -> str:
        process_mail(self.ctx, self.entry_id)
        return ""

    def reject(self) -> str:
        change_stage(self.ctx, self.company.ats, self.view.thread_id, "rejected")
        return "rejected"

    def _post(self, viewer: Viewer, new: NewMessage) -> str:
        try:
            return post_message(self.ctx, viewer, self.view.thread_id, new).message.text or "file"
        except Refused:
            return "refused"


@pytest.mark.timeout(3000 if LONG else 60)
@both_databases
def test_the_gate_under_every_interleaving(  # type: ignore[no-untyped-def]
    ctx: Context, company: Company, receive, tally: Counter[str], database_kind: str
) -> None:
    """Reliability 50, P7: a mail, a page, a file and the ATS meet the rejection at a barrier: in the thread's own
    order no
    word of the candidate stands behind the gate, and who was told "posted" is in."""
    chance, outcomes = random.Random(50), Counter[str]()
    barrier = threading.Barrier(5)

    def run(act: str, race: Race, spins: int) -> str:
        barrier.wait()
        for _ in range(spins):  # a moment of its own, without sleeping
            pass
        return str(getattr(race, act)())

    with ThreadPoolExecutor(5) as pool:
        for number in range(INTERLEAVINGS):
            email = f"mina{number}@mail.example"  # each their own, or the loop guard holds them back
            view = make_applicant(ctx, company, external_id=f"race-{number}", email=email)
            address = address_of(ctx, view)
            raw = make_mail(f"mail {number}", from_=email, to=address, message_id=f"r{number}@mail.example")
            receive(raw, to=address, from_=email)
            with ctx.database.read() as tx:
                (entry_id,) = tx.inbox.due(now=ctx.now, limit=2)
            race = Race(ctx, company, view, as_candidate(ctx, view), entry_id, number)
            acts = chance.sample(["web", "file", "on_behalf", "mail", "reject"], 5)  # who comes last passes first
            spins = [chance.randrange(200_000) for _ in acts]
            told = dict(zip(acts, pool.map(run, acts, [race] * 5, spins), strict=True))
            outcomes.update(_check_order(race, told))
            with pytest.raises(Refused):
                post_message(ctx, race.viewer, view.thread_id, NewMessage(text="too late"))
            change_stage(ctx, company.ats, view.thread_id, "restored")
            post_message(ctx, race.viewer, view.thread_id, NewMessage(text="open again"))
    assert outcomes["behind the gate"] == 0
    assert outcomes["before the gate"] > 0
    assert outcomes["refused"] > 0
    tally[f"interleavings with a rejection ({database_kind})"] += INTERLEAVINGS
    tally[f"  candidates' words that came before it ({database_kind})"] += outcomes["before the gate"]
    tally[f"  refused by it ({database_kind})"] += outcomes["refused"]
    tally[f"  behind it ({database_kind})"] += outcomes["behind the gate"]


def _check_order(race: Race, told: dict[str, str]) -> Counter[str]:
    """What stands before and behind the gate, by the thread's own events."""
    shown = {
        s.message.id: s.message for s in messages_after(race.ctx, race.company.ats, race.view.thread_id, limit=100)
    }
    with race.ctx.database.read() as tx:
        happened = tx.events.of_thread(race.view.thread_id, after=0)
    found, is_open = Counter[str](), True
    for event in happened:
        if event.name == events.THREAD_BLOCKED:
            is_open = False
        elif event.name == events.MESSAGE_CREATED:
            theirs = shown[event.data["message_id"]].author.kind is AuthorKind.CANDIDATE
            found["before the gate" if is_open else "behind the gate"] += theirs
    said = [m.text or "file" for m in shown.values()]
    for act in ("web", "file"):
        assert (told[act] in said) == (told[act] != "refused")
        found["refused"] += told[act] == "refused"
    assert told["on_behalf"] == "from the ATS"  # the company may always write
    assert [m.seq for m in shown.values()] == list(range(1, len(shown) + 1))
    return found
