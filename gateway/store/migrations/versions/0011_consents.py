"""consents to advertising; the language of an opening"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("applicant_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("given_at", UtcTime(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", UtcTime()),
        sa.Column("withdrawn_by", sa.String(8), nullable=False),
        sa.ForeignKeyConstraint(["applicant_id"], ["applicants.id"], name=op.f("fk_consents_applicant_id")),
        sa.PrimaryKeyConstraint("applicant_id", "kind", name=op.f("pk_consents")),
    )
    op.add_column("openings", sa.Column("locale", sa.String(16), nullable=False, server_default=""))
