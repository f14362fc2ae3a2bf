"""In charge of: taking in the octets of one mail: finding the end, keeping them in memory or in a temporary file,
undoing dot-stuffing, and what makes us refuse the whole. Not in charge of: the dialogue around it (`smtp_transfer`).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import IO, Any, TypeVar

from gateway.inbound.smtp_limits import SmtpLimits
from gateway.inbound.smtp_replies import (
    BARE_LINE_END,
    LONG_LINE,
    TOO_BIG,
    TOO_MANY_HOPS,
)

_T = TypeVar("_T")

_END = b"\r\n.\r\n"
_DOT = b"\r\n."  # a line that begins with a dot: the end, or stuffed (RFC 5321 §4.5.2)
_SMALL = 8_192  # shorter pieces are gathered: an object for each would cost far more than its octets
_SPOOL_AT = 262_144  # octets in memory before a mail moves to a temporary file
_SPOOL_AT_WHEN_CROWDED = 32_768
_HOPELESS = 64  # times the size limit
_HEAD = 262_144  # octets in which Received fields are counted
_NO_LINE_ENDS = bytes(octet for octet in range(256) if octet not in b"\r\n")


class Room:
    """The memory that whole mails may take together. First come, first served. Used by the loop's thread only."""

    def __init__(self, *, size: int, spool_size: int) -> None:
        self._size = size
        self._free = size
        self._spool_size = spool_size
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.buffered = 0  # octets of mails still coming in, in memory
        self.spooled = 0  # octets of mails still coming in, in temporary files

    @property
    def spool_at(self) -> int:
        """Octets that one incoming mail may keep in memory just now."""
        return _SPOOL_AT if self.buffered < self._size // 2 else _SPOOL_AT_WHEN_CROWDED

    @property
    def spool_is_full(self) -> bool:
        """True if no further mail should be begun."""
        return self.spooled >= self._spool_size

    async def take(self, octets: int, timeout: float) -> bool:
        """Wait for `octets` of memory; False if there was none in `timeout` seconds. Pair each True with `give`."""
        need = min(octets, self._size)
        if not self._waiting and self._free >= need:
            self._free -= need
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((need, turn))
        try:
            await asyncio.wait((turn,), timeout=timeout)
        except asyncio.CancelledError:
            if turn.done():
                self.give(octets)
            turn.cancel()
            raise
        if turn.done():
            return True
        turn.cancel()
        self._serve_waiting()
        return False

    def give(self, octets: int) -> None:
        """Return what `take` gave."""
        self._free += min(octets, self._size)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting:
            need, turn = self._waiting[0]
            if not turn.done():
                if self._free < need:
                    return
                self._free -= need
                turn.set_result(None)
            self._waiting.popleft()


