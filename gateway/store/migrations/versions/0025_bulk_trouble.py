"""why a message to many stopped, or a person of it got nothing, for every language"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("bulks", sa.Column("trouble", sa.JSON(none_as_null=True)))
    op.add_column("bulk_recipients", sa.Column("trouble", sa.JSON(none_as_null=True)))
