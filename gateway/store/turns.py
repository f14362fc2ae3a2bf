"""In charge of: whose turn it is to write to SQLite, among the threads of this process and the other processes.

Not in charge of: programs that know nothing of turns (SQLite's busy handler).

SQLite has one writer at a time and lets the others sleep and try again, so that some starve for seconds. Here they
wait in order; within a process the front door's commits, for which senders wait, go before everything else. Between
processes a lock on a file beside the database is waited for without polling, and a process that dies lets go of it.
Whoever kept another process's urgent one waiting stays away for longer than it held the turn, so that a flood of mails
is taken at the speed of the front door and not of the workers.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

URGENT, ORDINARY = 0, 1
_CROWDED = 0.1  # seconds after the last stay away
AWAY = 5.0  # times as long as the turn was held while an urgent one waited


class Turns:
    """A lock that is given in order of urgency, then of arrival. `path`: the file that all processes lock; beside it
    lies one that those lock who wait and are urgent.
    """

    def __init__(self, path: str) -> None:
        self._file = _open(path)
        self._urgent = _open(f"{path}.urgent")
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._tickets = 0
        self._taken = False
        self._away_until = 0.0  # monotonic seconds

    @contextmanager
    def taking(self, urgency: int) -> Iterator[None]:
        """Hold the turn for the body."""
        if urgency != URGENT and (left := self._away_until - time.monotonic()) > 0:
            time.sleep(left)
        self._take(urgency)
        try:
            self._lock_file(urgency)
            began = time.monotonic()
            try:
                yield
            finally:
                if urgency != URGENT and self._somebody_urgent_waits():
                    ended = time.monotonic()
                    self._away_until = ended + AWAY * (ended - began)
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._pass_on()

    @property
    def crowded(self) -> bool:
        """Whether an urgent one of another process had to wait for this one, a moment ago."""
        return time.monotonic() < self._away_until + _CROWDED

    def close(self) -> None:
        os.close(self._file)
        os.close(self._urgent)

    def _lock_file(self, urgency: int) -> None:
        if urgency != URGENT:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            return
        fcntl.flock(self._urgent, fcntl.LOCK_SH)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self._urgent, fcntl.LOCK_UN)

    def _somebody_urgent_waits(self) -> bool:
        """In another process; those of this one go first anyway."""
        try:
            fcntl.flock(self._urgent, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._urgent, fcntl.LOCK_UN)
        return False

    def _take(self, urgency: int) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            self._tickets += 1
            called = threading.Event()
            heapq.heappush(self._waiting, (urgency, self._tickets, called))
        called.wait()

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[2].set()  # the turn goes over; it stays taken
            else:
                self._taken = False


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
