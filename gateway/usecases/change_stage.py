"""In charge of: moving an applicant to a stage, and with it the gate.

Not in charge of: the rule (`policies.rejection`).

`rejected` closes the gate when this returns, in the transaction that also writes the message to the candidate. With a
message that is scheduled for later, the gate closes when that message goes out (`release_scheduled`): a robot must not
tell first. Where none of it can go out, because nobody can be reached, the candidate's page alone tells them, and the
gate closes when its time has come (`close_due_gates`).

A rejection without a message that can be taken back (the desk's) keeps to the same rule: the stage is moved at once,
the gate closes when the time to undo is over. To close it first and open it again would be no undo:
the candidate's page would have said that the conversation has ended, and a mail of theirs in these seconds would have
been answered with the notice. The move of the stage may reach the ATS meanwhile, as it does with a message; taking it
back appends `thread.stage` with the stage before, and `thread.blocked` was never said.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.audit import Act
from gateway.threads.decisions import Reason, refuse
from gateway.threads.model import Conversation, ThreadState, Viewer
from gateway.threads.policies.rejection import (
    REJECTED_STAGE,
    RESTORED_STAGE,
    is_decided_meanwhile,
    is_to_take_force,
    list_written,
    read_stage,
    state_after_stage,
)
from gateway.threads.policies.roles import check_role
from gateway.threads.purpose import Purpose
from gateway.usecases.context import Context
from gateway.usecases.end_waiting import end_waiting, end_with_news
from gateway.usecases.note_delivery import note_delivery
from gateway.usecases.post_message import NewMessage, check_content, find_repeated, post_in
from gateway.usecases.rejection_note import add_note, make_note, take_back_notes


def change_stage(
    ctx: Context,
    viewer: Viewer,
    thread_id: str,
    stage: str,
    *,
    notify: NewMessage | None = None,
    closes_at: datetime | None = None,
    seen_event: int | None = None,
    reason: str = "",
    client_key: str = "",
) -> Conversation:
    """Move the applicant. `closes_at`: when a rejection without a message closes an open gate, if not at once.
    `seen_event`: the newest event that who rejects had before their eyes (None: do not check). `reason` becomes a note
    for the team, one for each `client_key`.

    Raises NotFound, Invalid, Refused (erased; an evaluator), Conflict (`rejected_meanwhile`).
    """
    stage = read_stage(stage)
    if not stage or len(stage) > 100:
        raise Invalid("stage", "Name the stage with 1 to 100 characters.", code="stage", params={"limit": 100})
    notify = check_content(ctx, notify) if notify else None
    note = make_note(ctx, reason, client_key=client_key)
    with ctx.database.begin() as tx:
        conversation = _open(tx, viewer, thread_id)
        rejects = stage == REJECTED_STAGE
        takes_force_at = notify.send_at if notify else closes_at
        later = bool(rejects and takes_force_at and takes_force_at > ctx.now)
        repeated = notify and find_repeated(tx, thread_id, viewer=viewer, new=notify)
        if rejects and not repeated and seen_event is not None:
            _check_undecided(tx, conversation, seen_event)
        if not repeated:
            opens = state_after_stage(conversation.thread.state, stage) is ThreadState.OPEN
            _end_rejections(ctx, tx, conversation, also_late=opens or bool(notify and rejects))
        if notify and not repeated:
            purpose = Purpose.LEGAL_NOTICE if rejects else notify.purpose  # 채용절차법 §10
            new = replace(notify, closes_gate=rejects, purpose=purpose)
            post_in(ctx, tx, conversation, viewer=viewer, new=new)
        moved_to = conversation.thread.closes_at if repeated else None  # somebody may have chosen another time since
        _set_closing(tx, conversation, (moved_to or takes_force_at) if later else None)
        if not rejects and is_to_take_force(conversation):
            take_back_notes(ctx, tx, conversation, reason=Reason.STAGE_CHANGED)
        if stage != conversation.applicant.stage:
            end_with_news(ctx, tx, conversation, reason=Reason.STAGE_CHANGED)
        how = ("letter" if notify else "silent") if rejects else "restored" if stage == RESTORED_STAGE else ""
        move_stage(ctx, tx, conversation, viewer=viewer, stage=stage, how=how)
        if not later:
            state = state_after_stage(conversation.thread.state, stage)
            set_gate(ctx, tx, conversation, state=state, by=viewer.name, by_id=viewer.id)
        if note:
            add_note(ctx, tx, conversation, viewer=viewer, note=note)
        moved = tx.threads.load(thread_id)
        assert moved is not None  # locked by this transaction
        return moved


def _open(tx: Transaction, viewer: Viewer, thread_id: str) -> Conversation:
    """The conversation as nobody else changes it until the commit, for who may decide."""
    tx.attempts.hold_threads([thread_id])
    conversation = tx.threads.open_for(viewer, thread_id, lock=True)
    if conversation is None:
        raise NotFound("conversation")
    if conversation.thread.state is ThreadState.ERASED:
        raise Refused(refuse(Reason.THREAD_ERASED))
    if not (role := check_role(viewer, conversation.opening.id)).allowed:
        raise Refused(role)
    return conversation


def _check_undecided(tx: Transaction, conversation: Conversation, seen_event: int) -> None:
    """Two who reject the same person at the same time write one letter."""
    since = tx.events.of_thread(conversation.thread.id, after=seen_event)
    told = tx.waiting.any_rejection(list_written(since))
    if is_decided_meanwhile(conversation, since, told=told):
        raise Conflict("rejected_meanwhile", "This person was rejected meanwhile: nothing more was sent.")


def _set_closing(tx: Transaction, conversation: Conversation, at: datetime | None) -> None:
    """A new decision about the applicant takes the place of a rejection that has not taken force."""
    thread = conversation.thread
    closes_at = at if thread.state is ThreadState.OPEN else None
    if closes_at or thread.closes_at:
        tx.threads.update(thread.id, closes_at=closes_at)


def close_due_gates(ctx: Context, *, limit: int = 100) -> int:
    """Rejections that nobody took back in time take force, if no message is still to tell the candidate first; how many
    there were. Whoever takes one back holds the same row of the thread.
    """
    with ctx.database.read() as tx:
        due = tx.waiting.closing(now=ctx.now, limit=limit)
    if not due:
        return 0
    with ctx.database.begin() as tx:
        for thread_id in sorted(due):
            conversation = tx.threads.load(thread_id, lock=True)
            closes_at = conversation.thread.closes_at if conversation else None
            if conversation is None or closes_at is None or closes_at > ctx.now:
                continue
            if is_to_take_force(conversation):
                set_gate(ctx, tx, conversation, state=ThreadState.BLOCKED, by="schedule")
            tx.threads.update(thread_id, closes_at=None)
    return len(due)


def _end_rejections(ctx: Context, tx: Transaction, conversation: Conversation, *, also_late: bool) -> None:
    """A new decision about the applicant takes the place of a rejection that has not gone out yet. `also_late`: also
    of one whose time came and whose mail is still tried; otherwise the candidate is still to be told, for an ATS files
    who was rejected under its own stages. Of one that went out by some way, or that a worker is sending at this moment,
    at least no further copy goes.
    """
    thread = conversation.thread
    for rejection in tx.waiting.unsent_rejections(thread.id, now=ctx.now):
        is_late = rejection.goes_out_at is None or rejection.goes_out_at <= ctx.now
        if is_late and not also_late:
            continue
        if not end_waiting(ctx, tx, thread, rejection, reason=Reason.STAGE_CHANGED):
            for delivery in tx.waiting.stop_copies(rejection.id, reason=Reason.STAGE_CHANGED, now=ctx.now):
                note_delivery(ctx, tx, delivery, state=delivery.state)


def set_gate(
    ctx: Context, tx: Transaction, conversation: Conversation, *, state: ThreadState, by: str, by_id: str = ""
) -> None:
    """Close or open the gate and say so in the thread's events; nothing happens if it is so already."""
    thread = conversation.thread
    if thread.state is state:
        return
    blocked = state is ThreadState.BLOCKED
    values: dict[str, object] = {"state": state.value, "closes_at": None, "blocked_at": ctx.now if blocked else None}
    if not blocked:
        values["blocked_notice_at"] = None
    tx.threads.update(thread.id, **values)
    tx.people.update_applicant(conversation.applicant.id, rejected_at=ctx.now if blocked else None)
    name = events.THREAD_BLOCKED if blocked else events.THREAD_RESTORED
    tx.events.append(thread.id, thread.workspace_id, name, now=ctx.now, by=by, by_id=by_id)


