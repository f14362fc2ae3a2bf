"""In charge of: addresses to which no mail goes any more, because it came back, and when it goes there again.

Not in charge of: what a bounce says (`inbound.bounces`), or what a person asked for (`remark_mail`, `receive_sms`): the
team cannot lift that.
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads.delivery import is_hard
from gateway.threads.model import Delivery
from gateway.usecases.context import Context
from gateway.usecases.reach import OPT_OUT

SOFT = "soft_bounces"  # the code of an address whose mail came back too often for passing reasons
_DAY = 86_400  # seconds


def note_bounce(ctx: Context, tx: Transaction, delivery: Delivery, *, code: str) -> None:
    """Send no more to an address that is gone for good, or whose mail came back too often."""
    if is_hard(code):
        tx.outbox.suppress(delivery.workspace_id, delivery.to, code=code, now=ctx.now)
        return
    most, days = ctx.settings.soft_bounces, ctx.settings.soft_bounce_days
    name = _counter(delivery.workspace_id, delivery.to)
    if most and tx.limits.count(name, now=ctx.now, seconds=days * _DAY) >= most:
        tx.outbox.suppress(delivery.workspace_id, delivery.to, code=SOFT, now=ctx.now)


def note_alive(tx: Transaction, workspace_id: str, address: str) -> None:
    """A proven mail came from this address, so that it is there: send to it again. A complaint stands."""
    if address and tx.outbox.suppressed(workspace_id, [address]):
        tx.outbox.unsuppress(workspace_id, address, but="complaint")
        tx.limits.forget(_counter(workspace_id, address))


def note_corrected(tx: Transaction, workspace_id: str, address: str) -> None:
    """A colleague says that what is sent to this address arrives. It does not undo a STOP: only START does."""
    tx.outbox.unsuppress(workspace_id, address, but=OPT_OUT)
    tx.limits.forget(_counter(workspace_id, address))


def _counter(workspace_id: str, address: str) -> str:
    return f"soft:{workspace_id} {address.lower()}"
