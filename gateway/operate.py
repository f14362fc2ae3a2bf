"""In charge of: what an operator asks of stored mail at the command line — replay and trace.

Not in charge of:
deciding anew (use cases).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from gateway.app import build_context, close_context
from gateway.config import Settings
from gateway.errors import Conflict, Invalid, NotFound
from gateway.store.migrate import check_tables
from gateway.threads.decisions import MEANINGS, Reason
from gateway.threads.model import Delivery, InboxEntry, InboxState, Member, Viewer, ViewerKind, Workspace
from gateway.usecases import members
from gateway.usecases.accounts import find_workspace, list_members, set_channels
from gateway.usecases.applicants import find_opening
from gateway.usecases.change_stage import thread_of_applicant
from gateway.usecases.compare_reading import compare_reading
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.export import gather_export
from gateway.usecases.index_search import index_anew
from gateway.usecases.review_inbox import REPLAYABLE, find_replayable, replay
from gateway.usecases.tell_story import Story, tell_story

UNKNOWN = "no such entry: `gateway trace` and the desk name its id"
OPERATOR = Viewer(ViewerKind.OPERATOR, workspace_id="", id="cli", name="operator", admin=True)


def _console() -> Console:
    """Plain lines: what a mail server said may look like rich's markup, and a wrapped line is no line for grep."""
    return Console(markup=False, highlight=False, soft_wrap=True)


@contextmanager
def operator_context(settings: Settings) -> Iterator[Context]:
    """A context for one command. Raises SettingsError when the database has not this version's tables."""
    ctx = build_context(settings, sends=False)
    try:
        check_tables(ctx.database.engine)
        yield ctx
    finally:
        close_context(ctx)


@dataclass(frozen=True, slots=True)
class Which:
    """The entries that an operator means: one by its id, or all that fit the rest."""

    entry: str = ""
    state: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None


def replay_entries(settings: Settings, which: Which, *, dry_run: bool = False) -> int:
    """Replay entries, or say what that would change; the exit status."""
    console = _console()
    if which.state and which.state not in REPLAYABLE:
        console.print(f"{which.state} cannot be replayed: use one of {', '.join(REPLAYABLE)}.")
        return 2
    with operator_context(settings) as ctx:
        ids = _find(ctx, which)
        if not ids:
            console.print(_why_none(which))
            return 1
        moves = Counter(_replay_one(ctx, console, entry_id, dry_run=dry_run) for entry_id in ids)
    for move, number in sorted(moves.items()):
        console.print(f"{number:6}  {move}")
    return 1 if which.entry and UNKNOWN in moves else 0


def _why_none(which: Which) -> str:
    """Nothing was asked for, or nothing is like that: two different things to somebody who clears a queue."""
    if which.reason and which.reason not in [reason.value for reason in Reason]:
        return f"There is no reason {which.reason}: docs/reasons.md lists them."
    if which == Which():
        return "Nothing to replay: give an entry's id, or --state, --reason, --since, --until."
    return "No stored mail that can be replayed is like that."


def _find(ctx: Context, which: Which) -> list[str]:
    if which.entry:
        return [which.entry]
    if not (which.state or which.reason or which.since or which.until):
        return []
    state = InboxState(which.state) if which.state else None
    return find_replayable(ctx, state=state, reason=which.reason, since=which.since, until=which.until)


def _replay_one(ctx: Context, console: Console, entry_id: str, *, dry_run: bool) -> str:
    """Replay, or only compare; prints one line and returns it without the id."""
    try:
        found = compare_reading(ctx, OPERATOR, entry_id)
        then, now = found.then, found.now
        if dry_run:
            after = f"{now.state} {now.reason}" if now else "its raw mail is gone"
            note = f"  reads otherwise: {', '.join(found.changed)}" if found.changed else ""
        else:
            done = replay(ctx, OPERATOR, entry_id)
            after, note = f"{done.state} {done.reason}", ""
        move = f"{then.state} {then.reason} -> {after}"
    except (NotFound, Conflict) as error:
        move, note = str(error) if isinstance(error, Conflict) else UNKNOWN, ""
    console.print(f"{entry_id}  {move}{note}")
    return move


def trace_subject(settings: Settings, subject: str) -> int:
    """Print the story of whatever has this id; the exit status."""
    console = _console()
    with operator_context(settings) as ctx:
        story = tell_story(ctx, subject.strip().lower())
        if story is None:
            console.print(f"Nothing here has the id {subject}.")
            return 1
        _print_story(console, story)
    return 0


def erase_one(settings: Settings, workspace: str, applicant: str) -> None:
    """Erase an applicant. Raises NotFound."""
    with operator_context(settings) as ctx:
        viewer = replace(OPERATOR, workspace_id=find_workspace(ctx, workspace).id)
        erase_applicant(ctx, viewer, _thread_of(ctx, viewer, applicant))
    _console().print("Erased.")


def change_channels(
    settings: Settings, workspace: str, *, order: str | None, sms_sender: str | None, kakao_sender: str | None
) -> Workspace:
    """Set a company's channels; what is None stays. Raises NotFound, Invalid."""
    channels = None if order is None else [c.strip() for c in order.split(",") if c.strip()]
    with operator_context(settings) as ctx:
        viewer = replace(OPERATOR, workspace_id=find_workspace(ctx, workspace).id)
        return set_channels(ctx, viewer, channels=channels, sms_sender=sms_sender, kakao_sender=kakao_sender)


