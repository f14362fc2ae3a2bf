"""In charge of: what providers and mail systems report later — bounces now, receipts of other channels the same way.

Not in charge of: reading a report's bytes (`inbound.bounces`) or the state machine (`threads.delivery`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.delivery import after_report, is_hard
from gateway.threads.incoming import Automatic, DeliveryReport, IncomingMail
from gateway.threads.model import Delivery, DeliveryState
from gateway.usecases.context import Context


def record_bounce(ctx: Context, tx: Transaction, delivery_id: str, mail: IncomingMail) -> bool:
    """Tie a bounce that came to a delivery's return path to that delivery. False if the mail is no report.

    The return path alone names the delivery; a report without readable fields still counts as a failure (many mail
    systems write free text).
    """
    if mail.automatic is not Automatic.BOUNCE and not mail.reports:
        return False
    delivery = tx.outbox.find(delivery_id)
    if delivery is None:
        return False
    reports = mail.reports or (DeliveryReport("failed", "", delivery.to, mail.subject),)
    for report in reports:
        apply_report(ctx, tx, delivery, report=report)
    return True


def apply_report(ctx: Context, tx: Transaction, delivery: Delivery, *, report: DeliveryReport) -> None:
    """Move the delivery as the report says, once; a hard bounce suppresses the address for later mail."""
    move = after_report(
        delivery.state, report.action, code=report.status, detail=report.diagnostic or "The mail came back."
    )
    if move is None:
        return
    tx.outbox.save_move(delivery.id, move, lease_id=None, now=ctx.now)
    if move.state is DeliveryState.BOUNCED and is_hard(report.status):
        tx.outbox.suppress(delivery.workspace_id, delivery.to, code=report.status, now=ctx.now)
    note_delivery(ctx, tx, delivery, state=move.state)


def note_delivery(ctx: Context, tx: Transaction, delivery: Delivery, *, state: DeliveryState) -> None:
    """Tell the thread's readers of a new delivery state, and keep its count of failures."""
    if delivery.thread_id is None:
        return
    bad = (DeliveryState.FAILED, DeliveryState.BOUNCED)
    was_bad, is_bad = delivery.state in bad, state in bad
    if was_bad != is_bad:
        tx.threads.add_failed(delivery.thread_id, 1 if is_bad else -1)
    tx.events.append(
        delivery.thread_id,
        delivery.workspace_id,
        events.DELIVERY_UPDATED,
        now=ctx.now,
        delivery_id=delivery.id,
        message_id=delivery.message_id or "",
        state=state.value,
    )
