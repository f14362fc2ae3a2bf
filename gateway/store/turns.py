"""In charge of: whose turn it is to write to SQLite, among the threads of this process and the other processes.

Not in charge of: programs that know nothing of turns (SQLite's busy handler).

SQLite has one writer at a time and lets the others sleep and try again, so that some starve for seconds. Here they
wait in order; within a process the front door's commits, for which senders wait, go before everything else. Between
processes a lock on a file beside the database is waited for without polling, and a process that dies lets go of it.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

URGENT, ORDINARY = 0, 1


class Turns:
    """A lock that is given in order of urgency, then of arrival. `path`: the file that all processes lock."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._tickets = 0
        self._taken = False

    @contextmanager
    def taking(self, urgency: int) -> Iterator[None]:
        """Hold the turn for the body."""
        self._take(urgency)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        finally:
            self._pass_on()

    def close(self) -> None:
        os.close(self._file)

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
