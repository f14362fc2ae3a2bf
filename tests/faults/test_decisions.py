"""Reliability 12 – 14: gates that close in mid-transaction, clocks that jump, mails that end their reader (P3, P4,
P9)."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from cast import MINA, Company, make_applicant, make_mail
from fakes import DirectReader, FakeChannel, FakeClock
from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from running import Pump, both_databases

from faults.history import REVIEW, History, Told
from faults.process import children_of
from faults.sender import Line, send_once, send_until_acknowledged
from faults.test_retries import commands_of
from faults.world import World
from gateway.threads.incoming import ReadMail
from gateway.threads.model import InboxState
from gateway.threads.policies.tries import MAX_TRIES
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.deliver import find_due
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.process_mail import LEASE, process_mail
from gateway.usecases.read_thread import messages_after
from gateway.usecases.review_inbox import list_entries, read_raw, replay


@both_databases
def test_one_thread_closes_between_rcpt_and_data(world: World) -> None:
    """Reliability 12, P1, P7: one DATA for three threads is one answer; the closed one's mail is kept, not written."""
    world.notify()
    smtp = world.gateway("smtp")
    smtp.start()
    people = [world.add_person() for _ in range(3)]
    mail = world.write(*people)
    line = Line(smtp.address, timeout=10)
    line.hear()
    *before, data = commands_of(mail)
    for command in before:
        assert line.say(command).startswith("250")
    change_stage(world.ctx, world.company.ats, people[0].thread_id, "rejected")
    assert line.say(data).startswith("354")
    line.socket.sendall(mail.wire)
    assert line.hear().startswith("250")
    line.close()
    world.gateway("worker").start()
    world.await_quiet()
    entries = {
        e.thread_id: e for state in InboxState for e in list_entries(world.ctx, world.company.as_jun, state=state)[0]
    }
    assert entries[people[0].thread_id].state is InboxState.REFUSED
    assert world.texts(people[0]) == []
    assert read_raw(world.ctx, world.company.as_jun, entries[people[0].thread_id].id) == mail.raw
    assert [entries[p.thread_id].state for p in people[1:]] == [InboxState.HELD] * 2  # not their own address


@both_databases
def test_clock_jumps(ctx: Context, company: Company, pump: Pump, clock: FakeClock) -> None:
    """Reliability 13, P3, P9: order and dedupe do not depend on the clock, nor on what Date says."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    said = []
    for jump, date in [
        (0, "Thu, 01 Jan 1970 00:00:00 +0000"),
        (-3600, "Fri, 31 Dec 2099 23:59:59 +0000"),
        (86_400, "Sun, 29 Mar 2026 02:30:00 +0100"),
        (-86_400 * 400, "no date at all"),
        (86_400 * 800, "Mon, 23 Nov 2026 09:00:00 +0900"),
    ]:
        clock.move(seconds=jump)
        text = f"said number {len(said)}"
        raw = make_mail(text, to=address, message_id=f"{len(said)}@mail.example").replace(
            b"Mon, 23 Nov 2026 09:00:00 +0900", date.encode()
        )
        first = receive(ctx, raw, to=address, from_=MINA)
        clock.move(seconds=-jump / 2)
        assert receive(ctx, raw, to=address, from_=MINA) == first
        pump()
        said.append(text)
    shown = messages_after(ctx, company.ats, mina.thread_id)
    assert [s.message.text for s in shown] == said
    assert [s.message.seq for s in shown] == [1, 2, 3, 4, 5]


def test_deliveries_after_a_clock_that_went_back(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock, channel: FakeChannel
) -> None:
    """Reliability 13: what was queued before the clock went back waits until it is due again; it is sent once."""
    mina = make_applicant(ctx, company)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    clock.move(hours=-1)
    pump()
    clock.move(hours=1)
    pump()
    assert [o.to for o in channel.sent] == [MINA]


@dataclass
class SlowReader(DirectReader):
    """The first time it is asked, so much time passes that the lease runs out and another worker does the work."""

    ctx: Context
    clock: FakeClock
    entry_id: str
    asked: bool = False

    def read_mails(self, mails: Sequence[tuple[bytes, Sequence[str]]]) -> list[ReadMail]:
        if not self.asked:
            self.asked = True
            self.clock.move(seconds=LEASE.total_seconds() + 1)
            process_mail(self.ctx, self.entry_id)
        return DirectReader.read_mails(self, mails)


@both_databases
def test_a_worker_that_was_paused_longer_than_its_lease(
    ctx: Context, company: Company, clock: FakeClock, channel: FakeChannel
) -> None:
    """Reliability 65, 66, P3: it comes back when another has done its work, and adds nothing. The mail has no
    Message-ID."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("only once", to=address), to=address, from_=MINA)
    (entry_id,), _ = find_due(ctx)
    slow = replace(ctx, reader=SlowReader(ctx, clock, entry_id))
    process_mail(slow, entry_id)
    assert texts(ctx, company, mina) == ["only once"]
    _, deliveries = find_due(ctx)
    assert len(deliveries) == 2  # Jun and HR, once each


def test_a_mail_that_ends_its_reader(world: World, tally: Counter[str]) -> None:
    """Reliability 14, P4: the parsing process dies of a mail: it is in the review queue with its raw bytes, also when
    From could be told; a mail behind it flows; a replay reads it."""
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    worker.start()
    world.await_log(worker.log, "running")
    mail, behind = world.write(size=16_000_000), world.write()
    assert send_until_acknowledged(smtp.address, mail, history)
    while world.count_undecided():
        if world.count_undecided(InboxState.PROCESSING):
            for child in children_of(worker.pid):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
    assert send_until_acknowledged(smtp.address, behind, history)
    world.await_quiet()
    assert world.visible() == {mail.name: [REVIEW], behind.name: list(world.belongs[behind.name])}
    (entry,), _ = list_entries(world.ctx, world.company.as_jun, state=InboxState.FAILED)
    assert entry.reason == "unreadable"
    assert read_raw(world.ctx, world.company.as_jun, entry.id) == mail.raw
    replay(world.ctx, world.company.as_jun, entry.id)  # here, or by the worker if that is quicker
    world.await_quiet()
    assert world.visible()[mail.name] == list(world.belongs[mail.name])
    tally["mails whose parser was killed"] += 1


def test_a_mail_that_ends_its_worker(world: World, tally: Counter[str]) -> None:
    """Reliability 14, P4: a mail that takes the whole worker with it is set aside after some deaths; the rest flows."""
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker", GATEWAY_WORKER_THREADS="1"), History()
    smtp.start()
    poison, behind = world.write(), world.write()
    assert send_until_acknowledged(smtp.address, poison, history)
    for _ in range(MAX_TRIES):
        worker.start(crash_at="mail.read")
        worker.await_death()
        world.let_leases_run_out()
    assert send_once(smtp.address, behind)[0] is Told.OK
    worker.start()
    world.await_quiet()
    assert world.visible() == {poison.name: [REVIEW], behind.name: list(world.belongs[behind.name])}
    (entry,), _ = list_entries(world.ctx, world.company.as_jun, state=InboxState.FAILED)
    assert "ended a worker" in entry.detail
    replay(world.ctx, world.company.as_jun, entry.id)  # here, or by the worker if that is quicker
    world.await_quiet()
    assert world.visible()[poison.name] == list(world.belongs[poison.name])
    tally["SIGKILLs by a poisonous mail"] += MAX_TRIES
