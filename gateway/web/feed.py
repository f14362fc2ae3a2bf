"""In charge of: waking streams when something was stored. Not in charge of: what they send (`stream`).

One task per process asks the stored feed a few times a second, as long as somebody listens. It only rings: each stream
then reads its own thread's events by their gapless numbers, so a missed ring costs time, never a message.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from gateway.usecases.views import FeedEvent

log = logging.getLogger("gateway.web.feed")

T = TypeVar("T")
PERIOD = 0.25  # seconds
REST = 3.0  # × what an unhurried computation took, before the next


class Bell:
    """Told of one or more keys; a stream that was busy meanwhile still learns which of them rang."""

    def __init__(self) -> None:
        self._rung: set[str] = set()
        self._event = asyncio.Event()

    def ring(self, key: str) -> None:
        self._rung.add(key)
        self._event.set()

    def take(self) -> set[str]:
        """The keys that rang since the last call."""
        rung, self._rung = self._rung, set()
        self._event.clear()
        return rung

    async def wait(self, seconds: float) -> None:
        """Until one rings, but no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()


class Feed:
    """Rings for threads and for workspaces. Lives on one event loop; `wake` may come from any thread."""

    def __init__(
        self,
        *,
        read_after: Callable[[int], Sequence[FeedEvent]],
        read_head: Callable[[], int],
        period: float = PERIOD,
    ) -> None:
        self._read_after = read_after
        self._read_head = read_head
        self._period = period
        self._bells: dict[str, set[Bell]] = {}
        self._unhurried = asyncio.Lock()
        self._alarm: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watch(self, *keys: str) -> AsyncIterator[Bell]:
        """A bell that rings when something happens in these threads or workspaces, named by their ids."""
        bell = Bell()
        for key in keys:
            self._bells.setdefault(key, set()).add(bell)
        self._start()
        try:
            yield bell
        finally:
            for key in keys:
                self._bells[key].discard(bell)
                if not self._bells[key]:
                    del self._bells[key]
            if not self._bells:
                await self._stop()

    async def run_unhurried(self, function: Callable[..., T], *args: object) -> T:
        """What can wait: in a thread, one at a time in this process and with a rest after each, so that however many
        desks are open, messages do not wait for their lists.
        """
        await self._unhurried.acquire()
        began = time.monotonic()
        try:
            return await run_in_threadpool(function, *args)
        finally:
            rest = REST * (time.monotonic() - began)
            asyncio.get_running_loop().call_later(rest, self._unhurried.release)

    def wake(self) -> None:
        """Look now instead of at the next tick: for a web process that has just stored something itself."""
        loop, alarm = self._loop, self._alarm
        if loop is not None and alarm is not None:
            with suppress(RuntimeError):  # the loop has just closed: nobody listens any more
                loop.call_soon_threadsafe(alarm.set)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._loop = asyncio.get_running_loop()
            self._alarm = asyncio.Event()
            self._task = self._loop.create_task(self._poll(self._alarm))

    async def _stop(self) -> None:
        task, self._task, self._loop, self._alarm = self._task, None, None, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _poll(self, alarm: asyncio.Event) -> None:
        head: int | None = None
        while True:
            try:
                if head is None:
                    head = await run_in_threadpool(self._read_head)
                    self._ring_all()
                for event in await run_in_threadpool(self._read_after, head):
                    head = max(head, event.id)
                    self._ring(event.thread_id)
                    self._ring(event.workspace_id)
            except Exception:
                log.exception("the feed could not be read; the next look is in %.2f s", self._period)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._period):
                    await alarm.wait()
            alarm.clear()

    def _ring(self, key: str) -> None:
        for bell in self._bells.get(key, ()):
            bell.ring(key)

    def _ring_all(self) -> None:
        for key in self._bells:
            self._ring(key)
