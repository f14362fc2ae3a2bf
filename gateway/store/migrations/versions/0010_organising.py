"""who has a conversation, its tags, when it rests and when it is done; an index for each view of it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(  # in one statement: SQLite can give a reference to a new column only
        "ALTER TABLE threads ADD COLUMN assignee_id VARCHAR(26) "
        "CONSTRAINT fk_threads_assignee_id REFERENCES members (id)"
    )
    op.add_column("threads", sa.Column("snoozed_until", UtcTime()))
    op.add_column("threads", sa.Column("done_at", UtcTime()))
    op.drop_index("ix_threads_unanswered", "threads")
    for name, table, columns, condition in (
        ("ix_threads_to_do", "threads", ["workspace_id", "state", "last_at", "id"], "done_at IS NULL"),
        (
            "ix_threads_unanswered",
            "threads",
            ["workspace_id", "state", "last_at"],
            "unanswered_since IS NOT NULL AND done_at IS NULL",
        ),
        (
            "ix_threads_unassigned",
            "threads",
            ["workspace_id", "state", "last_at"],
            "assignee_id IS NULL AND done_at IS NULL",
        ),
        ("ix_threads_assigned", "threads", ["assignee_id", "last_at"], "assignee_id IS NOT NULL"),
        ("ix_threads_snoozed", "threads", ["workspace_id", "last_at"], "snoozed_until IS NOT NULL"),
        ("ix_messages_waiting", "messages", ["goes_out_at", "thread_id"], "goes_out_at IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    op.create_index(op.f("ix_applicants_workspace_id_stage"), "applicants", ["workspace_id", "stage"])
    op.create_table(
        "tags",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("workspace_id", sa.String(26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_tags_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_tags_workspace_id_name")),
    )
    op.create_table(
        "thread_tags",
        sa.Column("thread_id", sa.String(26), nullable=False),
        sa.Column("tag_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_thread_tags_thread_id")),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_thread_tags_tag_id")),
        sa.PrimaryKeyConstraint("thread_id", "tag_id", name=op.f("pk_thread_tags")),
    )
    op.create_index(op.f("ix_thread_tags_tag_id_thread_id"), "thread_tags", ["tag_id", "thread_id"])
