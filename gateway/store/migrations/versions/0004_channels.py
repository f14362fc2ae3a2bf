"""channels to phones: plan and fall-back of a delivery, look-ups, a workspace's order and senders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("workspaces") as table:
        table.add_column(sa.Column("channels", sa.JSON(), server_default="[]", nullable=False))
        table.add_column(sa.Column("sms_sender", sa.String(length=32), server_default="", nullable=False))
        table.add_column(sa.Column("kakao_sender", sa.String(length=64), server_default="", nullable=False))
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("rest", sa.JSON(), server_default="[]", nullable=False))
        table.add_column(sa.Column("purpose", sa.String(length=16), server_default="transactional", nullable=False))
        table.add_column(sa.Column("look_at", UtcTime(), nullable=True))
        table.add_column(sa.Column("fallback_at", UtcTime(), nullable=True))
        table.add_column(sa.Column("fallback_of", sa.String(length=26), nullable=True))
    op.create_index("ix_deliveries_provider_id", "deliveries", ["provider_id"])
    op.create_index("ix_deliveries_look_at", "deliveries", ["look_at"])
    op.create_index("ix_applicants_phone", "applicants", ["phone"])
