"""where a company says what it does with people's data"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("privacy_url", sa.Text(), nullable=False, server_default=""))
