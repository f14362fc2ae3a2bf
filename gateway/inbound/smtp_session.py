"""In charge of: the dialogue of one SMTP connection: who may begin it, reading commands line by line, when it ends.
Not in charge of: what a command does (`smtp_commands`, `smtp_transfer`) or the octets beneath (`smtp_wire`).

The command loop is ours: aiosmtpd's takes bare LF, answers without enhanced codes, shows exception texts to the peer
and logs addresses.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from contextlib import suppress
from dataclasses import dataclass, field

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy
from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway.inbound import smtp_replies as say
from gateway.inbound.smtp_commands import COMMANDS
from gateway.inbound.smtp_data import Intake
from gateway.inbound.smtp_limits import name_client
from gateway.inbound.smtp_state import FrontState
from gateway.inbound.smtp_wire import SmtpWire, log

_serials = itertools.count(1)
_NOT_SMTP = re.compile(rb"(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|CONNECT|PATCH|TRACE) |\x16\x03")
_MAX_LINE_DROPPED = 1_048_576
_GROUPED = ("MAIL", "RCPT", "RSET")  # their answers may leave together where the peer did not wait (RFC 2920 §3.2)


@dataclass(slots=True)
class Transaction:
    """One mail in the making (RFC 5321 §3.3)."""

    mail_from: str | None = None  # "" is the null path
    rcpt_tos: list[str] = field(default_factory=list)  # each once, as first written
    recipients: int = 0  # RCPTs taken
    smtputf8: bool = False
    chunks: Intake | None = None  # set once BDAT has begun


class SmtpSession(SmtpWire):
    """One connection, seen as a dialogue."""

    def __init__(self, state: FrontState) -> None:
        super().__init__(state)
        self.serial = next(_serials)
        self.helo = ""
        self.transaction = Transaction()
        self.commands_since_mail = 0
        self.wrong_recipients = 0
        self._errors = 0
        self._swallow_lf = False
        self._ends_at = state.loop.time() + state.limits.session_timeout

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """STARTTLS makes the peer say EHLO again (RFC 3207 §4.2)."""
        self.helo = ""
        super().connection_made(transport)

    def reset(self) -> None:
        """Forget the transaction; HELO stands."""
        if self.transaction.chunks is not None:
            self.transaction.chunks.discard()
        self.transaction = Transaction()

    @property
    def is_exempt(self) -> bool:
        """True for a client that the limits per client do not bind."""
        return self.client is not None and self.state.clients.is_exempt(self.client)

    async def start_tls(self) -> None:
        """Say 220 and shake hands. Raises ConnectionError if that fails."""
        self.set_deadline(self.limits.tls_timeout)
        with suppress(TLSSetupException):
            await SMTP.smtp_STARTTLS(self, "")
        if self.is_shaking_hands:
            self.cut()
            self.connection_lost(None)  # asyncio tells us of no connection that ends before its handshake does
            raise ConnectionResetError

    async def _handle_client(self) -> None:
        try:
            if await self._admit():
                await self._converse()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception as error:
            log.error("session %d: %s", self.serial, type(error).__name__)
            self.reply(say.TROUBLE)
        finally:
            self.close()

    async def _admit(self) -> bool:
        """Learn who the client is, count it, greet it. False: it was turned away."""
        if self.state.proxies and not await self._read_proxy_header():
            return False
        client = name_client(self.peer)
        if not self.state.clients.enter(client):
            self.reply(say.TOO_MANY_CONNECTIONS)
            return False
        self.client = client
        if self.state.banner_delay and not self.state.proxies:
            await asyncio.sleep(self.state.banner_delay)
            if self.has_unread:
                self.reply(say.TALKED_BEFORE_GREETING)
                return False
        self.reply(f"220 {self.hostname} ESMTP")
        return True

    async def _read_proxy_header(self) -> bool:
        """PROXY protocol, version 1 or 2: only from our proxies, and from them always."""
        if not self.state.trusts_proxy(self.peer):
            self.reply(say.NOT_A_TRUSTED_PROXY)
            return False
        self.set_deadline(self.limits.proxy_timeout)
        header = await get_proxy(self._reader)
        if not header:
            return False
        if header.command is not V2_CMD.LOCAL and header.src_addr:
            self.peer = str(header.src_addr)
        return True

    async def _converse(self) -> None:
        while not self.closing:
            if self.state.stopping:
                self.reply(say.SHUTTING_DOWN)
                return
            if self.loop.time() > self._ends_at:
                self.reply(say.TIMED_OUT)
                return
            self.set_deadline(self.limits.command_timeout)
            await self.flush()
            self.waiting = True
            line = await self._read_line()
            self.waiting = False
            if line and not self.closing:
                await self._obey(line)

    async def _read_line(self) -> bytes:
        """The next line with its line end; b"" if it was far too long and has been answered."""
        if not self.has_unread_line:
            self.release()
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            await self._drop_line(error.consumed)
            self.reply(say.LINE_TOO_LONG)
            self._count_error()
            return b""
        if self._swallow_lf and line == b"\n":
            line = b""
        self._swallow_lf = False
        return line

    async def _drop_line(self, octets: int) -> None:
        dropped = 0
        while dropped < _MAX_LINE_DROPPED:
            dropped += len(await self._reader.readexactly(octets))
            try:
                await self._reader.readuntil(b"\n")
                return
            except asyncio.LimitOverrunError as error:
                octets = error.consumed
        raise ConnectionResetError

    async def _obey(self, line: bytes) -> None:
        if _NOT_SMTP.match(line):
            self.dismiss(say.NOT_SMTP, at_once=True)
            return
        text, fault = self._read_text(line)
        verb, _, argument = text.partition(" ")
        verb = verb.upper()
        command = COMMANDS.get(verb)
        if fault or command is None:
            self.reply(fault or say.UNKNOWN_COMMAND)
            # A client of ours that is being tested may send bad line ends all day; nonsense it may not.
            if not (fault and self.is_exempt):
                self._count_error()
            return
        self.commands_since_mail += 1
        answer = await command(self, argument)
        if answer is not None:
            self.reply(answer, held=verb in _GROUPED and self.has_unread_line)
        if self.commands_since_mail > self.limits.commands_per_mail and not self.is_exempt:
            self.dismiss(say.TOO_MANY_COMMANDS, at_once=True)

    def _read_text(self, line: bytes) -> tuple[str, str]:
        """(command line without its end, "") or ("", why not)."""
        bare, self.bare_cr = self.bare_cr, False
        self._swallow_lf = bare
        if bare or not line.endswith(b"\r\n"):
            return "", say.BAD_LINE_END
        if len(line) > self.limits.command_line:
            return "", say.LINE_TOO_LONG
        try:
            text = line[:-2].decode().rstrip(" ")
        except UnicodeDecodeError:
            return "", say.BAD_CHARSET
        return (text, "") if text.isprintable() else ("", say.BAD_LINE_END)

    def _count_error(self) -> None:
        self._errors += 1
        if self._errors >= self.limits.unknown_commands:
            self.dismiss(say.TOO_MANY_ERRORS, at_once=True)
