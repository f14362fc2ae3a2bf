"""In charge of: what the desk's composer offers for one candidate, and sending what was written in it.

Not in charge of: drafts (`drafts`), or messages that wait (`waiting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.errors import Invalid
from gateway.store.database import Transaction
from gateway.threads.decisions import Reason
from gateway.threads.drafts import Draft, undo_seconds
from gateway.threads.mentions import find_mentions, said_names
from gateway.threads.model import Conversation, Member, Message, MessageKind, Viewer
from gateway.threads.notifying import NewsKind
from gateway.threads.policies.roles import sees_opening
from gateway.threads.purpose import Purpose
from gateway.threads.routing import CHANNELS, EMAIL, bar
from gateway.threads.sms_text import SMS_BYTES, count_bytes, count_segments, plain_for_korea
from gateway.usecases.checks import read_mobile
from gateway.usecases.context import Context
from gateway.usecases.drafts import open_as_member, read_files
from gateway.usecases.outgoing import portal_url
from gateway.usecases.post_message import NewMessage, Posted, check_content, find_repeated, post_in
from gateway.usecases.reach import NEW_MESSAGE, find_reach, order_of
from gateway.usecases.sign_in import viewer_of_member
from gateway.usecases.tell_members import tell_one


@dataclass(frozen=True, slots=True)
class Way:
    """One channel to the candidate. `barred` says why it cannot be used; `usual`: taken unless somebody chooses."""

    channel: str
    address: str
    barred: Reason | None
    usual: bool


@dataclass(frozen=True, slots=True)
class Composer:
    """What the composer starts with."""

    draft: Draft
    ways: tuple[Way, ...]  # in the order in which they are tried
    members: tuple[Member, ...]
    undo: int | None  # the member's own seconds


def read_composer(ctx: Context, viewer: Viewer, thread_id: str) -> Composer:
    """The draft, the ways to the candidate, and the colleagues who can be mentioned. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = open_as_member(tx, viewer, thread_id)
        return Composer(
            draft=tx.drafts.find(viewer.id, thread_id) or Draft(),
            ways=find_ways(ctx, tx, conversation),
            members=tuple(_readers(tx, conversation)),
            undo=tx.drafts.undo_seconds(viewer.id),
        )


def find_mentionable(ctx: Context, viewer: Viewer, thread_id: str) -> list[str]:
    """The names that are a mention in notes of this conversation: of those who see it, and so hear of it. Raises
    NotFound.
    """
    with ctx.database.read() as tx:
        readers = _readers(tx, open_as_member(tx, viewer, thread_id))
    return [name for _, name in said_names({m.id: m.name for m in readers})]


def send(ctx: Context, viewer: Viewer, thread_id: str, new: NewMessage) -> Posted:
    """Send what was written, with the files of the draft, and throw the draft away: one transaction.

    A reply waits for as long as it can be taken back. Raises as `post_message`, and Invalid (`no_channel`).
    """
    with ctx.database.read() as tx:
        conversation = open_as_member(tx, viewer, thread_id)
        if repeated := find_repeated(tx, thread_id, viewer=viewer, new=new):
            return repeated
        draft = tx.drafts.find(viewer.id, thread_id) or Draft()
        uploaded = read_files(tx, draft.files)
        undo = _undo_of(ctx, tx, viewer, conversation, new)
    new = check_content(ctx, replace(new, files=(*uploaded, *new.files)))
    if new.send_at is None and undo:
        new = replace(new, send_at=ctx.now + timedelta(seconds=undo))
    with ctx.database.begin() as tx:
        conversation = open_as_member(tx, viewer, thread_id, lock=True)
        if repeated := find_repeated(tx, thread_id, viewer=viewer, new=new):
            return repeated
        tx.blobs.expect(f.digest for f in draft.files)  # they are stored; only those of the form are new
        posted = post_in(ctx, tx, conversation, viewer=viewer, new=new)
        tx.drafts.remove(viewer.id, thread_id)
        if new.kind is MessageKind.NOTE:
            _tell_mentioned(ctx, tx, conversation, viewer=viewer, note=posted.message)
        return posted


