"""In charge of: what a use case may touch, passed in. Not in charge of: building it (`gateway.app`)."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Protocol

from gateway.config import Settings
from gateway.store.database import Database
from gateway.threads.channel import Channel, Hook
from gateway.threads.devices import Subscription
from gateway.threads.incoming import Claim, ReadMail, ScanResult, SenderProof
from gateway.threads.own_domain import Check, DnsRecord
from gateway.threads.webhooks import Answered


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words: `html` is complete and inlined."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class KakaoText:
    """An AlimTalk: the approved text with its values filled in, and its button ("" if there is none)."""

    text: str
    values: dict[str, str]  # those that the template names, text and button
    button: str = ""
    link: str = ""  # path on our web server


class MailReader(Protocol):
    """Understands mails in capped separate processes; never raises for a mail's sake."""

    def read_mail(self, raw: bytes, known: Sequence[str] = ()) -> ReadMail: ...

    def read_mails(self, mails: Sequence[tuple[bytes, Sequence[str]]]) -> list[ReadMail]: ...

    def sanitise(self, html: str) -> str: ...

    def html_to_text(self, html: str) -> str: ...

    def find_types(self, contents: Sequence[bytes]) -> list[str]: ...

    def read_fields(self, content: bytes) -> list[tuple[str, str]]: ...


class Renderer(Protocol):
    """Turns templates into words (`gateway.rendering`)."""

    def mail(
        self, key: str, locale: str, variables: Mapping[str, object], *, personal: Collection[str] = ()
    ) -> Rendered: ...

    def text(self, locale: str, key: str, **params: object) -> str: ...

    def has_text(self, key: str) -> bool: ...

    def check_source(self, source: str, *, known: Collection[str], groups: Collection[str]) -> None: ...

    def fill(self, source: str, values: Mapping[str, str | Mapping[str, str]], *, html: bool) -> str: ...

    def sms(self, key: str, locale: str, variables: Mapping[str, object]) -> str: ...

    def kakao(self, key: str, locale: str, values: Mapping[str, str]) -> KakaoText: ...


class Leases:
    """The leases that this process holds at the moment, so that they can be extended together."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def holding(self, lease_id: str) -> Iterator[None]:
        with self._lock:
            self._held.add(lease_id)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(lease_id)

    def held(self) -> list[str]:
        with self._lock:
            return list(self._held)


class EventPoster(Protocol):
    """Posts one event to an endpoint; never raises for an answer, never retries."""

    def __call__(self, url: str, *, name: str, body: str, secrets: Sequence[str], now: datetime) -> Answered: ...


class Fetcher(Protocol):
    """Reads an object in JSON from an address that somebody typed in; None for anything else, never raises."""

    def __call__(
        self, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | None: ...


class PushKeys(Protocol):
    """The keys by which push services know us."""

    @property
    def public(self) -> str: ...

    def fit(self, subscription: Subscription) -> bool: ...


class OwnDomain(Protocol):
    """The domain of our reply addresses in DNS; never raises."""

    def records(self) -> Sequence[DnsRecord]: ...

    def check(self) -> Sequence[Check]: ...


Scanner = Callable[[bytes], ScanResult]
Prover = Callable[[Sequence[Claim]], list[SenderProof]]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a use case may touch; edges come as callables and protocols."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    reader: MailReader
    prove_senders: Prover
    render: Renderer
    scan: Scanner | None = None  # None: no virus scanner is configured
    channels: Mapping[str, Channel] = field(default_factory=dict)
    post_event: EventPoster | None = None
    fetch: Fetcher | None = None
    hooks: Mapping[str, Hook] = field(default_factory=dict)  # by provider
    push_keys: PushKeys | None = None  # None: as `own_domain`
    own_domain: OwnDomain | None = None  # None: a command that only works on the tables
    jitter: Callable[[], float] = random.random
    leases: Leases = field(default_factory=Leases)

    @property
    def now(self) -> datetime:
        return self.clock()
