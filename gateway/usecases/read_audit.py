"""In charge of: the audit log for a workspace's admins: pages, and a copy as CSV.

Not in charge of: writing it (`note_act`).
"""

from __future__ import annotations

from gateway.errors import NotFound
from gateway.threads.applicant_file import write_rows
from gateway.threads.audit import AuditFilter, AuditLine
from gateway.threads.model import Viewer
from gateway.usecases.context import Context

PAGE = 50
EXPORTED = 10_000  # lines of one copy, the newest ones
COLUMNS = ("at", "who", "who_id", "kind", "action", "conversation", "data")


def read_audit(
    ctx: Context, viewer: Viewer, which: AuditFilter, *, cursor: int | None = None
) -> tuple[list[AuditLine], int | None]:
    """A page, newest first, and the cursor of the next. Admins only (NotFound for others)."""
    found = _read(ctx, viewer, which, before=cursor, limit=PAGE + 1)
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def export_audit(ctx: Context, viewer: Viewer, which: AuditFilter) -> str:
    """The lines as CSV with a head (RFC 4180). Raises NotFound."""
    return write_rows([COLUMNS, *map(_row, _read(ctx, viewer, which, before=None, limit=EXPORTED))])


def _row(line: AuditLine) -> tuple[str, ...]:
    data = "; ".join(f"{name}={value}" for name, value in line.data.items())
    at = line.at.isoformat(timespec="seconds")
    return (at, line.actor_name, line.actor_id, line.actor_kind, line.action, line.thread_id, data)


def _read(ctx: Context, viewer: Viewer, which: AuditFilter, *, before: int | None, limit: int) -> list[AuditLine]:
    if not viewer.admin:
        raise NotFound("audit log")
    with ctx.database.read() as tx:
        return tx.audit.page(viewer.workspace_id, which, before=before, limit=limit)
