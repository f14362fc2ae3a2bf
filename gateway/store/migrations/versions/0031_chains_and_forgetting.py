"""a merged thread names the one that it was merged into; what outlives people holds no names and addresses"""

from __future__ import annotations

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

from gateway.store.tables import UtcTime

revision = "0031"
down_revision = "0030"

threads = sa.table("threads", sa.column("id"), sa.column("merged_into"))
events = sa.table(
    "events", sa.column("id"), sa.column("thread_id"), sa.column("name"), sa.column("data", sa.JSON()), sa.column("seq")
)

suppressions = sa.table("suppressions", sa.column("workspace_id"), sa.column("address"))


def upgrade() -> None:
    _unfold_chains(op.get_bind())
    _digest_suppressions(op.get_bind())
    op.execute("DELETE FROM counters")  # under their new names they begin anew
    with op.batch_alter_table("counters") as counters:
        counters.add_column(sa.Column("ends_at", UtcTime(), nullable=False))
    op.create_index(op.f("ix_counters_ends_at"), "counters", ["ends_at"])
    op.execute("UPDATE audit SET actor_name = '' WHERE actor_kind = 'candidate'")
    op.execute("UPDATE threads SET last_author = '', last_member_id = NULL WHERE state = 'erased'")
    erased = "SELECT applicant_id FROM threads WHERE state = 'erased'"
    op.execute(f"UPDATE applicants SET stage_before = '' WHERE id IN ({erased})")


def _unfold_chains(connection: sa.Connection) -> None:
    """Its own newest `thread.merged` says where it went."""
    merged = sa.select(threads.c.id, threads.c.merged_into).where(threads.c.merged_into.is_not(None))
    for part in connection.execute(merged).all():
        told = sa.select(events.c.data).where(events.c.thread_id == part.id, events.c.name == "thread.merged")
        newest = connection.execute(told.order_by(events.c.seq.desc())).scalars()
        nearest = next((data["to"] for data in newest if "to" in data), part.merged_into)
        if nearest != part.merged_into:
            connection.execute(sa.update(threads).where(threads.c.id == part.id).values(merged_into=nearest))


def _digest_suppressions(connection: sa.Connection) -> None:
    """Addresses become digests, as `store.outbox.suppression_key` makes them."""
    c = suppressions.c
    for row in connection.execute(sa.select(c.workspace_id, c.address)).all():
        key = sha256(f"{row.workspace_id} {row.address}".encode()).hexdigest()
        where = (c.workspace_id == row.workspace_id, c.address == row.address)
        connection.execute(sa.update(suppressions).where(*where).values(address=key))
