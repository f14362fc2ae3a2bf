"""In charge of: what all connections of one SMTP front share.

Not in charge of: the life of the front (`smtp`) or of a
connection (`smtp_session`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

from gateway.inbound.gathering import Gatherer, Relay
from gateway.inbound.smtp_data import Room
from gateway.inbound.smtp_limits import Clients, SmtpLimits
from gateway.inbound.smtp_replies import RcptAnswer
from gateway.threads.incoming import Envelope

CheckRecipients = Callable[[Sequence[str]], Sequence[RcptAnswer]]
Accept = Callable[[Envelope, bytes], "Future[str]"]


class Connection(Protocol):
    """What the front needs of a connection in order to end it."""

    def dismiss(self, line: str = ..., *, at_once: bool = False) -> None:
        """Say `line` and close, unless a command is being obeyed and may end first."""

    def cut(self) -> None:
        """Close now, whatever is going on; a commit that runs goes on."""


@dataclass(eq=False, slots=True)
class FrontState:
    """Settings, budgets and books. Used by the loop's thread only."""

    hostname: str
    recipients: Gatherer[str, RcptAnswer]
    accept: Accept
    tls: ssl.SSLContext | None
    limits: SmtpLimits
    proxies: tuple[IPv4Network | IPv6Network, ...]
    banner_delay: float
    spool_folder: str | None
    loop: asyncio.AbstractEventLoop
    disk: Executor  # runs the temporary files
    clients: Clients
    room: Room
    relay: Relay[str]
    connections: set[Connection] = field(default_factory=set)
    commits: set[asyncio.Future[str]] = field(default_factory=set)
    stopping: bool = False
    quiet: asyncio.Event = field(default_factory=asyncio.Event)  # set once nothing is left to wait for

    def note_change(self) -> None:
        """A connection or a commit has ended."""
        if not self.connections and not self.commits:
            self.quiet.set()

    def trusts_proxy(self, peer: str) -> bool:
        """True if `peer` (an IP address) may tell us who the client is (PROXY protocol)."""
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.proxies)
