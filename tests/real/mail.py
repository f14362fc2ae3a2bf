"""In charge of: Maildirs as their owner finds them, mails as other programs write them, and the scan for leaks (GW-7).

Not in charge of: transport.
"""

from __future__ import annotations

import mailbox
import os
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from real.programs import wait_for


@dataclass(frozen=True)
class Box:
    """Somebody's Maildir."""

    path: Path
    address: str

    def raws(self) -> list[bytes]:
        """Every mail as it lies on the disk, the oldest first."""
        files = [f for folder in ("new", "cur") for f in (self.path / folder).glob("*")]
        return [f.read_bytes() for f in sorted(files, key=lambda f: f.stat().st_mtime_ns)]

    def wait(self, count: int) -> bytes:
        """The newest mail, once there are `count`; more than that fails."""
        found = wait_for(lambda: r if len(r := self.raws()) >= count else None, f"mail {count} for {self.address}")
        assert len(found) == count, f"{len(found)} mails instead of {count}"
        return bytes(found[-1])


def make_box(path: Path, address: str, *, owner: int) -> Box:
    """An empty Maildir that belongs to the user id `owner`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.chown(path.parent, owner, owner)
    mailbox.Maildir(path, create=True)
    for folder in (path, *path.iterdir()):
        os.chown(folder, owner, owner)
    return Box(path, address)


def read(raw: bytes) -> Any:
    return message_from_bytes(raw, policy=policy.default)


def plain_text(raw: bytes) -> str:
    return str(read(raw).get_body(("plain",)).get_content())


def write_mail(text: str, *, from_: str, to: str, subject: str = "Re: Moa Labs", **headers: str) -> EmailMessage:
    """A mail as an ordinary program writes it; header names with `_` for `-`."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = from_, to, subject
    mail["Date"] = "Mon, 23 Nov 2026 09:00:00 +0900"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def every_view(raw: bytes) -> list[str]:
    """The mail in each form in which somebody could find words in it: as sent, unfolded, decoded part by part."""
    views = [raw.decode("latin-1"), raw.replace(b"\r\n", b"\n").replace(b"\n ", b" ").decode("latin-1")]
    mail = read(raw)
    for part in mail.walk():
        views += [f"{name}: {value}" for name, value in part.items()]
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            views += [content.decode("utf-8", "replace"), content.decode("latin-1")]
    return [view.lower() for view in views]


def find_leaks(raw: bytes, secrets: list[str]) -> list[str]:
    """Which of the secrets stand anywhere in the mail."""
    views = every_view(raw)
    return [secret for secret in secrets if any(secret.lower() in view for view in views)]
