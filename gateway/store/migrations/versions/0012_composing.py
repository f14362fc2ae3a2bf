"""drafts and their files, who is there, who is mentioned; messages that end with news, a member's time to undo"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("messages", sa.Column("unless_news", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("threads", sa.Column("waits_until", UtcTime()))
    op.add_column("members", sa.Column("undo_seconds", sa.Integer()))
    op.add_column("reads", sa.Column("mentioned", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "drafts",
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("thread_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("template", sa.String(63), nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        *_of_member_and_thread("drafts", "member_id", "thread_id"),
    )
    op.create_table(
        "draft_files",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("thread_id", sa.String(26), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        *_of_member_and_thread("draft_files", "id"),
    )
    op.create_index(op.f("ix_draft_files_digest"), "draft_files", ["digest"])
    op.create_index(op.f("ix_draft_files_member_id_thread_id"), "draft_files", ["member_id", "thread_id"])
    op.create_table(
        "presence",
        sa.Column("thread_id", sa.String(26), nullable=False),
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("typing", sa.Boolean(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        *_of_member_and_thread("presence", "thread_id", "member_id"),
    )


def _of_member_and_thread(table: str, *key: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f(f"fk_{table}_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f(f"fk_{table}_thread_id")),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    ]
