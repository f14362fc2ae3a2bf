"""In charge of: inbox entries as rows — stored once, claimed, finished.

Not in charge of: understanding or deciding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Row, Update, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.blobs import NAME_DIGITS
from gateway.store.session import Session
from gateway.threads.model import InboxEntry, InboxState

TO_DECIDE = (InboxState.HELD, InboxState.UNMATCHED, InboxState.FAILED)


class Inbox:
    """Inbox entries within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def store_once(self, entries: Sequence[InboxEntry]) -> None:
        """Write the entries that are not there yet (same bytes, same recipient)."""
        self._session.execute_many(_STORE_ONCE[self._session.dialect.name], [_row_of(e) for e in entries])

    def find(self, entry_id: str) -> InboxEntry | None:
        row = self._session.execute(select(t.inbox).where(t.inbox.c.id == entry_id)).first()
        return _entry(row) if row else None

    def find_by_digest(self, start: str) -> list[InboxEntry]:
        """Entries of the mail whose SHA-256 begins so (at least as many hex digits as the 250 said)."""
        if len(start) < NAME_DIGITS or not all(c in "0123456789abcdef" for c in start):
            return []
        c = t.inbox.c
        query = select(t.inbox).where(c.digest >= start, c.digest <= start + "g").order_by(c.id)
        return [_entry(r) for r in self._session.execute(query)]

    def ids_of(
        self,
        states: Sequence[InboxState],
        *,
        reason: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[str]:
        """Ids of entries in these states, oldest first; with this reason, received from `since` to before `until`."""
        c = t.inbox.c
        query = select(c.id).where(c.state.in_([s.value for s in states]))
        if reason:
            query = query.where(c.reason == reason)
        if since:
            query = query.where(c.received_at >= since)
        if until:
            query = query.where(c.received_at < until)
        return list(self._session.execute(query.order_by(c.id)).scalars())

    def is_due(self, entry_id: str, *, now: datetime) -> bool:
        """Does it wait for a worker?"""
        query = select(t.inbox.c.id).where(t.inbox.c.id == entry_id, _free(now))
        return self._session.execute(query).first() is not None

    def claim_many(
        self, *, first: str, limit: int, most_bytes: int, now: datetime, until: datetime
    ) -> list[InboxEntry]:
        """Take waiting entries for processing, oldest first, `first` among them: at most so many, and so many bytes
        together (but one at least). What somebody else is taking at this moment is left out."""
        chosen: list[str] = []
        for entry_id, size, tries in self._waiting(first, limit=limit, now=now):
            most_bytes -= size
            if chosen and (most_bytes < 0 or tries):
                break
            chosen.append(entry_id)
            if tries:  # it was under way when a worker ended: perhaps it was the cause, so it goes alone
                break
        rows = self._session.execute(_CLAIM, {"ids": chosen, "until": until}).all() if chosen else []
        return sorted((_entry(r) for r in rows), key=lambda e: (e.received_at, e.id))

    def _waiting(self, first: str, *, limit: int, now: datetime) -> Iterator[tuple[str, int, int]]:
        """(id, size, tries) of what may be claimed, locked: `first`, then what dead workers left, then what came, each
        by age.
        """
        seen: set[str] = set()
        for query in (_WAITING_ONE, _WAITING_LEFT, _WAITING_NEW):
            if query is _WAITING_ONE and not first:
                continue
            rows = self._session.execute(query, {"first": first, "now": now, "limit": limit}).all()
            for entry_id, size, tries in rows:
                if entry_id not in seen and len(seen) < limit:
                    seen.add(entry_id)
                    yield entry_id, size, tries

    def hold(self, entries: Sequence[InboxEntry]) -> set[str]:
        """Lock those that these claims still hold; their ids.

        Each claim counts a try, so a claim that another worker took over is known by its number.
        """
        rows = self._session.execute(_HOLD, {"ids": sorted(e.id for e in entries)})
        tries = {entry_id: number for entry_id, number in rows}
        return {e.id for e in entries if tries.get(e.id) == e.tries}

    def take_back(self) -> None:
        """Entries under way wait again: when nobody else can be working on them."""
        c = t.inbox.c
        left = update(t.inbox).where(c.state == InboxState.PROCESSING.value)
        self._session.execute(left.values(state=InboxState.RECEIVED.value, lease_until=None))

    def due(self, *, now: datetime, limit: int) -> list[str]:
        """Ids that nobody processes: received, or left by a worker that died."""
        return list(self._session.execute(_DUE, {"now": now, "limit": limit}).scalars())

    def has_unfinished(self) -> bool:
        """Is any entry waiting for a worker, or in the hands of one?"""
        unfinished = (InboxState.RECEIVED.value, InboxState.PROCESSING.value)
        query = select(t.inbox.c.id).where(t.inbox.c.state.in_(unfinished)).limit(1)
        return self._session.execute(query).first() is not None

    def backlog(self) -> tuple[int, datetime | None]:
        """How many entries no worker has finished, and when the oldest came."""
        c = t.inbox.c
        unfinished = (InboxState.RECEIVED.value, InboxState.PROCESSING.value)
        query = select(func.count(), func.min(c.received_at)).where(c.state.in_(unfinished))
        number, oldest = self._session.execute(query).one()
        return number, oldest

    def finish(self, entry_id: str, state: InboxState, **values: Any) -> None:
        """The entry's outcome: state, reason, what was read."""
        values = {"state": state.value, "lease_until": None, **values}
        self._session.gather(_finish(tuple(values)), {"entry": entry_id, **{f"new_{k}": v for k, v in values.items()}})
        whose = (values.get("thread_id"), values.get("participant_id"))
        if state is InboxState.THREADED and (known := self._session.find_ahead(_RECENT, whose)) is not None:
            self._session.note_ahead(_RECENT, whose, known + 1)

    def move(self, entry_id: str, *, from_states: Sequence[InboxState], to: InboxState, reason: str) -> bool:
        """A person's decision; False if the entry has meanwhile left these states."""
        c = t.inbox.c
        moved = (
            update(t.inbox)
            .where(c.id == entry_id, c.state.in_([s.value for s in from_states]))
            .values(state=to.value, reason=reason, lease_until=None)
        )
        return self._session.execute(moved).rowcount == 1

    def page(
        self,
        workspace_id: str,
        states: Sequence[InboxState],
        *,
        openings: Collection[str] | None = None,
        before: str = "",
        limit: int,
    ) -> list[InboxEntry]:
        """Entries of a workspace in these states, newest first, below the cursor `before` (an id); `openings`: of
        their conversations only.
        """
        c = t.inbox.c
        query = select(t.inbox).where(*_waiting_in(workspace_id, states, openings))
        if before:
            query = query.where(c.id < before)
        return [_entry(r) for r in self._session.execute(query.order_by(c.id.desc()).limit(limit))]

    def of_thread(self, thread_id: str, states: Sequence[InboxState], *, limit: int = 100) -> list[InboxEntry]:
        c = t.inbox.c
        query = select(t.inbox).where(c.thread_id == thread_id, c.state.in_([s.value for s in states]))
        return [_entry(r) for r in self._session.execute(query.order_by(c.id.desc()).limit(limit))]

    def count(self, workspace_id: str, states: Sequence[InboxState], *, openings: Collection[str] | None = None) -> int:
        query = select(func.count()).select_from(t.inbox).where(*_waiting_in(workspace_id, states, openings))
        number: int = self._session.execute(query).scalar_one()
        return number

    def count_threaded(self, thread_id: str, participant_id: str, *, since: datetime) -> int:
        """Mails of one person that entered a thread since a time: for the loop guard."""
        known: int | None = self._session.find_ahead(_RECENT, (thread_id, participant_id))
        if known is not None:
            return known
        of = {"thread": thread_id, "person": participant_id, "since": since}
        number: int = self._session.execute(_COUNT_THREADED, of).scalar_one()
        return number

    def count_ahead(self, people: Sequence[tuple[str, str]], *, since: datetime) -> None:
        """Read ahead what `count_threaded` will be asked, for several (thread id, participant id)."""
        found = dict.fromkeys(people, 0)
        threads = sorted({thread_id for thread_id, _ in people})
        for row in self._session.execute(_COUNT_AHEAD, {"threads": threads, "since": since}):
            thread_id, person_id, number = row
            if (thread_id, person_id) in found:
                found[thread_id, person_id] = number
        self._session.read_ahead(_RECENT, found)

    def held_by_thread(self, thread_ids: Sequence[str]) -> dict[str, int]:
        """How many mails wait for a decision, by thread."""
        if not thread_ids:
            return {}
        c = t.inbox.c
        query = (
            select(c.thread_id, func.count())
            .where(c.thread_id.in_(thread_ids), c.state == InboxState.HELD.value)
            .group_by(c.thread_id)
        )
        return {row[0]: row[1] for row in self._session.execute(query)}


_COUNT_THREADED = (
    select(func.count())
    .select_from(t.inbox)
    .where(
        t.inbox.c.thread_id == bindparam("thread"),
        t.inbox.c.participant_id == bindparam("person"),
        t.inbox.c.state == InboxState.THREADED.value,
        t.inbox.c.received_at >= bindparam("since"),
    )
)
_RECENT = "recent"
_COUNT_AHEAD = (
    select(t.inbox.c.thread_id, t.inbox.c.participant_id, func.count().label("number"))
    .where(
        is_among(t.inbox.c.thread_id, "threads"),
        t.inbox.c.state == InboxState.THREADED.value,
        t.inbox.c.received_at >= bindparam("since"),
    )
    .group_by(t.inbox.c.thread_id, t.inbox.c.participant_id)
)
_HOLD = (
    select(t.inbox.c.id, t.inbox.c.tries)
    .where(is_among(t.inbox.c.id, "ids"), t.inbox.c.state == InboxState.PROCESSING.value)
    .order_by(t.inbox.c.id)
    .with_for_update()
)
_STORE_ONCE = {  # built once: building a statement costs more than running it
    "sqlite": sqlite_insert(t.inbox).on_conflict_do_nothing(index_elements=["digest", "rcpt"]),
    "postgresql": pg_insert(t.inbox).on_conflict_do_nothing(index_elements=["digest", "rcpt"]),
}


def _waiting_in(
    workspace_id: str, states: Sequence[InboxState], openings: Collection[str] | None
) -> list[ColumnElement[bool]]:
    c, th = t.inbox.c, t.threads.c
    where = [c.workspace_id == workspace_id, c.state.in_([s.value for s in states])]
    if openings is not None:
        where.append(c.thread_id.in_(select(th.id).where(th.opening_id.in_(openings))))
    return where


@cache
def _finish(columns: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {column: bindparam(f"new_{column}") for column in columns}
    return update(t.inbox).where(t.inbox.c.id == bindparam("entry")).values(values)


def _free(now: datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """Nobody processes it: received, or left by a worker that died."""
    c = t.inbox.c
    return or_(c.state == InboxState.RECEIVED.value, (c.state == InboxState.PROCESSING.value) & (c.lease_until < now))


_ROW = select(t.inbox.c.id, t.inbox.c.size, t.inbox.c.tries).with_for_update(skip_locked=True)
_NOW = bindparam("now", type_=t.UtcTime())
_OLDEST = (t.inbox.c.received_at, t.inbox.c.id)
_WAITING_ONE = _ROW.where(t.inbox.c.id == bindparam("first"), _free(_NOW))
_WAITING_LEFT = (
    _ROW.where(t.inbox.c.state == InboxState.PROCESSING.value, t.inbox.c.lease_until < _NOW)
    .order_by(*_OLDEST)
    .limit(bindparam("limit"))
)
_DUE = select(t.inbox.c.id).where(_free(_NOW)).order_by(t.inbox.c.received_at).limit(bindparam("limit"))
_CLAIM = (
    update(t.inbox)
    .where(is_among(t.inbox.c.id, "ids"))
    .values(state=InboxState.PROCESSING.value, lease_until=bindparam("until"), tries=t.inbox.c.tries + 1)
    .returning(*t.inbox.c)
)
_WAITING_NEW = _ROW.where(t.inbox.c.state == InboxState.RECEIVED.value).order_by(*_OLDEST).limit(bindparam("limit"))


def _row_of(e: InboxEntry) -> dict[str, Any]:
    return {
        "id": e.id,
        "workspace_id": e.workspace_id,
        "state": e.state.value,
        "digest": e.digest,
        "size": e.size,
        "rcpt": e.rcpt,
        "envelope_from": e.envelope_from,
        "peer": e.peer,
        "helo": e.helo,
        "tls": e.tls,
        "thread_id": e.thread_id,
        "participant_id": e.participant_id,
        "received_at": e.received_at,
    }


def _entry(row: Row[Any]) -> InboxEntry:
    of = row._mapping
    return InboxEntry(
        id=of["id"],
        workspace_id=of["workspace_id"],
        state=InboxState(of["state"]),
        reason=of["reason"],
        detail=of["detail"],
        digest=of["digest"],
        size=of["size"],
        rcpt=of["rcpt"],
        envelope_from=of["envelope_from"],
        peer=of["peer"],
        helo=of["helo"],
        tls=of["tls"],
        received_at=of["received_at"],
        tries=of["tries"],
        thread_id=of["thread_id"],
        participant_id=of["participant_id"],
        message_id=of["message_id"],
        body_digest=of["body_digest"],
        subject=of["subject"],
        from_address=of["from_address"],
        from_name=of["from_name"],
        proof=of["proof"],
        date=of["date"],
        words=of["words"],
    )
