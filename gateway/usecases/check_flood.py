"""In charge of: how much a thread's candidate may write within an hour, on their page and by text message together.

Not in charge of: the rule (`policies.loops.check_rate`), or mail, of which what entered the thread is counted
(`settle_mail`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads.decisions import ALLOW, Decision
from gateway.threads.model import Thread
from gateway.threads.policies.loops import check_rate
from gateway.usecases.context import Context

HOUR = 3600  # seconds


def check_flood(ctx: Context, tx: Transaction, thread: Thread) -> Decision:
    """Count one more, and say whether the thread takes it."""
    limit = ctx.settings.sender_mails_per_hour
    if not limit:
        return ALLOW
    number = tx.limits.count(f"written:{thread.id}", now=ctx.now, seconds=HOUR)
    return check_rate(number - 1, limit=limit)
