"""a merged thread names the one that it was merged into, and not the end of the chain"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

threads = sa.table("threads", sa.column("id"), sa.column("merged_into"))
events = sa.table(
    "events", sa.column("id"), sa.column("thread_id"), sa.column("name"), sa.column("data", sa.JSON()), sa.column("seq")
)


def upgrade() -> None:
    _unfold_chains(op.get_bind())


def _unfold_chains(connection: sa.Connection) -> None:
    """Its own newest `thread.merged` says where it went."""
    merged = sa.select(threads.c.id, threads.c.merged_into).where(threads.c.merged_into.is_not(None))
    for part in connection.execute(merged).all():
        told = sa.select(events.c.data).where(events.c.thread_id == part.id, events.c.name == "thread.merged")
        newest = connection.execute(told.order_by(events.c.seq.desc())).scalars()
        nearest = next((data["to"] for data in newest if "to" in data), part.merged_into)
        if nearest != part.merged_into:
            connection.execute(sa.update(threads).where(threads.c.id == part.id).values(merged_into=nearest))
