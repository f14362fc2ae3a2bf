"""In charge of: the next numbers of messages and events in a thread, without gaps and in commit order.

Not in charge of: what is numbered (`messages`, `events`).

Whoever takes a number holds the thread's row until the commit, so the numbers can be counted in memory meanwhile and
the row is written with everything else that was gathered.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Update, bindparam, select

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.session import Session


class Sequences:
    """The numbers of threads within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: dict[str, tuple[int, int]] = {}
        self._gathered: dict[str, Update] = {}

    def hold(self, thread_id: str, *, last_seq: int, last_event: int) -> None:
        """The thread's row is locked and says this; what was counted since stays counted."""
        self._held.setdefault(thread_id, (last_seq, last_event))

    def hold_many(self, thread_ids: Collection[str]) -> None:
        """Lock several threads' rows, in one order for everybody, so that no two wait for each other."""
        for row in self._session.execute(_LOCK_MANY, {"threads": sorted(thread_ids)}) if thread_ids else ():
            self.hold(row.id, last_seq=row.last_seq, last_event=row.last_event)

    def next_event(self, thread_id: str) -> int:
        """Take the next event's number."""
        seq, event = self._last(thread_id)
        self._held[thread_id] = (seq, event + 1)
        return event + 1

    def next_message(self, thread_id: str) -> tuple[int, int]:
        """Take the next message's number and that of its event."""
        seq, event = self._last(thread_id)
        self._held[thread_id] = (seq + 1, event + 1)
        return seq + 1, event + 1

    def next_moved(self, thread_id: str) -> int:
        """Take the next message's number for one that comes from another thread: it has no event of its own."""
        seq, event = self._last(thread_id)
        self._held[thread_id] = (seq + 1, event)
        return seq + 1

    def last_message(self, thread_id: str) -> int:
        """The newest message's number, with those that were taken since."""
        return self._last(thread_id)[0]

    def save(self, statement: Update, thread_id: str, values: dict[str, Any]) -> None:
        """Gather the update of the thread's row that goes with a number. Different updates of one thread keep their
        order.
        """
        if self._gathered.get(thread_id, statement) is not statement:
            self._session.flush()
        self._gathered[thread_id] = statement
        self._session.gather(statement, {"thread": thread_id, **values})

    def _last(self, thread_id: str) -> tuple[int, int]:
        if thread_id not in self._held:
            row = self._session.execute(_LOCK, {"thread": thread_id}).one()
            self._held[thread_id] = (row.last_seq, row.last_event)
        return self._held[thread_id]


_LOCK = (
    select(t.threads.c.last_seq, t.threads.c.last_event).where(t.threads.c.id == bindparam("thread")).with_for_update()
)
_LOCK_MANY = (
    select(t.threads.c.id, t.threads.c.last_seq, t.threads.c.last_event)
    .where(is_among(t.threads.c.id, "threads"))
    .order_by(t.threads.c.id)
    .with_for_update()
)
