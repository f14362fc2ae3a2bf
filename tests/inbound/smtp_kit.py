"""In charge of: a front with books of its own, and a peer on a raw socket. Not in charge of: the tests on them."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.inbound.smtp import NO_SUCH_ADDRESS, RCPT_OK, Front, RcptAnswer, SmtpLimits
from gateway.threads.incoming import Envelope

ISSUED = "reply+k7q2m9x4@reply.ours.test"
OURS = "reply.ours.test"
PATIENCE = 10.0


@dataclass
class Books:
    """Stands for everything behind the front: which addresses are issued, and what was stored."""

    issued: set[str] = field(default_factory=lambda: {ISSUED, f"postmaster@{OURS}", "postmaster"})
    asked: list[str] = field(default_factory=list)
    stored: list[tuple[Envelope, bytes]] = field(default_factory=list)
    fault: Exception | None = None  # what a commit fails with
    hold: threading.Event | None = None  # commits end once it is set
    changed: threading.Condition = field(default_factory=threading.Condition)
    check: Callable[[str], RcptAnswer] | None = None

    def check_recipient(self, address: str) -> RcptAnswer:
        self.asked.append(address)
        if self.check is not None:
            return self.check(address)
        return RCPT_OK if address.lower() in self.issued else NO_SUCH_ADDRESS

    def accept(self, envelope: Envelope, raw: bytes) -> Future[str]:
        done: Future[str] = Future()
        threading.Thread(target=self._commit, args=(envelope, raw, done)).start()
        return done

    def _commit(self, envelope: Envelope, raw: bytes, done: Future[str]) -> None:
        if self.hold is not None:
            self.hold.wait(PATIENCE)
        if self.fault is not None:
            done.set_exception(self.fault)
            return
        with self.changed:
            self.stored.append((envelope, raw))
            self.changed.notify_all()
            number = len(self.stored)
        done.set_result(f"m{number}")

    def wait_for(self, count: int) -> list[bytes]:
        """The raw mails, once there are `count` of them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.stored) >= count, PATIENCE), "mail was not stored"
            return [raw for _, raw in self.stored]


class Peer:
    """A client that says exactly what it is told, octet by octet."""

    def __init__(self, address: tuple[str, int], *, greet: bool = True, helo: bool = True) -> None:
        self.socket: socket.socket = socket.create_connection(address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""
        self.greeting = self.hear() if greet or helo else ""
        if helo:
            assert self.say("EHLO client.test").startswith("250")

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self) -> str:
        """The next reply, all its lines; "" if the connection was closed."""
        lines: list[str] = []
        while True:
            while b"\r\n" not in self._heard:
                try:
                    more = self.socket.recv(65_536)
                except ConnectionResetError:
                    more = b""
                if not more:
                    assert not self._heard, self._heard
                    return "\n".join(lines)
                self._heard += more
            line, _, self._heard = self._heard.partition(b"\r\n")
            lines.append(line.decode("ascii"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def say(self, command: str | bytes) -> str:
        """Send one command with its CRLF and hear the reply."""
        self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return self.hear()

    def begin(self, *recipients: str, sender: str = "anna@candidate.test") -> None:
        """MAIL and RCPT, both taken."""
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250")
        for recipient in recipients or (ISSUED,):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250")

    def data(self, wire: bytes, **begin: Any) -> str:
        """A whole transaction with `wire` as what follows the 354."""
        self.begin(**begin)
        assert self.say("DATA").startswith("354")
        self.send(wire)
        return self.hear()

    def start_tls(self, context: ssl.SSLContext) -> None:
        assert self.say("STARTTLS").startswith("220")
        self.socket = context.wrap_socket(self.socket, server_hostname="mx.ours.test")

    def reset(self) -> None:
        """Close with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def is_cut_off(self, data: bytes, *, times: int, pause: float = 0.0) -> bool:
        """True if the connection ends while `data` is sent over and over."""
        try:
            for _ in range(times):
                self.send(data)
                threading.Event().wait(pause)
        except OSError:
            return True
        return False

    def is_closed(self) -> bool:
        return self.hear() == ""


@dataclass
class Running:
    front: Front
    address: tuple[str, int]
    books: Books

    def peer(self, **how: Any) -> Peer:
        return Peer(self.address, **how)


@contextmanager
def serving(books: Books | None = None, *, limits: SmtpLimits | None = None, **settings: Any) -> Iterator[Running]:
    """A front on loopback, stopped at the end."""
    books = books or Books()
    front = Front(
        hostname="mx.ours.test",
        listen=settings.pop("listen", ("127.0.0.1", 0)),
        check_recipients=lambda addresses: [books.check_recipient(a) for a in addresses],
        accept=settings.pop("accept", books.accept),
        limits=limits or SmtpLimits(),
        **settings,
    )
    running = Running(front, front.start(), books)
    try:
        yield running
    finally:
        if books.hold is not None:
            books.hold.set()
        front.stop(5)


def has_enhanced_code(reply: str) -> bool:
    """RFC 2034: the class of the enhanced code is that of the reply."""
    return bool(re.match(r"([245])\d\d[ -]\1\.\d{1,3}\.\d{1,3} ", reply))
