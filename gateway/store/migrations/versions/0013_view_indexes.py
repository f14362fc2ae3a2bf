"""the views' indexes in the list's whole order, so that none is passed over for a longer one; the audit log's"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    to_do = ["workspace_id", "state", "last_at", "id"]
    for name, columns, condition in (
        ("ix_threads_unanswered", to_do, "unanswered_since IS NOT NULL AND done_at IS NULL"),
        ("ix_threads_unassigned", to_do, "assignee_id IS NULL AND done_at IS NULL"),
        (
            "ix_threads_assigned",
            ["workspace_id", "state", "assignee_id", "last_at", "id"],
            "assignee_id IS NOT NULL AND done_at IS NULL",
        ),
        ("ix_threads_snoozed", ["workspace_id", "last_at", "id"], "snoozed_until IS NOT NULL"),
        ("ix_threads_failed", ["workspace_id", "last_at", "id"], "failed > 0"),
    ):
        where = sa.text(condition)
        op.drop_index(name, "threads")
        op.create_index(name, "threads", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_audit_workspace_id_id", "audit", ["workspace_id", "id"])