class Intake:
    """One mail as it comes in, by DATA (ended by a lone dot) or by BDAT (chunks of announced size, RFC 3030)."""

    def __init__(self, room: Room, *, limit: int, chunked: bool) -> None:
        self._room = room
        # Stuffed dots do not count for SIZE (RFC 1870 §5) and add a third at most; the exact test follows later.
        self._gate = limit + limit // 3 + len(_END)
        self._chunked = chunked
        self._left = 0  # octets of the current chunk still to come
        self._tail = b"\r\n"  # the dot may stand in the very first line
        self._stuffed = False  # a line may begin with a dot that was added
        self._parts: list[bytes | bytearray] = []
        self._pending = 0  # octets in _parts
        self._file: IO[bytes] | None = None
        self._spooled = 0
        self._work: asyncio.Future[Any] | None = None  # a thread is at the file
        self.received = 0  # octets as they came, terminator included
        self.complete = False  # the terminator, or the last octet of the chunk, has come
        self.over = False  # larger than we take: the rest is read and dropped
        self.failed = False  # our disk failed: the rest is read and dropped

    @property
    def is_full(self) -> bool:
        """True when `spool` should be called before more is read."""
        return self._pending >= self._room.spool_at

    @property
    def is_hopeless(self) -> bool:
        """True when so much more came than we take that reading on to the end is no use."""
        return self.received > _HOPELESS * self._gate

    @property
    def is_spooled(self) -> bool:
        return self._file is not None

    def expect(self, octets: int) -> None:
        """Begin the next chunk (BDAT)."""
        self._left = octets
        self.complete = octets == 0

    def feed(self, data: bytes) -> bytes:
        """Take in what came; return what lies behind the end (pipelined commands), b"" until then."""
        end = self._find_chunk_end(data) if self._chunked else self._find_dot(data)
        if end < 0:
            self._keep(data)
            return b""
        self.complete = True
        self._keep(data if end == len(data) else data[:end])
        return data[end:]

    def _find_chunk_end(self, data: bytes) -> int:
        self._left -= len(data)
        return len(data) + self._left if self._left <= 0 else -1

    def _find_dot(self, data: bytes) -> int:
        tail = self._tail
        seam = tail + data[:4]
        self._stuffed = self._stuffed or _DOT in seam
        at = seam.find(_END)  # an end that began in an earlier piece
        if at >= 0:
            return at + len(_END) - len(tail)
        at = _find_in_dots(data, _END if self._stuffed else _DOT)
        if at >= 0 and not data.startswith(_END, at):
            self._stuffed = True
            at = data.find(_END, at)
        if at >= 0:
            return at + len(_END)
        self._tail = data[-4:] if len(data) >= 4 else (tail + data)[-4:]
        return -1

    def _keep(self, data: bytes) -> None:
        self.received += len(data)
        if self.over or self.failed:
            return
        if self.received > self._gate:
            self.over = True
            self.discard()
            return
        if len(data) < _SMALL and self._parts:
            last = self._parts[-1]
            if isinstance(last, bytearray):
                last += data
            else:
                self._parts.append(bytearray(data))
        else:
            self._parts.append(data)
        self._pending += len(data)
        self._room.buffered += len(data)

    async def spool(self, disk: Executor, *, folder: str | None) -> None:
        """Move what is in memory to a temporary file without a name. A disk fault sets `failed`."""
        parts, octets = self._parts, self._pending
        self._parts, self._pending = [], 0
        self._room.buffered -= octets
        self._room.spooled += octets
        self._spooled += octets
        try:
            if self._room.spool_is_full:
                raise OSError("spool is full")
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - see `discard`
            await self._run(disk, partial(_write, self._file, parts))
        except OSError:
            self.failed = True
            self.discard()

    async def collect(self, disk: Executor, limits: SmtpLimits) -> tuple[bytes, str | None]:
        """(mail, reply that refuses it or None); off the loop's thread where the mail is large. Raises OSError."""
        if self._file is None:
            raw = self.assemble()
            return raw, find_fault(raw, limits)

        def work() -> tuple[bytes, str | None]:
            raw = self.assemble()
            return raw, find_fault(raw, limits)

        return await self._run(disk, work)

    async def _run(self, disk: Executor, job: Callable[[], _T]) -> _T:
        """Run `job` in a thread and remember it, so that a lost connection does not close the file under it."""
        work = asyncio.get_running_loop().run_in_executor(disk, job)
        self._work = work
        return await asyncio.shield(work)

    def assemble(self) -> bytes:
        """The mail as written, dot-stuffing undone (RFC 5321 §4.5.2). May block if spooled. Raises OSError."""
        size = self.received if self._chunked else self.received - len(_END) + 2
        raw = self._read_back(size) if self._file is not None else self._join(size)
        if self._chunked:
            return raw
        if raw.startswith(b"."):
            raw = raw[1:]
        return raw.replace(_DOT, b"\r\n") if self._stuffed else raw

    def _join(self, size: int) -> bytes:
        if len(self._parts) == 1:
            return bytes(memoryview(self._parts[0])[:size])
        views = [memoryview(part) for part in self._parts]
        surplus = self.received - size
        while surplus:
            last = views.pop()
            if len(last) > surplus:
                views.append(last[: len(last) - surplus])
            surplus -= min(surplus, len(last))
        return b"".join(views)

    def _read_back(self, size: int) -> bytes:
        file = self._file
        assert file is not None
        _write(file, self._parts)
        file.seek(0)
        raw = file.read(size)
        if len(raw) != size:
            raise OSError("temporary file came back short")
        return raw

    def discard(self) -> None:
        """Let go of memory and file. May be called again."""
        self._room.buffered -= self._pending
        self._room.spooled -= self._spooled
        self._parts, self._pending, self._spooled = [], 0, 0
        file, self._file = self._file, None
        if file is None:
            return
        if self._work is not None and not self._work.done():
            self._work.add_done_callback(lambda _: file.close())
        else:
            file.close()


def _write(file: IO[bytes], parts: Sequence[bytes | bytearray]) -> None:
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[file.write(view) :]


def find_fault(raw: bytes, limits: SmtpLimits) -> str | None:
    """The reply that refuses this mail as a whole, or None. Bare line ends are never mended: they smuggle mail."""
    if len(raw) > limits.size:
        return TOO_BIG
    if _has_bare_line_end(raw) or b"\0" in raw:
        return BARE_LINE_END
    if _has_long_line(raw, limits.line):
        return LONG_LINE
    head = b"\r\n" + raw[:_HEAD].partition(b"\r\n\r\n")[0]
    if head.lower().count(b"\r\nreceived:") > limits.hops:
        return TOO_MANY_HOPS
    return None


def _has_bare_line_end(raw: bytes) -> bool:
    """A CR or an LF alone: there are more of them than pairs hold. No object is made for a line, and to let everything
    else fall and count pairs is quick in every build of Python; to count single octets takes one three times as long.
    """
    return len(raw.translate(None, _NO_LINE_ENDS)) != 2 * raw.count(b"\r\n")


def _find_in_dots(data: bytes, wanted: bytes) -> int:
    """`data.find(wanted)` for what has a dot: files in base64 have none, and one octet is found much faster."""
    first = data.find(b".")
    if first < 0:
        return -1
    return data.find(wanted, max(first - wanted.index(b"."), 0), data.rfind(b".") + len(wanted))


def _has_long_line(raw: bytes, limit: int) -> bool:
    """Leaps from line end to line end, each as far ahead as a line may reach."""
    start = 0
    while len(raw) - start > limit:
        end = raw.rfind(b"\r\n", start, start + limit)
        if end < 0:
            return True
        start = end + 2
    return False
