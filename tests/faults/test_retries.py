"""Reliability 7 – 11: lost answers, lines that break at any octet, and an orderly end (P1, P3)."""

from __future__ import annotations

import itertools
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from faults.conftest import LONG
from faults.history import History, Told, check
from faults.process import wait_until
from faults.proxy import FaultProxy, Faults, How
from faults.sender import Line, Mail, send_once, send_until_acknowledged
from faults.world import World

ACCEPTED = b" accepted"  # stands only in the 250 after the dot


def finish(world: World, history: History) -> None:
    """Let the mails be processed, and compare."""
    world.gateway("worker").start()
    world.await_quiet()
    check(history, world.visible(), world.belongs).assert_good()


@pytest.mark.parametrize(("database_kind", "how"), [("sqlite", How.RESET), ("postgresql", How.FIN)])
def test_lost_250(world: World, tally: Counter[str], database_kind: str, how: How) -> None:
    """Reliability 7, P3: the 250 is swallowed 1, 5 and 50 times; also for ten connections at once: one thread entry
    each."""
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    retries = (1, 5, 50) if database_kind == "sqlite" else (1, 5)
    with FaultProxy(smtp.address, faults=Faults(swallow=ACCEPTED, how=how), times=0) as proxy:
        for times in retries:
            proxy.times = proxy.struck + times
            assert send_until_acknowledged(proxy.address, world.write(), history)
        assert history.count(Told.UNKNOWN) == sum(retries)
        proxy.times = proxy.struck + 25
        mail = world.write()
        senders = [
            threading.Thread(target=send_until_acknowledged, args=(proxy.address, mail, history), daemon=True)
            for _ in range(10)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert history.count(Told.OK) == len(retries) + 10
    assert world.count_entries() == len(retries) + 1
    finish(world, history)
    tally["250s swallowed"] += sum(retries) + 25


def test_two_ways_and_two_mails(world: World) -> None:
    """Reliability 8, P3: the same mail by two ways is one entry of the thread; an id chosen twice, or none, merges
    nothing."""
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    worker.start()
    person = world.add_person()
    first = world.write(person)
    second_way = replace(
        first, raw=b"Received: from mx2.example by mx.example; Mon, 23 Nov 2026 09:00:02 +0900\r\n" + first.raw
    )
    same_id = world.write(person)
    ids = [line for line in (first.raw + same_id.raw).split(b"\r\n") if line.startswith(b"Message-ID")]
    same_id = replace(same_id, raw=same_id.raw.replace(ids[1], ids[0]))
    without, later = world.write(person), world.write(person)
    bare = without.raw.replace(b"This is " + without.name.encode(), b"ok thanks").partition(b"Message-ID")
    bare_raw = bare[0] + bare[2].partition(b"\r\n")[2]
    again = bare_raw.replace(b"09:00:00", b"10:00:00")
    for mail in (first, second_way, same_id, replace(without, raw=bare_raw), replace(later, raw=again)):
        assert send_once(smtp.address, mail)[0] is Told.OK
    world.await_quiet()
    assert world.visible() == {first.name: [person.thread_id], same_id.name: [person.thread_id]}
    assert world.texts(person).count("ok thanks.") == 2
    assert world.count_entries() == 5  # every raw mail is kept
    assert history.attempts.total() == 0


def _reset(line: Line) -> None:
    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def _half_close(line: Line) -> None:
    line.socket.shutdown(socket.SHUT_WR)
    assert line.hear().startswith("250 2.0.0 ")
    line.close()


def test_peer_leaves_after_the_dot(world: World, tally: Counter[str]) -> None:
    """Reliability 9, P1, P3: FIN, RST or half-close right behind the dot, with and without a pipelined QUIT."""
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    mails = []
    ways: list[Callable[[Line], None]] = [Line.close, _reset, _half_close]
    for leave, tail, size in itertools.product(ways, (b"", b"QUIT\r\n", b"RSET\r\nQUIT\r\n"), (0, 0, 300_000)):
        mail = world.write(size=size)
        mails.append(mail)
        line = Line(smtp.address, timeout=10)
        line.hear()
        for command in commands_of(mail):
            assert line.say(command)[:1] in "23"
        history.invoke(mail.name)
        line.socket.sendall(mail.wire + tail)
        leave(line)
        history.note(mail.name, Told.UNKNOWN, "")
    for mail in mails:
        assert send_until_acknowledged(smtp.address, mail, history)
    assert world.count_entries() == len(mails)
    finish(world, history)
    tally["peers that left right behind the dot"] += len(mails)


def commands_of(mail: Mail) -> list[bytes]:
    return [
        b"EHLO mta.example",
        f"MAIL FROM:<{mail.from_}>".encode(),
        *(f"RCPT TO:<{to}>".encode() for to in mail.to),
        b"DATA",
    ]


@pytest.mark.timeout(900 if LONG else 60)
def test_cut_at_every_octet(world: World, tally: Counter[str]) -> None:
    """Reliability 10, P1, P3: a transaction for three people, cut anywhere before its end, stores nothing; the
    retry all."""
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    mail = world.write(*(world.add_person() for _ in range(3)))
    octets = sum(len(c) + 2 for c in commands_of(mail)) + len(mail.wire)
    every = range(1, octets)
    cuts = list(every) if LONG else sorted({*random.Random(7).sample(every, 40), *range(octets - 8, octets)})
    with FaultProxy(smtp.address) as proxy:
        for cut in cuts:
            proxy.faults = Faults(cut_up=cut, how=random.Random(cut).choice([How.FIN, How.RESET]))
            told, _ = send_once(proxy.address, mail)
            assert told in (Told.FAIL, Told.UNKNOWN), cut
            assert proxy.struck == cuts.index(cut) + 1
    assert world.count_entries() == 0
    assert send_until_acknowledged(smtp.address, mail, history)
    assert world.count_entries() == 3
    finish(world, history)
    tally["transactions cut at some octet"] += len(cuts)


@pytest.mark.timeout(600 if LONG else 60)
def test_sigterm_under_load(world: World, tally: Counter[str]) -> None:
    """Reliability 11, P1: SIGTERM ends the process in time; every sender knows where it stands; nothing
    acknowledged is lost."""
    world.notify()
    serve, history, stop = world.gateway("serve"), History(), threading.Event()
    writing = threading.Lock()

    def write() -> Mail:
        with writing:
            return world.write(size=400_000 if random.random() < 0.2 else 0)

    def keep_sending() -> None:
        while not stop.is_set():
            send_until_acknowledged(serve.address, write(), history)

    serve.start()
    senders = [threading.Thread(target=keep_sending, daemon=True) for _ in range(8)]
    for sender in senders:
        sender.start()
    rounds, took = 20 if LONG else 2, []
    for number in range(1, rounds + 1):
        wait_until(lambda n=number: len(history.those(Told.OK)) >= 15 * n, "mails to be accepted")
        took.append(serve.terminate())
        serve.start()
    stop.set()
    for sender in senders:
        sender.join()
    world.await_quiet()
    assert max(took) < 30
    assert history.count(Told.UNKNOWN) == 0  # a mail that was coming in got its answer
    assert {r[:9] for r in history.replies() if r[:1] == "4"} <= {"421 4.3.2"}
    check(history, world.visible(), world.belongs).assert_good()
    tally["SIGTERMs under load"] += rounds
    tally["  slowest end, milliseconds"] = max(tally["  slowest end, milliseconds"], int(max(took) * 1000))


def test_slow_line(world: World) -> None:
    """Reliability 28, P1: latency on every piece only takes longer."""
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    started = time.monotonic()
    with FaultProxy(smtp.address, faults=Faults(latency=0.05)) as proxy:
        assert send_until_acknowledged(proxy.address, world.write(), history)
    assert time.monotonic() - started > 0.4
    finish(world, history)
