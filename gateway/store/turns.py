"""In charge of: whose turn it is to write to SQLite within this process.

Not in charge of: other processes (SQLite's busy handler).

SQLite has one writer at a time and lets the others sleep and try again, so that some starve for seconds. Here they
wait in order; the front door's commits, for which senders wait, go before everything else.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator
from contextlib import contextmanager

URGENT, ORDINARY = 0, 1


class Turns:
    """A lock that is given in order of urgency, then of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, int, threading.Event]] = []
        self._tickets = 0
        self._taken = False

    @contextmanager
    def taking(self, urgency: int) -> Iterator[None]:
        """Hold the turn for the body."""
        self._take(urgency)
        try:
            yield
        finally:
            self._pass_on()

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
