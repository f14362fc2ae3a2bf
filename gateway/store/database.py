"""In charge of: the engine and the transaction — `with database.begin() as tx:` — and waking workers after the commit.

Not in charge of: queries (siblings) or decisions (`gateway.threads`).

SQLite runs WAL with synchronous=FULL and every transaction that may write begins IMMEDIATE: a deferred one that
reads first and writes later fails at once when another writer is quicker. PostgreSQL runs READ COMMITTED; what must
be serial (the gate, the next seq) takes the thread's row lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.crashpoints import reach
from gateway.errors import SettingsError, Unavailable
from gateway.store.addresses import Addresses
from gateway.store.api_keys import ApiKeys
from gateway.store.attempts import Attempts
from gateway.store.audit import Audit
from gateway.store.blobs import Blobs
from gateway.store.bulk import Bulks
from gateway.store.consents import Consents
from gateway.store.copies import Copies
from gateway.store.devices import Devices
from gateway.store.dossier import Dossier
from gateway.store.drafts import Drafts
from gateway.store.erasure import Erasure
from gateway.store.events import Events
from gateway.store.figures import FiguresRows
from gateway.store.inbox import Inbox
from gateway.store.limits import Limits
from gateway.store.listing import Listing
from gateway.store.messages import Messages
from gateway.store.moving import Moving
from gateway.store.news import NewsRows
from gateway.store.organising import Organising
from gateway.store.outbox import Outbox
from gateway.store.people import People
from gateway.store.presence import Presences
from gateway.store.receipts import Receipts
from gateway.store.search import Search
from gateway.store.search_index import SearchIndex
from gateway.store.sequences import Sequences
from gateway.store.session import Session
from gateway.store.sign_ins import SignIns
from gateway.store.team import Team
from gateway.store.templates import Templates
from gateway.store.threads import Threads
from gateway.store.traces import Traces
from gateway.store.turns import ORDINARY, Turns
from gateway.store.waiting import Waiting
from gateway.store.webhooks import Webhooks
from gateway.store.workspace_settings import WorkspaceSettings

Wake = Callable[[str, str], None]
log = logging.getLogger("gateway.store")
SESSION = {  # of PostgreSQL; times in milliseconds
    "statement_timeout": 30_000,
    "lock_timeout": 20_000,
    "idle_in_transaction_session_timeout": 60_000,  # of a process that stands still: others wait for what it holds
    "timezone": "UTC",
}


class Transaction:
    """One unit of work. Its parts read and write rows; whoever it promised to wake is woken after the commit."""

    def __init__(self, connection: Connection, blobs: Blobs) -> None:
        self.connection = connection
        self._session = session = Session(connection)
        sequences = Sequences(session)
        self.blobs = blobs.on(session)
        self.people = People(session)
        self.workspace_settings = WorkspaceSettings(session)
        self.team = Team(session)
        self.sign_ins = SignIns(session)
        self.threads = Threads(session, sequences)
        self.messages = Messages(session)
        self.inbox = Inbox(session)
        self.outbox = Outbox(session)
        self.attempts = Attempts(session)
        self.receipts = Receipts(session)
        self.events = Events(session, sequences)
        self.audit = Audit(session)
        self.limits = Limits(session)
        self.listing = Listing(session)
        self.figures = FiguresRows(session)
        self.organising = Organising(session)
        self.search = Search(session)
        self.search_index = SearchIndex(session)
        self.erasure = Erasure(session)
        self.traces = Traces(session)
        self.dossier = Dossier(session)
        self.addresses = Addresses(session)
        self.api_keys = ApiKeys(session)
        self.webhooks = Webhooks(session)
        self.templates = Templates(session)
        self.bulks = Bulks(session)
        self.consents = Consents(session)
        self.copies = Copies(session)
        self.devices = Devices(session)
        self.drafts = Drafts(session)
        self.presence = Presences(session)
        self.waiting = Waiting(session)
        self.news = NewsRows(session)
        self.moving = Moving(session, sequences)
        self._wakes: list[tuple[str, str]] = []

    def wake(self, job: str, subject_id: str) -> None:
        """Ask for a job to be run soon after the commit. If the broker forgets it, the sweep finds the row."""
        self._wakes.append((job, subject_id))

    def flush(self) -> None:
        """Send what the parts have gathered; the commit does so by itself."""
        self._session.flush()

    @property
    def wakes(self) -> tuple[tuple[str, str], ...]:
        return tuple(self._wakes)


class Database:
    """The one way to the tables."""

    def __init__(self, url: str, blobs: Blobs, *, pool_size: int = 12) -> None:
        self.engine = make_engine(url, pool_size=pool_size)
        self.blobs = blobs
        self._wake: Wake = lambda job, subject_id: None
        self._glancing = self.engine.execution_options(gateway_begin="")
        if self.engine.dialect.name == "postgresql":
            self._glancing = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._turns = Turns(f"{self.engine.url.database}.turn") if self.engine.dialect.name == "sqlite" else None

    def on_commit(self, wake: Wake) -> None:
        """Set who is told of jobs after a commit. `wake` must not raise and must not block."""
        self._wake = wake

    @contextmanager
    def begin(self, *, urgency: int = ORDINARY) -> Iterator[Transaction]:
        """A transaction that may write. Raises Unavailable when the database is away; then nothing was stored."""
        turn = self._turns.taking(urgency) if self._turns else nullcontext()
        with as_unavailable(), turn, self.engine.begin() as connection:
            tx = Transaction(connection, self.blobs)
            yield tx
            tx.flush()
        for job, subject_id in tx.wakes:
            reach("store.committed")
            self._wake(job, subject_id)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view for reading only. Raises Unavailable."""
        with as_unavailable(), self.engine.connect().execution_options(gateway_begin="DEFERRED") as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield Transaction(connection, self.blobs)

    @contextmanager
    def glance(self) -> Iterator[Transaction]:
        """For one single SELECT: without a transaction around it, which costs more than the SELECT. Raises
        Unavailable.
        """
        with as_unavailable(), self._glancing.connect() as connection:
            yield Transaction(connection, self.blobs)

    @property
    def crowded(self) -> bool:
        """Whether the front door waits for transactions of this process: short ones are better. SQLite only."""
        return self._turns is not None and self._turns.crowded

    def check(self) -> None:
        """Raises Unavailable when the database does not answer, SettingsError when it may lose what it confirmed."""
        with as_unavailable(), self.engine.connect() as connection:
            _check_durability(connection)

    def close(self) -> None:
        self.engine.dispose()
        if self._turns:
            self._turns.close()


