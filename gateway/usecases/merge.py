"""In charge of: an application that is there twice — one conversation is kept, the other becomes part of it, and its
addresses and links go on working; and taking that back.

Not in charge of: moving the messages (`move_messages`), or mails to the other's addresses (`follow_moved`).

Both must have the same gate, so that a merge neither opens nor closes one.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import Conflict, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.addresses import Purpose, read_address
from gateway.threads.audit import Act
from gateway.threads.model import Conversation, InboxState, Role, ThreadState, Viewer, ViewerKind
from gateway.threads.policies.moving import counterpart
from gateway.threads.policies.rejection import REJECTED_STAGE, RESTORED_STAGE
from gateway.threads.policies.roles import check_role
from gateway.usecases.change_stage import move_stage, set_gate
from gateway.usecases.context import Context
from gateway.usecases.move_messages import carry_over
from gateway.usecases.note_act import note_act

BLOCK = 100  # messages
MOST_MAILS = 10_000  # of one conversation that are no messages


def merge(ctx: Context, viewer: Viewer, kept_id: str, other_id: str) -> int:
    """Make the other conversation a part of the kept one; how many messages came over.

    Raises NotFound, Refused (an evaluator), Conflict (`move_same`, `thread_unknown`, `merge_opening`, `gate_differs`,
    `on_its_way`).
    """
    if kept_id == other_id:
        raise Conflict("move_same", "They are in this conversation already: choose another.")
    with ctx.database.begin() as tx:
        tx.attempts.hold_threads([kept_id, other_id])
        kept, other = _open_both(tx, viewer, kept_id, other_id)
        if kept.opening.id != other.opening.id:
            raise Conflict("merge_opening", "It belongs to another opening: move single messages instead.")
        if kept.thread.state is not other.thread.state:
            raise Conflict("gate_differs", "One of the two is rejected: reject or restore one, then merge.")
        kept = _take_people(ctx, tx, viewer, kept, other)
        moved = _carry_all(ctx, tx, viewer, other, kept, ids=tx.moving.all_of(other_id))
        tx.moving.merge(other_id, kept_id, people=_people(other, kept))
        _tell(ctx, tx, viewer, kept, other, name=events.THREAD_MERGED, action=Act.THREAD_MERGE)
        return moved


def split(ctx: Context, viewer: Viewer, kept_id: str, other_id: str) -> int:
    """Take a merge back: the other conversation is there again, with what it brought, its own parts among it; how many
    messages went back. What came since stays. Raises NotFound, Refused (an evaluator), Conflict (`on_its_way`).
    """
    with ctx.database.begin() as tx:
        above = tx.moving.path_up(other_id)
        if above[-1:] != [kept_id]:
            raise NotFound("conversation")
        tx.attempts.hold_threads([kept_id, other_id])
        for thread_id in sorted((other_id, *above)):
            tx.threads.load(thread_id, lock=True)
        if tx.moving.path_up(other_id) != above:  # somebody split one of them meanwhile
            raise NotFound("conversation")
        tx.moving.unmerge(other_id)
        kept, other = _open_both(tx, viewer, kept_id, other_id)
        for thread_id in above:
            _return_addresses(tx, thread_id, other)
        _return_mails(ctx, tx, kept, other)
        _take_decision(ctx, tx, viewer, kept, other)
        moved = _carry_all(ctx, tx, viewer, kept, other, ids=tx.moving.come_from(other_id, kept_id))
        _tell(ctx, tx, viewer, kept, other, name=events.THREAD_SPLIT, action=Act.THREAD_SPLIT)
        return moved


def find_kept(ctx: Context, viewer: Viewer, thread_id: str) -> str:
    """The conversation that this one became part of, if it did; else the id as it is."""
    with ctx.database.glance() as tx:
        kept = tx.moving.merged_into([thread_id]).get(thread_id)
    if kept is None or viewer.kind is ViewerKind.CANDIDATE:
        return thread_id
    with ctx.database.read() as tx:
        return kept if tx.threads.open_for(viewer, kept) else thread_id


def find_doubles(ctx: Context, viewer: Viewer, thread_id: str) -> list[str]:
    """Other conversations of the same opening whose applicant has the same address, number or name. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        if conversation is None or viewer.kind is ViewerKind.CANDIDATE:
            raise NotFound("conversation")
        return tx.moving.doubles_of(conversation.applicant, thread_id=thread_id)


def _open_both(tx: Transaction, viewer: Viewer, kept_id: str, other_id: str) -> tuple[Conversation, Conversation]:
    if viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("conversation")
    opened = {i: tx.threads.open_for(viewer, i, lock=True) for i in sorted((kept_id, other_id))}
    kept, other = opened[kept_id], opened[other_id]
    if kept is None:
        raise NotFound("conversation")
    if other is None:
        raise Conflict("thread_unknown", "There is no such conversation.")
    if not (role := check_role(viewer, kept.opening.id)).allowed:
        raise Refused(role)
    return kept, other


