"""Reliability 1: the process dies between any two steps of receiving a mail and of putting it into its thread (P1,
P3, P4)."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from faults.conftest import LONG
from faults.history import History, check
from faults.sender import send_until_acknowledged
from faults.world import World
from gateway.usecases.deliver import find_due
from gateway.usecases.process_mail import process_mail

LIFE = 5  # deaths in a row
KILLS = 200 if LONG else 5
RECEIVING = [
    "smtp.mail_read",
    "store.blob_written",
    "store.before_commit",
    "store.committed",
    "store.stored",
    "smtp.before_250",
    "smtp.after_250",
]
PROCESSING = ["mail.claimed", "mail.read", "mail.before_commit", "mail.settled"]


@pytest.mark.timeout(1800 if LONG else 60)
@pytest.mark.parametrize("point", RECEIVING)
def test_killed_at_each_step_of_receiving(world: World, tally: Counter[str], point: str) -> None:
    """Reliability 1, P1, P3: whatever was acknowledged is in its thread once; whatever was not, its sender brings
    again."""
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    senders = []
    for _ in range(KILLS):
        smtp.start(crash_at=point, wait=False)  # senders that wait since the last death may end it at once
        for _ in range(2):
            mail = world.write(size=400_000 if point == "store.blob_written" else 0)
            sender = threading.Thread(
                target=send_until_acknowledged,
                args=(smtp.address, mail, history),
                kwargs={"seconds": 1500},
                daemon=True,
            )
            senders.append(sender)
            sender.start()
        smtp.await_death()
    smtp.start()
    for sender in senders:
        sender.join()
    worker = world.gateway("worker")
    worker.start()
    world.await_quiet()
    verdict = check(history, world.visible(), world.belongs)
    verdict.assert_good()
    assert verdict.acknowledged == verdict.attempted == world.count_entries() == 2 * KILLS
    tally["SIGKILLs at a named step of receiving"] += KILLS


@pytest.mark.timeout(1800 if LONG else 60)
@pytest.mark.parametrize("point", PROCESSING)
def test_killed_at_each_step_of_processing(world: World, tally: Counter[str], point: str) -> None:
    """Reliability 1, P3, P4: a worker that dies leaves the mail to the next one (here: us); it is in its thread
    once."""
    world.notify("hr@moalabs.example")
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    for number in range(KILLS):
        if number % LIFE == LIFE - 1:  # what died six times would wait
            worker.start()
            world.await_sent()
            worker.kill()
        assert send_until_acknowledged(smtp.address, world.write(), history)
        worker.start(crash_at=point)
        worker.await_death()
        world.let_leases_run_out()
        for entry_id in find_due(world.ctx)[0]:
            process_mail(world.ctx, entry_id)
    worker.start()
    world.await_quiet()
    verdict = check(history, world.visible(), world.belongs)
    verdict.assert_good()
    assert verdict.reviewed == 0
    assert verdict.acknowledged == KILLS
    world.assert_sent()
    tally["SIGKILLs at a named step of processing"] += KILLS
