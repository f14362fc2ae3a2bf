"""In charge of: what one message said as its reader saw it — a mail, AlimTalk or text message, sent or received.

Links that let somebody in as the reader are masked: the team reads copies, and a copy is kept for years.

Not in charge of: keeping it (`store.copies`), or who may see it (`usecases.copies`).
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from gateway.threads.channel import Outgoing
from gateway.threads.policies.privacy import mask_links


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file that travelled with it; the bytes are the message's."""

    filename: str
    content_type: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Copy:
    """One message in full. `html` may hold anything: it belongs into a sandboxed frame."""

    channel: str
    to: str
    at: datetime | None  # when it was handed over, or written; None when it has not gone out
    to_name: str = ""
    from_name: str = ""
    from_address: str = ""
    reply_to: str = ""
    cc: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    button: str = ""  # of an AlimTalk
    message_id: str = ""
    in_reply_to: str = ""
    automatic: str = ""
    files: tuple[CopiedFile, ...] = ()


def copy_of(outgoing: Outgoing, *, at: datetime | None) -> Copy:
    """What is handed to the channel, less the bytes of its files and what makes links personal."""
    return Copy(
        channel=outgoing.channel,
        to=outgoing.to,
        at=at,
        to_name=outgoing.to_name,
        from_name=outgoing.from_name,
        from_address=outgoing.from_address or outgoing.sender,
        reply_to=outgoing.reply_to,
        subject=outgoing.subject,
        text=mask_links(outgoing.text),
        html=mask_links(outgoing.html),
        button=outgoing.button[0] if outgoing.button else "",
        message_id=outgoing.message_id,
        in_reply_to=outgoing.in_reply_to,
        automatic=outgoing.automatic,
        files=tuple(CopiedFile(f.filename, f.content_type, len(f.content)) for f in outgoing.files),
    )


def pack(copy: Copy) -> bytes:
    """The copy as it is stored, without its time: a mail of 12 kB becomes 4. Quickly, for each mail waits for it."""
    said = {field.name: getattr(copy, field.name) for field in fields(copy) if field.name not in ("at", "files")}
    said = {name: value for name, value in said.items() if value}
    if copy.files:
        said["files"] = [asdict(file) for file in copy.files]
    return zlib.compress(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass"), 1)


def unpack(content: bytes, *, at: datetime) -> Copy:
    """What `pack` made; earlier, with personal links."""
    said = {"channel": "", "to": ""} | json.loads(zlib.decompress(content).decode("utf-8", "surrogatepass"))
    files = tuple(CopiedFile(**file) for file in said.pop("files", ()))
    words = {name: mask_links(said.pop(name, "")) for name in ("text", "html")}
    return Copy(**said, **words, files=files, at=at)
