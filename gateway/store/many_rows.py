"""In charge of: one INSERT or UPDATE with many rows, made ready once and then sent as often as there are rows.

Not in charge of: when rows are sent (`session`), or anything that gives rows back.

SQLAlchemy asks of each value of each row anew where it comes from and whether it must be converted; that costs as much
as SQLite's own work on the row. Here SQLAlchemy is asked once for a statement, and the answers are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Insert, Update
from sqlalchemy.sql.compiler import SQLCompiler

Row = Mapping[str, Any]
KEPT = 500  # statements; each is kept once for an engine


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement for one dialect: its text, its parameters in their order (None: the driver takes them by name), those
    that no row gives, and how the others are converted.
    """

    text: str
    order: Sequence[str] | None
    constants: Row
    changes: Sequence[tuple[str, Callable[[Any], Any]]]

    def fill(self, row: Row) -> Any:
        values = {**self.constants, **row}
        for name, change in self.changes:
            values[name] = change(values[name])
        return values if self.order is None else tuple([values[name] for name in self.order])


def send_rows(connection: Connection, statement: Insert | Update, rows: Sequence[Row]) -> None:
    """Execute the statement (the same object each time) for all of these rows, which have the same keys."""
    ready = _prepare(statement, connection.dialect, tuple(rows[0]))
    connection.exec_driver_sql(ready.text, [ready.fill(row) for row in rows])


@lru_cache(KEPT)
def _prepare(statement: Insert | Update, dialect: Dialect, keys: tuple[str, ...]) -> _Ready:
    compiled = statement.compile(dialect=dialect, column_keys=list(keys), for_executemany=True)
    assert isinstance(compiled, SQLCompiler)
    constants = {name: bind.effective_value for name, bind in compiled.binds.items() if name not in keys}
    constants |= {column.key: _default_of(column) for column in compiled.insert_prefetch}
    changes = {
        name: change
        for name, bind in compiled.binds.items()
        if (change := bind.type.dialect_impl(dialect).bind_processor(dialect))
    }
    return _Ready(
        text=compiled.string,
        order=compiled.positiontup,
        constants={name: changes[name](value) if name in changes else value for name, value in constants.items()},
        changes=[(name, change) for name, change in changes.items() if name not in constants],
    )


def _default_of(column: Column[Any]) -> Any:
    """What a column holds of which no row says anything. An empty list or object is made by a function."""
    default: Any = column.default
    value = default.arg(None) if default.is_callable else default.arg
    assert not default.is_callable or value in ([], {}), f"{column}: its default is another one each time"
    return value