def _take_people(
    ctx: Context, tx: Transaction, viewer: Viewer, kept: Conversation, other: Conversation
) -> Conversation:
    """The other's colleagues and guests take part in the kept one, and its address and number are known there."""
    added = []
    for person in other.participants:
        if person.role is not Role.CANDIDATE and counterpart(person, kept) is None:
            new = replace(person, id=ctx.new_id(), thread_id=kept.thread.id, link_version=1)
            tx.threads.add_participant(new)
            added.append(new)
    known, email = kept.candidate, other.candidate.email
    if email and not known.email:
        known = replace(known, email=email)
        tx.threads.update_participant(known.id, email=email)
        tx.people.update_applicant(kept.applicant.id, email=email)
    for further in _addresses_of(tx, other) - {known.email.lower()}:
        tx.addresses.add(known.id, further, now=ctx.now, added_by=viewer.id)
    if other.applicant.phone and not kept.applicant.phone:
        tx.people.update_applicant(kept.applicant.id, phone=other.applicant.phone)
    rest = tuple(p for p in kept.participants if p.id != known.id)
    return replace(kept, participants=(known, *rest, *added))


def _take_decision(ctx: Context, tx: Transaction, viewer: Viewer, kept: Conversation, other: Conversation) -> None:
    """What was decided since about the one person counts for both: nobody gets around the gate by a split."""
    gate, closes_at = kept.thread.state, kept.thread.closes_at
    if other.thread.state is gate and not closes_at:
        return
    rejected = gate is ThreadState.BLOCKED or closes_at is not None
    move_stage(ctx, tx, other, viewer=viewer, stage=REJECTED_STAGE if rejected else RESTORED_STAGE)
    set_gate(ctx, tx, other, state=gate, by=viewer.name, by_id=viewer.id)
    tx.threads.update(other.thread.id, closes_at=closes_at)


def _return_addresses(tx: Transaction, thread_id: str, other: Conversation) -> None:
    """The addresses that the other brought into this conversation lead to it alone again. One that the person
    confirmed here, or that another part has, stays.
    """
    here = tx.threads.load(thread_id)
    parts = [tx.threads.load(part_id) for part_id, _ in tx.moving.parts_of(thread_id)]
    left = {email for part in parts if part for email in _addresses_of(tx, part)}
    further = tx.addresses.of(here.candidate.id) if here else {}
    for email in _addresses_of(tx, other) - left:
        if here and email in further and further[email] is None:
            tx.addresses.remove(here.candidate.id, email)


def _return_mails(ctx: Context, tx: Transaction, kept: Conversation, other: Conversation) -> None:
    """Mails to the other's own addresses that are no messages: those that wait, and those that were refused."""
    states = [state for state in InboxState if state is not InboxState.THREADED]
    for entry in tx.inbox.of_thread(kept.thread.id, states, limit=MOST_MAILS):
        issued = read_address(ctx.settings.keys, entry.rcpt, ctx.settings.reply_domain)
        if issued and issued.purpose == Purpose.REPLY and other.participant(issued.id):
            whose = {"thread_id": other.thread.id, "participant_id": issued.id}
            tx.inbox.finish(entry.id, entry.state, reason=entry.reason, **whose)


def _addresses_of(tx: Transaction, conversation: Conversation) -> set[str]:
    """All addresses by which the candidate is known there."""
    return {conversation.candidate.email.lower(), *tx.addresses.of(conversation.candidate.id)} - {""}


def _carry_all(
    ctx: Context, tx: Transaction, viewer: Viewer, source: Conversation, target: Conversation, *, ids: list[str]
) -> int:
    for start in range(0, len(ids), BLOCK):
        carry_over(ctx, tx, viewer, source, target, ids=ids[start : start + BLOCK], one_person=True)
    return len(ids)


def _people(other: Conversation, kept: Conversation) -> dict[str, str]:
    """Who each of the other's participants is in the kept conversation."""
    found = {p.id: there.id for p in other.participants if (there := counterpart(p, kept))}
    return found | {other.candidate.id: kept.candidate.id}


def _tell(
    ctx: Context, tx: Transaction, viewer: Viewer, kept: Conversation, other: Conversation, *, name: str, action: Act
) -> None:
    for here, there, key in ((kept, other, "from"), (other, kept, "to")):
        data = {key: there.thread.id, "by": viewer.name}
        tx.events.append(here.thread.id, here.workspace.id, name, now=ctx.now, **data)
    note_act(ctx, tx, viewer, action, thread_id=kept.thread.id, other=other.thread.id)