def make_engine(url: str, *, pool_size: int = 12) -> Engine:
    """An engine with the durability that docs/reliability.md, promise 1 promises. Raises SettingsError for an
    address we cannot use.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "GATEWAY_DATABASE_URL is no address: write postgresql://user:password@host/database, or leave it empty."
        ) from None
    if address.drivername in ("postgres", "postgresql"):
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername == "postgresql+psycopg":
        options: dict[str, Any] = {
            "connect_timeout": 5,
            "options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()),
            "keepalives_idle": 20,  # a connection whose other end fell silent is given up within a minute
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        }
        return create_engine(address, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, connect_args=options)
    if not address.drivername.startswith("sqlite"):
        raise SettingsError(f"GATEWAY_DATABASE_URL: {address.drivername} is not supported; use sqlite or postgresql.")
    engine = create_engine(
        address, pool_size=pool_size, max_overflow=8, connect_args={"check_same_thread": False, "timeout": 20}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing; `_begin_sqlite` does
    pragmas = ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=20000"]
    pragmas.append("wal_autocheckpoint=4000")  # pages of 4 kB: one that many mails change is written back once
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    how = connection.get_execution_options().get("gateway_begin", "IMMEDIATE")
    if how:
        connection.exec_driver_sql(f"BEGIN {how}")


def _check_durability(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        if int(found) < 2:
            raise SettingsError("SQLite runs without synchronous=FULL: an accepted mail could be lost.")
        return
    for name in ("fsync", "synchronous_commit"):
        if connection.execute(text(f"SHOW {name}")).scalar_one() == "off":
            raise SettingsError(f"PostgreSQL runs with {name}=off: an accepted mail could be lost. Switch it on.")


@contextmanager
def as_unavailable() -> Iterator[None]:
    """Our own troubles as one exception, without the driver's text, which may hold addresses and passwords."""
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        log.warning("database unavailable: %s", type(error).__name__)
        raise Unavailable("The database does not answer at the moment.") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("The database does not answer at the moment.") from error
        raise
