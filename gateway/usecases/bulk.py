"""In charge of: one message to many applicants, each personal and private — accepted at once, posted by a worker,
stopped, resumed, cancelled.

Not in charge of: posting one (`post_message`), or words (`templates`).

Each person's message and the note that they have it are one transaction, and the message carries a key of its own: a
worker that dies in between leaves nobody out and writes to nobody twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.bulk import WORKED_ON, Bulk, BulkMessage, BulkState, Recipient, RecipientState, Trouble
from gateway.threads.decisions import MEANINGS
from gateway.threads.model import CameInBy, Viewer, ViewerKind
from gateway.threads.templates import MessageWords
from gateway.usecases.cancel_bulk import BATCH, LEASE, take_back_posted
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.post_message import NewMessage, check_content, find_repeated, post_in, scope_key
from gateway.usecases.templates import fill_template, find_and_fill

MOST = 10_000  # people of one message
NAMED = 20  # unknown applicants that a refusal names
GONE = "The conversation is no longer there."
TURN = timedelta(seconds=20)  # how long one worker thread works on it before others get their turn


@dataclass(frozen=True, slots=True)
class Sample:
    """What one person would get; `trouble` says what lacks."""

    applicant: str
    words: MessageWords | None
    trouble: Trouble | None = None


def start_bulk(
    ctx: Context, viewer: Viewer, applicants: Sequence[str], message: BulkMessage, *, client_key: str = ""
) -> Bulk:
    """Accept a message to these applicants, by the ATS's ids; under the same `client_key` again it is the one that was
    accepted before. Raises Invalid that names who is unknown.
    """
    people = list(dict.fromkeys(applicants))
    _check_message(ctx, viewer, message)
    key = scope_key(viewer, client_key)
    with ctx.database.begin() as tx:
        if key and (before := tx.bulks.find_by_client_key(viewer.workspace_id, key)):
            return before
        threads = _find_threads(tx, viewer, people)
        people = list({threads[applicant]: applicant for applicant in people}.values())  # a person merged: once
        bulk = Bulk(
            id=ctx.new_id(),
            workspace_id=viewer.workspace_id,
            actor_id=viewer.id,
            actor_name=viewer.name,
            message=message,
            state=BulkState.RUNNING,
            trouble=None,
            total=len(people),
            posted=0,
            failed=0,
            created_at=ctx.now,
        )
        waiting = RecipientState.WAITING
        recipients = [Recipient(n, applicant, threads[applicant], waiting) for n, applicant in enumerate(people, 1)]
        tx.bulks.add(bulk, recipients, client_key=key)
        tx.wake("bulk", bulk.id)
        note_act(ctx, tx, viewer, Act.BULK_START, bulk_id=bulk.id, people=str(bulk.total))
    return bulk


def try_bulk(
    ctx: Context, viewer: Viewer, applicants: Sequence[str], message: BulkMessage, *, samples: int
) -> list[Sample]:
    """The words of the first of them, nothing sent. Raises Invalid that names who is unknown."""
    people = list(dict.fromkeys(applicants))
    _check_message(ctx, viewer, message)
    with ctx.database.read() as tx:
        threads = _find_threads(tx, viewer, people)
    return [_sample(ctx, viewer, a, threads[a], message) for a in people[:samples]]


def choose_people(ctx: Context, viewer: Viewer, *, opening_id: str, stage: str) -> list[str]:
    """The ids of everybody at an opening and a stage, each "" for any; no closed conversations unless their stage is
    named. At most one more than a message may go to. Raises NotFound.
    """
    _check_sender(viewer)
    with ctx.database.read() as tx:
        return tx.bulks.people_of(viewer.workspace_id, opening_id=opening_id, stage=stage, limit=MOST + 1)


def list_stages(ctx: Context, viewer: Viewer) -> list[str]:
    """Stages at which somebody is now. Raises NotFound."""
    _check_sender(viewer)
    with ctx.database.read() as tx:
        return tx.organising.list_stages(viewer.workspace_id)


def find_bulk(ctx: Context, viewer: Viewer, bulk_id: str) -> Bulk:
    """How far it is. Raises NotFound."""
    with ctx.database.read() as tx:
        return _open(tx, viewer, bulk_id)


def may_cancel(ctx: Context, viewer: Viewer, bulk_id: str) -> bool:
    """Is there still somebody whom it has not reached? Raises NotFound."""
    with ctx.database.read() as tx:
        bulk = _open(tx, viewer, bulk_id)
        return bulk.may_be_cancelled(unsent=tx.bulks.has_unsent(bulk_id, now=ctx.now))


def list_bulks(ctx: Context, viewer: Viewer, *, before: str, limit: int) -> list[Bulk]:
    """The newest first. Raises NotFound."""
    _check_sender(viewer)
    with ctx.database.read() as tx:
        return tx.bulks.of_workspace(viewer.workspace_id, before=before, limit=limit)


def list_recipients(ctx: Context, viewer: Viewer, bulk_id: str, *, after: int, limit: int) -> list[Recipient]:
    """What became of each person, in order. Raises NotFound."""
    with ctx.database.read() as tx:
        return tx.bulks.recipients(_open(tx, viewer, bulk_id).id, after=after, limit=limit)


def cancel_bulk(ctx: Context, viewer: Viewer, bulk_id: str) -> Bulk:
    """Write to nobody more, and take back what was posted and has not gone out. What went out stays. Raises NotFound,
    Conflict.
    """
    with ctx.database.begin() as tx:
        bulk = _hold(tx, viewer, bulk_id)
        unsent = tx.bulks.has_unsent(bulk_id, now=ctx.now)
        if not bulk.may_be_cancelled(unsent=unsent):
            raise Conflict("bulk_state", f"It is {bulk.state.value}, and nobody is left who has not got it.")
        return _change(ctx, tx, viewer, bulk, to=BulkState.CANCELLING if unsent else BulkState.CANCELLED)


def resume_bulk(ctx: Context, viewer: Viewer, bulk_id: str) -> Bulk:
    """Go on with the person at whom it stopped. Raises NotFound, Conflict."""
    with ctx.database.begin() as tx:
        bulk = _hold(tx, viewer, bulk_id)
        if bulk.state is not BulkState.STOPPED:
            raise Conflict("bulk_state", f"It is {bulk.state.value}: only one that is stopped goes on.")
        return _change(ctx, tx, viewer, bulk, to=BulkState.RUNNING)


def find_due_bulks(ctx: Context) -> list[str]:
    """Those that are to be worked on although nobody does."""
    with ctx.database.read() as tx:
        return tx.bulks.due(now=ctx.now)


def run_bulk(ctx: Context, bulk_id: str) -> int:
    """Post to the next people for a while, or take back what has not gone out; how many. A value that lacks stops it,
    and `trouble` says whose.
    """
    began = ctx.now
    with ctx.database.begin() as tx:
        bulk = tx.bulks.claim(bulk_id, now=began, until=began + LEASE)
    if bulk is None:
        return 0
    if bulk.state is BulkState.CANCELLING:
        return take_back_posted(ctx, bulk, until=began + TURN)
    done, more = 0, True
    while more and ctx.now < began + TURN:
        with ctx.database.begin() as tx:
            tx.bulks.update(bulk_id, lease_until=ctx.now + LEASE)
            batch = tx.bulks.recipients(bulk_id, after=0, limit=BATCH, state=RecipientState.WAITING)
        for recipient in batch:
            if not (more := _post_one(ctx, bulk, recipient)):
                break
            done += 1
        if not batch:
            _finish(ctx, bulk_id)
            return done
    with ctx.database.begin() as tx:
        tx.bulks.update(bulk_id, lease_until=None)
        tx.wake("bulk", bulk_id)  # there is more, or it was cancelled meanwhile
    return done


def _post_one(ctx: Context, bulk: Bulk, recipient: Recipient) -> bool:
    """Post to one person; False if the whole is not to go on."""
    viewer = Viewer(ViewerKind.ATS, bulk.workspace_id, id=bulk.actor_id, name=bulk.actor_name, admin=True)
    try:
        new = _draft(ctx, viewer, bulk, recipient)
    except Invalid as fault:
        _stop(ctx, bulk, trouble=_trouble(fault, applicant=recipient.applicant))
        return False
    except NotFound as fault:
        return _fail(ctx, bulk, recipient, fault)
    try:
        with ctx.database.begin() as tx:
            if tx.bulks.hold(bulk.id) is not BulkState.RUNNING:
                return False
            if not tx.bulks.is_waiting(bulk.id, recipient):
                return True  # our lease ran out, and another worker was quicker
            conversation = tx.threads.open_for(viewer, recipient.thread_id, lock=True)
            if conversation is None:
                raise Conflict("conversation_gone", GONE)
            repeated = find_repeated(tx, recipient.thread_id, viewer=viewer, new=new)
            posted = repeated or post_in(ctx, tx, conversation, viewer=viewer, new=new)
            tx.bulks.settle(bulk.id, replace(recipient, state=RecipientState.POSTED, message_id=posted.message.id))
        return True
    except (NotFound, Invalid, Conflict, Refused) as fault:
        return _fail(ctx, bulk, recipient, fault)


def _draft(ctx: Context, viewer: Viewer, bulk: Bulk, recipient: Recipient) -> NewMessage:
    message = bulk.message
    new = NewMessage(
        text=message.text,
        html=message.html,
        came_in_by=CameInBy.API,
        client_key=f"bulk:{bulk.id}:{recipient.position}",
        send_at=datetime.fromisoformat(message.send_at) if message.send_at else None,
        author_name=message.author_name,
        author_email=message.author_email,
        channels=message.channels,
    )
    if message.template:
        template, words = find_and_fill(
            ctx, viewer, recipient.thread_id, key=message.template, variables=message.variables
        )
        new = replace(new, text=words.text, html=words.html, purpose=template.purpose, words=words)
    return check_content(ctx, new)


def _sample(ctx: Context, viewer: Viewer, applicant: str, thread_id: str, message: BulkMessage) -> Sample:
    if not message.template:
        return Sample(applicant, MessageWords("", "", "", message.text, message.html))
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        template = tx.templates.find(viewer.workspace_id, message.template)
    if conversation is None or template is None:
        return Sample(applicant, None, Trouble(GONE, code="conversation_gone"))
    try:
        return Sample(applicant, fill_template(ctx, template, conversation, variables=message.variables))
    except Invalid as fault:
        return Sample(applicant, None, _trouble(fault))


def _check_message(ctx: Context, viewer: Viewer, message: BulkMessage) -> None:
    """Faults that everybody's message would have."""
    _check_sender(viewer)
    if not message.template:
        check_content(ctx, NewMessage(text=message.text, html=message.html))
        return
    with ctx.database.read() as tx:
        if tx.templates.find(viewer.workspace_id, message.template) is None:
            raise Invalid("template", "There is no such template: create it first.", code="template_unknown")


