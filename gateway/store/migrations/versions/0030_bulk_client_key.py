"""the key under which a message to many was posted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("bulks", sa.Column("client_key", sa.String(200)))
    op.create_index(op.f("ix_bulks_workspace_id_client_key"), "bulks", ["workspace_id", "client_key"], unique=True)
