"""In charge of: events (append-only, numbered within the thread) and the audit log.

Not in charge of: who may read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, case, column, func, insert, select, table, text, update

from gateway.store import tables as t
from gateway.store.sequences import Sequences
from gateway.store.session import Session
from gateway.threads.audit import Act
from gateway.threads.events import Event

UNMARKED = timedelta(seconds=30)  # how long a missing id is waited for that nobody has marked
_MARKS, _MARKS_END = 0x4556 << 48, 0x4557 << 48  # PostgreSQL's advisory locks that are marks: this and an id
SEARCHED = 5000  # newest ids that are searched for gaps


class Events:
    """Events and audit lines within one transaction."""

    def __init__(self, session: Session, sequences: Sequences) -> None:
        self._session = session
        self._sequences = sequences
        self._marked = session.dialect.name == "sqlite"  # one writer at a time: ids appear in order

    def append(self, thread_id: str, workspace_id: str, name: str, *, now: datetime, **data: str) -> None:
        """Add an event as the thread's next; the thread's row stays locked until the commit, so there are no gaps."""
        seq = self._sequences.next_event(thread_id)
        self._sequences.save(_STEP, thread_id, {"event_number": seq})
        self.add(thread_id, workspace_id, seq, name=name, now=now, data=data)

    def expect(self, thread_ids: Collection[str]) -> None:
        """Events of these threads are about to be appended: hold their rows with one statement."""
        self._sequences.hold_many(thread_ids)

    def add(
        self, thread_id: str, workspace_id: str, seq: int, *, name: str, now: datetime, data: dict[str, str]
    ) -> None:
        """Add an event whose number the caller has taken with the thread's row (`Threads.append`)."""
        self._mark()
        row = {"workspace_id": workspace_id, "thread_id": thread_id, "seq": seq, "name": name, "data": data, "at": now}
        self._session.gather(_ADD, row)

    def of_thread(self, thread_id: str, *, after: int, limit: int = 500) -> list[Event]:
        c = t.events.c
        query = select(t.events).where(c.thread_id == thread_id, c.seq > after).order_by(c.seq).limit(limit)
        return [_event(r) for r in self._session.execute(query)]

    def named(self, thread_id: str, names: tuple[str, ...], *, limit: int = 200) -> list[Event]:
        """The newest events of these names, oldest of them first."""
        c = t.events.c
        query = select(t.events).where(c.thread_id == thread_id, c.name.in_(names)).order_by(c.seq.desc()).limit(limit)
        return [_event(r) for r in self._session.execute(query)][::-1]

    def after(self, event_id: int, *, limit: int) -> list[Event]:
        """Events of all threads with a greater id. On PostgreSQL an older id may still appear: readers overlap."""
        query = select(t.events).where(t.events.c.id > event_id).order_by(t.events.c.id).limit(limit)
        return [_event(r) for r in self._session.execute(query)]

    def of_workspace(self, workspace_id: str, *, after: int, limit: int, until: int | None = None) -> list[Event]:
        """A company's events with a greater id, at most up to `until`."""
        c = t.events.c
        query = select(t.events).where(c.workspace_id == workspace_id, c.id > after)
        if until is not None:
            query = query.where(c.id <= until)
        return [_event(r) for r in self._session.execute(query.order_by(c.id).limit(limit))]

    def find(self, event_id: int) -> Event | None:
        row = self._session.execute(select(t.events).where(t.events.c.id == event_id)).first()
        return _event(row) if row else None

    def applicants_of(self, thread_ids: Iterable[str]) -> dict[str, str]:
        """The ATS's own id of each thread's applicant."""
        ids, c = list(set(thread_ids)), t.threads.c
        query = select(c.id, t.applicants.c.external_id).join(t.applicants, t.applicants.c.id == c.applicant_id)
        return {row[0]: row[1] for row in self._session.execute(query.where(c.id.in_(ids)))} if ids else {}

    def settled(self, *, now: datetime) -> int:
        """The id up to which no event can appear any more: a reader that stops there misses none. Whoever reads the
        events afterwards needs a view that is younger than this answer: another statement, but not within `read()`.

        Ids are taken before the commit, so on PostgreSQL a younger transaction's event may be seen first. Each
        transaction marks, until it ends, the id after which its own will be; that holds however long it lasts. Where
        an id is missing that nobody marked, it was given up, or an earlier version of the gateway is at it, which
        marks nothing and commits soon.
        """
        if self._session.dialect.name == "sqlite":
            return self.head()
        # PostgreSQL takes the statement's view first, and lets go of a lock after what was committed can be seen: who
        # is not in the view is among the locks.
        head, marked = self._session.execute(_HEAD_AND_MARK).one()
        c = t.events.c
        recent = select(c.id, c.at, func.lag(c.id).over(order_by=c.id).label("before")).where(c.id > head - SEARCHED)
        rows = recent.subquery()
        gap = select(func.min(rows.c.before)).where(rows.c.id - rows.c.before > 1, rows.c.at > now - UNMARKED)
        found: int | None = self._session.execute(gap).scalar_one()
        limits: list[int] = [head, *(limit for limit in (marked, found) if limit is not None)]
        return min(limits)

    def _mark(self) -> None:
        """Say to readers that this transaction's events will have greater ids than those that are taken now."""
        if not self._marked:
            self._marked = True
            self._session.mark(_MARK)

    def head(self) -> int:
        return self._session.execute(select(func.max(t.events.c.id))).scalar_one() or 0

    def write_audit(
        self,
        act: Act,
        *,
        now: datetime,
        workspace_id: str | None,
        actor_kind: str,
        actor_id: str = "",
        actor_name: str = "",
        thread_id: str | None = None,
        **data: str,
    ) -> None:
        """Who did what (SJ-P4). `data` holds ids and rule names, never bodies or secrets."""
        row: dict[str, Any] = {
            "workspace_id": workspace_id,
            "thread_id": thread_id,
            "actor_kind": actor_kind,
            "actor_id": actor_id,
            "actor_name": actor_name,
            "action": act.value,
            "data": data,
            "at": now,
        }
        self._session.execute(insert(t.audit), row)


_ADD = insert(t.events)
_STEP = update(t.threads).where(t.threads.c.id == bindparam("thread")).values(last_event=bindparam("event_number"))
_SEQUENCE = table("events_id_seq", column("last_value", BigInteger), column("is_called"))
_TAKEN = case((_SEQUENCE.c.is_called, _SEQUENCE.c.last_value), else_=0)
_MARK = select(func.pg_advisory_xact_lock_shared(_MARKS + _TAKEN)).select_from(_SEQUENCE)


_HEAD_AND_MARK = text(  # the newest id, and the least that is marked
    f"""
    SELECT (SELECT coalesce(max(id), 0) FROM events), min(key) - {_MARKS} FROM (
      SELECT classid::bigint << 32 | objid::bigint AS key FROM pg_locks
      WHERE locktype = 'advisory' AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS locks WHERE key >= {_MARKS} AND key < {_MARKS_END}
    """
)


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.workspace_id, row.thread_id, row.seq, row.name, dict(row.data), row.at)
