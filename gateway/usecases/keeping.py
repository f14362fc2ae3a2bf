"""In charge of: how long a workspace keeps its conversations, and how many a shorter time would end.

Not in charge of: erasing them (`erase.erase_ended`).
"""

from __future__ import annotations

from datetime import timedelta

from gateway.errors import Conflict, Invalid
from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.model import Viewer
from gateway.usecases.accounts import check_admin
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act

SHORTEST, LONGEST = 30, 3650  # days


def read_keep_days(ctx: Context, viewer: Viewer) -> int | None:
    """Days after the last message; None: until somebody erases a conversation. Admins only (NotFound for others)."""
    check_admin(viewer, "keeping")
    with ctx.database.read() as tx:
        return tx.workspace_settings.keep_days(viewer.workspace_id)


def count_ended(ctx: Context, viewer: Viewer, days: int | None) -> int:
    """How many conversations would be erased now if they were kept for so long. Raises NotFound, Invalid."""
    check_admin(viewer, "keeping")
    _check_days(days)
    with ctx.database.read() as tx:
        return _count(ctx, tx, viewer, days)


def set_keep_days(ctx: Context, viewer: Viewer, days: int | None, *, counted: int) -> None:
    """Keep them so long; `counted` is how many the person was told would be erased. Raises NotFound, Invalid, Conflict
    (`more_would_end`) when it are more by now.
    """
    check_admin(viewer, "keeping")
    _check_days(days)
    with ctx.database.begin() as tx:
        if _count(ctx, tx, viewer, days) > counted:
            raise Conflict("more_would_end", "More conversations would be erased than you were shown. Look again.")
        tx.workspace_settings.set_keep_days(viewer.workspace_id, days)
        note_act(ctx, tx, viewer, Act.WORKSPACE_KEEP_DAYS, days=str(days) if days else "no_end", erases=str(counted))


def _count(ctx: Context, tx: Transaction, viewer: Viewer, days: int | None) -> int:
    if days is None:
        return 0
    return tx.erasure.count_ended(viewer.workspace_id, before=ctx.now - timedelta(days=days), now=ctx.now)


def _check_days(days: int | None) -> None:
    if days is not None and not SHORTEST <= days <= LONGEST:
        raise Invalid(
            "days",
            f"Give {SHORTEST} to {LONGEST} days.",
            code="keep_days",
            params={"least": SHORTEST, "most": LONGEST},
        )
