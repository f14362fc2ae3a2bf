"""In charge of: removing rows for good — one applicant's (SJ-P3), and raw mails whose retention ended.

Not in charge of: when that is due (`usecases.erase`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update

from gateway.store import tables as t
from gateway.store.search_index import SearchIndex
from gateway.store.session import Session
from gateway.store.waiting import goes_out_after
from gateway.threads.bulk import BulkState, RecipientState
from gateway.threads.model import InboxState, ThreadState
from gateway.threads.organising import UNTIL_REPLY
from gateway.threads.policies.rejection import ERASED_STAGE
from gateway.threads.policies.visibility import GONE


class Erasure:
    """Removal within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def erase_thread(self, thread_id: str, applicant_id: str) -> list[str]:
        """Wipe a thread and its applicant; the digests of all bytes that it named.

        The thread's row and the applicant's external id stay, so that nothing is recreated by accident; the audit
        log stays, because it holds no words and no addresses (`Traces.blank_audit`).
        """
        run = self._session.execute
        SearchIndex(self._session).forget_thread(thread_id)
        of_thread = select(t.messages.c.id).where(t.messages.c.thread_id == thread_id)
        of_bulks = list(
            run(select(t.bulk_recipients.c.bulk_id).where(t.bulk_recipients.c.thread_id == thread_id)).scalars()
        )
        of_delivery = select(t.deliveries.c.id).where(t.deliveries.c.thread_id == thread_id)
        digests = list(run(select(t.attachments.c.digest).where(t.attachments.c.message_id.in_(of_thread))).scalars())
        for table in (t.inbox, t.draft_files):
            digests += run(select(table.c.digest).where(table.c.thread_id == thread_id)).scalars()
        run(delete(t.attachments).where(t.attachments.c.message_id.in_(of_thread)))
        run(delete(t.message_words).where(t.message_words.c.message_id.in_(of_thread)))
        for of_one in (t.attempts, t.copies):
            run(delete(of_one).where(of_one.c.delivery_id.in_(of_delivery)))
        people = select(t.participants.c.id).where(t.participants.c.thread_id == thread_id)
        for table in (t.confirmations, t.addresses):
            run(delete(table).where(table.c.participant_id.in_(people)))
        for table in (
            t.drafts,
            t.draft_files,
            t.presence,
            t.news,
            t.deliveries,
            t.notices,
            t.inbox,
            t.messages,
            t.moved,
            t.webhook_posts,
            t.bulk_recipients,
            t.events,
            t.reads,
            t.thread_tags,
            t.participants,
        ):
            run(delete(table).where(table.c.thread_id == thread_id))
        self._drop_empty_bulks(of_bulks)
        run(delete(t.consents).where(t.consents.c.applicant_id == applicant_id))
        blank = {"name": "", "email": "", "phone": "", "fields": {}, "corrected": {}}
        blank |= {"stage": ERASED_STAGE, "stage_before": ""}
        run(update(t.applicants).where(t.applicants.c.id == applicant_id).values(blank))
        state = {"state": ThreadState.ERASED.value, "last_text": "", "unanswered_since": None, "failed": 0}
        state |= {"last_author": "", "last_member_id": None}
        run(update(t.threads).where(t.threads.c.id == thread_id).values(state))
        return digests

    def _drop_empty_bulks(self, bulk_ids: Sequence[str]) -> None:
        """Forget what was written to many once it names none of them any more: it may have been for one."""
        c = t.bulks.c
        ended = c.state.in_([BulkState.DONE.value, BulkState.CANCELLED.value])
        left = exists().where(t.bulk_recipients.c.bulk_id == c.id)
        self._session.execute(delete(t.bulks).where(c.id.in_(bulk_ids), ended, ~left))

    def ended_threads(
        self, workspace_id: str, *, before: datetime, now: datetime, limit: int, thread_id: str | None = None
    ) -> list[str]:
        """Threads whose last message is older than this, the oldest first; not those put off until a day to come, or in
        which something is still to go out.
        `thread_id`: is this one (still) among them?
        """
        query = select(t.threads.c.id).where(*_ended(workspace_id, before=before, now=now))
        if thread_id is not None:
            query = query.where(t.threads.c.id == thread_id)
        return list(self._session.execute(query.order_by(t.threads.c.last_at).limit(limit)).scalars())

    def count_ended(self, workspace_id: str, *, before: datetime, now: datetime) -> int:
        """How many threads `ended_threads` would name without a limit."""
        query = select(func.count()).select_from(t.threads).where(*_ended(workspace_id, before=before, now=now))
        return int(self._session.execute(query).scalar_one())

    def expire_raw(self, states: Sequence[InboxState], *, before: datetime, limit: int) -> list[str]:
        """Mark entries of these states whose raw mail need no longer be kept; the digests they named."""
        c = t.inbox.c
        old = (
            select(c.id)
            .where(c.state.in_([s.value for s in states]), c.received_at < before, c.raw_gone.is_(False))
            .limit(limit)
        )
        marked = update(t.inbox).where(c.id.in_(old)).values(raw_gone=True, words="").returning(c.digest)
        return list(self._session.execute(marked).scalars())


def _ended(workspace_id: str, *, before: datetime, now: datetime) -> list[ColumnElement[bool]]:
    """A scheduled message counts from when it goes out, not from when it was written; one to many that is being posted
    counts as soon as somebody waits for it.
    """
    c, r = t.threads.c, t.bulk_recipients.c
    there = [s.value for s in ThreadState if s not in GONE]  # what became part of another ends with it
    awake = or_(c.snoozed_until.is_(None), c.snoozed_until <= now, c.snoozed_until == UNTIL_REPLY)
    later = select(t.messages.c.id).where(t.messages.c.thread_id == c.id, *goes_out_after(before))
    posting = select(r.thread_id).join(t.bulks, t.bulks.c.id == r.bulk_id)
    posting = posting.where(r.thread_id == c.id, r.state == RecipientState.WAITING.value)
    posting = posting.where(t.bulks.c.state == BulkState.RUNNING.value)
    spoken = [~query.correlate(t.threads).exists() for query in (later, posting)]
    return [c.workspace_id == workspace_id, c.state.in_(there), c.last_at < before, awake, *spoken]
