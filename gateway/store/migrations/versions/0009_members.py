"""roles in openings, second step at sign-in, sessions that can be told apart, companies' identity providers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("own_openings_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("members", sa.Column("totp_secret", sa.Text(), nullable=False, server_default=""))
    op.add_column("members", sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("members", sa.Column("recovery_codes", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("sessions", sa.Column("way", sa.String(16), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("sessions", sa.Column("last_used_at", UtcTime()))
    op.create_table(
        "opening_members",
        sa.Column("opening_id", sa.String(26), nullable=False),
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["opening_id"], ["openings.id"], name=op.f("fk_opening_members_opening_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_opening_members_member_id")),
        sa.PrimaryKeyConstraint("opening_id", "member_id", name=op.f("pk_opening_members")),
    )
    op.create_index(op.f("ix_opening_members_member_id"), "opening_members", ["member_id"])
    op.create_table(
        "identity_providers",
        sa.Column("workspace_id", sa.String(26), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_identity_providers_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_identity_providers")),
    )
    op.create_index(op.f("ix_threads_opening_id_last_at"), "threads", ["opening_id", "last_at"])
