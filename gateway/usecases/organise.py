"""In charge of: keeping order among conversations — assigning, tags, snooze, done, unread — for one or many at once.

Not in charge of: the gate and stages (`change_stage`), or what counts as an end of a snooze (`threads.organising`).

Each change is an event of its thread and an audit line; what is so already changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.audit import Act
from gateway.threads.model import Conversation, Member, Viewer, ViewerKind
from gateway.threads.notifying import NewsKind
from gateway.threads.organising import LONGEST_TAG, MOST_TAGS, UNTIL_REPLY, Organised, Tag, clean_tag, snooze_end
from gateway.threads.policies.roles import check_role
from gateway.usecases.access import find_viewers, may_see
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.tell_members import tell_one
from gateway.usecases.versions import Seen, check_version

MOST = 100  # conversations in one call


@dataclass(frozen=True, slots=True)
class Assign:
    """To a member of the workspace; "" takes it from whoever has it."""

    member_id: str


@dataclass(frozen=True, slots=True)
class AddTag:
    name: str


@dataclass(frozen=True, slots=True)
class RemoveTag:
    tag_id: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """Snooze; `choice` as `snooze_end` takes it, "" ends the snooze."""

    choice: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Done; or, with `done=False`, not done after all."""

    done: bool = True


Change = Assign | AddTag | RemoveTag | PutOff | Finish
Ready = Member | Tag | datetime | None  # what a change names, looked up


@dataclass(frozen=True, slots=True)
class Wanted:
    """The order that one conversation is to have; what is None stays as it is."""

    assignee: str | None = None  # a member's address, "" is nobody
    tags: Sequence[str] | None = None  # all names that it is to have
    done: bool | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What a workspace's conversations can be given, and filtered by."""

    members: tuple[Member, ...]
    tags: tuple[Tag, ...]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """A change as it is written: the thread's columns, the event and its data."""

    event: str
    data: dict[str, str]
    values: dict[str, str | datetime | None]


def organise(ctx: Context, viewer: Viewer, thread_ids: Sequence[str], change: Change) -> int:
    """Change all of these conversations that the viewer may open; how many were changed.

    Raises NotFound when there is none, Invalid for a member, tag or day that is none and a member who does not see
    them all, Conflict (`too_many`), Refused (an evaluator).
    """
    if viewer.kind is not ViewerKind.MEMBER:
        raise NotFound("conversation")
    if len(thread_ids) > MOST:
        raise Conflict("too_many", f"Choose at most {MOST} conversations at a time.")
    with ctx.database.begin() as tx:
        ready = _prepare(ctx, tx, viewer, change)
        opened = [tx.threads.open_for(viewer, thread_id, lock=True) for thread_id in sorted(set(thread_ids))]
        found = [conversation for conversation in opened if conversation]
        if not found:
            raise NotFound("conversation")
        for conversation in found:
            if not (role := check_role(viewer, conversation.opening.id)).allowed:
                raise Refused(role)
            _check_sees(tx, viewer, ready, conversation)
        return sum(_change_one(ctx, tx, viewer, conversation, change, ready) for conversation in found)


def arrange(ctx: Context, viewer: Viewer, thread_id: str, wanted: Wanted, *, seen: Seen | None = None) -> Organised:
    """Give one conversation this order, in one step, for the ATS; the order that it has then. `seen` is the version of
    the order that the caller changes.

    Raises NotFound, Invalid for a tag that cannot be one and an address that is no member's or of one who does not see
    the conversation, Refused (an evaluator), Conflict (`changed_meanwhile`).
    """
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)  # before the thread, as whoever changes an applicant does
        conversation = tx.threads.open_for(viewer, thread_id, lock=True)
        if conversation is None or not viewer.is_company:
            raise NotFound("thread")
        if not (role := check_role(viewer, conversation.opening.id)).allowed:
            raise Refused(role)
        order = tx.organising.of_thread(thread_id)
        check_version(order, seen)
        for change, ready in _changes_to(ctx, tx, viewer, order, wanted):
            _check_sees(tx, viewer, ready, conversation)
            _change_one(ctx, tx, viewer, conversation, change, ready)
        tx.flush()
        return tx.organising.of_thread(thread_id)