def export_one(settings: Settings, workspace: str, applicant: str, folder: Path) -> None:
    """Write an applicant's data into a new or empty folder: what is handed out must hold nobody else's.

    Raises NotFound, Invalid.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Invalid("to", f"{folder} holds something already: name another folder.")
    with operator_context(settings) as ctx:
        viewer = replace(OPERATOR, workspace_id=find_workspace(ctx, workspace).id)
        count = 0
        for name, content in gather_export(ctx, viewer, _thread_of(ctx, viewer, applicant)):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            count += 1
    _console().print(f"{count} files in {folder}")


def _thread_of(ctx: Context, viewer: Viewer, applicant: str) -> str:
    try:
        return thread_of_applicant(ctx, viewer, applicant)
    except NotFound:
        raise NotFound(f"applicant {applicant}: give the external id, by which the ATS names them") from None


def _opening_of(ctx: Context, viewer: Viewer, external_id: str) -> str:
    try:
        return find_opening(ctx, viewer, external_id).id
    except NotFound:
        raise NotFound(f"opening {external_id}: give the external id, by which the ATS names it") from None


def invite(
    settings: Settings, workspace: str, *, email: str, name: str, role: str, opening: str = "", opening_role: str = ""
) -> None:
    """Add a member, with a role in an opening (its external id) or without, and mail them a link. Raises NotFound,
    Invalid, Conflict.
    """
    with operator_context(settings) as ctx:
        viewer = replace(OPERATOR, workspace_id=find_workspace(ctx, workspace).id)
        opening_id = _opening_of(ctx, viewer, opening) if opening else ""
        invited = members.invite_member(
            ctx, viewer, email=email, name=name, role=role, opening_id=opening_id, opening_role=opening_role
        )
    _console().print(f"Invited {invited.email}.")


def list_team(settings: Settings, workspace: str) -> list[Member]:
    """The members of a company. Raises NotFound."""
    with operator_context(settings) as ctx:
        return list_members(ctx, replace(OPERATOR, workspace_id=find_workspace(ctx, workspace).id))


@dataclass(frozen=True, slots=True)
class MemberChange:
    """What an operator changes of a member; empty values stay as they are."""

    role: str = ""
    access: bool | None = None
    opening: str = ""  # external id
    opening_role: str = ""  # "none" ends it
    all_openings: bool = False  # even if it was their last, so that they see all


def change_member(settings: Settings, workspace: str, email: str, change: MemberChange) -> None:
    """Change a member. Raises NotFound, Invalid, Conflict."""
    with operator_context(settings) as ctx:
        viewer = replace(OPERATOR, workspace_id=find_workspace(ctx, workspace).id)
        found = next((m for m in list_members(ctx, viewer) if m.email == email.strip().lower()), None)
        if found is None:
            raise NotFound(f"member {email}")
        if change.role:
            members.set_role(ctx, viewer, found.id, change.role)
        if change.access is not None:
            members.set_active(ctx, viewer, found.id, active=change.access)
        if change.opening:
            opening_id = _opening_of(ctx, viewer, change.opening)
            role = change.opening_role.replace("none", "")
            sure = change.all_openings
            members.set_opening_role(ctx, viewer, found.id, opening_id=opening_id, role=role, sure=sure)


def _print_story(console: Console, story: Story) -> None:
    for entry in story.entries:
        _print_entry(console, entry)
    if story.thread:
        console.print(f"thread    {story.thread.id}  {story.thread.state}  seq {story.thread.last_seq}")
    for message in story.messages:
        by = f"{message.author.kind} by {message.came_in_by}"
        console.print(f"message   {message.id}  seq {message.seq}  {by}  {_say_at(message.created_at)}")
    for delivery in story.deliveries:
        _print_delivery(console, delivery)


def _print_entry(console: Console, entry: InboxEntry) -> None:
    console.print(f"mail      {entry.id}  {_say_at(entry.received_at)}  {entry.size} bytes  from {entry.peer}")
    console.print(f"          sha256 {entry.digest[:16]}  tls {'yes' if entry.tls else 'no'}  tries {entry.tries}")
    console.print(f"decision  {entry.state}  {entry.reason}  {entry.detail}")
    _print_meaning(console, entry.reason)
    if entry.proof:
        console.print(f"proof     {entry.proof}")


def _print_delivery(console: Console, delivery: Delivery) -> None:
    then = f"  next try {_say_at(delivery.next_attempt_at)}" if delivery.next_attempt_at else ""
    why = delivery.reason or delivery.code
    console.print(f"delivery  {delivery.id}  {delivery.channel}  {delivery.state}  {why}{then}")
    _print_meaning(console, delivery.reason)
    for attempt in delivery.attempts:
        ended = _say_at(attempt.ended_at) if attempt.ended_at else "not ended"
        console.print(f"attempt   {attempt.number}  {ended}  {attempt.outcome}  {attempt.code}  {attempt.detail}")


def _say_at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def _print_meaning(console: Console, reason: str) -> None:
    """What the code says, in a sentence (docs/reasons.md)."""
    if reason in list(Reason) and reason != Reason.OK:
        console.print(f"          {MEANINGS[Reason(reason)].sentence}")


def reindex_search(settings: Settings) -> None:
    """Let everything wait for the index of the search."""
    with operator_context(settings) as ctx:
        index_anew(ctx)
    _console().print("Workers build the index anew now; until they are done, the search finds less.")
