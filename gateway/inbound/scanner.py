"""In charge of: asking a ClamAV daemon whether bytes hold a virus (clamd, command INSTREAM).

Not in charge of: what follows (`gateway.threads.policies.attachments`). clamd reads the mail format and unpacks
archives by itself, so whole mails are given to it.

Fails closed: whatever is not plainly "OK" or "FOUND" is `Scan.FAILED`.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.errors import SettingsError
from gateway.threads.incoming import Scan, ScanResult

CHUNK = 1 << 20  # bytes; each goes with its length before it (clamd(8), INSTREAM)
LONGEST_ANSWER = 4096
DEFAULT_PORT = 3310


@dataclass(frozen=True, slots=True)
class Clamd:
    """A scanner at `tcp://HOST:PORT` or `unix:///path`. `seconds`: for one scan, connection included."""

    url: str
    seconds: float = 30.0

    def __post_init__(self) -> None:
        _read_url(self.url)

    def __call__(self, content: bytes) -> ScanResult:
        """Scan some bytes. Never raises; the detail is the virus's name, or why there is no answer."""
        until = time.monotonic() + self.seconds
        try:
            with self._connect() as connection:
                answer = _ask(connection, content, until)
        except TimeoutError:
            return ScanResult(Scan.FAILED, "the virus scanner did not answer in time")
        except OSError as error:
            return ScanResult(Scan.FAILED, f"the virus scanner cannot be reached ({type(error).__name__})")
        return _read_answer(answer)

    def _connect(self) -> socket.socket:
        kind, address = _read_url(self.url)
        connection = socket.socket(kind, socket.SOCK_STREAM)
        try:
            connection.settimeout(self.seconds)
            connection.connect(address)
        except BaseException:
            connection.close()
            raise
        return connection


def _read_url(url: str) -> tuple[socket.AddressFamily, tuple[str, int] | str]:
    parts = urlsplit(url)
    if parts.scheme == "unix" and parts.path:
        return socket.AF_UNIX, parts.path
    if parts.scheme == "tcp" and parts.hostname:
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        return family, (parts.hostname, parts.port or DEFAULT_PORT)
    raise SettingsError(f"GATEWAY_CLAMD_URL is {url!r}: write tcp://HOST:3310 or unix:///run/clamav/clamd.ctl.")


def _ask(connection: socket.socket, content: bytes, until: float) -> bytes:
    view = memoryview(content)
    _send(connection, b"zINSTREAM\0", until)
    try:
        for start in range(0, len(view), CHUNK):
            part = view[start : start + CHUNK]
            _send(connection, len(part).to_bytes(4, "big"), until)
            _send(connection, part, until)
        _send(connection, b"\0\0\0\0", until)
    except ConnectionError:
        pass  # over its size limit clamd says so and closes in the middle: the answer tells
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        connection.settimeout(_left(until))
        more = connection.recv(LONGEST_ANSWER)
        if not more:
            break
        answer += more
    return answer


def _send(connection: socket.socket, data: bytes | memoryview, until: float) -> None:
    connection.settimeout(_left(until))
    connection.sendall(data)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read_answer(answer: bytes) -> ScanResult:
    """`stream: OK`, `stream: Eicar-Test-Signature FOUND`, or `INSTREAM size limit exceeded. ERROR`."""
    text = answer.rstrip(b"\0\n").decode("utf-8", "replace")
    said = text.removeprefix("stream: ")
    if said == "OK" and text != said:
        return ScanResult(Scan.CLEAN)
    if said.endswith(" FOUND") and text != said:
        return ScanResult(Scan.INFECTED, said.removesuffix(" FOUND")[:200])
    why = "".join(c for c in text if c.isprintable())[:200] or "nothing"
    return ScanResult(Scan.FAILED, f"the virus scanner said: {why}")
