"""In charge of: the SMTP front as a whole: its thread, its listener, its orderly end.

Not in charge of: the dialogue
(`smtp_session`), or what a mail means (parsing comes after the 250, elsewhere).

Another thread starts and stops it; everything else runs in its own thread, on its own uvloop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from ipaddress import ip_network

import uvloop

from gateway.inbound.gathering import Gatherer, Relay
from gateway.inbound.smtp_data import Room
from gateway.inbound.smtp_limits import Clients, SmtpLimits
from gateway.inbound.smtp_replies import (
    NO_SUCH_ADDRESS,
    RCPT_OK,
    RELAY_DENIED,
    THREAD_CLOSED,
    TRY_LATER,
    RcptAnswer,
)
from gateway.inbound.smtp_session import SmtpSession
from gateway.inbound.smtp_state import Accept, CheckRecipients, FrontState

__all__ = [
    "NO_SUCH_ADDRESS",
    "RCPT_OK",
    "RELAY_DENIED",
    "THREAD_CLOSED",
    "TRY_LATER",
    "Front",
    "RcptAnswer",
    "SmtpLimits",
]

log = logging.getLogger("gateway.inbound.smtp")

_BACKLOG = 1_024
_DISK_THREADS = 2
_FAREWELL = 1.0  # seconds for the last 421s to leave


class Front:
    """An SMTP listener. `start` and `stop` once each, from any thread but its own.

    `check_recipients` gets addresses of RCPTs as written, without brackets, ASCII, of the form local@domain, or
    "postmaster", those of several sessions at once, and answers each; it runs in one thread. If it raises, the peers
    are told 451.
    `accept` gets envelope and raw octets (dot-stuffing undone, otherwise as sent) on the loop's thread: it must only
    hand over and return at once. Its future gives our id after the durable commit; if it raises or fails, the peer is
    told 451 (452 if the disk is full, by OSError). With `proxy_protocol_from` (networks), every connection must come
    from there and begin with a PROXY header, so plain clients need a front of their own.
    """

    def __init__(
        self,
        *,
        hostname: str,
        listen: tuple[str, int],
        check_recipients: CheckRecipients,
        accept: Accept,
        tls: ssl.SSLContext | None = None,
        limits: SmtpLimits | None = None,
        proxy_protocol_from: tuple[str, ...] = (),
        banner_delay: float = 0.0,
        spool_folder: str | None = None,
        reuse_port: bool = False,
    ) -> None:
        self._hostname = hostname
        self._listen = listen
        self._check_recipients = check_recipients
        self._accept = accept
        self._tls = tls
        self._limits = limits or SmtpLimits()
        self._proxies = tuple(ip_network(network) for network in proxy_protocol_from)
        self._banner_delay = banner_delay
        self._spool_folder = spool_folder
        self._reuse_port = reuse_port
        self._thread = threading.Thread(target=self._run, name="smtp", daemon=True)
        self._ready: Future[tuple[str, int]] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Future[float] | None = None

    def start(self) -> tuple[str, int]:
        """Bind and serve; returns the real address (port 0 takes a free one). Raises OSError if it cannot bind."""
        self._thread.start()
        return self._ready.result()

    def stop(self, timeout: float = 30.0) -> None:
        """Take no more connections, let mails that are coming in end, send the others 421, await commits.

        After `timeout` seconds what is still open is closed with 421, and a commit that still runs is left to itself.
        """
        if self._loop is None or not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._ask_to_stop, timeout)
        self._thread.join(timeout + 10 * _FAREWELL)

    def _ask_to_stop(self, timeout: float) -> None:
        if self._stop is not None and not self._stop.done():
            self._stop.set_result(timeout)

    def _run(self) -> None:
        recipients = Gatherer(self._check_recipients, name="smtp-recipients")
        disk = ThreadPoolExecutor(_DISK_THREADS, thread_name_prefix="smtp-disk")
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve(recipients, disk))
        except Exception as error:
            log.error("SMTP front ended: %s", type(error).__name__)
            if not self._ready.done():
                self._ready.set_exception(error)
        finally:
            recipients.close()
            disk.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, recipients: Gatherer[str, RcptAnswer], disk: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        state = FrontState(
            hostname=self._hostname,
            recipients=recipients,
            accept=self._accept,
            tls=self._tls,
            limits=self._limits,
            proxies=self._proxies,
            banner_delay=self._banner_delay,
            spool_folder=self._spool_folder,
            loop=loop,
            disk=disk,
            clients=Clients(self._limits),
            room=Room(size=self._limits.bytes_in_flight, spool_size=self._limits.bytes_spooled),
            relay=Relay(loop),
        )
        host, port = self._listen
        server = await loop.create_server(
            lambda: SmtpSession(state),
            host,
            port,
            backlog=_BACKLOG,
            reuse_port=self._reuse_port or None,
        )
        self._loop, self._stop = loop, loop.create_future()
        bound = server.sockets[0].getsockname()
        self._ready.set_result((bound[0], bound[1]))
        timeout = await self._stop
        server.close()
        await _wind_down(state, timeout)


async def _wind_down(state: FrontState, timeout: float) -> None:
    state.stopping = True
    for connection in tuple(state.connections):
        connection.dismiss()
    await _wait_until_quiet(state, timeout)
    for connection in tuple(state.connections):
        connection.dismiss(at_once=True)
    await _wait_until_quiet(state, _FAREWELL)
    for connection in tuple(state.connections):
        connection.cut()
    if state.commits:
        log.error("stopped while %d commits were still running", len(state.commits))


async def _wait_until_quiet(state: FrontState, timeout: float) -> None:
    state.quiet.clear()
    state.note_change()
    try:
        await asyncio.wait_for(state.quiet.wait(), timeout)
    except TimeoutError:
        return
