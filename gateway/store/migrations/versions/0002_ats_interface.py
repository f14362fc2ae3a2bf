"""scopes and expiry of API keys; webhook endpoints and their outbox; events about mails are named inbox.*"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0002"
down_revision = "0001"

RENAMED = {"mail.held": "inbox.held", "mail.automatic": "inbox.automatic", "mail.released": "inbox.released"}


def upgrade() -> None:
    every = sa.text("""'["read", "write", "review", "manage"]'""")  # keys made before could do everything
    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("scopes", sa.JSON(), nullable=False, server_default=every))
        table.add_column(sa.Column("expires_at", UtcTime()))
    with op.batch_alter_table("api_keys") as table:
        table.alter_column("scopes", server_default=None)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("workspace_id", sa.String(26), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=False),
        sa.Column("old_secret_until", UtcTime()),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", UtcTime()),
        sa.Column("paused_until", UtcTime()),
        sa.Column("lease_until", UtcTime()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_webhooks_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_workspace_id"), "webhooks", ["workspace_id"])
    op.create_table(
        "webhook_posts",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("webhook_id", sa.String(26), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.String(26), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("next_attempt_at", UtcTime()),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("delivered_at", UtcTime()),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_posts_webhook_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_webhook_posts_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_posts")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_posts_webhook_id_event_id")),
    )
    op.create_index(op.f("ix_webhook_posts_thread_id"), "webhook_posts", ["thread_id"])
    op.create_index(
        op.f("ix_webhook_posts_webhook_id_state_thread_id_event_id"),
        "webhook_posts",
        ["webhook_id", "state", "thread_id", "event_id"],
    )
    events = sa.table("events", sa.column("name", sa.String))
    for old, new in RENAMED.items():
        op.execute(events.update().where(events.c.name == old).values(name=new))
