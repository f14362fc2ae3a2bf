"""In charge of: the review queue — what was held, not matched, refused or unreadable, and what a person decides
about it.

Not in charge of: the first decision (`process_mail`). Nothing here deletes: a discarded mail keeps its entry and
raw bytes
until retention ends.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.store.inbox import TO_DECIDE
from gateway.threads import events
from gateway.threads.decisions import Reason
from gateway.threads.incoming import ReadMail
from gateway.threads.model import (
    Conversation,
    InboxEntry,
    InboxState,
    Participant,
    Viewer,
    ViewerKind,
)
from gateway.threads.policies.identity import Sameness, may_be_asked, same_mailbox
from gateway.threads.policies.privacy import mask_links
from gateway.threads.policies.rejection import check_may_write
from gateway.threads.policies.roles import check_role, visible_openings
from gateway.usecases.admit_sender import SenderIs, admit_sender
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.process_mail import process_mail
from gateway.usecases.read_thread import rows_of
from gateway.usecases.settle_mail import from_address, read_columns
from gateway.usecases.take_mail import take_mail
from gateway.usecases.views import EntryView

RELEASABLE = (InboxState.HELD, InboxState.UNMATCHED, InboxState.REFUSED, InboxState.FAILED, InboxState.DISCARDED)
REPLAYABLE = (*RELEASABLE, InboxState.IGNORED)
_CURSOR = re.compile(r"[0-9a-z]{26}")
SHOWN = 20_000  # characters of a mail on the review page


def list_entries(
    ctx: Context, viewer: Viewer, *, state: str = "", cursor: str = "", limit: int = 50
) -> tuple[list[InboxEntry], str | None]:
    """Entries of the viewer's workspace, newest first; "" gives what waits for a decision. Raises Invalid."""
    if viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("inbox")
    if state and state not in list(InboxState):
        raise Invalid(
            "state", f"Use one of {', '.join(InboxState)}.", code="inbox_state", params={"known": ", ".join(InboxState)}
        )
    states = (InboxState(state),) if state else TO_DECIDE
    if cursor and not _CURSOR.fullmatch(cursor):
        raise Invalid("cursor", "Use the `next` of the page before, unchanged.", code="cursor")
    limit = max(1, min(limit, 100))
    with ctx.database.read() as tx:
        found = tx.inbox.page(
            viewer.workspace_id, states, openings=visible_openings(viewer), before=cursor, limit=limit + 1
        )
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def read_entry(ctx: Context, viewer: Viewer, entry_id: str) -> EntryView:
    """An entry with its words and the conversations it may belong to. Raises NotFound.

    What a rejected candidate wrote is not shown: only that they wrote.
    """
    with ctx.database.read() as tx:
        entry = open_entry(tx, viewer, entry_id)
        suggested = [entry.thread_id] if entry.thread_id else entry.detail.split(",") if entry.detail else []
        rows = rows_of(tx, viewer, [s for s in suggested if s])
        hidden = entry.state is InboxState.REFUSED
        raw = b"" if hidden or entry.words else _raw(tx, entry)
        conversation = tx.threads.open_for(viewer, entry.thread_id) if entry.thread_id else None
        asked_at = tx.addresses.asked_at(entry.id)
    words = entry.words or (ctx.reader.read_mail(raw).split.reply[:SHOWN] if raw else "")
    owner = conversation.participant(entry.participant_id or "") if conversation else None
    return EntryView(
        entry,
        reply="" if hidden else mask_links(words),
        suggested=rows,
        applicant_name=conversation.candidate.name if conversation else "",
        proof=entry.proof,
        owner=owner,
        may_read_raw=conversation is None or check_role(viewer, conversation.opening.id).allowed,
        may_ask=conversation is not None and may_be_asked(entry, conversation),
        asked_at=asked_at,
    )


