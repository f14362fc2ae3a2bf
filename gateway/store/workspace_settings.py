"""In charge of: what a workspace's settings pages remember about it, as columns of its row.

Not in charge of: its name, addresses and colour (`people`), which stand in a `Workspace`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update

from gateway.store import tables as t
from gateway.store.session import Session


class WorkspaceSettings:
    """One workspace's own columns, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def setup_step(self, workspace_id: str) -> str:
        """Where its first set-up stands; "" when there is nothing to go on with."""
        c = t.workspaces.c
        return str(self._session.execute(select(c.setup_step).where(c.id == workspace_id)).scalar_one())

    def set_setup_step(self, workspace_id: str, step: str) -> None:
        self._update(workspace_id, setup_step=step)

    def tests_sent(self, workspace_id: str) -> dict[str, str]:
        """The delivery of the newest test message, by channel."""
        c = t.workspaces.c
        return dict(self._session.execute(select(c.tests_sent).where(c.id == workspace_id)).scalar_one())

    def set_tests_sent(self, workspace_id: str, deliveries: Mapping[str, str]) -> None:
        self._update(workspace_id, tests_sent=dict(deliveries))

    def keep_days(self, workspace_id: str) -> int | None:
        """How long its conversations are kept after their last message; None: until somebody erases them."""
        c = t.workspaces.c
        found: int | None = self._session.execute(select(c.keep_days).where(c.id == workspace_id)).scalar_one()
        return found

    def set_keep_days(self, workspace_id: str, days: int | None) -> None:
        self._update(workspace_id, keep_days=days)

    def with_an_end(self) -> list[tuple[str, int]]:
        """The workspaces that keep conversations for a limited time, and how many days."""
        c = t.workspaces.c
        rows = self._session.execute(select(c.id, c.keep_days).where(c.keep_days.is_not(None)).order_by(c.id))
        return [(row.id, row.keep_days) for row in rows]

    def _update(self, workspace_id: str, **values: object) -> None:
        self._session.execute(update(t.workspaces).where(t.workspaces.c.id == workspace_id).values(values))
