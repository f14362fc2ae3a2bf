"""when a rejection without a message takes force"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables.columns import UtcTime

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("threads", sa.Column("closes_at", UtcTime()))
    where = sa.text("closes_at IS NOT NULL")
    op.create_index("ix_threads_closing", "threads", ["closes_at"], sqlite_where=where, postgresql_where=where)