def read_raw(ctx: Context, viewer: Viewer, entry_id: str) -> bytes:
    """The mail exactly as received, for who may decide about it: what it quotes holds the candidate's personal links.
    Refused ones are for admins only. Raises NotFound, Refused (an evaluator).
    """
    with ctx.database.read() as tx:
        return raw_of(tx, viewer, decide_entry(tx, viewer, entry_id))


def raw_of(tx: Transaction, viewer: Viewer, entry: InboxEntry) -> bytes:
    """The bytes of an entry that the viewer has opened. Raises NotFound."""
    raw = b"" if entry.state is InboxState.REFUSED and not viewer.admin else _raw(tx, entry)
    if not raw:
        raise NotFound("mail")
    return raw


def release(
    ctx: Context,
    viewer: Viewer,
    entry_id: str,
    *,
    thread_id: str | None = None,
    as_note: bool = False,
    sender_is: SenderIs | None = None,
    name: str = "",
) -> InboxEntry:
    """Put a mail into its thread (or into `thread_id`) as its sender's message, or as a note.

    `sender_is` makes the sender known there, a new person as `name`. Raises NotFound, Invalid (no thread known; no one
    sender to make known), Conflict (`already_decided`, `thread_blocked`).
    """
    with ctx.database.read() as tx:
        entry = decide_entry(tx, viewer, entry_id)
        target = thread_id or entry.thread_id
        if target is None:
            raise Invalid(
                "thread_id", "Say into which conversation: the mail itself names none.", code="thread_missing"
            )
        if tx.threads.open_for(viewer, target) is None:
            raise Invalid("thread_id", "There is no such conversation.", code="thread_unknown")
    read = read_again(ctx, entry, target)
    with ctx.database.begin() as tx:
        conversation = tx.threads.open_for(viewer, target, lock=True)
        if conversation is None:
            raise NotFound("conversation")
        if not (role := check_role(viewer, conversation.opening.id)).allowed:
            raise Refused(role)
        speaker = _speaker(conversation, entry, read)
        if sender_is:
            conversation, speaker = admit_sender(
                ctx, tx, conversation, viewer=viewer, mail=read.mail, sender_is=sender_is, name=name
            )
        release_into(
            ctx, tx, entry, conversation=conversation, speaker=speaker, read=read, viewer=viewer, as_note=as_note
        )
        return open_entry(tx, viewer, entry_id)


def read_again(ctx: Context, entry: InboxEntry, thread_id: str) -> ReadMail:
    """The mail as we understand it today, and scanned again."""
    with ctx.database.read() as tx:
        raw = _raw(tx, entry)
        known = tx.messages.texts([thread_id])[thread_id]
    read = ctx.reader.read_mail(raw, known)
    return replace(read, scan=ctx.scan(raw)) if ctx.scan else read


def discard(ctx: Context, viewer: Viewer, entry_id: str) -> InboxEntry:
    """Decide to ignore it. Raises NotFound, Conflict (`already_decided`)."""
    with ctx.database.begin() as tx:
        decide_entry(tx, viewer, entry_id)
        moved = tx.inbox.move(entry_id, from_states=TO_DECIDE, to=InboxState.DISCARDED, reason=Reason.DISCARDED.value)
        if not moved:
            raise Conflict("already_decided", "Somebody has decided about this mail already.")
        note_act(ctx, tx, viewer, "inbox.discard", entry_id=entry_id)
        return open_entry(tx, viewer, entry_id)


def replay(ctx: Context, viewer: Viewer, entry_id: str) -> InboxEntry:
    """Understand a mail again from its raw bytes, with today's rules. Raises NotFound, Conflict (`already_decided`)."""
    with ctx.database.begin() as tx:
        decide_entry(tx, viewer, entry_id)
        if tx.messages.find_by_inbox(entry_id):
            raise Conflict("already_decided", "This mail is in a conversation already.")
        moved = tx.inbox.move(entry_id, from_states=REPLAYABLE, to=InboxState.RECEIVED, reason="")
        if not moved:
            raise Conflict("already_decided", "This mail is being processed.")
        tx.inbox.finish(entry_id, InboxState.RECEIVED, tries=0)
        note_act(ctx, tx, viewer, "inbox.replay", entry_id=entry_id)
    process_mail(ctx, entry_id)
    with ctx.database.read() as tx:
        return open_entry(tx, viewer, entry_id)