def to_be_undone(ctx: Context, viewer: Viewer, thread_id: str, new: NewMessage) -> NewMessage:
    """The message, to go out when it can no longer be taken back. Raises NotFound, Invalid (`no_channel`)."""
    with ctx.database.read() as tx:
        undo = _undo_of(ctx, tx, viewer, open_as_member(tx, viewer, thread_id), new)
    return replace(new, send_at=ctx.now + timedelta(seconds=undo)) if undo and new.send_at is None else new


def silent_undo(ctx: Context, viewer: Viewer) -> int:
    """Seconds for which the member can take a rejection without a message back: as long as a mail."""
    with ctx.database.read() as tx:
        own = tx.drafts.undo_seconds(viewer.id)
    return undo_seconds([EMAIL], mail=ctx.settings.undo_seconds, own=own)


def count_sms(ctx: Context, viewer: Viewer, thread_id: str) -> tuple[int, int, bool]:
    """(length, limit, in bytes?) of the text message that tells of a reply: bytes in Korea, characters elsewhere."""
    with ctx.database.read() as tx:
        conversation = open_as_member(tx, viewer, thread_id)
    person = conversation.candidate
    values = {
        "company": conversation.workspace.name,
        "opening": conversation.opening.title,
        "candidate_name": person.name,
        "author_name": viewer.name,
        "contact": conversation.public_contact,
        "link": f"{portal_url(ctx, person)}#m1",
    }
    text = ctx.render.sms(NEW_MESSAGE, person.locale, values)
    phone = read_mobile(conversation.applicant.phone)
    if phone is None or phone.is_korean:
        return count_bytes(plain_for_korea(text)), SMS_BYTES, True
    segments = count_segments(text)
    return segments.units, 160 if segments.encoding == "GSM-7" else 70, False


def find_ways(ctx: Context, tx: Transaction, conversation: Conversation) -> tuple[Way, ...]:
    """The channels to the candidate, in the order in which they are tried."""
    reach = find_reach(ctx, tx, conversation, notice=NEW_MESSAGE)
    usual = order_of(ctx, conversation)
    order = (*usual, *(c for c in CHANNELS if c not in usual))
    return tuple(
        Way(c, reach.addresses.get(c, ""), bar(reach, c, purpose=Purpose.TRANSACTIONAL), c in usual) for c in order
    )


def _undo_of(ctx: Context, tx: Transaction, viewer: Viewer, conversation: Conversation, new: NewMessage) -> int:
    if new.kind is MessageKind.NOTE:
        return 0
    ways = find_ways(ctx, tx, conversation)
    usable = [w.channel for w in ways if w.barred is None]
    chosen = [c for c in usable if c in new.channels] if new.channels else [w.channel for w in ways if w.usual]
    if usable and not chosen:
        raise Invalid("channels", "Choose at least one way to reach the candidate.", code="no_channel")
    used = [c for c in chosen if c in usable]
    return undo_seconds(used, mail=ctx.settings.undo_seconds, own=tx.drafts.undo_seconds(viewer.id))


def _tell_mentioned(
    ctx: Context, tx: Transaction, conversation: Conversation, *, viewer: Viewer, note: Message
) -> None:
    members = {m.id: m for m in _readers(tx, conversation) if m.id != viewer.id}
    for member_id in find_mentions(note.text, {m.id: m.name for m in members.values()}):
        tx.listing.mention(member_id, conversation.thread.id, note.seq)
        about = {"subject_id": note.id, "by_name": viewer.name}
        tell_one(ctx, tx, member_id, NewsKind.MENTIONED, conversation=conversation, **about)


def _readers(tx: Transaction, conversation: Conversation) -> list[Member]:
    """The members who may open the conversation."""
    workspace_id, opening_id = conversation.workspace.id, conversation.opening.id
    only = tx.team.own_openings_only(workspace_id)
    roles = tx.team.roles_in([opening.id for opening in tx.people.list_openings(workspace_id)])
    members = [m for m in tx.people.list_members(workspace_id) if m.active]
    seats = [viewer_of_member(m, roles.get(m.id), own_openings_only=only) for m in members]
    return [m for m, seat in zip(members, seats, strict=True) if sees_opening(seat, opening_id)]


def chosen_channels(ways: Sequence[Way], wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted channels in the order in which they are tried; () when that is what is usual anyway."""
    chosen = tuple(w.channel for w in ways if w.channel in wanted and w.barred is None)
    usual = tuple(w.channel for w in ways if w.usual and w.barred is None)
    return () if chosen == usual else chosen
