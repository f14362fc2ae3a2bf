"""Reliability 5 and 6: the database is locked, frozen, killed, or its answer to COMMIT is lost (P1, P2, P3)."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from running import leave_out

from faults.conftest import LONG
from faults.history import History, Told, check
from faults.postgres import BIN, PrivatePostgres
from faults.process import stopped
from faults.proxy import FaultProxy, Faults, How
from faults.sender import send_once, send_until_acknowledged
from faults.world import World
from gateway.store.migrate import upgrade

COMMIT = b"\x00\x00\x00\x0bCOMMIT\x00"  # the simple query as it stands on the wire
ROUNDS = 100 if LONG else 5


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    if not BIN.exists():
        leave_out("PostgreSQL's programs are not installed")
    made = PrivatePostgres()
    upgrade(made.url)
    yield made
    made.close()


@pytest.fixture
def database_url(server: PrivatePostgres, tmp_path: object, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own on our own server; SQLite where a test says so."""
    if request.node.get_closest_marker("sqlite_only"):
        template, folder = request.getfixturevalue("sqlite_template"), request.getfixturevalue("tmp_path")
        shutil.copy(template, folder / "gateway.db")
        yield f"sqlite:///{folder / 'gateway.db'}"
        return
    name = f"faults_{time.monotonic_ns()}"
    with psycopg.connect(server.url.replace("/postgres?", "/template1?"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
    yield server.url.replace("/postgres?", f"/{name}?")


def hold_lock(path: str, held: threading.Event, release: threading.Event) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    held.set()
    release.wait(60)
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.sqlite_only
@pytest.mark.timeout(150)
def test_sqlite_locked_by_another_process(world: World, tally: Counter[str]) -> None:
    """Reliability 5, P1, P2: a mail waits while somebody locks the database; if that takes too long it is 451."""
    seconds = 25.0 if LONG else 1.0
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    mails = [world.write() for _ in range(3)]
    held, release = threading.Event(), threading.Event()
    path = world.ctx.settings.database_address.removeprefix("sqlite:///")
    holder = threading.Thread(target=hold_lock, args=(path, held, release), daemon=True)
    holder.start()
    held.wait(10)
    senders = [
        threading.Thread(
            target=send_until_acknowledged, args=(smtp.address, m, history), kwargs={"timeout": 60}, daemon=True
        )
        for m in mails
    ]
    started = time.monotonic()
    for sender in senders:
        sender.start()
    threading.Timer(seconds, release.set).start()
    for sender in (*senders, holder):
        sender.join()
    assert time.monotonic() - started < 60
    assert all(reply.startswith(("250 ", "451 4.3.0")) for reply in history.replies())
    assert (history.count(Told.FAIL) > 0) == LONG  # SQLite's own patience is 20 s
    world.gateway("worker").start()
    world.await_quiet()
    check(history, world.visible(), world.belongs).assert_good()
    tally["seconds for which SQLite was locked"] += int(seconds)


@pytest.mark.timeout(400)
def test_postgresql_frozen(world: World, server: PrivatePostgres, tally: Counter[str]) -> None:
    """Reliability 5, P1, P2: a server that stands still is waited for, or answered with 451; then it goes on."""
    seconds = 70.0 if LONG else 1.0
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    worker.start()
    world.await_log(worker.log, "running")
    assert send_until_acknowledged(smtp.address, world.write(), history)
    mail = world.write()
    history.invoke(mail.name)
    started = time.monotonic()
    with stopped(server.pids()):
        threading.Event().wait(0 if LONG else seconds)
        if LONG:
            told, reply = send_once(smtp.address, mail, timeout=seconds)
            history.note(mail.name, told, reply)
            assert reply.startswith("451 4."), reply
            assert time.monotonic() - started < 65
    assert send_until_acknowledged(smtp.address, mail, history, seconds=60, timeout=30)
    world.await_quiet(seconds=200 if LONG else 60)  # a mail that was claimed as it froze waits for its lease to end
    check(history, world.visible(), world.belongs).assert_good()
    tally["times PostgreSQL was frozen"] += 1


@pytest.mark.timeout(150)
def test_postgresql_killed(world: World, server: PrivatePostgres, tally: Counter[str]) -> None:
    """Reliability 5, P1, P2: SIGKILL of the whole database server: 451, then its recovery, and nothing is lost."""
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    worker.start()
    world.await_log(worker.log, "running")
    for _ in range(10 if LONG else 2):
        for _ in range(5):
            assert send_until_acknowledged(smtp.address, world.write(), history)
        server.kill()
        mail = world.write_blindly()
        history.invoke(mail.name)
        told, reply = send_once(smtp.address, mail)
        history.note(mail.name, told, reply)
        assert reply.startswith("451 4."), reply
        assert smtp.is_alive
        assert worker.is_alive
        server.start()
        world.ctx.database.engine.dispose()
        assert send_until_acknowledged(smtp.address, mail, history, seconds=30)
        tally["SIGKILLs of PostgreSQL"] += 1
    world.let_leases_run_out()
    world.await_quiet()
    verdict = check(history, world.visible(), world.belongs)
    verdict.assert_good()
    assert verdict.reviewed == 0


def through(proxy: FaultProxy, server: PrivatePostgres, url: str) -> str:
    """The database's address by way of the proxy."""
    return url.replace(f":{server.port}/", f":{proxy.address[1]}/")


@pytest.mark.timeout(600 if LONG else 60)
@pytest.mark.parametrize(
    ("passes", "how"),
    [(True, How.FIN), (False, How.RESET)],
    ids=["COMMIT arrives, answer lost", "COMMIT lost"],
)
def test_ambiguous_commit(
    world: World, server: PrivatePostgres, database_url: str, tally: Counter[str], passes: bool, how: How
) -> None:
    """Reliability 6, P1, P3: the answer to COMMIT never comes: 451, and the sender's retry makes one entry of it."""
    world.notify("hr@moalabs.example")
    faults = Faults(after_up=COMMIT, how=how) if passes else Faults(before_up=COMMIT, how=how)
    target = ("127.0.0.1", server.port)
    # one proxy each: a commit of the worker that is on its way as it stops must not take a fault meant for a mail
    with FaultProxy(target, faults=faults, times=0) as front, FaultProxy(target, faults=faults, times=0) as back:
        smtp, history = world.gateway("smtp", GATEWAY_DATABASE_URL=through(front, server, database_url)), History()
        worker = world.gateway("worker", GATEWAY_DATABASE_URL=through(back, server, database_url))
        smtp.start()
        worker.start()
        world.await_log(worker.log, "running")
        with stopped([worker.pid]):
            for number in range(1, ROUNDS + 1):
                front.times = number  # one more fault
                mail = world.write()
                assert send_until_acknowledged(smtp.address, mail, history)
                assert front.struck == number
            assert history.count(Told.FAIL) == ROUNDS
            assert all(reply.startswith(("250 ", "451 4.3.0")) for reply in history.replies())
            assert world.count_entries() == ROUNDS
            back.times = ROUNDS  # now at the worker's commits, of which each settles many mails
        end = time.monotonic() + 50
        while time.monotonic() < end and not world.is_quiet():
            threading.Event().wait(0.5)  # what it claimed and could not record comes free by itself, only later
            world.let_leases_run_out()
        world.await_quiet()
        struck = front.struck + back.struck
    verdict = check(history, world.visible(), world.belongs)
    verdict.assert_good()
    world.assert_sent()
    assert struck > ROUNDS
    tally["commits whose answer was cut off"] += struck