def _changes_to(
    ctx: Context, tx: Transaction, viewer: Viewer, now_so: Organised, wanted: Wanted
) -> list[tuple[Change, Ready]]:
    """What leads from this order to the wanted one, with what each change names."""
    changes: list[tuple[Change, Ready]] = []
    if wanted.assignee is not None:
        member = _member_with(tx, viewer, wanted.assignee) if wanted.assignee else None
        changes.append((Assign(member.id if member else ""), member))
    if wanted.tags is not None:
        names = {clean_tag(name).casefold() for name in wanted.tags}
        changes += [(RemoveTag(tag.id), tag) for tag in now_so.tags if tag.name.casefold() not in names]
        changes += [(AddTag(name), _find_or_add_tag(ctx, tx, viewer, name)) for name in wanted.tags]
    if wanted.done is not None:
        changes.append((Finish(wanted.done), None))
    return changes


def mark_unread(ctx: Context, viewer: Viewer, thread_ids: Sequence[str]) -> None:
    """For this member alone the newest message of each candidate is unread again. Raises NotFound."""
    with ctx.database.begin() as tx:
        for thread_id in thread_ids[:MOST]:
            if tx.threads.open_for(viewer, thread_id) is None:
                raise NotFound("conversation")
            tx.organising.mark_unread(viewer.id, thread_id)


def read_choices(ctx: Context, viewer: Viewer) -> Choices:
    """Members, tags and stages of the viewer's workspace."""
    with ctx.database.read() as tx:
        return Choices(
            tuple(m for m in tx.people.list_members(viewer.workspace_id) if m.active),
            tuple(tx.organising.list_tags(viewer.workspace_id)),
            tuple(tx.organising.list_stages(viewer.workspace_id)),
        )


def _prepare(ctx: Context, tx: Transaction, viewer: Viewer, change: Change) -> Ready:
    """What a change names, checked once for all conversations."""
    match change:
        case Assign(member_id) if member_id:
            return _find_member(tx, viewer, member_id)
        case AddTag(name):
            return _find_or_add_tag(ctx, tx, viewer, name)
        case RemoveTag(tag_id):
            return _find_tag(tx, viewer, tag_id)
        case PutOff(choice) if choice:
            return _find_end(ctx, tx, viewer, choice)
    return None


def _change_one(
    ctx: Context,
    tx: Transaction,
    viewer: Viewer,
    conversation: Conversation,
    change: Change,
    ready: Ready,
) -> bool:
    thread = conversation.thread
    step = _step(ctx, tx.organising.of_thread(thread.id), change, ready)
    if step is None:
        return False
    if isinstance(ready, Tag):
        (tx.organising.tag if isinstance(change, AddTag) else tx.organising.untag)(thread.id, ready.id)
    if step.values:
        tx.organising.set(thread.id, **step.values)
    tx.events.append(thread.id, thread.workspace_id, step.event, now=ctx.now, **step.data, by=viewer.name)
    note_act(ctx, tx, viewer, Act(step.event.removeprefix("thread.")), thread_id=thread.id, **step.data)
    if isinstance(ready, Member) and ready.id != viewer.id:
        tell_one(ctx, tx, ready.id, NewsKind.ASSIGNED, conversation=conversation, by_name=viewer.name)
    return True


