"""where a workspace's first set-up stands, and its test messages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("setup_step", sa.String(16), nullable=False, server_default=""))
    op.add_column("workspaces", sa.Column("tests_sent", sa.JSON(), nullable=False, server_default="{}"))
