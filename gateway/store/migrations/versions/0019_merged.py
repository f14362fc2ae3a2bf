"""conversations that became part of another of the same person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("threads", sa.Column("merged_into", sa.String(26)))
    condition = sa.text("merged_into IS NOT NULL")
    op.create_index(
        "ix_threads_merged_into", "threads", ["merged_into"], sqlite_where=condition, postgresql_where=condition
    )
