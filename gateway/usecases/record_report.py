"""In charge of: what mail systems report later: bounces. Providers of other channels: `record_receipt`.

Not in charge of: reading a report's bytes (`inbound.bounces`) or the state machine (`threads.delivery`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads.addresses import Purpose, read_address
from gateway.threads.delivery import after_report
from gateway.threads.incoming import Automatic, DeliveryReport, IncomingMail
from gateway.threads.model import DeliveryState
from gateway.usecases.context import Context
from gateway.usecases.fall_back import record_move
from gateway.usecases.suppression import note_bounce


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
    for report in mail.reports or (DeliveryReport("failed", "", delivery.to, mail.subject),):
        _apply_report(ctx, tx, delivery_id, report=report)
    return True


def record_complaint(ctx: Context, tx: Transaction, mail: IncomingMail) -> bool:
    """Send no more to whom complained, until somebody sends again. Only a return path that we signed names them."""
    if mail.complaint is None or mail.complaint.kind == "not-spam":
        return False
    settings = ctx.settings
    issued = [read_address(settings.keys, path, settings.reply_domain) for path in mail.complaint.return_paths]
    found = [tx.outbox.find(i.id) for i in issued if i and i.purpose == Purpose.BOUNCE]
    for delivery in found:
        if delivery is not None:
            tx.outbox.suppress(delivery.workspace_id, delivery.to, code="complaint", now=ctx.now)
    return any(found)


def _apply_report(ctx: Context, tx: Transaction, delivery_id: str, *, report: DeliveryReport) -> None:
    """Move the delivery as the report says, once; a bounce counts against the address. One mail may report of several
    recipients (RFC 3464 §2.3: an alias of two mailboxes), so each finds the delivery as the one before has left it.
    """
    delivery = tx.receipts.hold(delivery_id)
    if delivery is None:
        return
    move = after_report(
        delivery.state, report.action, code=report.status, detail=report.diagnostic or "The mail came back."
    )
    if move is None:
        return
    if move.state is DeliveryState.BOUNCED:
        note_bounce(ctx, tx, delivery, code=report.status)
    record_move(ctx, tx, delivery, move=move, lease_id=None)
