"""A ClamAV daemon as clamd(8) describes it, as far as INSTREAM goes, with its faults."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


@dataclass
class FakeClamd:
    """`mode`: ok | hang | garbage | close | error. Over `limit` bytes it says so and closes, as clamd does."""

    url: str = ""
    mode: str = "ok"
    limit: int = 25_000_000
    seen: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def answer(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        command = b""
        while not command.endswith(b"\0"):
            command += reader.read(1)
        assert command == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(reader.read(4), "big"):
            content += reader.read(size)
            if len(content) > self.limit:
                connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.seen.append(content)
        match self.mode:
            case "hang":
                self.stopped.wait(20)
            case "garbage":
                connection.sendall(b"\xff\xfe OK\0")
            case "error":
                connection.sendall(b"stream: Can't allocate memory ERROR\0")
            case "ok":
                found = b"Eicar-Test-Signature FOUND" if EICAR in content else b"OK"
                connection.sendall(b"stream: " + found + b"\0")


@contextmanager
def run_clamd(path: str = "") -> Iterator[FakeClamd]:
    """The daemon on a free loopback port, or at a socket file."""
    clamd = FakeClamd()
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(path or ("127.0.0.1", 0))
    listener.listen()
    clamd.url = f"unix://{path}" if path else f"tcp://127.0.0.1:{listener.getsockname()[1]}"

    def serve() -> None:
        while not clamd.stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                clamd.answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield clamd
    finally:
        clamd.stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)
