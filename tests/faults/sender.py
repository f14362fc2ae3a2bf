"""In charge of: a sending mail server's behaviour: the same bytes again and again until they are acknowledged.

Not in charge of: faults on the way (`proxy`) or the verdict (`history`).
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from dataclasses import dataclass

from cast import make_mail

from faults.history import History, Told

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Mail:
    """One mail with a name of its own in subject and text."""

    name: str
    raw: bytes
    from_: str
    to: tuple[str, ...]

    @property
    def wire(self) -> bytes:
        """Dot-stuffed, with the end (RFC 5321 §4.5.2)."""
        body = self.raw.replace(b"\r\n.", b"\r\n..")
        return (b"." if body.startswith(b".") else b"") + body + b".\r\n"


def write_mail(from_: str, *to: str, size: int = 0, prefix: str = "mail") -> Mail:
    """A mail that no other equals. `size`: octets of an attached file, to make it a big one."""
    name = f"{prefix}-{next(_numbers):06d}-x"
    files = {"cv.bin": (name * (size // len(name) + 1)).encode()[:size]} if size else None
    raw = make_mail(
        f"This is {name}.", from_=from_, to=to[0], subject=f"Re: {name}", message_id=f"{name}@mail.example", files=files
    )
    return Mail(name, raw, from_, to)


class Line:
    """An SMTP client's side of one connection; replies as text, "" when the connection ended."""

    def __init__(self, address: tuple[str, int], *, timeout: float) -> None:
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""

    def hear(self) -> str:
        """The next reply, its last line. Raises OSError."""
        while True:
            while b"\r\n" not in self._heard:
                more = self.socket.recv(65_536)
                if not more:
                    raise ConnectionResetError("closed")
                self._heard += more
            line, _, self._heard = self._heard.partition(b"\r\n")
            if line[3:4] != b"-":
                return line.decode("ascii", "replace")

    def say(self, command: bytes) -> str:
        self.socket.sendall(command + b"\r\n")
        return self.hear()

    def close(self) -> None:
        self.socket.close()


def send_once(address: tuple[str, int], mail: Mail, *, timeout: float = 20.0) -> tuple[Told, str]:
    """One attempt over one connection, and what it told."""
    try:
        line = Line(address, timeout=timeout)
    except OSError as error:
        return Told.FAIL, str(error)
    try:
        return _transact(line, mail)
    finally:
        line.close()


def _transact(line: Line, mail: Mail) -> tuple[Told, str]:
    commands = [b"EHLO mta.example", b"MAIL FROM:<" + mail.from_.encode() + b">"]
    commands += [b"RCPT TO:<" + to.encode() + b">" for to in mail.to]
    dot_left = False
    try:
        reply = line.hear()
        for command in (*commands, b"DATA"):
            if reply[:1] not in ("2", "3"):
                return _judge(reply), reply
            reply = line.say(command)
        if reply[:1] != "3":
            return _judge(reply), reply
        dot_left = True  # from here on part of it may be under way
        line.socket.sendall(mail.wire)
        reply = line.hear()
    except OSError as error:
        return (Told.UNKNOWN if dot_left else Told.FAIL), str(error)
    return _judge(reply), reply


def _judge(reply: str) -> Told:
    return {"2": Told.OK, "5": Told.REFUSED}.get(reply[:1], Told.FAIL)


def send_until_acknowledged(
    address: tuple[str, int],
    mail: Mail,
    history: History,
    *,
    stop: threading.Event | None = None,
    seconds: float = 60.0,
    timeout: float = 20.0,
) -> bool:
    """Try until 250 or 5xx (RFC 5321 §4.5.4.1, only quicker). False if time ran out or `stop` was set."""
    pause = threading.Event() if stop is None else stop
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        history.invoke(mail.name)
        told, reply = send_once(address, mail, timeout=timeout)
        history.note(mail.name, told, reply)
        if told in (Told.OK, Told.REFUSED):
            return told is Told.OK
        if pause.wait(0.03):
            return False
    return False
