"""In charge of: whether this process can do its work now, and how much waits for workers. Not in charge of: DNS and
providers (`doctor`).
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits for a worker, in all workspaces together."""

    mails: int
    oldest_mail: float  # for how many seconds; 0.0 when none waits
    deliveries: int
    oldest_delivery: float


def check_ready(ctx: Context) -> dict[str, bool]:
    """Which parts answer: the database with the durability we promise."""
    try:
        ctx.database.check()
    except GatewayError:
        return {"database": False}
    return {"database": True}


def measure_backlog(ctx: Context) -> Backlog:
    """Mails that no worker has finished, deliveries whose time has come. Raises Unavailable."""
    now = ctx.now
    with ctx.database.read() as tx:
        mails, received_at = tx.inbox.backlog()
        deliveries, due_at = tx.attempts.backlog(now=now)
    oldest = [(now - since).total_seconds() if since else 0.0 for since in (received_at, due_at)]
    return Backlog(mails, oldest[0], deliveries, oldest[1])
