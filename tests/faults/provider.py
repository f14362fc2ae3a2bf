"""In charge of: a smarthost that keeps what it is given and fails as it is told. Not in charge of: the gateway's
side."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

LOSE = b"lose"  # do as asked, and close without an answer
HANG = b"hang"  # do as asked, and say nothing until the provider is let go
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)
_GOOD = {
    "connect": b"220 provider.example ESMTP",
    "EHLO": b"250-provider.example\r\n250 SIZE 35000000",
    "DATA": b"354 go on",
}


@dataclass(frozen=True)
class Taken:
    """A mail whose final dot came in, and what was answered."""

    message_id: str
    to: str
    content: bytes
    answer: bytes


@dataclass
class Provider:
    """An SMTP server. `script(step, n)` gives the answer at a step (connect, EHLO, MAIL, RCPT, DATA, end) the n-th time
    (from 1) that any connection reaches it: a reply, LOSE, HANG, or None for what a good server says.
    """

    script: Callable[[str, int], bytes | None] = lambda step, number: None
    taken: list[Taken] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    by_recipient: Callable[[str, str], bytes | None] = lambda step, to: None  # asked first, at RCPT and end
    on_end: Callable[[], None] = lambda: None  # called when a mail is complete, before the answer
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)
    _let_go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def accepted(self) -> list[Taken]:
        """Mails that the provider made its own, answered or not."""
        with self._lock:
            return [t for t in self.taken if t.answer[:1] == b"2" or t.answer in (LOSE, HANG)]

    def counts(self) -> Counter[str]:
        """How often each Message-ID was accepted."""
        return Counter(t.message_id for t in self.accepted())

    def let_go(self) -> None:
        """End every HANG by closing."""
        self._let_go.set()

    def close(self) -> None:
        self._let_go.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for client in left:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as lines:
                self._talk(client, lines)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(client)

    def _talk(self, client: socket.socket, lines: IO[bytes]) -> None:
        to = ""
        if not self._answer(client, self._decide("connect")):
            return
        while line := lines.readline():
            verb = line[:4].decode("ascii", "replace").upper()
            if verb == "QUIT":
                client.sendall(b"221 2.0.0 bye\r\n")
                return
            if verb == "RCPT":
                to = line.partition(b"<")[2].partition(b">")[0].decode()
            answer = self._decide(verb, to if verb == "RCPT" else "")
            if not self._answer(client, answer):
                return
            if answer.startswith(b"354") and not self._take_content(client, lines, to):
                return

    def _take_content(self, client: socket.socket, lines: IO[bytes], to: str) -> bool:
        content = b""
        while not content.endswith(b"\r\n.\r\n"):
            line = lines.readline()
            if not line:
                return False
            content += line
        answer = self._decide("end", to)
        found = _MESSAGE_ID.search(content)
        with self._lock:
            self.taken.append(Taken(found[1].decode() if found else "", to, content, answer))
        self.on_end()
        return self._answer(client, answer)

    def _decide(self, step: str, to: str = "") -> bytes:
        with self._lock:
            self.reached[step] += 1
            number = self.reached[step]
        answer = self.by_recipient(step, to) if to else None
        if answer is None:
            answer = self.script(step, number)
        return _GOOD.get(step, b"250 2.0.0 Ok: queued as P1") if answer is None else answer

    def _answer(self, client: socket.socket, answer: bytes) -> bool:
        if answer == HANG:
            self._let_go.wait(120)
        if answer in (LOSE, HANG):
            return False
        client.sendall(answer + b"\r\n")
        return not answer.startswith(b"421")
