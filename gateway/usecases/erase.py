"""In charge of: forgetting — an applicant when consent ends (SJ-P3), conversations and raw mails when their time ends.

Not in charge of: which rows that touches (`store.erasure`), or how long a workspace keeps them (`keeping`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.errors import NotFound
from gateway.store.database import Transaction
from gateway.threads.model import Conversation, InboxState, Viewer, ViewerKind
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act

ANSWERS_KEPT = timedelta(days=7)  # of idempotent requests
UNNAMED_KEPT = timedelta(days=1)  # far longer than any commit that will name a file takes
NOT_KEPT = (InboxState.REFUSED, InboxState.IGNORED, InboxState.DISCARDED)


def erase_applicant(ctx: Context, viewer: Viewer, thread_id: str) -> None:
    """Wipe thread, files, addresses and links. Admins and the ATS only. Raises NotFound."""
    if viewer.kind is ViewerKind.CANDIDATE or not viewer.admin:
        raise NotFound("conversation")
    with ctx.database.begin() as tx:
        _hold_deliveries(tx, thread_id)
        conversation = tx.threads.open_for(viewer, thread_id, lock=True)
        if conversation is None:
            raise NotFound("conversation")
        gone = _wipe(tx, conversation)
        note_act(ctx, tx, viewer, "erase", thread_id=thread_id)
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
        _hold_deliveries(tx, thread_id)
        conversation = tx.threads.load(thread_id, lock=True)
        still = tx.erasure.ended_threads(workspace_id, before=before, now=ctx.now, limit=1, thread_id=thread_id)
        if conversation is None or not still:
            return False
        gone = _wipe(tx, conversation)
        tx.events.write_audit(
            "erase", now=ctx.now, workspace_id=workspace_id, thread_id=thread_id, actor_kind="system", by="keeping"
        )
    for digest in gone:
        ctx.database.blobs.remove(digest)
    return True


def _hold_deliveries(tx: Transaction, thread_id: str) -> None:
    """Those of the conversation and of its parts."""
    tx.attempts.hold_threads([thread_id, *(part_id for part_id, _ in tx.moving.parts_of(thread_id))])


def _wipe(tx: Transaction, conversation: Conversation) -> list[str]:
    """The digests of files to remove after the commit."""
    digests = tx.erasure.erase_thread(conversation.thread.id, conversation.applicant.id)
    for part_id, applicant_id in tx.moving.parts_of(conversation.thread.id):  # the same person
        digests += tx.erasure.erase_thread(part_id, applicant_id)
    return tx.blobs.drop_unused(digests)


def expire_raw_mails(ctx: Context, *, limit: int = 500) -> int:
    """Forget raw mails of refused, ignored and discarded entries older than RETENTION_DAYS; how many entries."""
    before = ctx.now - timedelta(days=ctx.settings.retention_days)
    with ctx.database.begin() as tx:
        digests = tx.erasure.expire_raw(NOT_KEPT, before=before, limit=limit)
        gone = tx.blobs.drop_unused(digests)
        tx.limits.drop_old_keys(before=ctx.now - ANSWERS_KEPT)
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
