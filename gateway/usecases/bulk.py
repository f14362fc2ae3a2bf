"""In charge of: one message to many applicants, each personal and private — accepted at once, posted by a worker,
stopped, resumed, cancelled.

Not in charge of: whom and what (`plan_bulk`), posting one (`post_message`), or words (`templates`).

Each person's message and the note that they have it are one transaction, and the message carries a key of its own: a
worker that dies in between leaves nobody out and writes to nobody twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.bulk import WORKED_ON, Bulk, BulkMessage, BulkState, Recipient, RecipientState, Trouble
from gateway.threads.model import CameInBy, Viewer, ViewerKind
from gateway.usecases.cancel_bulk import BATCH, LEASE, take_back_posted
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.plan_bulk import (
    GONE,
    SentBefore,
    check_message,
    check_sender,
    find_threads,
    same_of,
    trouble_of,
)
from gateway.usecases.post_message import NewMessage, check_content, find_repeated, post_in, scope_key
from gateway.usecases.templates import find_and_fill

TURN = timedelta(seconds=20)  # how long one worker thread works on it before others get their turn


def start_bulk(
    ctx: Context, viewer: Viewer, applicants: Sequence[str], message: BulkMessage, *, client_key: str = ""
) -> Bulk:
    """Accept a message to these applicants, by the ATS's ids; under the same `client_key` again it is the one that was
    accepted before. Raises Invalid that names who is unknown.
    """
    key = scope_key(viewer, client_key)
    if before := _find_started(ctx, viewer, key):
        return before
    check_message(ctx, viewer, message)
    with ctx.database.begin() as tx:
        if before := _hold_started(tx, viewer, key):
            return before
        return _accept(ctx, tx, viewer, find_threads(tx, viewer, applicants), message, key=key)


def start_unless_same(
    ctx: Context, viewer: Viewer, applicants: Sequence[str], message: BulkMessage, *, client_key: str = "", sure_of: str
) -> Bulk | SentBefore:
    """The same, unless the same words went to some of these people just now: two who write the same from two forms are
    asked first. `sure_of`: the id of the earlier message, which somebody saw and wants to send once more.
    """
    key = scope_key(viewer, client_key)
    if before := _find_started(ctx, viewer, key):
        return before
    check_message(ctx, viewer, message)
    with ctx.database.begin() as tx:
        if before := _hold_started(tx, viewer, key):
            return before
        threads = find_threads(tx, viewer, applicants)
        same = same_of(ctx, tx, viewer, threads.values(), message)
        if same and same.bulk.id != sure_of:
            return same
        return _accept(ctx, tx, viewer, threads, message, key=key)


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
    check_sender(viewer)
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
        _stop(ctx, bulk, trouble=trouble_of(fault, applicant=recipient.applicant))
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


def _find_started(ctx: Context, viewer: Viewer, key: str) -> Bulk | None:
    """What was accepted with this key: looked up before its time is judged, and its template, which may be gone."""
    if not key:
        return None
    with ctx.database.read() as tx:
        return tx.bulks.find_by_client_key(viewer.workspace_id, key)


def _hold_started(tx: Transaction, viewer: Viewer, key: str) -> Bulk | None:
    """The same, and nobody else accepts one until the commit."""
    tx.people.lock_workspace(viewer.workspace_id)
    return tx.bulks.find_by_client_key(viewer.workspace_id, key) if key else None


def _accept(
    ctx: Context, tx: Transaction, viewer: Viewer, threads: Mapping[str, str], message: BulkMessage, *, key: str
) -> Bulk:
    people = {thread_id: applicant for applicant, thread_id in threads.items()}  # a person merged: once
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
    recipients = [Recipient(n, applicant, thread, waiting) for n, (thread, applicant) in enumerate(people.items(), 1)]
    tx.bulks.add(bulk, recipients, client_key=key)
    tx.wake("bulk", bulk.id)
    note_act(ctx, tx, viewer, Act.BULK_START, bulk_id=bulk.id, people=str(bulk.total))
    return bulk


def _open(tx: Transaction, viewer: Viewer, bulk_id: str) -> Bulk:
    check_sender(viewer)
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
    failed = replace(recipient, state=RecipientState.FAILED, trouble=trouble_of(fault))
    with ctx.database.begin() as tx:
        tx.bulks.hold(bulk.id)
        if tx.bulks.is_waiting(bulk.id, recipient):
            tx.bulks.settle(bulk.id, failed)
    return True


def _finish(ctx: Context, bulk_id: str) -> None:
    with ctx.database.begin() as tx:
        if tx.bulks.hold(bulk_id) is BulkState.RUNNING:
            tx.bulks.update(bulk_id, state=BulkState.DONE.value, lease_until=None)
        else:  # cancelled meanwhile
            tx.bulks.update(bulk_id, lease_until=None)
            tx.wake("bulk", bulk_id)
