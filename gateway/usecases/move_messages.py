"""In charge of: moving messages to another conversation, of the same person or of another.

Not in charge of: what becomes of them there (`policies.moving`), or which mails follow later (`follow_moved`).

Nothing is lost and nothing is doubled: a message keeps its id, files, deliveries and raw mail; it gets the next number
there, and its number here is never given again. The gate of neither conversation changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.store.moving import UNFINISHED, Leaving
from gateway.threads import events
from gateway.threads.audit import Act
from gateway.threads.model import Conversation, Message, MessageKind, Opening, Source, Viewer, ViewerKind
from gateway.threads.policies.moving import counterpart, is_same_person, kind_there
from gateway.threads.policies.roles import check_role
from gateway.usecases.context import Context
from gateway.usecases.end_waiting import SUMMARY
from gateway.usecases.enter_applicant import Draft, carry_out, plan_applicant
from gateway.usecases.note_act import note_act

MOST = 100  # messages in one call


@dataclass(frozen=True, slots=True)
class NewApplication:
    """The target does not exist yet: the same person's application to this opening (`external_id`)."""

    opening: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved where; `notes` of them became notes, as they are another person's words."""

    thread_id: str
    message_ids: tuple[str, ...]
    notes: int = 0


def move_messages(
    ctx: Context,
    viewer: Viewer,
    thread_id: str,
    message_ids: Sequence[str],
    *,
    to: str | NewApplication,
    sure: bool = False,
) -> Moved:
    """Move these messages to the end of another conversation, in their order.

    `sure`: also when it belongs to somebody else; then they arrive as notes. Raises NotFound, Refused (an evaluator of
    one of the openings), Invalid (none, too many), Conflict (`move_same`, `thread_unknown`, `on_its_way`,
    `other_person`).
    """
    ids = list(dict.fromkeys(message_ids))
    if viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("conversation")
    if not ids or len(ids) > MOST:
        words = f"Choose at least one message and at most {MOST}."
        raise Invalid("message_ids", words, code="move_count", params={"limit": MOST})
    if to == thread_id:
        raise Conflict("move_same", "They are in this conversation already: choose another.")
    with ctx.database.begin() as tx:
        tx.attempts.hold_threads([thread_id])
        if isinstance(to, NewApplication):
            to = _begin_thread(ctx, tx, viewer, thread_id, opening=to.opening)
        opened = {i: tx.threads.open_for(viewer, i, lock=True) for i in sorted((thread_id, to))}
        source, target = opened[thread_id], opened[to]
        if source is None:
            raise NotFound("conversation")
        if target is None:
            raise Conflict("thread_unknown", "There is no such conversation.")
        for conversation in (source, target):
            if not (role := check_role(viewer, conversation.opening.id)).allowed:
                raise Refused(role)
        return carry_over(ctx, tx, viewer, source, target, ids=ids, sure=sure)


def carry_over(
    ctx: Context,
    tx: Transaction,
    viewer: Viewer,
    source: Conversation,
    target: Conversation,
    *,
    ids: Sequence[str],
    sure: bool = False,
    one_person: bool = False,
) -> Moved:
    """The same within the caller's transaction, which holds both rows. `one_person`: somebody says that both belong to
    one, whatever their addresses. Raises NotFound, Conflict.
    """
    leaving = tx.moving.find(source.thread.id, ids)
    if len(leaving) != len(ids):
        raise NotFound("message")
    deliveries = tx.moving.hold_deliveries(ids)
    waiting = any(state in UNFINISHED for rows in deliveries.values() for _, _, state in rows)
    if waiting or any(tx.waiting.find(message.id, now=ctx.now) for message in leaving):
        raise Conflict("on_its_way", "It has not gone out yet: wait until it has, or take it back, then move it.")
    kinds = {m.id: m.kind if one_person else _kind_there(tx, m, source, target) for m in leaving}
    notes = sum(kinds[m.id] is MessageKind.NOTE and m.first_kind is not MessageKind.NOTE for m in leaving)
    if notes and not sure:
        raise Conflict("other_person", "They belong to two people: say `as_notes` if they are to become notes there.")
    people = {p.id: there.id for p in source.participants if (there := counterpart(p, target))}
    if one_person or is_same_person(source, target):
        people[source.candidate.id] = target.candidate.id
    before = tx.moving.newest_of_candidate(target.thread.id)
    last = 0
    for message in leaving:
        kind = kinds[message.id]
        last = tx.moving.carry(message, source.thread.id, target.thread.id, kind=kind, people=people, now=ctx.now)
        for delivery_id, person, _ in deliveries.get(message.id, ()):
            tx.moving.carry_delivery(delivery_id, target.thread.id, participant_id=people.get(person or ""))
    left = max((m.seq for m in leaving if m.by_candidate), default=0)
    for member_id in tx.moving.who_read(source.thread.id, left):
        if tx.listing.read_mark(member_id, target.thread.id) >= before:  # had read all of both
            tx.listing.mark_read(member_id, target.thread.id, last)
    for conversation in (source, target):
        tx.moving.count_anew(conversation.thread.id)
        tx.waiting.restore_summary(conversation.thread.id, length=SUMMARY)
    if any(m.by_candidate and kinds[m.id] is MessageKind.MESSAGE for m in leaving):
        tx.organising.set(target.thread.id, done_at=None, snoozed_until=None)
    _tell(ctx, tx, viewer, source, target, ids=[m.id for m in leaving])
    return Moved(target.thread.id, tuple(m.id for m in leaving), notes)


