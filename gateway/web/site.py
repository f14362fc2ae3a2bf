"""In charge of: what all pages share, built once at start. Not in charge of: one request (`visits`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.usecases.context import Context
from gateway.web.feed import Feed
from gateway.web.static_files import Assets


class Pages(Protocol):
    """Turns templates into pages (`gateway.rendering`)."""

    def page(self, template: str, locale: str, variables: Mapping[str, object]) -> str: ...

    def text(self, locale: str, key: str, **params: object) -> str: ...

    def has_text(self, key: str) -> bool: ...


class StoredMail(Protocol):
    """One mail of the built-in mailbox."""

    @property
    def id(self) -> str: ...
    @property
    def from_(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def envelope_from(self) -> str: ...


class Mailbox(Protocol):
    """The built-in mailbox of the demo: what would have left by SMTP."""

    def list_mails(self, to: str | None = None) -> Sequence[StoredMail]:
        """All mails, the newest last; with `to` only those for that address, whatever the case of its letters."""
        ...

    def read_raw(self, key: str) -> bytes:
        """The mail as it would have gone over the wire. Raises NotFound."""
        ...


class PhoneMessage(Protocol):
    """One message on the built-in phone."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def button(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def at(self) -> str: ...


class Phone(Protocol):
    """The built-in phone of the demo: what would have left by AlimTalk or SMS."""

    def list_messages(self, to: str | None = None) -> Sequence[PhoneMessage]:
        """All messages, the newest last; with `to` only those for that number (E.164)."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """Everything a page may touch."""

    ctx: Context
    pages: Pages
    assets: Assets
    feed: Feed
    mailbox: Mailbox | None = None
    phone: Phone | None = None
    demo_login: Callable[[str], str | None] | None = None
