"""In charge of: a message that waited and will not go out — its deliveries, the thread's summary, the event.

Not in charge of: a person's wish to take it back (`waiting`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.store.waiting import WaitingMessage
from gateway.threads import events
from gateway.threads.decisions import Reason
from gateway.threads.model import Conversation, Thread
from gateway.usecases.context import Context
from gateway.usecases.note_delivery import note_delivery

SUMMARY = 200  # characters of the newest message kept for the list


def end_with_news(ctx: Context, tx: Transaction, conversation: Conversation, *, reason: Reason) -> None:
    """The candidate wrote, or their stage changed: what was to go out only without such news does not."""
    thread = conversation.thread
    if thread.waits_until is None or thread.waits_until <= ctx.now:
        return
    for waiting in tx.waiting.unless_news(thread.id, now=ctx.now):
        end_waiting(ctx, tx, thread, waiting, reason=reason)


def end_waiting(ctx: Context, tx: Transaction, thread: Thread, waiting: WaitingMessage, *, reason: Reason) -> bool:
    """Cancel one message; False when a worker, or somebody who cancelled it, was quicker.

    The outbox's row is taken before the thread's, in the order in which a worker takes them.
    """
    cancelled = tx.waiting.stop(waiting.id, reason=reason, now=ctx.now)
    if cancelled is None or not tx.waiting.mark_cancelled(waiting.id):
        return False
    told = {"message_id": waiting.id, "seq": str(waiting.seq), "reason": reason.value}
    tx.events.append(thread.id, thread.workspace_id, events.MESSAGE_CANCELLED, now=ctx.now, **told)
    tx.waiting.restore_summary(thread.id, length=SUMMARY)
    if waiting.closes_gate:
        tx.threads.update(thread.id, closes_at=None)
    for delivery in cancelled:
        note_delivery(ctx, tx, delivery, state=delivery.state)
    return True
