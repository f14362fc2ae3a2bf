"""In charge of: the octets and the time of one SMTP connection: commands to the reader, mail to its intake, deadlines,
half-closed peers, the end. Not in charge of: the dialogue (`smtp_session`).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from typing import Any

from aiosmtpd.smtp import SMTP

from gateway.inbound import smtp_replies as say
from gateway.inbound.smtp_data import Intake
from gateway.inbound.smtp_state import FrontState

log = logging.getLogger("gateway.inbound.smtp")
logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's INFO names peers
logging.getLogger("mail.debug").setLevel(logging.ERROR)  # its warnings are about other people's PROXY headers

_LINGER = 10.0  # seconds for the last reply to leave before the connection is cut
_LOOK = 60.0  # seconds between two looks at the deadline


class _NoHooks:
    """The handler object that aiosmtpd wants."""

    def __dir__(self) -> Iterable[str]:
        return ()


_NO_HOOKS = _NoHooks()


class SmtpWire(SMTP):
    """One connection, seen as octets. Runs in the loop's thread. Pinned to aiosmtpd 1.4.6 for its private names."""

    line_length_limit = 65_536  # the reader's buffer; mails do not pass through it

    def __init__(self, state: FrontState) -> None:
        super().__init__(
            _NO_HOOKS,
            hostname=state.hostname,
            tls_context=state.tls,
            data_size_limit=None,
            timeout=state.limits.command_timeout,
            loop=state.loop,
        )
        self.state = state
        self.limits = state.limits
        self.peer = ""
        self.client: str | None = None  # set while it counts in state.clients
        self.closing = False
        self.waiting = False  # for a command
        self.half_closed = False
        self.bare_cr = False  # the line feed of the line was ours
        self._held = bytearray()  # replies that have not left
        self._intake: Intake | None = None
        self._intake_wakes: asyncio.Future[None] | None = None
        self._reading_paused = False
        self._deadline = math.inf
        self._hard_deadline = math.inf

    def __dir__(self) -> Iterable[str]:
        """Empty: aiosmtpd looks through dir() for commands and AUTH methods at each connection, which costs 0.4 ms."""
        return ()

    def reset(self) -> None:
        """Forget the transaction."""
        raise NotImplementedError

    # Begin and end.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection; the second call on the same connection is the end of STARTTLS."""
        self.reset()
        if self.transport is None:
            self.peer = str((transport.get_extra_info("peername") or ("",))[0])
            self.state.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone; called twice when a TLS handshake fails."""
        if self not in self.state.connections:
            return
        self.closing = True
        self.reset()
        self.state.connections.discard(self)
        if self.client is not None:
            self.state.clients.leave(self.client)
        super().connection_lost(error)  # cancels the dialogue; a commit goes on
        self.state.note_change()

    def eof_received(self) -> bool:
        """A peer may close its side and still wait for our 250: only what was not sent in full is given up."""
        if self.half_closed or self.transport is None:
            return False
        self.half_closed = True
        if self._intake is not None:
            self.transport.close()
            return False
        self._reader.feed_eof()
        return not self.is_encrypted

    def dismiss(self, line: str = say.SHUTTING_DOWN, *, at_once: bool = False) -> None:
        """Say why and close. Unless `at_once`, a command that is being obeyed ends first (the dialogue sees to it)."""
        if (self.waiting or at_once) and not self.closing:
            self.reply(line)
            self.close()

    def close(self) -> None:
        """Close once the last reply has left, or after some seconds if the peer does not read it."""
        if self.closing or self.transport is None:
            return
        self.release()
        self.closing = True
        self.transport.close()
        self._arm(_LINGER)

    def cut(self) -> None:
        """Close now, whatever is going on; a commit that runs goes on."""
        transport: Any = self._original_transport or self.transport
        if transport is not None:
            transport.abort()

    # Time: one timer that now and then looks at a deadline, so that moving the deadline costs nothing.

    def set_deadline(self, seconds: float) -> None:
        """The peer has this long for its next step; `math.inf` while we are the ones who work."""
        self._deadline = self.loop.time() + seconds
        due = min(self._deadline, self._hard_deadline)
        if self._timeout_handle is None or self._timeout_handle.when() > due:
            self._arm(min(due - self.loop.time(), _LOOK))

    def _reset_timeout(self, duration: float | None = None) -> None:
        self.set_deadline(duration or self.limits.command_timeout)

    def _arm(self, seconds: float) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_later(max(seconds, 0.0), self._timeout_cb)

    def _timeout_cb(self) -> None:
        left = min(self._deadline, self._hard_deadline) - self.loop.time()
        if left > 0 and not self.closing:
            self._arm(min(left, _LOOK))
        elif self.closing or self.is_shaking_hands or self._paused:  # type: ignore[attr-defined]
            self.cut()  # there is nobody who would read a reply
        else:
            self.dismiss(say.TIMED_OUT, at_once=True)

    # Octets in.

    def data_received(self, data: bytes) -> None:
        """What came belongs to the mail that is being taken in, or is commands."""
        intake = self._intake
        if intake is None:
            self._hear(data)
            return
        self._deadline = self.loop.time() + self.limits.data_block_timeout
        rest = intake.feed(data)
        if intake.complete:
            self._intake = None
            self._wake()
            if rest:
                self._hear(rest)
        elif intake.is_full:
            self._pause_reading()
            self._wake()
        elif intake.is_hopeless:
            self.dismiss(say.TOO_BIG, at_once=True)

    def _hear(self, data: bytes) -> None:
        if self.half_closed or self.closing:
            return
        super().data_received(data)
        if data.endswith(b"\r"):
            self.loop.call_later(self.limits.bare_cr_wait, self._end_bare_cr)

    def _end_bare_cr(self) -> None:
        """Nothing followed a CR: the peer means it as the end of its command, and waits for an answer."""
        if self.waiting and self._heard.endswith(b"\r") and not self.has_unread_line and not self.half_closed:
            self.bare_cr = True
            self._reader.feed_data(b"\n")

    @property
    def _heard(self) -> bytearray:
        heard: bytearray = self._reader._buffer  # type: ignore[attr-defined]
        return heard

    @property
    def has_unread(self) -> bool:
        """True if the peer has sent more than we have read."""
        return bool(self._heard)

    @property
    def has_unread_line(self) -> bool:
        """True if that is another command, in full."""
        return b"\n" in self._heard

    def _wake(self) -> None:
        if self._intake_wakes is not None and not self._intake_wakes.done():
            self._intake_wakes.set_result(None)

    def _pause_reading(self) -> None:
        transport: Any = self.transport
        if not self._reading_paused and not transport.is_closing():
            self._reading_paused = True
            transport.pause_reading()

    def _resume_reading(self) -> None:
        transport: Any = self.transport
        if self._reading_paused and transport is not None and not transport.is_closing():
            transport.resume_reading()
        self._reading_paused = False

    async def receive(self, intake: Intake) -> None:
        """Let what comes flow into `intake` until it is complete, to disk where it is large. Raises ConnectionError."""
        if self._heard and not intake.complete:
            rest = intake.feed(bytes(self._heard))
            del self._heard[: len(self._heard) - len(rest)]
            self._reader._maybe_resume_transport()  # type: ignore[attr-defined]
        if intake.complete:
            return
        if self.half_closed:
            raise ConnectionResetError
        self.release()
        self._intake = intake
        self._hard_deadline = self.loop.time() + self.limits.data_total_timeout
        self.set_deadline(self.limits.data_block_timeout)
        try:
            while not intake.complete:
                await self._take_piece(intake)
        finally:
            self._intake = None
            self._hard_deadline = math.inf
            self._resume_reading()

    async def _take_piece(self, intake: Intake) -> None:
        if not self._reading_paused:
            self._intake_wakes = self.loop.create_future()
            await self._intake_wakes
        if self._reading_paused and not intake.complete:
            await intake.spool(self.state.disk, folder=self.state.spool_folder)
            self.set_deadline(self.limits.data_block_timeout)
            self._resume_reading()

    # Replies out.

    def reply(self, line: str, *, held: bool = False) -> None:
        """Send one reply; a multi-line one has its line ends inside. If `held`, it leaves with the next one, or before
        the peer is waited for (RFC 2920 §3.2).
        """
        self._held += line.encode("ascii", "replace") + b"\r\n"
        if not held:
            self.release()

    def release(self) -> None:
        """Send the replies that were held."""
        transport: Any = self.transport
        if self._held and transport is not None and not transport.is_closing():
            transport.write(bytes(self._held))
        self._held.clear()

    async def push(self, status: str | bytes) -> None:
        """aiosmtpd's own STARTTLS says its 220 through this; with the enhanced code that RFC 2034 wants."""
        self.reply(say.START_TLS)

    async def flush(self) -> None:
        """Wait while the peer does not read our replies."""
        if self._paused:  # type: ignore[attr-defined]
            await self._drain_helper()  # type: ignore[attr-defined]

    @property
    def is_encrypted(self) -> bool:
        return self._tls_protocol is not None

    @property
    def is_shaking_hands(self) -> bool:
        return self._tls_protocol is not None and (self.session is None or self.session.ssl is None)
