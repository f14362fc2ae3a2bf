"""In charge of: reading the audit log's rows. Not in charge of: writing them (`events.write_audit`)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from gateway.store import tables as t
from gateway.store.session import ASKED_AT_ONCE, Session
from gateway.threads.audit import AuditFilter, AuditLine


class Audit:
    """The audit log within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, workspace_id: str, which: AuditFilter, *, before: int | None = None, limit: int) -> list[AuditLine]:
        """Lines of a workspace, newest first, below the cursor."""
        c = t.audit.c
        query = select(t.audit).where(c.workspace_id == workspace_id)
        if which.actor_id:
            query = query.where(c.actor_id == which.actor_id)
        if which.action:
            query = query.where(c.action.in_([which.action]) | c.action.startswith(f"{which.action}.", autoescape=True))
        if which.thread_id:
            query = query.where(c.thread_id == which.thread_id)
        if before is not None:
            query = query.where(c.id < before)
        rows = self._session.execute(query.order_by(c.id.desc()).limit(limit))
        return [
            AuditLine(r.id, r.at, r.actor_kind, r.actor_id, r.actor_name, r.action, r.thread_id or "", dict(r.data))
            for r in rows
        ]

    def people(self, thread_ids: Collection[str]) -> dict[str, str]:
        """The candidates' names by their thread; those that were erased have none."""
        th, a = t.threads.c, t.applicants.c
        ids, found = sorted(thread_ids), dict[str, str]()
        for start in range(0, len(ids), ASKED_AT_ONCE):
            query = select(th.id, a.name).join(t.applicants, a.id == th.applicant_id)
            rows = self._session.execute(query.where(th.id.in_(ids[start : start + ASKED_AT_ONCE]), a.name != ""))
            found |= {row.id: row.name for row in rows}
        return found
