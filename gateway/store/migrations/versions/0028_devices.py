"""browsers to which a member's news is pushed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("session_hash", sa.String(64)),
        sa.Column("endpoint", sa.String(2000), nullable=False),
        sa.Column("p256dh", sa.String(100), nullable=False),
        sa.Column("auth", sa.String(32), nullable=False),
        sa.Column("vapid", sa.String(100), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("kept_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_devices_member_id")),
        sa.ForeignKeyConstraint(
            ["session_hash"], ["sessions.hash"], name=op.f("fk_devices_session_hash"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_devices_endpoint")),
    )
    op.create_index(op.f("ix_devices_member_id"), "devices", ["member_id"])
    op.create_index(op.f("ix_devices_session_hash"), "devices", ["session_hash"])
