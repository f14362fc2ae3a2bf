"""where in a message the pictures of a mail stand"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("attachments", sa.Column("place", sa.Integer()))
