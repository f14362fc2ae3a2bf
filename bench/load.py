"""In charge of: sending mails over kept SMTP connections as fast as the server takes them, and timing each.

Not in charge of: what is sent (`mails`) or to whom (the servers). A refused mail ends the run:
nothing is left out of a rate.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import uvloop

from bench.mails import Mail

CONNECTIONS = 20
LIMIT = 300.0  # seconds for one run
GREETING = 30.0  # seconds for all greetings


class LoadError(Exception):
    """The server refused or went away; the text says what it answered."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One run: `started` and `ended` by `time.perf_counter`, seconds to 250 of each mail."""

    started: float
    ended: float
    times: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return len(self.times) / (self.ended - self.started)

    def percentile(self, share: float) -> float:
        """Seconds within which this share of the mails had their 250."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def send_all(address: tuple[str, int], mails: Sequence[Mail], *, connections: int = CONNECTIONS) -> Sent:
    """Send every mail once. Time runs from the first MAIL, all connections having greeted. Raises LoadError."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_send_all(address, mails, connections=connections))


async def _send_all(address: tuple[str, int], mails: Sequence[Mail], *, connections: int) -> Sent:
    loop = asyncio.get_running_loop()
    waiting = deque(mails)
    times: list[float] = []
    clients = [_Client(loop, waiting, times) for _ in range(connections)]
    try:
        async with asyncio.timeout(LIMIT):
            for client in clients:
                await loop.create_connection(partial(_itself, client), *address)
            await asyncio.wait_for(asyncio.gather(*(c.greeted for c in clients)), GREETING)
            started = time.perf_counter()
            for client in clients:
                client.send_next()
            await asyncio.gather(*(c.done for c in clients))
        return Sent(started, max(c.last for c in clients), tuple(times))
    except TimeoutError:
        raise LoadError(f"{len(times)} of {len(mails)} mails were taken in {LIMIT:g} s") from None
    finally:
        for client in clients:
            client.close()


def _itself(client: _Client) -> _Client:
    return client


class _Client(asyncio.Protocol):
    """One connection; it takes its next mail from the common heap when the last has its 250."""

    def __init__(self, loop: asyncio.AbstractEventLoop, waiting: deque[Mail], times: list[float]) -> None:
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self.last = 0.0
        self._waiting = waiting
        self._times = times
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._pipelining = False
        self._expected = [b"220", b"250"]
        self._steps = [b"EHLO bench.example\r\n"]
        self._body = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            self._pipelining |= line[4:].upper() == b"PIPELINING"
            if line[3:4] != b"-":
                self._take_reply(line)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail("the connection was closed")

    def send_next(self) -> None:
        if not self._waiting:
            if not self.done.done():
                self.done.set_result(None)
            return
        mail = self._waiting.popleft()
        self._body = mail.wire
        steps = [f"MAIL FROM:<{mail.mail_from}>\r\n".encode(), f"RCPT TO:<{mail.rcpt_to}>\r\n".encode(), b"DATA\r\n"]
        self._expected = [b"250", b"250", b"354", b"250"]
        self._steps = [] if self._pipelining else steps[1:]
        self._began = time.perf_counter()
        self._write(b"".join(steps) if self._pipelining else steps[0])

    def close(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def _take_reply(self, line: bytes) -> None:
        if self.done.done():
            return
        if not self._expected or line[:3] != self._expected.pop(0):
            self._fail(line.decode("ascii", "replace"))
        elif line[:3] == b"354":
            self._write(self._body)
        elif self._expected and self._steps:
            self._write(self._steps.pop(0))
        elif not self._expected and not self.greeted.done():
            self.greeted.set_result(None)
        elif not self._expected:
            self.last = time.perf_counter()
            self._times.append(self.last - self._began)
            self.send_next()

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def _fail(self, said: str) -> None:
        for future in (self.greeted, self.done):
            if not future.done():
                future.set_exception(LoadError(f"the server said: {said}"))
                future.exception()
