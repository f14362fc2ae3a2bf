"""In charge of: how much one client, and all clients together, may ask of the SMTP front.

Not in charge of: what is
answered beyond it (`smtp_replies`), or the memory of mails in flight (`smtp_data.Room`).
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from gateway.threads.networks import name_network, read_address


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Every bound of the SMTP front: octets, counts, seconds. Timers after RFC 5321 §4.5.3.2."""

    size: int = 36_700_160  # one mail, octets without dot-stuffing (35 MiB)
    line: int = 65_536  # one line of a mail, octets with its CRLF
    hops: int = 50  # Received fields
    recipients: int = 100  # of one transaction (RFC 5321 §4.5.3.1.8 wants at least 100)
    connections: int = 1_000
    command_line: int = 4_096  # octets with CRLF
    unknown_commands: int = 10  # in one connection
    # The following do not bind clients on loopback while `exempt_loopback` is on.
    connections_per_client: int = 50
    messages_per_minute_per_client: int = 600
    wrong_recipients: int = 20  # in one connection
    wrong_recipients_per_hour_per_client: int = 200
    wrong_recipients_free: int = 3  # in one connection; each further one is answered `tarpit` seconds late
    tarpit: float = 1.0
    commands_per_mail: int = 300  # commands between two accepted mails
    exempt_loopback: bool = True
    # Seconds.
    command_timeout: float = 300.0
    data_block_timeout: float = 180.0  # between two blocks of DATA
    data_total_timeout: float = 1_800.0
    session_timeout: float = 7_200.0
    commit_timeout: float = 60.0
    recipient_timeout: float = 30.0
    tls_timeout: float = 30.0
    proxy_timeout: float = 5.0
    bare_cr_wait: float = 3.0  # until a CR at the end of what came is taken for the end of a command
    room_timeout: float = 240.0  # how long a complete mail waits for memory
    # Memory and disk of all mails together, octets.
    bytes_in_flight: int = 134_217_728  # whole mails in memory, from assembly to the end of their commit
    bytes_spooled: int = 8_589_934_592  # mails that are still coming in, in temporary files


LOOPBACK = "loopback"


class Clients:
    """Who is connected, and how often each client has written or guessed. Used by the loop's thread only."""

    def __init__(self, limits: SmtpLimits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._mails = _Window(limits.messages_per_minute_per_client, seconds=60)
        self._wrong = _Window(limits.wrong_recipients_per_hour_per_client, seconds=3600)

    def enter(self, client: str) -> bool:
        """Count one more connection of `client`; False if that is one too many. Pair each True with `leave`."""
        if self._open.total() >= self._limits.connections:
            return False
        if not self.is_exempt(client):
            if self._open[client] >= self._limits.connections_per_client:
                return False
            if self._wrong.is_used_up(client):
                return False
        self._open[client] += 1
        return True

    def leave(self, client: str) -> None:
        """One connection of `client` has ended."""
        self._open[client] -= 1
        if self._open[client] <= 0:
            del self._open[client]

    def may_send(self, client: str) -> bool:
        """Count one more mail of `client` in this minute; False if that is one too many."""
        return self.is_exempt(client) or self._mails.hit(client)

    def note_wrong_recipient(self, client: str) -> bool:
        """Count one more unknown recipient in this hour; False if that is one too many."""
        return self.is_exempt(client) or self._wrong.hit(client)

    def is_exempt(self, client: str) -> bool:
        """True for clients on this machine, if the limits spare them."""
        return self._limits.exempt_loopback and client == LOOPBACK


class _Window:
    """At most `amount` hits a key in each stretch of `seconds`; all keys are forgotten when a stretch ends.

    Own, because the storage of `limits` walks all its keys in a new thread every 10 ms while there are hits.
    """

    def __init__(self, amount: int, *, seconds: float) -> None:
        self._amount = amount
        self._seconds = seconds
        self._stretch = -1
        self._hits: Counter[str] = Counter()

    def hit(self, key: str) -> bool:
        used_up = self.is_used_up(key)
        self._hits[key] += 1
        return not used_up

    def is_used_up(self, key: str) -> bool:
        stretch = int(time.monotonic() // self._seconds)
        if stretch != self._stretch:
            self._stretch = stretch
            self._hits.clear()
        return self._hits[key] >= self._amount if key in self._hits else self._amount <= 0


def name_client(peer: str) -> str:
    """What counts as one client: a network, or this machine."""
    address = read_address(peer)
    if address is None:
        return peer
    return LOOPBACK if address.is_loopback else name_network(address)