def _find_threads(tx: Transaction, viewer: Viewer, people: Sequence[str]) -> dict[str, str]:
    if not 1 <= len(people) <= MOST:
        raise Invalid("applicants", f"Give 1 to {MOST} at a time.", code="applicants_many", params={"limit": MOST})
    threads = tx.bulks.threads_of(viewer.workspace_id, people)
    unknown = [a for a in people if a not in threads]
    if unknown:
        names = ", ".join(unknown[:NAMED])
        words = f"{len(unknown)} are unknown: {names}. Create them first."
        raise Invalid("applicants", words, code="bulk_unknown", params={"names": names})
    return threads


def _check_sender(viewer: Viewer) -> None:
    """Only admins and the ATS write to many, and see who did."""
    if not viewer.admin:
        raise NotFound("bulk message")


def _open(tx: Transaction, viewer: Viewer, bulk_id: str) -> Bulk:
    _check_sender(viewer)
    bulk = tx.bulks.find(viewer.workspace_id, bulk_id)
    if bulk is None:
        raise NotFound("bulk message")
    return bulk


def _hold(tx: Transaction, viewer: Viewer, bulk_id: str) -> Bulk:
    """The bulk as nobody else changes it until the commit. Raises NotFound."""
    _open(tx, viewer, bulk_id)
    tx.bulks.hold(bulk_id)
    return _open(tx, viewer, bulk_id)


