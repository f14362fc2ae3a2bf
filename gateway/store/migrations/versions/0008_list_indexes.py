"""an index in the list's order for each view of the desk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.drop_index("ix_threads_workspace_id_last_at", "threads")
    for columns in (
        ["workspace_id", "last_at", "id", "state", "candidate_seq"],
        ["workspace_id", "state", "last_at", "id"],
    ):
        op.create_index(op.f(f"ix_threads_{'_'.join(columns)}"), "threads", columns)
    for name, columns, condition in (
        ("ix_threads_unanswered", ["workspace_id", "state", "last_at"], "unanswered_since IS NOT NULL"),
        ("ix_threads_failed", ["workspace_id", "last_at"], "failed > 0"),
    ):
        where = sa.text(condition)
        op.create_index(name, "threads", columns, sqlite_where=where, postgresql_where=where)
