"""In charge of: a message of the ATS as the use cases take it, and their complaints about it in the API's field names.

Not in charge of: cleaning it, its limits in force, or posting it (`usecases.post_message`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import Invalid
from gateway.threads.channel import OutgoingFile
from gateway.threads.model import CameInBy
from gateway.usecases.post_message import NewMessage
from gateway.web.api.schemas_in import MessageIn

OUR_NAMES = {"files": "attachments"}


def draft_message(message: MessageIn, *, key: str | None) -> NewMessage:
    """The message with the caller's key, so that even a repeat after a crash is one message."""
    author = message.author
    return NewMessage(
        text=message.text or "",
        html=message.html or "",
        files=tuple(OutgoingFile(f.filename, f.content_type, f.content) for f in message.attachments),
        came_in_by=CameInBy.API,
        client_key=client_key(key),
        send_at=message.send_at,
        author_name=author.name if author else "",
        author_email=(author.email or "") if author else "",
    )


def client_key(key: str | None) -> str:
    """The caller's key in a form of fixed length; "" for none."""
    return f"api:{hashlib.sha256(key.encode()).hexdigest()}" if key else ""


@contextmanager
def named_as_sent(prefix: str = "") -> Iterator[None]:
    """Complaints about a message name the field that the caller sent: `files` are `attachments` here."""
    try:
        yield
    except Invalid as fault:
        raise Invalid(prefix + OUR_NAMES.get(fault.field, fault.field), fault.message) from None
