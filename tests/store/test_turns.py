"""Whose turn it is to write to SQLite: two `Turns` of one file stand for two processes (DESIGN §7)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from gateway.store.turns import AWAY, ORDINARY, URGENT, Turns


@pytest.fixture
def front_and_workers(tmp_path: Path) -> Iterator[tuple[Turns, Turns]]:
    front, workers = Turns(str(tmp_path / "turn")), Turns(str(tmp_path / "turn"))
    yield front, workers
    front.close()
    workers.close()


def seconds_to_take(turns: Turns) -> float:
    began = time.monotonic()
    with turns.taking(ORDINARY):
        return time.monotonic() - began


def test_whoever_kept_an_urgent_one_waiting_stays_away(front_and_workers: tuple[Turns, Turns]) -> None:
    front, workers = front_and_workers
    taken = Event()

    def write_urgently() -> None:
        with front.taking(URGENT):
            taken.set()

    with workers.taking(ORDINARY):
        began = time.monotonic()
        sender = Thread(target=write_urgently)
        sender.start()
        assert not taken.wait(0.02)
        held = time.monotonic() - began
        assert not workers.crowded
    assert taken.wait(5)
    sender.join()
    assert workers.crowded
    assert not front.crowded
    assert seconds_to_take(workers) > AWAY * held / 2  # it began to wait when it let go
    assert seconds_to_take(workers) < held  # once


def test_nobody_stays_away_while_nobody_waits(front_and_workers: tuple[Turns, Turns]) -> None:
    _, workers = front_and_workers
    with workers.taking(ORDINARY):
        Event().wait(0.02)
    assert not workers.crowded
    assert seconds_to_take(workers) < 0.02
