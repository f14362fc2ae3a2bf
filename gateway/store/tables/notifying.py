"""In charge of: the tables of what members are told, and how they wish to be."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, text

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column

preferences = Table(  # of members who chose something; the others have the usual ones
    "preferences",
    metadata,
    Column("member_id", String(26), ForeignKey("members.id"), primary_key=True),
    Column("ways", JSON, nullable=False),  # that are switched on
    Column("kinds", JSON, nullable=False),  # by way
    Column("hours_begin", Integer),  # minutes of the day; none: at all hours
    Column("hours_end", Integer),
    Column("days", JSON, nullable=False),  # 0 = Monday
    Column("timezone", String(64), nullable=False, default=""),
    text_column("slack_url"),  # sealed
)

news = Table(  # one row for each member who is told: the bell, and what waits for receiving hours
    "news",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id"),
    ref_column("member_id", "members.id"),
    ref_column("thread_id", "threads.id", nullable=True, index=True),
    Column("kind", String(16), nullable=False),
    Column("subject_id", String(26), nullable=False, default=""),  # a message or an inbox entry
    text_column("by_name"),
    Column("at", UtcTime, nullable=False, index=True),
    Column("read_at", UtcTime),
    Column("ways", JSON, nullable=False),  # that are still to be used
    Column("due_at", UtcTime),  # when they may be
    Index(None, "member_id", "id"),
    Index(
        "ix_news_unread",
        "member_id",
        "thread_id",
        sqlite_where=text("read_at IS NULL"),
        postgresql_where=text("read_at IS NULL"),
    ),
    Index(
        "ix_news_due",
        "due_at",
        "member_id",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
)

devices = Table(  # browsers that show a member's news, while the session there is in force
    "devices",
    metadata,
    id_column(),
    ref_column("member_id", "members.id", index=True),
    Column("session_hash", String(64), ForeignKey("sessions.hash", ondelete="SET NULL"), index=True),
    Column("endpoint", String(2000), nullable=False, unique=True),  # at the browser's push service
    Column("p256dh", String(100), nullable=False),
    Column("auth", String(32), nullable=False),
    Column("vapid", String(100), nullable=False),  # our public key that it was made for
    text_column("client"),
    Column("created_at", UtcTime, nullable=False),
    Column("kept_at", UtcTime, nullable=False),  # when the browser last gave it
)
