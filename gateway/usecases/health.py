"""In charge of: whether this process can do its work now. Not in charge of: DNS and providers (`doctor`)."""

from __future__ import annotations

from gateway.errors import GatewayError
from gateway.usecases.context import Context


def check_ready(ctx: Context) -> dict[str, bool]:
    """Which parts answer: the database with the durability we promise."""
    try:
        ctx.database.check()
    except GatewayError:
        return {"database": False}
    return {"database": True}
