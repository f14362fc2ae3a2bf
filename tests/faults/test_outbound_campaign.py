"""Reliability 64, 65, 68 together: many messages to good, bad, slow and ambiguous recipients while workers and the
broker are killed at random (P8)."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from running import both_databases

from faults.conftest import LONG
from faults.process import Gateway, wait_until
from faults.provider import LOSE
from faults.test_broker import PrivateRedis, redis
from faults.world import World
from gateway.threads.model import DeliveryState
from gateway.usecases.post_message import NewMessage, post_message

__all__ = ["redis"]

MESSAGES = 10_000 if LONG else 60
SLOW = 0.1  # seconds that a slow recipient's server thinks
KINDS = ("good", "good", "good", "bad", "slow", "busy", "ambiguous")
BUSY = {DeliveryState.QUEUED, DeliveryState.SENDING}
END = {DeliveryState.ACCEPTED, DeliveryState.FAILED}


class Recipients:
    """What a mail server says to each kind of person; `busy` and `ambiguous` ones only the first time."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self._met: set[tuple[str, str]] = set()

    def answer(self, step: str, to: str) -> bytes | None:
        kind, first = self.kinds[to], (step, to) not in self._met
        self._met.add((step, to))
        if step == "RCPT" and kind == "bad":
            return b"550 5.1.1 no such user"
        if step == "RCPT" and kind == "busy" and first:
            return b"450 4.2.1 come again"
        if step == "end" and kind == "slow":
            threading.Event().wait(SLOW)
        return LOSE if step == "end" and kind == "ambiguous" and first else None


def keep_killing(worker: Gateway, broker: PrivateRedis, stop: threading.Event, chance: random.Random) -> None:
    while not stop.is_set():
        worker.start(wait=False)
        stop.wait(chance.uniform(0.3, 2.0))
        if chance.random() < 0.2:
            broker.kill()
            worker.kill()
            broker.start()
        else:
            worker.kill()


@pytest.mark.timeout(7200 if LONG else 300)
@both_databases
def test_each_person_is_reached_whatever_dies(
    world: World, redis: PrivateRedis, tally: Counter[str], database_kind: str
) -> None:
    """P8: nobody is left out, nobody gets a mail twice unless that is recorded as unknown, and the totals add up."""
    recipients = Recipients()
    world.provider.by_recipient = recipients.answer
    worker = world.gateway("worker", GATEWAY_BROKER_URL=redis.url)
    stop, chance = threading.Event(), random.Random(MESSAGES)
    killer = threading.Thread(target=keep_killing, args=(worker, redis, stop, chance), daemon=True)
    killer.start()
    for number in range(MESSAGES):
        person = world.add_person()
        recipients.kinds[person.email] = KINDS[number % len(KINDS)]
        post_message(world.ctx, world.company.as_jun, person.thread_id, NewMessage(text=f"message {number}"))
    wait_until(lambda: worker.kills >= (100 if LONG else 3), "some deaths", seconds=600)
    stop.set()
    killer.join()
    world.let_leases_run_out()
    worker.start()

    def has_ended() -> bool:
        states = set(world.delivery_states().values())
        if not states & BUSY:
            world.let_waits_run_out()
        return states <= END

    wait_until(has_ended, "every delivery to end", seconds=3600 if LONG else 150)
    states, sent = Counter(world.delivery_states().values()), world.provider.counts()
    unreachable = sum(kind == "bad" for kind in recipients.kinds.values())
    assert states == {DeliveryState.ACCEPTED: MESSAGES - unreachable, DeliveryState.FAILED: unreachable}
    assert {t.to for t in world.provider.accepted()} == {to for to, kind in recipients.kinds.items() if kind != "bad"}
    unknown = {message_id: tried.count("unknown") for message_id, tried in world.outcomes().items()}
    assert {m: n for m, n in sent.items() if n > 1 + unknown[m]} == {}
    tally[f"messages to mixed recipients under SIGKILLs of worker and broker ({database_kind})"] += MESSAGES
    tally[f"  deaths ({database_kind})"] += worker.kills
    tally[f"  sent more than once, each recorded as unknown ({database_kind})"] += sum(n > 1 for n in sent.values())
