"""In charge of: going easy on a provider — so many calls a second, and none while it is in trouble.

Not in charge of: trying again (`threads.delivery`). Each process keeps its own count.

Our own breaker: pybreaker holds its lock during the call, so that all threads would send one after the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from gateway.errors import SettingsError
from gateway.threads.channel import Retry, SendResult, Unknown

TROUBLE = 5  # calls in a row
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0  # seconds
OUR_RATE = ("rate", "paused")


class Rate:
    """At most so many in a time, for each key by itself."""

    def __init__(self, text: str, *, setting: str) -> None:
        """`text` such as "20/second"; "" is no limit. Raises SettingsError that names `setting`."""
        self._item: RateLimitItem | None = None
        if text:
            try:
                self._item = parse(text)
            except ValueError:
                raise SettingsError(f"{setting}: {text!r} is no rate; write 20/second or 600/minute.") from None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def refusal(self, key: str) -> Retry | None:
        """Count one for this key; when there were enough, a Retry that uses up no try."""
        if self._item is None or self._limiter.hit(self._item, key):
            return None
        wait = self._limiter.get_window_stats(self._item, key).reset_time - time.time()
        return Retry("rate", "We hold ourselves to the rate agreed for it.", max(wait, 0.05), counted=False)


class Breaker:
    """Stops calls to a provider that failed several times in a row, then lets a single one try."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._lock = threading.Lock()
        self._bad = 0
        self._closed_until = 0.0
        self._pause = FIRST_PAUSE

    def refusal(self) -> Retry | None:
        """None when a call may be made. After a pause the first to ask may; the others wait for what it finds."""
        with self._lock:
            if self._bad < TROUBLE:
                return None
            left = self._closed_until - self._now()
            if left <= 0:
                self._closed_until = self._now() + self._pause
                return None
        why = "The provider failed several times in a row; it is left alone for a while."
        return Retry("paused", why, max(left, 1.0), counted=False)

    def give_back(self) -> None:
        """The call that might be made is not made after all: if it was the single try, the next to ask may."""
        with self._lock:
            self._closed_until = self._now()

    def note(self, result: SendResult) -> None:
        """Learn from a call's result. A definite answer, even a no, shows a provider that works."""
        in_trouble = isinstance(result, Unknown) or (isinstance(result, Retry) and result.code not in OUR_RATE)
        with self._lock:
            if not in_trouble:
                self._bad, self._pause = 0, FIRST_PAUSE
                return
            self._bad += 1
            if self._bad >= TROUBLE:
                self._closed_until = self._now() + self._pause
                self._pause = min(self._pause * 2, LONGEST_PAUSE)


class Guard:
    """Both for one provider."""

    def __init__(self, rate: Rate, *, name: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._rate = rate
        self._breaker = Breaker(monotonic=monotonic)

    def run(self, call: Callable[[], list[SendResult]], *, size: int) -> list[SendResult]:
        """The call's results, or `size` refusals without a call."""
        refused = self._breaker.refusal()
        if refused is None and (refused := self._rate.refusal(self.name)):
            self._breaker.give_back()
        if refused:
            return [refused] * size
        results = call()
        self._breaker.note(results[0])
        return results