def _step(ctx: Context, now_so: Organised, change: Change, ready: Ready) -> _Step | None:
    """What to write; None when it is so already."""
    match change, ready:
        case Assign(member_id), _ if member_id != now_so.assignee_id:
            name = ready.name if isinstance(ready, Member) else ""
            return _Step(events.THREAD_ASSIGNED, {"to": name}, {"assignee_id": member_id or None})
        case AddTag(), Tag() as tag if tag not in now_so.tags:
            return _Step(events.THREAD_TAGGED, {"added": tag.name, "removed": ""}, {})
        case RemoveTag(), Tag() as tag if tag in now_so.tags:
            return _Step(events.THREAD_TAGGED, {"added": "", "removed": tag.name}, {})
        case PutOff(), datetime() as end if end != now_so.snoozed_until or now_so.done_at:
            until = "reply" if end == UNTIL_REPLY else end.isoformat()
            return _Step(events.THREAD_SNOOZED, {"until": until}, {"snoozed_until": end, "done_at": None})
        case PutOff(choice), None if not choice and now_so.snoozed_until:
            return _Step(events.THREAD_SNOOZED, {"until": ""}, {"snoozed_until": None})
        case Finish(done=True), _ if not now_so.done_at:
            return _Step(events.THREAD_DONE, {}, {"done_at": ctx.now, "snoozed_until": None})
        case Finish(done=False), _ if now_so.done_at:
            return _Step(events.THREAD_REOPENED, {}, {"done_at": None})
    return None


def _find_member(tx: Transaction, viewer: Viewer, member_id: str) -> Member:
    for member in tx.people.list_members(viewer.workspace_id):
        if member.id == member_id and member.active:
            return member
    raise Invalid("assignee", "Choose a member of the team.", code="assignee")


def _member_with(tx: Transaction, viewer: Viewer, email: str) -> Member:
    for member in tx.people.list_members(viewer.workspace_id):
        if member.email == email.lower() and member.active:
            return member
    words = "Nobody of the team has this address: use a member's."
    raise Invalid("assignee", words, code="assignee")


def _check_sees(tx: Transaction, viewer: Viewer, ready: Ready, conversation: Conversation) -> None:
    """Who does not see a conversation would never learn that it is theirs, and it would be nobody's. Raises Invalid."""
    if not isinstance(ready, Member):
        return
    assignee = find_viewers(tx, viewer.workspace_id, [ready.id])[ready.id]
    if may_see(assignee, conversation):
        return
    opening = conversation.opening.title
    words = f"{ready.name} does not see {opening}: give them a role there first, or choose somebody else."
    raise Invalid("assignee", words, code="assignee_no_access", params={"name": ready.name, "opening": opening})


def _find_end(ctx: Context, tx: Transaction, viewer: Viewer, choice: str) -> datetime:
    workspace = tx.people.find_workspace(viewer.workspace_id)
    assert workspace is not None  # the viewer is its member
    end = snooze_end(choice, now=ctx.now, timezone=workspace.timezone)
    if end is None:
        raise Invalid("until", "Choose a day that is still to come.", code="snooze_day")
    return end


def _find_tag(tx: Transaction, viewer: Viewer, tag_id: str) -> Tag:
    for tag in tx.organising.list_tags(viewer.workspace_id):
        if tag.id == tag_id:
            return tag
    raise Invalid("tag", "There is no such tag.", code="tag_missing")


def _find_or_add_tag(ctx: Context, tx: Transaction, viewer: Viewer, name: str) -> Tag:
    clean = clean_tag(name)
    if not clean:
        raise Invalid(
            "tags", f"Name the tag with 1 to {LONGEST_TAG} characters.", code="tag", params={"limit": LONGEST_TAG}
        )
    tx.people.lock_workspace(viewer.workspace_id)
    known = tx.organising.list_tags(viewer.workspace_id)
    for tag in known:
        if tag.name.casefold() == clean.casefold():
            return tag
    if len(known) >= MOST_TAGS:
        raise Invalid(
            "tags", f"There are {MOST_TAGS} tags. Use one of them.", code="tags_many", params={"limit": MOST_TAGS}
        )
    tag = Tag(ctx.new_id(), clean)
    tx.organising.add_tag(tag, workspace_id=viewer.workspace_id, now=ctx.now)
    return tag
