"""how long a workspace keeps its conversations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("keep_days", sa.Integer()))
