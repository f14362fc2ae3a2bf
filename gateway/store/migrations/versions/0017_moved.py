"""messages that were moved to another conversation: the number that each had before stays taken"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "moved",
        sa.Column("thread_id", sa.String(26), sa.ForeignKey("threads.id"), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("message_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("client_key", sa.String(200)),
        sa.Column("rfc_message_id", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.String(64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.UniqueConstraint("thread_id", "client_key", name="uq_moved_thread_id_client_key"),
    )
    op.create_index("ix_moved_message_id", "moved", ["message_id"])
    op.create_index("ix_moved_rfc_message_id", "moved", ["rfc_message_id"])
