"""In charge of: the question whether a column holds one of several ids, with all of them in one parameter.

Not in charge of: which ids are asked for (siblings).

SQLAlchemy's `in_` writes a statement anew for each number of ids, and both databases read it anew. This one has the
same text each time: SQLite is given a JSON array, PostgreSQL an array.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


def is_among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Is the column one of the ids that will be given as the parameter `name`?"""
    return _Among(column, bindparam(name, type_=_Ids))


class _Ids(TypeDecorator[Collection[str]]):
    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> list[str] | str:
        ids = list(value or ())
        return ids if dialect.name == "postgresql" else json.dumps(ids)


class _Among(FunctionElement[bool]):
    inherit_cache = True


@compiles(_Among, "sqlite")
def _write_for_sqlite(among: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, ids = (compiler.process(part, **how) for part in among.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"


@compiles(_Among, "postgresql")
def _write_for_postgres(among: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, ids = (compiler.process(part, **how) for part in among.clauses)
    return f"{column} = ANY ({ids})"
