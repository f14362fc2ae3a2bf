"""who recorded a consent to advertising"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("consents", sa.Column("given_by", sa.String(8), nullable=False, server_default="api"))
