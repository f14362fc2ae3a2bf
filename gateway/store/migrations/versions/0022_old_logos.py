"""the logos that a company had before"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("old_logos", sa.JSON(), nullable=False, server_default="[]"))
