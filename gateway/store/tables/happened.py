"""In charge of: the tables of what happened and who is told of it; keys and counts that must hold across processes."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column

events = Table(  # append-only
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    ref_column("workspace_id", "workspaces.id"),
    ref_column("thread_id", "threads.id"),
    Column("seq", Integer, nullable=False),  # within the thread, without gaps
    Column("name", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("thread_id", "seq"),
    sqlite_autoincrement=True,
)

webhooks = Table(  # endpoints of the ATS; each has its own place in the events
    "webhooks",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id", index=True),
    Column("url", Text, nullable=False),
    text_column("description"),
    Column("types", JSON, nullable=False),  # [] = every event
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False, default=""),
    Column("secret", Text, nullable=False),  # sealed with the installation's secret key
    text_column("old_secret"),
    Column("old_secret_until", UtcTime),
    Column("cursor", BigInteger, nullable=False),  # newest event that was queued for it
    Column("failing_since", UtcTime),
    Column("paused_until", UtcTime),
    Column("lease_until", UtcTime),  # one process at a time posts to an endpoint: that keeps the order
    Column("created_at", UtcTime, nullable=False),
)

webhook_posts = Table(  # the outbox of the endpoints: one row for each event and endpoint
    "webhook_posts",
    metadata,
    id_column(),
    ref_column("webhook_id", "webhooks.id"),
    Column("event_id", BigInteger, nullable=False),
    ref_column("thread_id", "threads.id", index=True),
    Column("type", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # queued | delivered | failed
    Column("tries", Integer, nullable=False, default=0),
    Column("code", String(32), nullable=False, default=""),
    Column("next_attempt_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("delivered_at", UtcTime),
    UniqueConstraint("webhook_id", "event_id"),
    Index(None, "webhook_id", "state", "thread_id", "event_id"),
)

audit = Table(  # who did what, for the company (SJ-P4); append-only
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    ref_column("workspace_id", "workspaces.id", nullable=True),
    ref_column("thread_id", "threads.id", nullable=True, index=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64), nullable=False, default=""),
    Column("actor_name", Text, nullable=False, default=""),
    Column("action", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "workspace_id", "id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("workspace_id", String(26), ForeignKey("workspaces.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),  # 0 while the first request is under way
    Column("body", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

counters = Table(  # rate limits that must hold across processes: one row for each (what, whom, window)
    "counters",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("window", Integer, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("ends_at", UtcTime, nullable=False, index=True),
)
