"""In charge of: bringing a database to the present tables (Alembic).

Not in charge of: the tables (`tables`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, event, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from gateway.errors import SettingsError, Unavailable
from gateway.store.database import as_unavailable, make_engine

FOLDER = Path(__file__).parent / "migrations"
HEAD = max(path.name[:4] for path in (FOLDER / "versions").glob("0*.py"))  # the newest revision
_LOCK = 7_306_554_311  # PostgreSQL advisory lock: of several processes that start at once, one migrates


def upgrade(url: str) -> str:
    """Run what is missing; the revision that is then in force. Several processes may call it at once.

    Raises Unavailable, and SettingsError for a database of a newer version.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    engine = _migration_engine(url)
    try:
        with as_unavailable():
            engine.connect().close()
        _refuse_newer(engine)
        with _told_as_one_line(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            config = Config()
            config.set_main_option("script_location", str(FOLDER))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            revision = MigrationContext.configure(connection).get_current_revision()
            _check_foreign_keys(connection)
        return revision or ""
    finally:
        engine.dispose()


@contextmanager
def _told_as_one_line() -> Iterator[None]:
    """A full or read-only disk, a lost connection: all is in one transaction, so that the next run begins anew."""
    try:
        yield
    except OperationalError as error:
        said = " ".join(str(error.orig).split())
        raise Unavailable(
            f"The migration stopped, and nothing of it was done ({said}). Mend that and run it again."
        ) from error


def check_tables(engine: Engine) -> None:
    """Raises SettingsError when the tables are not those that this version needs; Unavailable."""
    with as_unavailable():
        if _refuse_newer(engine) != HEAD:
            raise SettingsError("The database does not have this version's tables: run `gateway migrate` first.")


def _refuse_newer(engine: Engine) -> str:
    """The revision that is in force. Raises SettingsError for one of a newer version."""
    revision = _read_revision(engine)
    if revision > HEAD:
        raise SettingsError(
            f"The database is at revision {revision}, of a newer version; this one knows up to {HEAD}. "
            "Install the newer version, or restore the backup from before it."
        )
    return revision


def _read_revision(engine: Engine) -> str:
    """The revision that is in force, "" for an empty database."""
    with engine.execution_options(gateway_begin="DEFERRED").connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""


def _migration_engine(url: str) -> Engine:
    """Foreign keys off on SQLite: recreating a parent table would empty its children (ON DELETE CASCADE)."""
    engine = make_engine(url, pool_size=1)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda c, _record: c.execute("PRAGMA foreign_keys=OFF"))
    return engine


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration would break {len(broken)} references: nothing was changed")
