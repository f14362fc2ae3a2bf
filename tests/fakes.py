"""Doubles for what leaves the machine, and a clock that moves when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.inbound.cards import read_fields
from gateway.inbound.filetypes import find_types
from gateway.inbound.html import sanitise
from gateway.inbound.html_text import html_to_text
from gateway.inbound.reading import read_mail
from gateway.threads.channel import Accepted, Capabilities, Outgoing, SendResult
from gateway.threads.incoming import Claim, Proof, ReadMail, SenderProof


@dataclass
class FakeClock:
    """Frozen at Monday 23 November 2026, 09:00 UTC, until moved."""

    now: datetime = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class FakeChannel:
    """Records what it is given; answers from `script` while that lasts, then Accepted."""

    name: str = "email"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(stable_key=True))
    sent: list[Outgoing] = field(default_factory=list)
    script: list[SendResult | Exception] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = lambda: None) -> SendResult:
        with self._lock:
            self.sent.append(outgoing)
            answer = self.script.pop(0) if self.script else Accepted(f"fake-{len(self.sent)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def to(self, address: str) -> list[Outgoing]:
        return [o for o in self.sent if o.to == address]

    def close(self) -> None:
        return None


class DirectReader:
    """Reads mails in this process: quick, for tests that are not about the sandbox."""

    def read_mail(self, raw: bytes, known: Sequence[str] = ()) -> ReadMail:
        return read_mail(raw, known)

    def read_mails(self, mails: Sequence[tuple[bytes, Sequence[str]]]) -> list[ReadMail]:
        return [read_mail(raw, known) for raw, known in mails]

    def sanitise(self, html: str) -> str:
        return sanitise(html)

    def html_to_text(self, html: str) -> str:
        return html_to_text(html)

    def find_types(self, contents: Sequence[bytes]) -> list[str]:
        return find_types(contents)

    def read_fields(self, content: bytes) -> list[tuple[str, str]]:
        return read_fields(content)


@dataclass
class FakeProver:
    """Says what it is told about a sender; by default every From domain vouches for its mail."""

    proof: Proof = Proof.ALIGNED
    by_address: dict[str, Proof] = field(default_factory=dict)

    def __call__(self, claims: Sequence[Claim]) -> list[SenderProof]:
        return [self._say(claim.address) for claim in claims]

    def _say(self, address: str) -> SenderProof:
        proof = self.by_address.get(address, self.proof)
        return SenderProof(proof, address.rpartition("@")[2], "told by the test")
