"""Reliability 27, 28, 29 and P9 against real processes: what many mails, many silent peers and many writers cost."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cast import as_candidate
from running import both_databases

from faults.conftest import LONG
from faults.history import History, Told
from faults.process import wait_until
from faults.sender import send_until_acknowledged
from faults.world import World
from gateway.errors import Unavailable
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after

LARGE = 100 if LONG else 25  # mails at once
LARGE_OCTETS = 20_000_000
IDLE = 2_000
CLIENTS = 100  # addresses that they come from
WRITERS = 20
EACH = 10 if LONG else 4


def resident_mb(pid: int) -> float:
    """Memory of one process that is its own or shared, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.timeout(600)
def test_many_large_mails_at_once(world: World, tally: Counter[str]) -> None:
    """Reliability 27: 100 mails of 20 MB at once are taken with less than 400 MB (the short form: 25)."""
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    before, peak, done = resident_mb(smtp.pid), 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, resident_mb(smtp.pid))

    mails = [world.write(size=LARGE_OCTETS) for _ in range(LARGE)]
    send = {"target": send_until_acknowledged, "kwargs": {"seconds": 500, "timeout": 400}}
    senders = [threading.Thread(args=(smtp.address, mail, history), **send) for mail in mails]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *senders):
        thread.start()
    for thread in senders:
        thread.join()
    done.set()
    watcher.join()
    assert len(history.those(Told.OK)) == LARGE
    assert peak < 400, f"{peak:.0f} MB, {before:.0f} MB before"
    tally[f"MB at most while {LARGE} mails of 20 MB came in at once"] = int(peak)


@pytest.fixture
def idle_peers() -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        peers: list[socket.socket] = []
        yield peers
        for peer in peers:
            stack.enter_context(peer)


@pytest.mark.timeout(300)
def test_many_silent_peers_keep_nobody_out(world: World, tally: Counter[str], idle_peers: list[socket.socket]) -> None:
    """Reliability 28, 29: 2,000 idle connections cost at most 100 MB; an honest client is served within a second."""
    limits = {"GATEWAY_SMTP_MAX_CONNECTIONS": str(2 * IDLE), "GATEWAY_SMTP_MAX_CONNECTIONS_PER_CLIENT": "20"}
    smtp, history = world.gateway("smtp", **limits), History()
    smtp.start()
    before = resident_mb(smtp.pid)
    for number in range(IDLE):
        here = (f"127.0.{1 + number % CLIENTS}.1", 0)
        idle_peers.append(socket.create_connection(smtp.address, timeout=10, source_address=here))
    greeted = [peer.recv(3) for peer in idle_peers]
    assert greeted == [b"220"] * IDLE
    cost = resident_mb(smtp.pid) - before
    started = time.monotonic()
    send_until_acknowledged(smtp.address, world.write(), history)
    waited = time.monotonic() - started
    assert cost < 100
    assert waited < 1
    assert len(history.those(Told.OK)) == 1
    tally["MB that 2,000 idle connections cost"] = int(cost)


@pytest.mark.timeout(300)
@both_databases
def test_every_reader_sees_the_order_of_the_commits(world: World, tally: Counter[str], database_kind: str) -> None:
    """P9: 20 writers in one thread, by mail and on the page; whoever reads on from the last number misses nothing,
    sees nothing twice and nothing out of order.
    """
    person = world.add_person()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    worker.start()
    total, stop = WRITERS * EACH, threading.Event()
    read: list[list[int]] = [[] for _ in range(4)]

    def write_mails() -> None:
        for _ in range(EACH):
            send_until_acknowledged(smtp.address, world.write(person), history)

    def write_on_page() -> None:
        for _ in range(EACH):
            post_message(
                world.ctx, as_candidate(world.ctx, person.view), person.thread_id, NewMessage(text="on the page")
            )

    def keep_reading(seen: list[int]) -> None:
        while not stop.is_set() and len(seen) < total:
            try:
                new = messages_after(world.ctx, world.company.ats, person.thread_id, after=seen[-1] if seen else 0)
            except Unavailable:
                continue
            seen.extend(m.message.seq for m in new)

    threads = [threading.Thread(target=keep_reading, args=(seen,)) for seen in read]
    threads += [threading.Thread(target=write_mails if n % 2 else write_on_page) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: all(len(seen) >= total for seen in read), "every reader to see every message", seconds=200)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert read == [list(range(1, total + 1))] * len(read)
    tally[f"messages of 20 writers in one thread, read in order by four readers ({database_kind})"] += total
