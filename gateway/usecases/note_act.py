"""In charge of: the line of the audit log that says who did something.

Not in charge of: reading the log (`read_audit`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads.audit import Act, name_in_log
from gateway.threads.model import Viewer
from gateway.usecases.context import Context


def note_act(ctx: Context, tx: Transaction, viewer: Viewer, act: Act, *, thread_id: str = "", **data: str) -> None:
    """Write down what this viewer did (SJ-P4), in the transaction in which they did it. `data`: ids and rule names."""
    tx.events.write_audit(
        act,
        now=ctx.now,
        workspace_id=viewer.workspace_id or None,
        thread_id=thread_id or None,
        actor_kind=viewer.kind.value,
        actor_id=viewer.id,
        actor_name=name_in_log(viewer),
        **data,
    )
