"""In charge of: live streams (Server-Sent Events) that lose and double nothing.

Not in charge of: what a piece looks like.

A stream reads the events after the last number that the browser has seen (`Last-Event-ID`, else `?after=`), sends
them, waits for the feed's bell and reads again: catching up and being live are the same step. It ends when the session
or the personal link is no longer valid, or opens something else than it did.

What stands beside the numbered pieces (a list, numbers) can wait (`Feed.run_unhurried`), and is computed only when its
own bell rang.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from random import random

from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gateway.web.feed import Bell, Feed
from gateway.web.security import int_or_zero

PING = 15  # seconds
CHECK_EVERY = 4.0  # seconds: how soon a dead session or link ends its streams, and a colleague is seen
BESIDE_EVERY = 0.5  # seconds: a busy workspace does not make every open list recompute at each event
RENEW_EVERY = 60.0  # seconds: what changes by the clock alone, and whatever no bell told of
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One stored event as the browser gets it: `seq` its number, `html` nothing, or `<hx-partial>`s."""

    seq: int
    html: str = ""


Beside = Callable[[bool], str]  # partials that changed since the last call; False: without what bells tell of


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream's pieces come from. All functions read the database and run in a thread."""

    key: str  # the thread whose bell tells of pieces, "" if there are none
    after: int
    read: Callable[[int], Sequence[Piece]]  # the pieces after a number, in order
    is_valid: Callable[[], bool]
    beside_key: str = ""  # the workspace whose bell tells of what stands beside, "" if nothing does
    beside: Beside = lambda _: ""


def last_seen(request: Request, fallback: int = 0) -> int:
    """The number of the last event the browser has: the header of a reconnection wins over the page's own link."""
    header = request.headers.get("last-event-id", "").strip()
    if header.isascii() and header.isdigit():
        return int_or_zero(header)
    asked = request.query_params.get("after", "")
    return int_or_zero(asked) if asked.isdigit() else fallback


def send_stream(feed: Feed, source: Source) -> Response:
    """The stream as a response."""
    return EventSourceResponse(_events(feed, source), ping=PING, headers=HEADERS)


async def _events(feed: Feed, source: Source) -> AsyncIterator[ServerSentEvent]:
    seen = source.after
    keys = [key for key in (source.key, source.beside_key) if key]
    check_at = time.monotonic() + CHECK_EVERY * random()  # those that come back together after a restart part again
    renew_at = 0.0
    async with feed.watch(*keys) as bell, _Beside(feed, source, bell) as beside:
        while True:
            rung = bell.take()
            if time.monotonic() >= renew_at:
                rung.update(keys)
                renew_at = time.monotonic() + RENEW_EVERY
            if source.key in rung:
                for piece in await run_in_threadpool(source.read, seen):
                    yield ServerSentEvent(data=piece.html or None, id=str(piece.seq))
                    seen = max(seen, piece.seq)
            if news := beside.take(stale=source.beside_key in rung):
                yield ServerSentEvent(data=news)
            await bell.wait(min(check_at, beside.due_at) - time.monotonic())
            if time.monotonic() >= check_at:
                check_at = time.monotonic() + CHECK_EVERY
                if not await run_in_threadpool(source.is_valid):
                    return
                beside.look()


class _Beside:
    """Computes what stands beside in a task of its own, which rings the stream's bell when it has something."""

    def __init__(self, feed: Feed, source: Source, bell: Bell) -> None:
        self._feed = feed
        self._source = source
        self._bell = bell
        self._task: asyncio.Task[str] | None = None
        self._stale = self._looks = False
        self._due_at = 0.0

    async def __aenter__(self) -> _Beside:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def due_at(self) -> float:
        """When it may begin what it knows to be stale (monotonic seconds)."""
        return self._due_at if self._stale and self._task is None else math.inf

    def look(self) -> None:
        """See to what no bell tells of, with the next `take`."""
        self._looks = bool(self._source.beside_key)

    def take(self, *, stale: bool) -> str:
        """What was found since the last call; `stale` says that there is more to find."""
        self._stale = self._stale or stale
        news = ""
        if self._task is not None and self._task.done():
            news, self._task = self._task.result(), None
        now = time.monotonic()
        ready = self._stale and now >= self._due_at
        if self._task is None and (ready or self._looks):
            self._task = asyncio.create_task(self._feed.run_unhurried(self._source.beside, ready))
            self._task.add_done_callback(lambda _: self._bell.ring(""))
            self._looks = False
            if ready:
                self._stale, self._due_at = False, now + BESIDE_EVERY
        return news
