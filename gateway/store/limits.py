"""In charge of: idempotency keys and rate counters, which must hold across processes.

Not in charge of: what they protect.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.session import Session


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer to a request with an idempotency key; `status` 0 while that request is under way."""

    digest: str
    status: int
    body: str
    created_at: datetime


class Limits:
    """Keys and counters within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._insert = pg_insert if session.dialect.name == "postgresql" else sqlite_insert

    def take_key(self, workspace_id: str, key: str, *, digest: str, now: datetime) -> bool:
        """Reserve a key; False if it is taken."""
        row = {"workspace_id": workspace_id, "key": key, "digest": digest, "status": 0, "body": "", "created_at": now}
        statement = self._insert(t.idempotency_keys).values(row).on_conflict_do_nothing()
        return self._session.execute(statement.returning(t.idempotency_keys.c.key)).first() is not None

    def retake_key(self, workspace_id: str, key: str, *, digest: str, stale_before: datetime, now: datetime) -> bool:
        """Take over a key whose first request died without an answer; False if somebody else did or it lives."""
        c = t.idempotency_keys.c
        stale = (c.workspace_id == workspace_id, c.key == key, c.status == 0, c.created_at <= stale_before)
        taken = update(t.idempotency_keys).where(*stale).values(digest=digest, created_at=now).returning(c.key)
        return self._session.execute(taken).first() is not None

    def drop_old_keys(self, *, before: datetime) -> None:
        """Forget answers that nobody will ask for again: they hold addresses."""
        self._session.execute(delete(t.idempotency_keys).where(t.idempotency_keys.c.created_at < before))

    def find_key(self, workspace_id: str, key: str) -> StoredAnswer | None:
        c = t.idempotency_keys.c
        row = self._session.execute(
            select(t.idempotency_keys).where(c.workspace_id == workspace_id, c.key == key)
        ).first()
        return StoredAnswer(row.digest, row.status, row.body, row.created_at) if row else None

    def save_answer(self, workspace_id: str, key: str, *, status: int, body: str) -> None:
        c = t.idempotency_keys.c
        where = (c.workspace_id == workspace_id, c.key == key)
        self._session.execute(update(t.idempotency_keys).where(*where).values(status=status, body=body))

    def free_key(self, workspace_id: str, key: str) -> None:
        c = t.idempotency_keys.c
        self._session.execute(delete(t.idempotency_keys).where(c.workspace_id == workspace_id, c.key == key))

    def forget(self, name: str) -> None:
        """Begin to count from nothing."""
        self._session.execute(delete(t.counters).where(t.counters.c.name == _stored(name)))

    def count(self, name: str, *, now: datetime, seconds: int) -> int:
        """Count one more in the present window of `seconds`; the number so far, this one included."""
        name, window = _stored(name), int(now.timestamp()) // seconds
        ends_at = datetime.fromtimestamp((window + 1) * seconds, UTC)
        statement = self._insert(t.counters).values(name=name, window=window, count=1, ends_at=ends_at)
        c = t.counters.c
        counted = statement.on_conflict_do_update(index_elements=[c.name, c.window], set_={"count": c.count + 1})
        number: int = self._session.execute(counted.returning(c.count)).scalar_one()
        if number == 1:
            self._session.execute(delete(t.counters).where(c.name == name, c.window < window))
        return number

    def drop_old_counters(self, *, now: datetime) -> None:
        """Those whose window has ended: of what a stranger typed once, nothing counts again."""
        self._session.execute(delete(t.counters).where(t.counters.c.ends_at <= now))


def _stored(name: str) -> str:
    """What is counted in plain words, whom as a digest: it may be an address, and counters outlive people (SJ-P3)."""
    what, _, whom = name.partition(":")
    return f"{what}:{sha256(whom.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"
