"""In charge of: a copy of all that is stored about one applicant, as files (GDPR Art. 15 and 20).

Not in charge of: where they are written, or who gets them. What `erase` would take is here: the conversation, what
became part of it, and what lies elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from gateway.errors import NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.copies import unpack
from gateway.threads.model import Conversation, InboxEntry, InboxState, Message, Viewer
from gateway.usecases.context import Context
from gateway.usecases.move_messages import find_away
from gateway.usecases.note_act import note_act
from gateway.usecases.reach import advertising_to

ALL = 1_000_000


def gather_export(ctx: Context, viewer: Viewer, thread_id: str) -> Iterator[tuple[str, bytes]]:
    """File names and contents, one after another so that only one need be in memory: thread.json, files/…,
    mails/….eml, sent/….json (docs/operations.md). When all were taken, who took them is written down. Raises NotFound
    at the first.
    """
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        if conversation is None:
            raise NotFound("conversation")
        parts = [part for part_id, _ in tx.moving.parts_of(thread_id) if (part := tx.threads.load(part_id))]
        ids = [one.thread.id for one in (conversation, *parts)]
        messages = tx.messages.after(thread_id, 0, limit=ALL)
        away = _messages_away(tx, conversation, parts)
        entries = _entries(tx, conversation, ids)
        told: dict[str, Any] = {
            **_told_of(tx, conversation),
            "merged": [_told_of(tx, part) for part in parts],
            "messages": [asdict(m) for m in messages],
            "messages_elsewhere": [asdict(m) for m in away],
            "mails": [asdict(e) for e in entries],
            **_sent_and_kept(tx, conversation, ids),
        }
        yield "thread.json", _as_json(told)
        for message in messages:
            yield from _files_of(tx, message, folder="files")
        for message in away:
            yield from _files_of(tx, message, folder=f"files/{message.thread_id}")
        for entry in entries:
            yield f"mails/{entry.id}.eml", _read(tx, entry.digest)
        for file in told["draft_files"]:
            yield f"files/draft-{file['id']}-{_named(file['filename'])}", _read(tx, file["digest"])
        for delivery_id, content, at in tx.dossier.copies(ids):
            yield f"sent/{delivery_id}.json", _as_json(asdict(unpack(content, at=at)))
    with ctx.database.begin() as tx:
        note_act(ctx, tx, viewer, Act.EXPORT, thread_id=thread_id)


def _told_of(tx: Transaction, conversation: Conversation) -> dict[str, Any]:
    """One application: the kept one, and each that became part of it."""
    thread, applicant = conversation.thread, conversation.applicant
    return {
        "applicant": asdict(applicant),
        "opening": conversation.opening.title,
        "thread": asdict(thread),
        "tags": [tag.name for tag in tx.organising.tags_of([thread.id]).get(thread.id, ())],
        "consents": [asdict(c) for c in tx.consents.of_applicant(applicant.id)],
        "participants": [asdict(p) for p in conversation.participants],
        "events": [asdict(e) for e in tx.events.of_thread(thread.id, after=0, limit=ALL)],
    }


def _sent_and_kept(tx: Transaction, conversation: Conversation, ids: Sequence[str]) -> dict[str, Any]:
    """What belongs to all of the applications together."""
    known = tx.traces.known_of(ids)
    places = {*known.addresses, *known.phones}
    barred = tx.dossier.suppressions(conversation.workspace.id, places | set(map(advertising_to, places)))
    return {
        "deliveries": [asdict(d) for d in tx.dossier.deliveries(ids)],
        "notices": tx.dossier.notices(ids),
        "addresses": tx.dossier.further_addresses(ids),
        "confirmations": tx.dossier.confirmations(ids),
        "suppressions": barred,
        "drafts": tx.dossier.drafts(ids),
        "draft_files": tx.dossier.draft_files(ids),
        "bulk_messages": tx.dossier.bulks(ids),
        "audit": tx.dossier.audit(ids),
    }


def _messages_away(tx: Transaction, conversation: Conversation, parts: Sequence[Conversation]) -> list[Message]:
    """What was moved to somebody else's conversation."""
    ids = [m.id for _, leaving in find_away(tx, conversation, parts) for m in leaving]
    found = tx.messages.find_many(ids)
    return [found[message_id] for message_id in ids]


def _entries(tx: Transaction, conversation: Conversation, ids: Sequence[str]) -> list[InboxEntry]:
    """The mails of the conversation, and those of the person that are in none."""
    entries = [entry for i in ids for entry in tx.inbox.of_thread(i, list(InboxState), limit=ALL)]
    known = tx.traces.known_only_here(conversation.workspace.id, ids)
    loose = tx.traces.loose_mails(conversation.workspace.id, known.senders)
    seen = {entry.id for entry in entries}
    return [*entries, *_found(tx, [entry_id for entry_id in loose if entry_id not in seen])]


def _found(tx: Transaction, entry_ids: Iterable[str]) -> list[InboxEntry]:
    return [entry for entry_id in entry_ids if (entry := tx.inbox.find(entry_id))]


def _files_of(tx: Transaction, message: Message, *, folder: str) -> Iterator[tuple[str, bytes]]:
    for a in message.attachments:
        yield f"{folder}/{message.seq:05}-{a.position}-{_named(a.filename)}", _read(tx, a.digest)


def _named(filename: str) -> str:
    return filename.replace("/", "_")


def _as_json(told: dict[str, Any]) -> bytes:
    return json.dumps(told, default=str, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass")


def _read(tx: Transaction, digest: str) -> bytes:
    try:
        return tx.blobs.read(digest)
    except FileNotFoundError:
        return b""
