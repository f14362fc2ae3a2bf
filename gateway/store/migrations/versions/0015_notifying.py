"""what members are told, and how they wish to be; conversations by how long they have waited for an answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("ways", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("hours_begin", sa.Integer()),
        sa.Column("hours_end", sa.Integer()),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("slack_url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_preferences_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_preferences")),
    )
    op.create_table(
        "news",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("workspace_id", sa.String(26), nullable=False),
        sa.Column("member_id", sa.String(26), nullable=False),
        sa.Column("thread_id", sa.String(26)),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.String(26), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("read_at", UtcTime()),
        sa.Column("ways", sa.JSON(), nullable=False),
        sa.Column("due_at", UtcTime()),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_news_workspace_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_news_member_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_news_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
    )
    op.create_index(op.f("ix_news_thread_id"), "news", ["thread_id"])
    op.create_index(op.f("ix_news_at"), "news", ["at"])
    op.create_index(op.f("ix_news_member_id_id"), "news", ["member_id", "id"])
    for name, columns, condition in (
        ("ix_news_unread", ["member_id", "thread_id"], "read_at IS NULL"),
        ("ix_news_due", ["due_at", "member_id"], "due_at IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "news", columns, sqlite_where=where, postgresql_where=where)
    waiting = sa.text("unanswered_since IS NOT NULL AND candidate_seq > 0")
    op.create_index(
        "ix_threads_waiting", "threads", ["unanswered_since"], sqlite_where=waiting, postgresql_where=waiting
    )
