"""what the ATS said of an applicant where a colleague corrected it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("applicants", sa.Column("corrected", sa.JSON(), nullable=False, server_default="{}"))
