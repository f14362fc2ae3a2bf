"""In charge of: a message to many that is cancelled before all of it has gone out — each person's message is taken back
that waits for its time, for the person's morning, for a worker or for another try.

Not in charge of: who may cancel it, or when a worker does this (`bulk`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.threads.bulk import Bulk, BulkState, Recipient
from gateway.threads.decisions import Reason
from gateway.usecases.context import Context
from gateway.usecases.end_waiting import end_waiting

LEASE = timedelta(seconds=60)  # for which a worker holds a bulk
BATCH = 50  # recipients read at a time


def take_back_posted(ctx: Context, bulk: Bulk, *, until: datetime) -> int:
    """Take back what has not gone out, for a while; how many. Each is one transaction: a worker that dies leaves the
    others to the next.
    """
    taken, last = 0, 0
    while ctx.now < until:
        with ctx.database.begin() as tx:
            tx.bulks.update(bulk.id, lease_until=ctx.now + LEASE)
            batch = tx.bulks.unsent(bulk.id, after=last, limit=BATCH, now=ctx.now)
        if not batch:
            with ctx.database.begin() as tx:
                tx.bulks.update(bulk.id, lease_until=None, state=BulkState.CANCELLED.value)
            return taken
        for recipient in batch:
            taken += _take_back(ctx, bulk, recipient)
            last = recipient.position
    with ctx.database.begin() as tx:
        tx.bulks.update(bulk.id, lease_until=None)
        tx.wake("bulk", bulk.id)
    return taken


def _take_back(ctx: Context, bulk: Bulk, recipient: Recipient) -> bool:
    """False when it has gone out, or was taken back or erased already."""
    with ctx.database.begin() as tx:
        waiting = tx.waiting.find_unsent(recipient.message_id, now=ctx.now)
        message = tx.messages.find(recipient.message_id) if waiting else None
        conversation = tx.threads.load(message.thread_id) if message else None
        if waiting is None or conversation is None:
            return False
        if not end_waiting(ctx, tx, conversation.thread, waiting, reason=Reason.CANCELLED):
            return False
        tx.bulks.take_back(bulk.id, recipient)
    return True
