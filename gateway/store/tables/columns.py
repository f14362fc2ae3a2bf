"""In charge of: the kinds of column that every table shares. Not in charge of: any table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, MetaData, String, Text, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC datetimes on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """SQLite has times as texts without a zone: read in one step, for a batch of mails holds thousands."""
        return _read_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def id_column() -> Column[str]:
    """The row's own ULID."""
    return Column("id", String(26), primary_key=True)


def ref_column(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[Any]:
    """A ULID that is a row of another table."""
    return Column(name, String(26), ForeignKey(target), nullable=nullable, index=index)


def text_column(name: str) -> Column[str]:
    """Text of any length, "" where there is none."""
    return Column(name, Text, nullable=False, default="")