def thread_of_applicant(ctx: Context, viewer: Viewer, external_id: str) -> str:
    """The thread's id of an applicant of the viewer's workspace. Raises NotFound."""
    with ctx.database.read() as tx:
        applicant = tx.people.find_applicant(viewer.workspace_id, external_id)
        thread_id = tx.threads.find_by_applicant(applicant.id) if applicant else None
    if thread_id is None:
        raise NotFound("applicant")
    return thread_id


def move_stage(
    ctx: Context, tx: Transaction, conversation: Conversation, *, viewer: Viewer, stage: str, how: str = ""
) -> None:
    """Write the stage, and that it changed; `restored` leads back to the one before the rejection. `how`, for the audit
    log: letter, silent, restored, undone. The conversation tells of the last one in its own words.
    """
    thread, applicant = conversation.thread, conversation.applicant
    if stage == RESTORED_STAGE:
        stage = applicant.stage_before or applicant.stage
    if stage == applicant.stage:
        return
    before = applicant.stage if stage == REJECTED_STAGE else ""
    tx.people.update_applicant(applicant.id, stage=stage, stage_before=before)
    told = {"stage": stage, "by": viewer.name, "by_id": viewer.id} | ({"how": how} if how == "undone" else {})
    tx.events.append(thread.id, thread.workspace_id, events.THREAD_STAGE, now=ctx.now, **told)
    tx.events.write_audit(
        Act.STAGE,
        now=ctx.now,
        workspace_id=thread.workspace_id,
        thread_id=thread.id,
        actor_kind=viewer.kind.value,
        actor_id=viewer.id,
        actor_name=viewer.name,
        stage=stage,
        **({"how": how} if how else {}),
    )