def _change(ctx: Context, tx: Transaction, viewer: Viewer, bulk: Bulk, *, to: BulkState) -> Bulk:
    tx.bulks.update(bulk.id, state=to.value, reason="", trouble=None)
    note_act(ctx, tx, viewer, Act(f"bulk.{to.value}"), bulk_id=bulk.id)
    if to in WORKED_ON:
        tx.wake("bulk", bulk.id)
    return replace(bulk, state=to, trouble=None)


def _stop(ctx: Context, bulk: Bulk, *, trouble: Trouble) -> None:
    with ctx.database.begin() as tx:
        if tx.bulks.hold(bulk.id) is BulkState.RUNNING:
            tx.bulks.stop(bulk.id, trouble)


def _fail(ctx: Context, bulk: Bulk, recipient: Recipient, fault: NotFound | Invalid | Conflict | Refused) -> bool:
    """This one gets nothing; the others do."""
    failed = replace(recipient, state=RecipientState.FAILED, trouble=_trouble(fault))
    with ctx.database.begin() as tx:
        tx.bulks.hold(bulk.id)
        if tx.bulks.is_waiting(bulk.id, recipient):
            tx.bulks.settle(bulk.id, failed)
    return True


def _trouble(fault: NotFound | Invalid | Conflict | Refused, *, applicant: str = "") -> Trouble:
    match fault:
        case Invalid():
            return Trouble(f"{fault.field}: {fault.message}", fault.code, fault.params, applicant)
        case Conflict():
            return Trouble(fault.message, fault.code)
        case Refused():
            reason = fault.decision.reason
            return Trouble(MEANINGS[reason].sentence, reason.value)
    return Trouble(GONE, "conversation_gone")


def _finish(ctx: Context, bulk_id: str) -> None:
    with ctx.database.begin() as tx:
        if tx.bulks.hold(bulk_id) is BulkState.RUNNING:
            tx.bulks.update(bulk_id, state=BulkState.DONE.value, lease_until=None)
        else:  # cancelled meanwhile
            tx.bulks.update(bulk_id, lease_until=None)
            tx.wake("bulk", bulk_id)
