"""In charge of: a file of a message as a value, and where pictures stand among the words.

Not in charge of: which files are taken, or shown as pictures (`policies.attachments`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    id: str
    message_id: str
    position: int
    filename: str
    content_type: str
    size: int  # bytes
    digest: str  # sha256 hex: the blob's key
    content_id: str = ""
    inline: bool = False
    private: bool = False  # stays with the team: it names its sender (GW-7)
    danger: str = ""  # why it is quarantined (`policies.attachments.Danger`), "" if it is not
    place: int | None = None  # of a picture among the words: how many characters of the text stand before it
    repeated: bool = False  # an image of an earlier message, such as a logo in each mail; found when it is read


def split_at_pictures(text: str, files: Sequence[Attachment]) -> list[str | Attachment]:
    """A message's text in pieces, with each placed picture where it stood; one that came before is left out."""
    placed = [(file.place, file) for file in files if file.place is not None and not file.repeated]
    pieces: list[str | Attachment] = []
    at = 0
    for place, file in sorted(placed, key=lambda pair: pair[0]):
        pieces += [text[at:place], file]
        at = place
    return [piece for piece in [*pieces, text[at:]] if piece]
