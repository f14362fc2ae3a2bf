"""In charge of: the built-in mailbox: each outgoing mail as a file, for the demo and for trying things out.

Not in charge of: showing it (`web`). A mail is `<id>.eml` with `<id>.json` (envelope) beside it. The JSON is renamed
into place last, so a mail is listed only when both are whole and on disk.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from gateway.errors import Invalid, NotFound
from gateway.outbound.dkim import Signer
from gateway.outbound.mail import SealedMail, nobody_asks, refuse_unsendable, seal_mail
from gateway.threads.channel import Accepted, Capabilities, Failed, Outgoing, Retry, SendResult

FULL = "@full.example"  # an address that ends so has no room, so that a failure can be seen and mended
_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """What the envelope says of a mail in the mailbox. `at` is ISO 8601 with zone."""

    id: str
    from_: str
    to: str
    subject: str
    envelope_from: str
    at: str


class Mailbox:
    """A folder of mails; newest last; survives restarts. Safe between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, StoredMail] = {}

    def store(self, mail: SealedMail, outgoing: Outgoing, *, at: datetime) -> str:
        """The id under which the mail lies on disk, synced. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        key = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        stored = StoredMail(key, outgoing.from_address, mail.recipient, outgoing.subject, mail.sender, at.isoformat())
        write_whole(self._folder / f"{key}.eml", mail.raw)
        write_whole(
            self._folder / f"{key}.json", json.dumps(asdict(stored), ensure_ascii=False).encode("utf-8", "replace")
        )
        sync_folder(self._folder)
        return key

    def list_mails(self, to: str | None = None) -> list[StoredMail]:
        """All mails, the newest last; with `to` only those for that address (case-insensitive)."""
        keys = sorted(path.stem for path in self._folder.glob("*.json") if _ID.match(path.stem))
        mails = [self._envelope(key) for key in keys]
        return [mail for mail in mails if to is None or mail.to.lower() == to.lower()]

    def read_raw(self, key: str) -> bytes:
        """The mail as it would have gone over the wire. Raises NotFound."""
        try:
            if _ID.match(key):
                return (self._folder / f"{key}.eml").read_bytes()
        except FileNotFoundError:
            pass
        raise NotFound("There is no such mail in the mailbox.")

    def _envelope(self, key: str) -> StoredMail:
        if key not in self._read:
            self._read[key] = StoredMail(**json.loads((self._folder / f"{key}.json").read_bytes()))
        return self._read[key]


class MailboxChannel:
    """E-mail that stays here: each mail goes into the mailbox."""

    name = "email"
    capabilities = Capabilities(stable_key=True)

    def __init__(
        self, mailbox: Mailbox, *, domain: str, clock: Callable[[], datetime], signer: Signer | None = None
    ) -> None:
        self.mailbox = mailbox
        self._domain = domain
        self._clock = clock
        self._signer = signer

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Store once. A full or broken disk is our trouble: a Retry."""
        now = self._clock()
        try:
            mail = seal_mail(outgoing, date=now, domain=self._domain, signer=self._signer)
        except Invalid as error:
            return refuse_unsendable(error)
        if mail.recipient.endswith(FULL):
            return Failed("5.2.2", "The mailbox is full.")
        handing_over()
        try:
            return Accepted(self.mailbox.store(mail, outgoing, at=now), "kept in the built-in mailbox")
        except OSError as error:
            return Retry("4.3.1", f"The mailbox folder cannot be written: {error.strerror}")

    def close(self) -> None:
        """Nothing is kept open."""


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place whole and on disk, or not at all. Raises OSError."""
    part = path.with_name(f".{path.name}")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
