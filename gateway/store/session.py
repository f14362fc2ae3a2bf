"""In charge of: one transaction's statements — those that can wait are gathered and sent many at a time, and what a
batch of mails will ask is read ahead.

Not in charge of: the transaction itself (`database`), or what is read and written (siblings).

A statement costs more than a row: eleven statements for each of fifty mails became twenty for all of them. Two rules
keep that invisible to whoever uses the siblings. Gathered rows are sent before anything else is executed, and before
the commit. What was read ahead is forgotten as soon as anything is written that was not gathered.

Where many columns of a row are read, the siblings read its `_mapping`, or unpack the row. For `row.name` SQLAlchemy
looks for that name in its class first, and throws an exception away: ten times as much work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Executable, Insert, MetaData, Table, Update

from gateway.store.many_rows import Row, send_rows

ASKED_AT_ONCE = 500  # ids in one question, where there may be any number


class Session:
    """A connection within a transaction, seen by the parts of `Transaction`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._gathered: dict[Insert | Update, list[Row]] = {}
        self._ahead: dict[str, dict[Any, Any]] = {}

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    def execute(
        self, statement: Executable, parameters: Row | Sequence[Row] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Send the gathered rows, then this statement."""
        self.flush()
        if not getattr(statement, "is_select", False):
            self._ahead.clear()
        return self._connection.execute(statement, parameters)

    def mark(self, statement: Executable) -> None:
        """Execute what neither reads nor writes rows (a lock that other processes look at): what was gathered may wait
        for more of its kind, and what was read ahead stays true.
        """
        self._connection.execute(statement)

    def gather(self, statement: Insert | Update, row: Row) -> None:
        """Execute this for the row later, together with its other rows: what others refer to first, else by first row.

        The same statement object each time (built once); all its rows have the same keys. What fails is raised by a
        later `execute`, or by `flush`.
        """
        self._gathered.setdefault(statement, []).append(row)

    def execute_many(self, statement: Insert, rows: Sequence[Row]) -> None:
        """Send the gathered rows, then these, of a statement that is built once."""
        self.flush()
        self._ahead.clear()
        send_rows(self._connection, statement, rows)

    def flush(self) -> None:
        """Send what was gathered."""
        while self._gathered:
            statement = min(self._gathered, key=_place_of)
            send_rows(self._connection, statement, self._gathered.pop(statement))

    def read_ahead(self, kind: str, found: Mapping[Any, Any]) -> None:
        """Keep answers for questions that are sure to come; `find_ahead` gives them until something is written."""
        self._ahead.setdefault(kind, {}).update(found)

    def find_ahead(self, kind: str, key: Any, default: Any = None) -> Any:
        """The answer that was read ahead, else `default`."""
        return self._ahead.get(kind, {}).get(key, default)

    def note_ahead(self, kind: str, key: Any, value: Any) -> None:
        """A gathered row changes an answer that was read ahead; nothing happens if it was not."""
        if key in self._ahead.get(kind, {}):
            self._ahead[kind][key] = value


def _place_of(statement: Insert | Update) -> int:
    """Where its table stands among all: a table after those that it refers to. The rows of one statement may have come
    together before and after a flush, so the order in which they were gathered does not say it.
    """
    table = statement.table
    assert isinstance(table, Table)  # nobody writes into a join
    return _order_of(table.metadata)[table.name]


@cache
def _order_of(metadata: MetaData) -> dict[str, int]:
    return {table.name: place for place, table in enumerate(metadata.sorted_tables)}
