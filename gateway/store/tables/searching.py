"""In charge of: the tables of the search. What they hold follows from other tables and can be built anew.

Not in charge of: SQLite's full-text table beside them (`search_words`, kept by triggers; the migration makes it).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR

from gateway.store.tables.columns import UtcTime, metadata, ref_column

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

search_documents = Table(
    "search_documents",
    metadata,
    Column("no", _NUMBER, primary_key=True, autoincrement=False),  # newer is greater
    Column("kind", String(1), nullable=False),  # p(erson) | m(essage)
    Column("subject_id", String(26), nullable=False),
    ref_column("thread_id", "threads.id", index=True),
    ref_column("workspace_id", "workspaces.id"),
    Column("at", UtcTime, nullable=False),
    Column("words", Text().with_variant(TSVECTOR, "postgresql"), nullable=False),  # SQLite: " one two three "
    UniqueConstraint("kind", "subject_id"),
    Index(None, "workspace_id", "kind", "no"),
    Index(None, "workspace_id", "kind", "at"),
    Index("ix_search_documents_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

search_waiting = Table(  # what is new or changed and not yet in the index
    "search_waiting",
    metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("kind", String(1), nullable=False),
    Column("subject_id", String(26), nullable=False),
)