def find_away(
    tx: Transaction, conversation: Conversation, parts: Sequence[Conversation]
) -> list[tuple[Conversation, list[Leaving]]]:
    """What was first written in this conversation or its parts and is now in somebody else's, by that one. What is in
    another conversation of the same person belongs there.
    """
    own = (conversation, *parts)
    ids = [one.thread.id for one in own]
    found = list[tuple[Conversation, list[Leaving]]]()
    for thread_id, message_ids in tx.traces.messages_elsewhere(ids).items():
        there = tx.threads.load(thread_id)
        if there is not None and not any(is_same_person(one, there) for one in own):
            found.append((there, [m for m in tx.moving.find(thread_id, message_ids) if m.home_id in ids]))
    return [(there, messages) for there, messages in found if messages]


def bring_home(ctx: Context, tx: Transaction, conversation: Conversation, parts: Sequence[Conversation]) -> list[str]:
    """Take back what is away, so that it can be erased with the conversation; the ids."""
    home, came = conversation.thread.id, list[str]()
    for there, leaving in find_away(tx, conversation, parts):
        away, ids = there.thread.id, [m.id for m in leaving]
        deliveries = tx.moving.hold_deliveries(ids)
        for message in leaving:
            tx.moving.carry(message, away, home, kind=message.first_kind, people={}, now=ctx.now)
            for delivery_id, _, _ in deliveries.get(message.id, ()):
                tx.moving.carry_delivery(delivery_id, home, participant_id=None)
        tx.moving.count_anew(away)
        tx.waiting.restore_summary(away, length=SUMMARY)
        told = {"to": home, "count": str(len(ids)), "message_ids": ",".join(ids), "by": ""}
        tx.events.append(away, there.workspace.id, events.MESSAGES_MOVED_OUT, now=ctx.now, **told)
        came += ids
    return came


def read_moveable(
    ctx: Context, viewer: Viewer, thread_id: str, *, ids: Sequence[str] = (), first: str = ""
) -> list[Message]:
    """These messages of the conversation, or `first` and those after it, in order, at most MOST. Raises NotFound."""
    with ctx.database.read() as tx:
        if tx.threads.open_for(viewer, thread_id) is None or viewer.kind is ViewerKind.CANDIDATE:
            raise NotFound("conversation")
        found = tx.messages.find_many([first] if first else ids[:MOST])
        here = sorted((m for m in found.values() if m.thread_id == thread_id), key=lambda m: m.seq)
        if not here:
            raise NotFound("message")
        return tx.messages.after(thread_id, here[0].seq - 1, limit=MOST) if first else here


def find_likely(ctx: Context, viewer: Viewer, thread_id: str) -> list[str]:
    """Other conversations of the same person, by e-mail address, newest first. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        if conversation is None or viewer.kind is ViewerKind.CANDIDATE:
            raise NotFound("conversation")
        if not conversation.candidate.email:
            return []
        found = tx.threads.by_sender(conversation.candidate.email, conversation.workspace.id)
    return [c.thread_id for c in found if c.thread_id != thread_id]


def _kind_there(tx: Transaction, message: Leaving, source: Conversation, target: Conversation) -> MessageKind:
    home = source if message.home_id == source.thread.id else tx.threads.load(message.home_id)
    return kind_there(message.first_kind, home=home, target=target)


def _begin_thread(ctx: Context, tx: Transaction, viewer: Viewer, thread_id: str, *, opening: str) -> str:
    """The same person's application to another opening; its thread's id."""
    source = tx.threads.open_for(viewer, thread_id)
    if source is None:
        raise NotFound("conversation")
    found = tx.people.find_opening(viewer.workspace_id, opening)
    if found is None or not _may_write(viewer, found):
        raise Invalid("opening", "There is no such opening: choose another.", code="import_opening")
    person = source.applicant
    draft = Draft(person.name, person.email, person.phone, person.locale, Source.MANUAL.value)
    plan = plan_applicant(ctx, ctx.new_id(), draft, workspace=source.workspace, opening=found, before=None)
    return carry_out(ctx, tx, plan, by=viewer).thread_id


def _may_write(viewer: Viewer, opening: Opening) -> bool:
    return check_role(viewer, opening.id).allowed


def _tell(
    ctx: Context, tx: Transaction, viewer: Viewer, source: Conversation, target: Conversation, *, ids: Sequence[str]
) -> None:
    shared = {"count": str(len(ids)), "message_ids": ",".join(ids), "by": viewer.name}
    for here, there, name, key in (
        (source, target, events.MESSAGES_MOVED_OUT, "to"),
        (target, source, events.MESSAGES_MOVED_IN, "from"),
    ):
        other = {key: there.thread.id}
        tx.events.append(here.thread.id, here.workspace.id, name, now=ctx.now, **other, **shared)
    moved = {"to": target.thread.id, "count": str(len(ids))}
    note_act(ctx, tx, viewer, Act.MESSAGES_MOVE, thread_id=source.thread.id, **moved)
    came = {"from": source.thread.id, "count": str(len(ids))}
    note_act(ctx, tx, viewer, Act.MESSAGES_RECEIVE, thread_id=target.thread.id, **came)
