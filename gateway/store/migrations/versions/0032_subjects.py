"""the subject that the writer of a mail gave it, beside its words"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.add_column("messages", sa.Column("subject", sa.Text(), nullable=False, server_default=""))
