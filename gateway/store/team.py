"""In charge of: rows of members' roles in openings, and of changes to members.

Not in charge of: what a role allows (`threads.policies.roles`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from gateway.store import tables as t
from gateway.store.people import member_of
from gateway.store.session import Session
from gateway.threads.model import Member


class Team:
    """A workspace's members and their roles within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, workspace_id: str, member_id: str) -> Member | None:
        c = t.members.c
        row = self._session.execute(select(t.members).where(c.workspace_id == workspace_id, c.id == member_id)).first()
        return member_of(row) if row else None

    def update(self, member_id: str, **values: Any) -> None:
        self._session.execute(update(t.members).where(t.members.c.id == member_id).values(values))

    def roles_of(self, member_id: str) -> dict[str, str]:
        """A member's roles by opening id."""
        c = t.opening_members.c
        rows = self._session.execute(select(c.opening_id, c.role).where(c.member_id == member_id))
        return {r.opening_id: r.role for r in rows}

    def roles_in(self, opening_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """Roles by member id and opening id."""
        found: dict[str, dict[str, str]] = {}
        c = t.opening_members.c
        query = select(c.opening_id, c.member_id, c.role).where(c.opening_id.in_(opening_ids))
        for row in self._session.execute(query) if opening_ids else ():
            found.setdefault(row.member_id, {})[row.opening_id] = row.role
        return found

    def put_role(self, opening_id: str, member_id: str, role: str | None) -> None:
        """Set or, with None, take away a role."""
        c = t.opening_members.c
        self._session.execute(delete(t.opening_members).where(c.opening_id == opening_id, c.member_id == member_id))
        if role:
            row = {"opening_id": opening_id, "member_id": member_id, "role": role}
            self._session.execute(insert(t.opening_members), row)

    def own_openings_only(self, workspace_id: str) -> bool:
        c = t.workspaces.c
        return bool(self._session.execute(select(c.own_openings_only).where(c.id == workspace_id)).scalar_one())
