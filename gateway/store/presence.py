"""In charge of: who has a conversation open, as rows. Not in charge of: how long that is believed (the use case)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.session import Session


class Presences:
    """Presence within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, thread_id: str, member_id: str, *, typing: bool, now: datetime) -> None:
        insert_for = pg_insert if self._session.dialect.name == "postgresql" else sqlite_insert
        key, values = {"thread_id": thread_id, "member_id": member_id}, {"typing": typing, "at": now}
        statement = insert_for(t.presence).values(key | values)
        self._session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    def leave(self, thread_id: str, member_id: str) -> None:
        c = t.presence.c
        self._session.execute(delete(t.presence).where(c.thread_id == thread_id, c.member_id == member_id))

    def others(self, thread_ids: Sequence[str], member_id: str, *, since: datetime) -> list[tuple[str, str, str, bool]]:
        """(thread, member, name, are they typing) of the others who were there since, in the order of their names."""
        c, m = t.presence.c, t.members.c
        query = (
            select(c.thread_id, m.id, m.name, c.typing)
            .join(t.members, m.id == c.member_id)
            .where(c.thread_id.in_(list(thread_ids)), c.member_id != member_id, c.at >= since, m.active)
            .order_by(m.name)
        )
        return [(r.thread_id, r.id, r.name, r.typing) for r in self._session.execute(query)] if thread_ids else []
