"""In charge of: live streams (Server-Sent Events) that lose and double nothing.

Not in charge of: what a piece looks like.

A stream reads the events after the last number that the browser has seen (`Last-Event-ID`, else `?after=`), sends
them, waits for the feed's bell and reads again: catching up and being live are the same step. It ends when the session
or the personal link is no longer valid.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gateway.web.feed import Feed
from gateway.web.security import int_or_zero

PING = 15  # seconds
CHECK_EVERY = 3.0  # seconds: how soon a dead session or link ends its streams
EXTRA_EVERY = 0.5  # seconds: a busy workspace does not make every open list recompute at each event
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One stored event as the browser gets it: `seq` its number, `html` nothing, or `<hx-partial>`s."""

    seq: int
    html: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stream's pieces come from. All three read the database and run in a thread."""

    key: str  # the bell: a thread's or workspace's id
    after: int
    read: Callable[[int], Sequence[Piece]]  # the pieces after a number, in order
    extra: Callable[[], str]  # unnumbered partials that changed since the last call, "" if none
    is_valid: Callable[[], bool]


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
    checked = time.monotonic()
    extra_due = 0.0
    async with feed.watch(source.key) as bell:
        while True:
            bell.clear()
            for piece in await run_in_threadpool(source.read, seen):
                yield ServerSentEvent(data=piece.html or None, id=str(piece.seq))
                seen = max(seen, piece.seq)
            early = extra_due - time.monotonic()
            if early <= 0:
                if extra := await run_in_threadpool(source.extra):
                    yield ServerSentEvent(data=extra)
                extra_due = time.monotonic() + EXTRA_EVERY
            await _wait(bell, early if early > 0 else CHECK_EVERY)
            if time.monotonic() - checked >= CHECK_EVERY:
                checked = time.monotonic()
                if not await run_in_threadpool(source.is_valid):
                    return


async def _wait(bell: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await bell.wait()
    except TimeoutError:
        return
