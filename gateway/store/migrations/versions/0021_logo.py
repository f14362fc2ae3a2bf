"""a company's logo"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("logo", sa.String(64), nullable=False, server_default=""))
    for name in ("logo_width", "logo_height"):
        op.add_column("workspaces", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
