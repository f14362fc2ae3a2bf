"""Reliability 2: senders write and write while a killer SIGKILLs the gateway at random (P1, P3, P4)."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import pytest
from running import both_databases

from faults.conftest import LONG
from faults.history import History, Told, check
from faults.process import Gateway, wait_until
from faults.sender import Mail, send_until_acknowledged
from faults.world import World

SENDERS = 20 if LONG else 6
SECONDS = 600 if LONG else 75  # at most
WANTED = 600 if LONG else 15  # SIGKILLs that a campaign must have seen
WANTED_MAILS = 21  # acknowledged between them


def keep_killing(gateway: Gateway, stop: threading.Event, chance: random.Random) -> None:
    """Start, wait for a random while that is sometimes over before it is ready, kill; until told to stop."""
    while not stop.is_set():
        gateway.start(wait=chance.random() < 0.8)
        stop.wait(chance.expovariate(1 / 0.25))
        gateway.kill()


@pytest.mark.timeout(1800 if LONG else 180)
@both_databases
def test_random_kills(world: World, tally: Counter[str], database_kind: str) -> None:
    """Reliability 2, P1, P3, P4: nothing acknowledged is lost, nothing is doubled, nothing appears that nobody sent.

    Two processes die independently of each other: the SMTP server with its writer, and the worker with its deliveries.
    """
    world.notify("hr@moalabs.example")
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    stop, writing = threading.Event(), threading.Lock()
    seed = random.randrange(10**9)
    killers = [
        threading.Thread(target=keep_killing, args=(g, stop, random.Random(seed + n)), daemon=True)
        for n, g in enumerate((smtp, worker))
    ]

    def write() -> Mail:
        with writing:
            return world.write(size=300_000 if random.random() < 0.1 else 0)

    def keep_sending() -> None:
        while not stop.is_set():
            send_until_acknowledged(smtp.address, write(), history, stop=stop, timeout=5)
            stop.wait(0.02)

    threads = [*killers, *(threading.Thread(target=keep_sending, daemon=True) for _ in range(SENDERS))]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS

    def has_seen_enough() -> bool:
        return smtp.kills + worker.kills >= WANTED and len(history.those(Told.OK)) >= WANTED_MAILS

    wait_until(lambda: has_seen_enough() or time.monotonic() > end, "kills", seconds=SECONDS + 30)
    stop.set()
    for thread in threads:
        thread.join()

    started = time.monotonic()
    smtp.start()
    pending = set(history.attempts) - history.those(Told.OK)
    assert not history.those(Told.REFUSED), f"seed {seed}"
    ready = time.monotonic() - started
    worker.start()
    world.let_leases_run_out()
    world.await_quiet(seconds=1200 if LONG else 60)
    world.let_waits_run_out()  # those whose workers died more often than is repeated at once
    world.await_sent()
    verdict = check(history, world.visible(), world.belongs)
    verdict.assert_good()
    assert verdict.acknowledged >= WANTED_MAILS
    sent = world.assert_sent()
    tally[f"SIGKILLs at random ({database_kind})"] += smtp.kills + worker.kills
    tally[f"mails attempted under random SIGKILLs ({database_kind})"] += verdict.attempted
    tally[f"  attempts ({database_kind})"] += verdict.attempts
    tally[f"  acknowledged ({database_kind})"] += verdict.acknowledged
    tally[f"  answers lost ({database_kind})"] += verdict.unknown
    tally[f"  recovered: stored though never acknowledged ({database_kind})"] += verdict.recovered
    tally[f"  set aside in the review queue ({database_kind})"] += verdict.reviewed
    tally[f"  lost ({database_kind})"] += len(verdict.lost)
    tally[f"  doubled ({database_kind})"] += len(verdict.doubled)
    tally[f"  notices sent more than once, each marked uncertain ({database_kind})"] += sum(
        n > 1 for n in sent.values()
    )
    tally[f"  milliseconds until the SMTP server answered again ({database_kind})"] = int(ready * 1000)
    assert pending.isdisjoint(verdict.lost)
