"""In charge of: the audit log for a workspace's admins: pages, and a copy as CSV.

Not in charge of: writing it (`note_act`), or its words (`audit_words`).
"""

from __future__ import annotations

from gateway.errors import NotFound
from gateway.threads.applicant_file import write_rows
from gateway.threads.audit import AuditFilter
from gateway.threads.model import Viewer
from gateway.usecases.audit_words import Told, tell_lines
from gateway.usecases.context import Context

PAGE = 50
EXPORTED = 10_000  # lines of one copy, the newest ones
COLUMNS = ("at", "who", "who_id", "kind", "action", "conversation", "data", "about", "in_words")


def read_audit(
    ctx: Context, viewer: Viewer, which: AuditFilter, *, cursor: int | None = None, locale: str = ""
) -> tuple[list[Told], int | None]:
    """A page, newest first, and the cursor of the next, in the words of `locale` (the viewer's own). Admins only
    (NotFound for others).
    """
    found = _read(ctx, viewer, which, before=cursor, limit=PAGE + 1, locale=locale)
    return found[:PAGE], found[PAGE - 1].line.id if len(found) > PAGE else None


def export_audit(ctx: Context, viewer: Viewer, which: AuditFilter, *, locale: str = "") -> str:
    """The lines as CSV with a head (RFC 4180), with the codes and in words. Raises NotFound."""
    return write_rows([COLUMNS, *map(_row, _read(ctx, viewer, which, before=None, limit=EXPORTED, locale=locale))])


def _row(told: Told) -> tuple[str, ...]:
    line = told.line
    data = "; ".join(f"{name}={value}" for name, value in line.data.items())
    at = line.at.isoformat(timespec="seconds")
    who = (line.actor_name, line.actor_id, line.actor_kind)
    return (at, *who, line.action, line.thread_id, data, told.about, told.words)


def _read(
    ctx: Context, viewer: Viewer, which: AuditFilter, *, before: int | None, limit: int, locale: str
) -> list[Told]:
    if not viewer.admin:
        raise NotFound("audit log")
    with ctx.database.read() as tx:
        lines = tx.audit.page(viewer.workspace_id, which, before=before, limit=limit)
        return tell_lines(ctx, tx, viewer.workspace_id, lines, locale=locale or viewer.locale)
