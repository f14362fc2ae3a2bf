"""In charge of: a message of the ATS as the use cases take it, and their complaints about it in the API's field names.

Not in charge of: cleaning it, its limits in force, or posting it (`usecases.post_message`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from gateway.errors import Invalid
from gateway.threads.channel import OutgoingFile
from gateway.threads.model import CameInBy
from gateway.threads.purpose import Purpose
from gateway.usecases.post_message import NewMessage
from gateway.usecases.templates import find_and_fill
from gateway.usecases.waiting import check_send_at
from gateway.web.api.auth import Caller
from gateway.web.api.schemas_in import MessageIn

OUR_NAMES = {"files": "attachments"}


def draft_for(caller: Caller, thread_id: str, message: MessageIn, *, key: str | None) -> NewMessage:
    """The message, a template in it filled in for the thread's candidate. Raises NotFound, Invalid."""
    check_send_at(caller.ctx, message.send_at)
    draft = draft_message(message, key=key)
    if message.template is None:
        return draft
    template, words = find_and_fill(
        caller.ctx, caller.viewer, thread_id, key=message.template, variables=message.variables
    )
    return replace(draft, text=words.text, html=words.html, purpose=template.purpose, words=words)


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
        channels=tuple(dict.fromkeys(message.channels or ())),
        purpose=Purpose(message.purpose),
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
