"""In charge of: forgetting — an applicant when consent ends (SJ-P3), conversations and raw mails when their time ends.

Not in charge of: which rows that touches (`store.erasure`, `store.traces`), or how long a workspace keeps them
(`keeping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.errors import NotFound
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.forgetting import blank_mentions
from gateway.threads.model import Conversation, InboxState, Viewer, ViewerKind
from gateway.usecases.context import Context
from gateway.usecases.move_messages import bring_home
from gateway.usecases.note_act import note_act
from gateway.usecases.reach import OPT_OUT
from gateway.usecases.versions import Seen, check_version

ANSWERS_KEPT = timedelta(days=7)  # of idempotent requests
UNNAMED_KEPT = timedelta(days=1)  # far longer than any commit that will name a file takes
ASKED_FOR = (OPT_OUT, "complaint")  # suppressions that outlive the person: they asked for no more
NOT_KEPT = (InboxState.REFUSED, InboxState.IGNORED, InboxState.DISCARDED)


def erase_applicant(
    ctx: Context, viewer: Viewer, thread_id: str, *, external_id: str = "", seen: Seen | None = None
) -> None:
    """Wipe thread, files, addresses and links. Admins and the ATS only. `seen` is the version of the applicant
    `external_id`, which may have become part of this thread. Raises NotFound, Conflict (`changed_meanwhile`).
    """
    if viewer.kind is ViewerKind.CANDIDATE or not viewer.admin:
        raise NotFound("conversation")
    with ctx.database.begin() as tx:
        _hold(tx, thread_id)
        conversation = tx.threads.open_for(viewer, thread_id, lock=True)
        if conversation is None:
            raise NotFound("conversation")
        if seen is not None:
            check_version(tx.people.find_applicant(viewer.workspace_id, external_id), seen)
        gone = _wipe(ctx, tx, conversation)
        note_act(ctx, tx, viewer, Act.ERASE, thread_id=thread_id)
    for digest in gone:
        ctx.database.blobs.remove(digest)


def erase_ended(ctx: Context, *, limit: int = 500) -> int:
    """Erase conversations that their workspace keeps no longer; how many. Each is a transaction of its own."""
    erased = 0
    with ctx.database.read() as tx:
        workspaces = tx.workspace_settings.with_an_end()
    for workspace_id, days in workspaces:
        before = ctx.now - timedelta(days=days)
        with ctx.database.read() as tx:
            ended = tx.erasure.ended_threads(workspace_id, before=before, now=ctx.now, limit=limit - erased)
        erased += sum(_erase_if_ended(ctx, workspace_id, thread_id, before=before) for thread_id in ended)
    return erased


def _erase_if_ended(ctx: Context, workspace_id: str, thread_id: str, *, before: datetime) -> bool:
    """Looks again under the thread's lock: somebody may have written meanwhile."""
    with ctx.database.begin() as tx:
        _hold(tx, thread_id)
        conversation = tx.threads.load(thread_id, lock=True)
        still = tx.erasure.ended_threads(workspace_id, before=before, now=ctx.now, limit=1, thread_id=thread_id)
        if conversation is None or not still:
            return False
        gone = _wipe(ctx, tx, conversation)
        tx.events.write_audit(
            Act.ERASE, now=ctx.now, workspace_id=workspace_id, thread_id=thread_id, actor_kind="system", by="keeping"
        )
    for digest in gone:
        ctx.database.blobs.remove(digest)
    return True


def _hold(tx: Transaction, thread_id: str) -> None:
    """All that an erasure touches: first the deliveries, then the rows of the conversation, of its parts and of those
    that got messages from it.
    """
    own = [thread_id, *(part_id for part_id, _ in tx.moving.parts_of(thread_id))]
    every = {*own, *tx.traces.messages_elsewhere(own)}
    tx.attempts.hold_threads(sorted(every))
    tx.threads.hold_many(every)


def _wipe(ctx: Context, tx: Transaction, conversation: Conversation) -> list[str]:
    """The digests of files to remove after the commit."""
    thread, workspace_id = conversation.thread, conversation.workspace.id
    applicants = {thread.id: thread.applicant_id, **dict(tx.moving.parts_of(thread.id))}  # the same person
    parts = [part for i in applicants if i != thread.id and (part := tx.threads.load(i))]
    tx.traces.empty_places(bring_home(ctx, tx, conversation, parts))
    digests = _forget_traces(tx, workspace_id, [conversation, *parts])
    for thread_id, applicant_id in applicants.items():
        digests += tx.erasure.erase_thread(thread_id, applicant_id)
    return tx.blobs.drop_unused(digests)


def _forget_traces(tx: Transaction, workspace_id: str, conversations: Sequence[Conversation]) -> list[str]:
    """What lies outside the conversations; the digests that it named."""
    threads = [one.thread.id for one in conversations]
    known = tx.traces.known_only_here(workspace_id, threads)
    subjects = {p.id for one in conversations for p in one.participants} | tx.traces.deliveries_of(threads)
    digests = tx.traces.forget_mails(workspace_id, known.senders, subject_ids=subjects)
    tx.traces.forget_suppressions(workspace_id, known.addresses | known.phones, but=ASKED_FOR)
    tx.traces.blank_audit(threads)
    words = sorted(known.names | known.addresses | known.phones)
    for key, body in tx.traces.answers_with(workspace_id, words):
        tx.traces.replace_answer(workspace_id, key, blank_mentions(body, words))
    return digests


def expire_raw_mails(ctx: Context, *, limit: int = 500) -> int:
    """Forget raw mails of refused, ignored and discarded entries older than RETENTION_DAYS, and what was kept against
    repeats and floods; how many entries.
    """
    before = ctx.now - timedelta(days=ctx.settings.retention_days)
    with ctx.database.begin() as tx:
        digests = tx.erasure.expire_raw(NOT_KEPT, before=before, limit=limit)
        gone = tx.blobs.drop_unused(digests)
        tx.limits.drop_old_keys(before=ctx.now - ANSWERS_KEPT)
        tx.limits.drop_old_counters(now=ctx.now)
    for digest in gone:
        ctx.database.blobs.remove(digest)
    return len(digests)


def forget_unnamed_files(ctx: Context) -> int:
    """Remove big files that no row names: their process died before the commit, or their mail was held after all. How
    many there were.
    """
    before = ctx.now - UNNAMED_KEPT
    blobs = ctx.database.blobs
    removed = 0
    for names in blobs.find_old(before):
        with ctx.database.read() as tx:
            unnamed = set(names) - tx.blobs.find_named(names)
        removed += sum(blobs.remove_old(name, before) for name in unnamed)
    return removed
