"""In charge of: rows of API keys. Not in charge of: the secrets (`usecases.api_keys`) or what a key may do
(`threads.keys`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.threads.keys import ApiKey, KeyScope


class ApiKeys:
    """Keys within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: ApiKey, *, key_hash: str) -> None:
        row = {
            "id": key.id,
            "workspace_id": key.workspace_id,
            "name": key.name,
            "hash": key_hash,
            "scopes": [s.value for s in key.scopes],
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        self._session.execute(insert(t.api_keys), row)

    def find_by_hash(self, key_hash: str) -> ApiKey | None:
        row = self._session.execute(select(t.api_keys).where(t.api_keys.c.hash == key_hash)).first()
        return _key(row) if row else None

    def find(self, workspace_id: str, key_id: str) -> ApiKey | None:
        where = (t.api_keys.c.workspace_id == workspace_id, t.api_keys.c.id == key_id)
        row = self._session.execute(select(t.api_keys).where(*where)).first()
        return _key(row) if row else None

    def of_workspace(self, workspace_id: str) -> list[ApiKey]:
        """Every key, the oldest first."""
        query = select(t.api_keys).where(t.api_keys.c.workspace_id == workspace_id).order_by(t.api_keys.c.id)
        return [_key(r) for r in self._session.execute(query)]

    def revoke(self, workspace_id: str, key_id: str, *, now: datetime) -> bool:
        """False if there is no such key in force."""
        c = t.api_keys.c
        where = (c.id == key_id, c.workspace_id == workspace_id, c.revoked_at.is_(None))
        return self._session.execute(update(t.api_keys).where(*where).values(revoked_at=now)).rowcount == 1

    def expire(self, key_id: str, *, at: datetime) -> None:
        self._session.execute(update(t.api_keys).where(t.api_keys.c.id == key_id).values(expires_at=at))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        workspace_id=row.workspace_id,
        name=row.name,
        scopes=tuple(KeyScope(s) for s in row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
