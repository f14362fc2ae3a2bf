"""In charge of: the rejection gate — who may still write into a thread.

Not in charge of: serialising it (the use case locks the thread).

After a rejection the candidate reads but no longer writes, by any channel (SJ-15); the company may go on (SJ-14).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.threads.decisions import ALLOW, Decision, Reason, refuse
from gateway.threads.events import MESSAGE_CREATED, THREAD_STAGE, Event
from gateway.threads.model import AuthorKind, Conversation, InboxEntry, InboxState, Thread, ThreadState
from gateway.threads.policies.visibility import GONE

REJECTED_STAGE = "rejected"
ERASED_STAGE = "erased"  # what erasure leaves of an applicant
RESTORED_STAGE = "restored"


@dataclass(frozen=True, slots=True)
class WaitingRejection:
    """A rejection that can still be taken back. `message_id` "": nothing is sent for it."""

    takes_force_at: datetime
    message_id: str = ""


def read_stage(written: str) -> str:
    """The stage that somebody means: those that move the gate do so however their letters are written."""
    stage = written.strip()
    return stage.casefold() if stage.casefold() in (REJECTED_STAGE, RESTORED_STAGE) else stage


def is_rejected(conversation: Conversation) -> bool:
    """By a rejection that has taken force, whatever stage the ATS files them under since, or by one that is to."""
    return conversation.thread.state is ThreadState.BLOCKED or conversation.applicant.stage == REJECTED_STAGE


def is_to_take_force(conversation: Conversation) -> bool:
    """Were they rejected, and the gate is not closed yet?"""
    return conversation.thread.state is ThreadState.OPEN and conversation.applicant.stage == REJECTED_STAGE


def is_decided_meanwhile(conversation: Conversation, since: Iterable[Event], *, told: bool) -> bool:
    """Did somebody else reject them after the form for it had been opened, so that a second letter must not go?
    `since`: what happened after that; `told`: a rejection's message was written after it, also to one rejected before.
    """
    rejected = any(e.name == THREAD_STAGE and e.data.get("stage") == REJECTED_STAGE for e in since)
    return is_rejected(conversation) and (rejected or told)


def list_written(events: Iterable[Event]) -> list[str]:
    """The ids of the messages that these events tell of."""
    return [e.data["message_id"] for e in events if e.name == MESSAGE_CREATED]


def list_since_rejected(history: Sequence[Event]) -> list[str]:
    """The ids of what was written in a thread since its applicant was last moved to the rejected."""
    moves = [n for n, e in enumerate(history) if e.name == THREAD_STAGE and e.data.get("stage") == REJECTED_STAGE]
    return list_written(history[moves[-1] :]) if moves else []


def is_taken_back(conversation: Conversation, *, cancelled: bool, closes_gate: bool) -> bool:
    """Does a message no longer hold: it was cancelled, or is the rejection of somebody who was restored since?"""
    return cancelled or (closes_gate and not is_rejected(conversation))


def check_may_write(thread: Thread, author: AuthorKind) -> Decision:
    """May this kind of author add a message to the thread now?"""
    if thread.state in GONE:
        return refuse(Reason.THREAD_ERASED)
    if thread.state is ThreadState.BLOCKED and author.is_outside:
        return refuse(Reason.THREAD_BLOCKED)
    return ALLOW


def check_kept_out(entry: InboxEntry, conversation: Conversation | None) -> Decision:
    """Does the gate still keep this mail out of its conversation, whatever its From says? It was refused, or was set
    aside without the gate having been asked: as a machine's, or as not readable.
    """
    if conversation is None or entry.state in (InboxState.HELD, InboxState.UNMATCHED, InboxState.THREADED):
        return ALLOW
    blocked_at = conversation.thread.blocked_at
    if entry.state is not InboxState.REFUSED and blocked_at and entry.received_at < blocked_at:
        return ALLOW
    owner = conversation.participant(entry.participant_id or "")
    is_reports = owner is None and entry.state is InboxState.IGNORED  # nobody's: of a delivery that failed
    author = owner.role.author_kind if owner else AuthorKind.SYSTEM if is_reports else AuthorKind.CANDIDATE
    return check_may_write(conversation.thread, author)


def hides_words(entry: InboxEntry, conversation: Conversation | None) -> bool:
    """Is the team shown only that somebody wrote, not what? As long as the gate keeps it out or has not been asked, and
    of what was refused until somebody releases it.
    """
    waits = entry.state in (InboxState.RECEIVED, InboxState.PROCESSING)
    return waits or entry.state is InboxState.REFUSED or not check_kept_out(entry, conversation).allowed


def state_after_stage(current: ThreadState, stage: str) -> ThreadState:
    """The thread's state once the applicant was moved to `stage`. What is gone stays so.

    Only `restored` opens a closed gate: an ATS files rejected applicants under its own stages (archive).
    """
    if current in GONE:
        return current
    return {REJECTED_STAGE: ThreadState.BLOCKED, RESTORED_STAGE: ThreadState.OPEN}.get(stage, current)
