"""In charge of: the tables of what is being written at the desk, and by whom."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, String, Table

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column


def _key(name: str, target: str) -> Column[str]:
    return Column(name, String(26), ForeignKey(target), primary_key=True)


drafts = Table(  # one for each member and thread
    "drafts",
    metadata,
    _key("member_id", "members.id"),
    _key("thread_id", "threads.id"),
    Column("kind", String(16), nullable=False),
    text_column("text"),
    Column("template", String(63), nullable=False, default=""),
    Column("channels", JSON, nullable=False),  # [] = as the workspace has it
    Column("updated_at", UtcTime, nullable=False),
)

draft_files = Table(  # uploaded one by one while the message is written
    "draft_files",
    metadata,
    id_column(),
    ref_column("member_id", "members.id"),
    ref_column("thread_id", "threads.id"),
    text_column("filename"),
    text_column("content_type"),
    Column("size", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False, index=True),
    Index(None, "member_id", "thread_id"),
)

presence = Table(  # who has a conversation open; rows are worth a minute
    "presence",
    metadata,
    _key("thread_id", "threads.id"),
    _key("member_id", "members.id"),
    Column("typing", Boolean, nullable=False),
    Column("at", UtcTime, nullable=False),
)
