"""the index of the search; what is there already waits to be indexed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from gateway.store.tables import UtcTime

revision = "0007"
down_revision = "0006"

SQLITE = (
    """CREATE VIRTUAL TABLE search_words USING fts5(words, content='search_documents', content_rowid='no',
    detail='none', columnsize=0, tokenize="ascii tokenchars '@/:'")""",
    """CREATE TRIGGER search_documents_added AFTER INSERT ON search_documents BEGIN
    INSERT INTO search_words(rowid, words) VALUES (new.no, new.words); END""",
    """CREATE TRIGGER search_documents_removed AFTER DELETE ON search_documents BEGIN
    INSERT INTO search_words(search_words, rowid, words) VALUES ('delete', old.no, old.words); END""",
)


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "search_documents",
        sa.Column("no", number, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(1), nullable=False),
        sa.Column("subject_id", sa.String(26), nullable=False),
        sa.Column("thread_id", sa.String(26), nullable=False),
        sa.Column("workspace_id", sa.String(26), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_search_documents_thread_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_search_documents_workspace_id")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_search_documents")),
        sa.UniqueConstraint("kind", "subject_id", name=op.f("uq_search_documents_kind_subject_id")),
    )
    op.create_index(op.f("ix_search_documents_thread_id"), "search_documents", ["thread_id"])
    for last in ("no", "at"):
        name = op.f(f"ix_search_documents_workspace_id_kind_{last}")
        op.create_index(name, "search_documents", ["workspace_id", "kind", last])
    op.create_table(
        "search_waiting",
        sa.Column("id", number, nullable=False, autoincrement=True),
        sa.Column("kind", sa.String(1), nullable=False),
        sa.Column("subject_id", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_waiting")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute(
            "CREATE INDEX ix_search_documents_words ON search_documents USING gin (words)"
            " WITH (gin_pending_list_limit = 256)"  # kB that each search reads besides the index
        )
    op.execute("INSERT INTO search_waiting (kind, subject_id) SELECT 'p', id FROM applicants ORDER BY id")
    op.execute("INSERT INTO search_waiting (kind, subject_id) SELECT 'm', id FROM messages ORDER BY id")