def find_replayable(
    ctx: Context,
    *,
    state: InboxState | None = None,
    reason: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[str]:
    """Ids of entries of all workspaces that can be replayed, oldest first: for the operator."""
    with ctx.database.read() as tx:
        return tx.inbox.ids_of((state,) if state else REPLAYABLE, reason=reason, since=since, until=until)


def release_into(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    conversation: Conversation,
    speaker: Participant,
    read: ReadMail,
    viewer: Viewer,
    as_note: bool = False,
) -> None:
    """Append the mail as `speaker`'s, in the caller's transaction. Raises Conflict."""
    gate = check_may_write(conversation.thread, speaker.role.author_kind)
    if not gate.allowed and (not as_note or entry.state is InboxState.REFUSED):
        raise Conflict(gate.reason.value, "The candidate was rejected: restore them first, then release the mail.")
    moved = tx.inbox.move(entry.id, from_states=RELEASABLE, to=InboxState.THREADED, reason=Reason.RELEASED.value)
    if not moved:
        raise Conflict("already_decided", "Somebody has decided about this mail already.")
    sender = from_address(read.mail)
    theirs = (speaker.email, *tx.addresses.of(speaker.id))
    foreign = bool(sender) and not any(same_mailbox(x, sender) is Sameness.EXACT for x in theirs)
    mark = f"other_address:{sender}" if foreign else ""
    take_mail(ctx, tx, entry, conversation=conversation, speaker=speaker, read=read, mark=mark, as_note=as_note)
    thread = conversation.thread
    values = {**read_columns(read.mail), "thread_id": thread.id, "participant_id": speaker.id}
    tx.inbox.finish(entry.id, InboxState.THREADED, reason=Reason.RELEASED.value, **values)
    tx.events.append(
        thread.id, thread.workspace_id, events.INBOX_RELEASED, now=ctx.now, entry_id=entry.id, by=viewer.name
    )
    note_act(ctx, tx, viewer, "inbox.release", entry_id=entry.id, thread_id=thread.id)


def _speaker(conversation: Conversation, entry: InboxEntry, read: ReadMail) -> Participant:
    """Whose address it is, if they are in this conversation; else the token's participant, else the candidate."""
    sender = from_address(read.mail)
    writer = next((p for p in conversation.participants if same_mailbox(p.email, sender) is Sameness.EXACT), None)
    return writer or conversation.participant(entry.participant_id or "") or conversation.candidate


def open_entry(tx: Transaction, viewer: Viewer, entry_id: str) -> InboxEntry:
    """An entry that this viewer may decide about. Raises NotFound."""
    entry = tx.inbox.find(entry_id)
    if entry is None or viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("mail")
    if viewer.kind is not ViewerKind.OPERATOR and entry.workspace_id != viewer.workspace_id:
        raise NotFound("mail")
    if viewer.confined_to is not None and not (entry.thread_id and tx.threads.open_for(viewer, entry.thread_id)):
        raise NotFound("mail")
    return entry


def decide_entry(tx: Transaction, viewer: Viewer, entry_id: str) -> InboxEntry:
    """An entry whose fate this viewer may settle. Raises NotFound, Refused (an evaluator)."""
    entry = open_entry(tx, viewer, entry_id)
    conversation = tx.threads.open_for(viewer, entry.thread_id) if entry.thread_id else None
    if conversation and not (role := check_role(viewer, conversation.opening.id)).allowed:
        raise Refused(role)
    return entry


def _raw(tx: Transaction, entry: InboxEntry) -> bytes:
    try:
        return tx.blobs.read(entry.digest)
    except FileNotFoundError:
        return b""
