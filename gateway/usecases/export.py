"""In charge of: a copy of all that is stored about one applicant, as files. Not in charge of: where they are
written.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from gateway.errors import NotFound
from gateway.store.database import Transaction
from gateway.threads.model import InboxState, Message, Viewer
from gateway.usecases.context import Context


def gather_export(ctx: Context, viewer: Viewer, thread_id: str) -> dict[str, bytes]:
    """File names and contents: thread.json, files/…, mails/….eml. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        if conversation is None:
            raise NotFound("conversation")
        messages = tx.messages.after(thread_id, 0, limit=1_000_000)
        entries = tx.inbox.of_thread(thread_id, list(InboxState), limit=1_000_000)
        told: dict[str, Any] = {
            "applicant": asdict(conversation.applicant),
            "opening": conversation.opening.title,
            "thread": asdict(conversation.thread),
            "consents": [asdict(c) for c in tx.consents.of_applicant(conversation.applicant.id)],
            "participants": [asdict(p) for p in conversation.participants],
            "messages": [asdict(m) for m in messages],
            "mails": [asdict(e) for e in entries],
            "events": [asdict(e) for e in tx.events.of_thread(thread_id, after=0, limit=1_000_000)],
        }
        files = {"thread.json": json.dumps(told, default=str, ensure_ascii=False, indent=2).encode()}
        for message in messages:
            files.update(_files_of(tx, message))
        for entry in entries:
            files[f"mails/{entry.id}.eml"] = _read(tx, entry.digest)
    return files


def _files_of(tx: Transaction, message: Message) -> dict[str, bytes]:
    return {
        f"files/{message.seq:05}-{a.position}-{a.filename.replace('/', '_')}": _read(tx, a.digest)
        for a in message.attachments
    }


def _read(tx: Transaction, digest: str) -> bytes:
    try:
        return tx.blobs.read(digest)
    except FileNotFoundError:
        return b""
