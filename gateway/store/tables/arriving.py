"""In charge of: the tables of what arrived, as it arrived."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from gateway.store.tables.columns import UtcTime, id_column, metadata, ref_column, text_column

blobs = Table(  # raw mails and files by content hash; big ones lie in the blob store and have no data here
    "blobs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary),
    Column("created_at", UtcTime, nullable=False),
)

inbox = Table(  # one row for each recipient of each mail
    "inbox",
    metadata,
    id_column(),
    ref_column("workspace_id", "workspaces.id", nullable=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False, default=""),
    text_column("detail"),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("rcpt", String(320), nullable=False),
    Column("envelope_from", Text, nullable=False),
    Column("peer", String(64), nullable=False, default=""),
    Column("helo", Text, nullable=False, default=""),
    Column("tls", Boolean, nullable=False, default=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("lease_until", UtcTime),
    ref_column("thread_id", "threads.id", nullable=True),
    ref_column("participant_id", "participants.id", nullable=True),
    Column("message_id", Text, nullable=False, default=""),
    Column("body_digest", String(64), nullable=False, default=""),
    text_column("subject"),
    text_column("from_address"),
    text_column("from_name"),
    text_column("proof"),
    Column("words", Text, nullable=False, default="", server_default=""),  # as read then, of a mail that waits
    Column("date", UtcTime),
    Column("received_at", UtcTime, nullable=False),
    Column("raw_gone", Boolean, nullable=False, default=False),  # retention ended: the raw bytes are no longer kept
    UniqueConstraint("digest", "rcpt"),  # a sender's retry after a lost 250 is one entry
    Index(None, "state", "received_at"),
    Index(None, "thread_id", "received_at"),
    Index(None, "workspace_id", "state", "id"),
)

confirmations = Table(  # "did you write this mail?", by a link that works once
    "confirmations",
    metadata,
    Column("hash", String(64), primary_key=True),
    ref_column("entry_id", "inbox.id", index=True),
    ref_column("participant_id", "participants.id", index=True),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
)
