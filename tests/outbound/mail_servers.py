"""Mail servers for the tests of sending: a well-behaved one (aiosmtpd) and one that fails as it is told."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from gateway.threads.channel import Outgoing

DOMAIN = "reply.example.test"
TOKEN = "a2" * 26
NOW = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)
CLOSE = b""  # instead of a reply: close the connection

OUTGOING = Outgoing(
    delivery_id="01delivery",
    channel="email",
    to="jiwoo@naver.example",
    to_name="한지우",
    subject="[모아랩스] 프로덕트 디자이너 관련 새 메시지가 도착했습니다",
    text="지우 님, 안녕하세요.\n\n편하실 때 답장해 주세요.\n",
    html="<p>지우 님, 안녕하세요.</p>",
    from_name="김서연 (모아랩스)",
    from_address=f"r+{TOKEN}@{DOMAIN}",
    reply_to=f"r+{TOKEN}@{DOMAIN}",
    envelope_from=f"b+{TOKEN}@{DOMAIN}",
    message_id=f"01message@{DOMAIN}",
    language="ko",
)


@dataclass
class Sink:
    """An aiosmtpd server that keeps what it was given, octet by octet."""

    port: int
    mails: list[Envelope] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)  # connections over which mails came
    secured: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope)
        self.peers.add(session.peer)
        self.secured.append(session.ssl is not None)
        return f"250 2.0.0 Ok: queued as Q{len(self.mails)}"


def accept_password(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Knows one user: post, geheim."""
    return AuthResult(success=isinstance(data, LoginPassword) and (data.login, data.password) == (b"post", b"geheim"))


class FaultServer:
    """A mail server that gives scripted replies.

    `script` maps a step (connect, EHLO, MAIL, RCPT, DATA, content, end, RSET) to one reply for each time it is
    reached; the last one stays. CLOSE closes the connection instead. At the step `content` the server closes after
    the first octets of the mail have come.
    """

    def __init__(self, script: dict[str, list[bytes]], *, pipelining: bool = False) -> None:
        self._ehlo = (
            b"250-fault.example.test\r\n" + (b"250-PIPELINING\r\n" if pipelining else b"") + b"250 SIZE 1000000"
        )
        self.script = {step: list(replies) for step, replies in script.items()}
        self.connections = 0
        self.commands: list[str] = []
        self.ended: list[bytes] = []  # mails whose final dot arrived, as they came over the wire
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _next(self, step: str, default: bytes) -> bytes:
        replies = self.script.get(step)
        if not replies:
            return default
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            try:
                self._talk(client, lines)
            except OSError:
                return

    def _talk(self, client: socket.socket, lines: Any) -> None:
        if not _answer(client, self._next("connect", b"220 fault.example.test ESMTP")):
            return
        while line := lines.readline():
            verb = line.split()[0].decode().upper() if line.split() else ""
            self.commands.append(line.decode().strip())
            if verb == "QUIT":
                client.sendall(b"221 2.0.0 Bye\r\n")
                return
            default = {"EHLO": self._ehlo, "DATA": b"354 go on"}.get(verb, b"250 2.0.0 Ok")
            reply = self._next(verb, default)
            if not _answer(client, reply):
                return
            if verb == "DATA" and reply.startswith(b"354") and not self._take_content(client, lines):
                return

    def _take_content(self, client: socket.socket, lines: Any) -> bool:
        if "content" in self.script:
            lines.readline()
            # A reset, so that the sender notices while it still sends.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            return False
        content = line = b""
        while line != b".\r\n":
            line = lines.readline()
            if not line:
                return False
            content += line
        self.ended.append(content)
        return _answer(client, self._next("end", b"250 2.0.0 Ok: queued as 4XyZ"))

    def drop_clients(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        self._listener.close()
        self.drop_clients()


def _answer(client: socket.socket, reply: bytes) -> bool:
    if reply == CLOSE:
        return False
    client.sendall(reply + b"\r\n")
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
