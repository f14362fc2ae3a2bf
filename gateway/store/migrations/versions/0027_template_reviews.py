"""when a provider is asked about a template's review, and who is told"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("templates", sa.Column("saved_by", sa.String(26), nullable=False, server_default=""))
    op.add_column("templates", sa.Column("review_at", UtcTime()))
    op.execute("UPDATE templates SET review_at = updated_at")  # asked once; who does not wait is not asked again
    op.create_index("ix_templates_review_at", "templates", ["review_at"])
