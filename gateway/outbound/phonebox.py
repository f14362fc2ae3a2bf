"""In charge of: the built-in phone: AlimTalk and SMS that stay here, for the demo and for trying things out.

Not in charge of: showing it (`web`). A message is `<id>.json`, renamed into place when it is whole and on disk.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from gateway.outbound.mail import nobody_asks
from gateway.outbound.mailbox import sync_folder, write_whole
from gateway.threads.channel import (
    Absent,
    Accepted,
    Capabilities,
    Failed,
    Outgoing,
    Receipt,
    ReceiptStatus,
    Retry,
    SendResult,
    Sent,
    Trace,
)
from gateway.threads.results import NHN_ALIMTALK
from gateway.threads.routing import ALIMTALK

WITHOUT_KAKAO = "0"  # a number that ends so has no KakaoTalk: its AlimTalk fails as the real one does
_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True)
class PhoneMessage:
    """A message on the built-in phone. `code` says why it did not arrive; `at` is ISO 8601 with zone."""

    id: str
    delivery_id: str
    channel: str
    to: str
    sender: str
    text: str
    button: str
    link: str
    code: str
    at: str


class PhoneBox:
    """A folder of messages; newest last; survives restarts. Safe between threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, PhoneMessage] = {}

    def store(self, outgoing: Outgoing, *, code: str, at: datetime) -> str:
        """The id under which the message lies on disk, synced. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        key = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        words, link = outgoing.button or ("", "")
        message = PhoneMessage(
            key,
            outgoing.delivery_id,
            outgoing.channel,
            outgoing.to,
            outgoing.sender,
            outgoing.text,
            words,
            link,
            code,
            at.isoformat(),
        )
        write_whole(self._folder / f"{key}.json", json.dumps(asdict(message), ensure_ascii=False).encode())
        sync_folder(self._folder)
        return key

    def list_messages(self, to: str | None = None) -> list[PhoneMessage]:
        """All messages, the newest last; with `to` only those for that number (E.164)."""
        keys = sorted(path.stem for path in self._folder.glob("*.json") if _ID.match(path.stem))
        messages = [self._message(key) for key in keys]
        return [m for m in messages if to is None or m.to == to]

    def _message(self, key: str) -> PhoneMessage:
        if key not in self._read:
            self._read[key] = PhoneMessage(**json.loads((self._folder / f"{key}.json").read_bytes()))
        return self._read[key]


class PhoneBoxChannel:
    """AlimTalk or SMS that stays here."""

    capabilities = Capabilities(stable_key=False, receipts=True, traceable=True)

    def __init__(self, box: PhoneBox, *, channel: str, clock: Callable[[], datetime]) -> None:
        self.name = channel
        self._box = box
        self._clock = clock

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = nobody_asks) -> SendResult:
        """Store once. A full or broken disk is our trouble: a Retry."""
        fails = self.name == ALIMTALK and outgoing.to.endswith(WITHOUT_KAKAO)
        code = f"{NHN_ALIMTALK}.3019" if fails else ""
        handing_over()
        try:
            key = self._box.store(outgoing, code=code, at=self._clock())
        except OSError as error:
            return Retry("ours", f"The folder of the built-in phone cannot be written: {error.strerror}")
        return Failed(code, "NotKakaoUser") if fails else Accepted(key, "kept on the built-in phone")

    def trace(self, sent: Sent) -> Trace:
        """What lies on the phone has arrived."""
        found = next((m for m in self._box.list_messages() if m.delivery_id == sent.delivery_id), None)
        return Receipt(ReceiptStatus.DELIVERED, sent.delivery_id, found.id) if found else Absent()

    def close(self) -> None:
        """Nothing is kept open."""
