"""In charge of: what a member is writing, and for how long a message can be taken back. Not in charge of: sending."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.threads.model import MessageKind
from gateway.threads.routing import EMAIL, PHONE_CHANNELS

PHONE_UNDO = 5  # seconds: on a phone people wait for an answer
MOST_UNDO = 60  # seconds
COUNTED_DOWN = timedelta(seconds=MOST_UNDO)  # what goes out sooner than this is shown with its seconds


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file that was uploaded to a draft."""

    id: str
    filename: str
    content_type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An unfinished reply or note. `channels` (): as the workspace has it; `template`: where its words are from."""

    text: str = ""
    kind: MessageKind = MessageKind.MESSAGE
    channels: tuple[str, ...] = ()
    template: str = ""
    files: tuple[DraftFile, ...] = ()
    updated_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return not self.text.strip() and not self.files


def undo_seconds(channels: Iterable[str], *, mail: int, own: int | None = None) -> int:
    """How long a message by these channels waits so that it can be taken back: the longest of them.

    `own`: the member's wish in place of `mail`; nobody waits longer for a phone than they chose for a mail.
    """
    wish = min(mail if own is None else own, MOST_UNDO)
    waits = {EMAIL: wish, **dict.fromkeys(PHONE_CHANNELS, min(PHONE_UNDO, wish))}
    return max((waits.get(channel, 0) for channel in channels), default=0)
