"""copies of what went out, word for word; which message a mail's writer had not seen"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "copies",
        sa.Column("delivery_id", sa.String(26), sa.ForeignKey("deliveries.id"), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
    )
    op.add_column("messages", sa.Column("crossed_id", sa.String(26)))
