"""In charge of: telling a thread's readers of a delivery's new state, and the author of a failure.

Not in charge of: the state itself.
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.model import Delivery, DeliveryState
from gateway.usecases.context import Context
from gateway.usecases.tell_members import tell_of_failure


def note_delivery(ctx: Context, tx: Transaction, delivery: Delivery, *, state: DeliveryState) -> None:
    """Tell the thread's readers of a new delivery state, and keep its count of failures."""
    if delivery.thread_id is None:
        return
    bad = (DeliveryState.FAILED, DeliveryState.BOUNCED)
    was_bad, is_bad = delivery.state in bad, state in bad
    if was_bad != is_bad:
        tx.threads.add_failed(delivery.thread_id, 1 if is_bad else -1)
    if is_bad and not was_bad:
        tell_of_failure(ctx, tx, delivery)
    tx.events.append(
        delivery.thread_id,
        delivery.workspace_id,
        events.DELIVERY_UPDATED,
        now=ctx.now,
        delivery_id=delivery.id,
        message_id=delivery.message_id or "",
        state=state.value,
    )
