"""further addresses, confirmations, quarantined files, words of mails that wait"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("participant_id", sa.String(length=26), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("added_by", sa.String(length=26), nullable=False),
        sa.Column("confirmed_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_addresses_participant_id_participants")
        ),
        sa.PrimaryKeyConstraint("participant_id", "email", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_email"), "addresses", ["email"])
    op.create_table(
        "confirmations",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("entry_id", sa.String(length=26), nullable=False),
        sa.Column("participant_id", sa.String(length=26), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("used_at", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["inbox.id"], name=op.f("fk_confirmations_entry_id_inbox")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_confirmations_participant_id_participants")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_confirmations")),
    )
    op.create_index(op.f("ix_confirmations_entry_id"), "confirmations", ["entry_id"])
    op.create_index(op.f("ix_confirmations_participant_id"), "confirmations", ["participant_id"])
    op.add_column("attachments", sa.Column("danger", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("inbox", sa.Column("words", sa.Text(), nullable=False, server_default=""))
