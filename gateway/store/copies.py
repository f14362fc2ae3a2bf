"""In charge of: copies of what went out, as rows. Not in charge of: what a copy holds (`threads.copies`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.session import Session


class Copies:
    """Copies within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, delivery_id: str, content: bytes, *, now: datetime) -> None:
        """The copy of the newest attempt takes the place of an earlier one."""
        statement = _KEEP_PG if self._session.dialect.name == "postgresql" else _KEEP_LITE
        self._session.gather(statement, {"delivery_id": delivery_id, "content": content, "at": now})

    def find(self, delivery_id: str) -> tuple[bytes, datetime] | None:
        """(content, when it was handed over); None for what never went out, or before copies were kept."""
        c = t.copies.c
        row = self._session.execute(select(c.content, c.at).where(c.delivery_id == delivery_id)).first()
        return (row.content, row.at) if row else None


_LITE, _PG = sqlite_insert(t.copies), pg_insert(t.copies)
_KEEP_LITE = _LITE.on_conflict_do_update(
    index_elements=["delivery_id"], set_={"content": _LITE.excluded.content, "at": _LITE.excluded.at}
)
_KEEP_PG = _PG.on_conflict_do_update(
    index_elements=["delivery_id"], set_={"content": _PG.excluded.content, "at": _PG.excluded.at}
)
