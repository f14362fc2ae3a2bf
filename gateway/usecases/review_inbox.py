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
from gateway.threads.audit import Act
from gateway.threads.decisions import Reason, first_objection
from gateway.threads.incoming import ReadMail
from gateway.threads.model import (
    Conversation,
    InboxEntry,
    InboxState,
    Participant,
    Viewer,
    ViewerKind,
)
from gateway.threads.policies.identity import Sameness, find_speaker, may_be_asked, same_mailbox
from gateway.threads.policies.privacy import mask_links
from gateway.threads.policies.rejection import check_kept_out, check_may_write, hides_words
from gateway.threads.policies.roles import check_role, visible_openings
from gateway.usecases.admit_sender import SenderIs, admit_sender, check_named, is_colleagues
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

    What a rejected candidate wrote is not shown: only that they wrote (`hides_words`).
    """
    with ctx.database.read() as tx:
        entry = open_entry(tx, viewer, entry_id)
        suggested = [entry.thread_id] if entry.thread_id else entry.detail.split(",") if entry.detail else []
        rows = rows_of(tx, viewer, [s for s in suggested if s])
        conversation = tx.threads.open_for(viewer, entry.thread_id) if entry.thread_id else None
        hidden = hides_words(entry, conversation)
        raw = b"" if hidden or entry.words else _raw(tx, entry)
        asked_at = tx.addresses.asked_at(entry.id)
        named = _names_colleague(tx, entry, conversation)
    words = entry.words or (ctx.reader.read_mail(raw).split.reply[:SHOWN] if raw else "")
    owner = conversation.participant(entry.participant_id or "") if conversation else None
    return EntryView(
        entry,
        reply="" if hidden else mask_links(words),
        suggested=rows,
        applicant_name=conversation.candidate.name if conversation else "",
        proof=entry.proof,
        owner=owner,
        may_decide=conversation is None or check_role(viewer, conversation.opening.id).allowed,
        may_ask=conversation is not None and may_be_asked(entry, conversation),
        asked_at=asked_at,
        hidden=hidden,
        names_colleague=named,
    )


def read_raw(ctx: Context, viewer: Viewer, entry_id: str) -> bytes:
    """The mail exactly as received, for who may decide about it: what it quotes holds the candidate's personal links.
    Those whose words are hidden are for admins only. Raises NotFound, Refused (an evaluator).
    """
    with ctx.database.read() as tx:
        return raw_of(tx, viewer, decide_entry(tx, viewer, entry_id))


def raw_of(tx: Transaction, viewer: Viewer, entry: InboxEntry) -> bytes:
    """The bytes of an entry that the viewer has opened. Raises NotFound."""
    hidden = not viewer.admin and hides_words(entry, find_home(tx, entry))
    raw = b"" if hidden else _raw(tx, entry)
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

    `sender_is` makes the sender known there, a new person as `name`; without it nobody of the company becomes the
    author of what did not come to their side's address. Raises NotFound, Invalid (no thread known; no one sender to
    make known), Conflict (`already_decided`, `thread_blocked`, `names_colleague`).
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
        tx.threads.hold_many({i for i in (target, entry.thread_id) if i})
        conversation = tx.threads.open_for(viewer, target)
        if conversation is None:
            raise NotFound("conversation")
        if not (role := check_role(viewer, conversation.opening.id)).allowed:
            raise Refused(role)
        sender = from_address(read.mail)
        speaker = find_speaker(conversation, entry.participant_id, sender)
        if sender_is:
            conversation, speaker = admit_sender(
                ctx, tx, conversation, viewer=viewer, mail=read.mail, sender_is=sender_is, name=name
            )
        elif not (as_note or speaker.role.is_company or _is_own_address(tx, speaker, sender)):
            _check_gate(tx, entry, conversation, speaker=speaker, as_note=as_note)  # says more than who it names
            check_named(tx, conversation, sender)
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
        note_act(ctx, tx, viewer, Act.INBOX_DISCARD, entry_id=entry_id)
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
        note_act(ctx, tx, viewer, Act.INBOX_REPLAY, entry_id=entry_id)
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
    _check_gate(tx, entry, conversation, speaker=speaker, as_note=as_note)
    unchanged = (entry.state,) if entry.state in RELEASABLE else ()  # since the gate was asked about it
    moved = tx.inbox.move(entry.id, from_states=unchanged, to=InboxState.THREADED, reason=Reason.RELEASED.value)
    if not moved:
        raise Conflict("already_decided", "Somebody has decided about this mail already.")
    sender = from_address(read.mail)
    foreign = bool(sender) and not _is_own_address(tx, speaker, sender)
    mark = f"other_address:{sender}" if foreign else ""
    take_mail(ctx, tx, entry, conversation=conversation, speaker=speaker, read=read, mark=mark, as_note=as_note)
    thread = conversation.thread
    values = {**read_columns(read.mail), "thread_id": thread.id, "participant_id": speaker.id}
    tx.inbox.finish(entry.id, InboxState.THREADED, reason=Reason.RELEASED.value, **values)
    tx.events.append(
        thread.id, thread.workspace_id, events.INBOX_RELEASED, now=ctx.now, entry_id=entry.id, by=viewer.name
    )
    note_act(ctx, tx, viewer, Act.INBOX_RELEASE, entry_id=entry.id, thread_id=thread.id)


def _check_gate(
    tx: Transaction, entry: InboxEntry, conversation: Conversation, *, speaker: Participant, as_note: bool
) -> None:
    """Nobody whom a rejection keeps out gets in by a person's hand either: not as what From says, not in another
    conversation, and what was kept out not as a note. Raises Conflict.
    """
    kept_out = check_kept_out(entry, find_home(tx, entry))
    gate = check_may_write(conversation.thread, speaker.role.author_kind)
    if not kept_out.allowed or not (gate.allowed or as_note):
        reason = first_objection(kept_out, gate).reason
        raise Conflict(reason.value, "The candidate was rejected: restore them first, then release the mail.")


def find_home(tx: Transaction, entry: InboxEntry) -> Conversation | None:
    """The conversation to which a mail came, or that this became part of: its gate decides about the mail."""
    if not entry.thread_id:
        return None
    return tx.threads.load(tx.moving.merged_into([entry.thread_id]).get(entry.thread_id, entry.thread_id))


def _is_own_address(tx: Transaction, speaker: Participant, sender: str) -> bool:
    return any(same_mailbox(x, sender) is Sameness.EXACT for x in (speaker.email, *tx.addresses.of(speaker.id)))


def _names_colleague(tx: Transaction, entry: InboxEntry, conversation: Conversation | None) -> bool:
    """Does it name somebody of the company whose address it did not come to?"""
    sender = entry.from_address
    speaker = find_speaker(conversation, entry.participant_id, sender) if conversation else None
    if not sender or (speaker and (speaker.role.is_company or _is_own_address(tx, speaker, sender))):
        return False
    return is_colleagues(tx, entry.workspace_id or "", sender, conversation)


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
