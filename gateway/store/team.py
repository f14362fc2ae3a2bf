"""In charge of: rows of members' roles in openings, and of changes to members.

Not in charge of: what a role allows (`threads.policies.roles`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.people import member_of
from gateway.store.session import Session
from gateway.threads.model import Member


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member's rights come from. `roles` are theirs by opening id."""

    member: Member
    own_openings_only: bool
    roles: dict[str, str] = field(default_factory=dict)


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

    def standings(self, workspace_id: str, names: Collection[str]) -> dict[str, Standing]:
        """Of these member ids and addresses (in lower case) those that are a member's, once for a batch."""
        wanted = {name: (workspace_id, name) for name in names if name}
        unread = [name for name, key in wanted.items() if self._session.find_ahead(_AHEAD, key) is None]
        if unread:
            found: dict[str, Standing] = {}
            for row in self._session.execute(_STANDINGS, {"workspace": workspace_id, "names": unread}):
                theirs = found.setdefault(row.id, Standing(member_of(row), row.own_openings_only))
                found[row.email] = theirs
                if row.opening_id:
                    theirs.roles[row.opening_id] = row.opening_role
            self._session.read_ahead(_AHEAD, {wanted[name]: (found.get(name),) for name in unread})
        answers = {name: self._session.find_ahead(_AHEAD, key)[0] for name, key in wanted.items()}
        return {name: standing for name, standing in answers.items() if standing}

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


_AHEAD = "standings"
_STANDINGS = (
    select(t.members, t.workspaces.c.own_openings_only)
    .add_columns(t.opening_members.c.opening_id, t.opening_members.c.role.label("opening_role"))
    .join(t.workspaces, t.workspaces.c.id == t.members.c.workspace_id)
    .outerjoin(t.opening_members, t.opening_members.c.member_id == t.members.c.id)
    .where(
        t.members.c.workspace_id == bindparam("workspace"),
        or_(*(is_among(c, "names") for c in (t.members.c.id, t.members.c.email))),
    )
)
