"""In charge of: scheduled messages whose time has come — what changes when they go out. Not in charge of: sending them
(`deliver`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.model import Delivery, ThreadState
from gateway.threads.policies.rejection import is_to_take_force
from gateway.usecases.change_stage import set_gate
from gateway.usecases.context import Context


def release_scheduled(ctx: Context, tx: Transaction, claimed: Sequence[Delivery]) -> None:
    """Scheduled messages go out: open pages show them from now on; a scheduled rejection takes force in the same
    transaction (seeds §9 no. 4).
    """
    first_tries = [d for d in claimed if d.tries == 1]
    scheduled = tx.messages.find_scheduled([d.message_id for d in first_tries if d.message_id])
    for delivery in first_tries:
        found = scheduled.get(delivery.message_id or "")
        conversation = tx.threads.load(delivery.thread_id or "", lock=True) if found else None
        if found is None or conversation is None or _is_released(tx, delivery):
            continue
        seq, closes_gate = found
        thread, told = conversation.thread, {"message_id": delivery.message_id or "", "seq": str(seq)}
        tx.events.append(thread.id, thread.workspace_id, events.MESSAGE_RELEASED, now=ctx.now, **told)
        if closes_gate and is_to_take_force(conversation):
            set_gate(ctx, tx, conversation, state=ThreadState.BLOCKED, by="schedule")


def _is_released(tx: Transaction, delivery: Delivery) -> bool:
    """Was its message told to go out before? A try that a rate or a cap held back counts as none, and the next channel
    begins anew.
    """
    told = tx.events.named(delivery.thread_id or "", (events.MESSAGE_RELEASED,))
    return any(event.data["message_id"] == delivery.message_id for event in told)
