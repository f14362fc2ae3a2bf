"""Fixtures: an empty database for each test (SQLite; PostgreSQL too where a test asks for `both_databases`), a
context, the cast.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from cast import Company, make_applicant, make_company
from fakes import DirectReader, FakeChannel, FakeClock, FakeProver
from hypothesis import HealthCheck, settings
from running import Pump
from simulators import nhn
from simulators.push import PushService
from ulid import ULID

from gateway.app import make_rendering
from gateway.config import Settings
from gateway.outbound.vapid import PushKeys
from gateway.rendering import Rendering
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.migrate import upgrade
from gateway.store.tables import metadata
from gateway.usecases import accounts
from gateway.usecases.context import Context

settings.register_profile("gateway", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
settings.load_profile("gateway")

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")

TESTS = Path(__file__).parent
# What measures, or uses the machine's Redis, RabbitMQ and Postfix, runs one after the other, and first: it is longest.
MACHINE = ("faults", "real", "test_bench.py", "flows/test_demo.py", "flows/test_processes.py")
LONG = ("browser", "web/test_api_schema.py", "outbound/test_providers.py")  # next: nobody waits for them at the end
_tally: Counter[str] = Counter()


def group_of(nodeid: str) -> str:
    """What goes to one process together: a module, or all that needs the machine for itself."""
    path = nodeid.partition("::")[0].removeprefix("tests/")
    return "machine" if path.startswith(MACHINE) else path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(group_of(item.nodeid)))


def _rank(group: str) -> int:
    return 0 if group == "machine" else 1 if group.startswith(LONG) else 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`make test` shares the suite among processes, by module (their fixtures are dear)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several hands its tally to the one that shows it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tally"] = dict(_tally)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _tally.update(getattr(node, "workeroutput", {}).get("tally", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was tried, in numbers: docs/reliability.md and docs/api.md quote them."""
    if _tally:
        terminalreporter.section("counted")
        for name, count in sorted(_tally.items()):
            terminalreporter.write_line(f"{count:>8}  {name}")


@pytest.fixture(scope="session")
def tally() -> Counter[str]:
    """Counts for the summary."""
    return _tally


def find_postgres() -> str:
    """The test server's address, or "" when none answers. In CI a missing one is a failure, not a skip."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        if os.environ.get("CI") == "true":
            raise
        return ""
    return POSTGRES


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[PasswordHasher]:
    """The product's, whose hashes are dear on purpose. Tests use a cheap one: nearly each makes two members."""
    real = accounts._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield real


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """The name of a migrated database to be cloned."""
    url = find_postgres()
    if not url:
        pytest.skip("no PostgreSQL answers at TEST_POSTGRES_URL")
    name = f"gateway_template_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        upgrade(_with_name(url, name))
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _with_name(url: str, name: str) -> str:
    return f"{url.rpartition('/')[0]}/{name}"


@contextmanager
def clone_database(template: str) -> Iterator[str]:
    """The address of a new PostgreSQL database like the template, dropped in the end."""
    name = f"gateway_test_{ULID()}".lower()
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield _with_name(POSTGRES, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def postgres_database(postgres_template: str) -> Iterator[str]:
    """A whole module's own."""
    with clone_database(postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_shared(postgres_template: str) -> Iterator[str]:
    """One that tests use in turn, for to drop one takes PostgreSQL a second."""
    with clone_database(postgres_template) as url:
        yield url


def empty_database(url: str) -> None:
    """Leave a PostgreSQL database as it was when it was migrated; whoever is still connected is cut off."""
    deletions = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
        admin.execute(f"{deletions}; SELECT setval(seqrelid::regclass, 1, false) FROM pg_sequence")


@pytest.fixture
def database_kind() -> str:
    """SQLite unless a test is parametrised by `both_databases`."""
    return "sqlite"


@pytest.fixture
def database_url(
    database_kind: str, tmp_path: Path, sqlite_template: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    if database_kind == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "gateway.db")
        yield f"sqlite:///{tmp_path / 'gateway.db'}"
        return
    url = request.getfixturevalue("postgres_shared")
    yield url
    empty_database(url)


@pytest.fixture
def settings_values() -> dict[str, Any]:
    """Overrides of single settings; a test may replace this fixture."""
    return {}


@pytest.fixture
def gateway_settings(tmp_path: Path, database_url: str, settings_values: dict[str, Any]) -> Settings:
    values: dict[str, Any] = {
        "data_dir": tmp_path,
        "database_url": database_url,
        "secret_key": "a secret key for tests, long enough",
        "public_url": "http://gateway.test",
        "sender_checks": False,
        "undo_seconds": 0,
        **settings_values,
    }
    return Settings(**values)


@pytest.fixture(scope="session")
def rendering() -> Rendering:
    return make_rendering()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
def prover() -> FakeProver:
    return FakeProver()


@pytest.fixture
def ctx(
    gateway_settings: Settings, clock: FakeClock, channel: FakeChannel, prover: FakeProver, rendering: Rendering
) -> Iterator[Context]:
    """Everything real but the clock, the network and the process boundary."""
    database = Database(gateway_settings.database_address, Blobs(gateway_settings.blobs_address))
    yield Context(
        settings=gateway_settings,
        database=database,
        clock=clock,
        new_id=lambda: str(ULID()).lower(),
        reader=DirectReader(),
        prove_senders=prover,
        render=rendering,
        channels={"email": channel},
        push_keys=PushKeys(gateway_settings.keys),
        jitter=lambda: 0.5,
    )
    database.close()


@pytest.fixture
def pump(ctx: Context) -> Pump:
    return Pump(ctx)


@pytest.fixture
def company(ctx: Context) -> Company:
    return make_company(ctx)


@pytest.fixture
def mina(ctx: Context, company: Company) -> Any:
    return make_applicant(ctx, company)


@pytest.fixture
def provider(clock: FakeClock) -> Iterator[nhn.Nhn]:
    """NHN Cloud, simulated."""
    server = nhn.Nhn(clock=clock)
    yield server
    server.close()


@pytest.fixture
def service(clock: FakeClock) -> Iterator[PushService]:
    """A browser maker's push service, simulated."""
    simulator = PushService(clock)
    yield simulator
    simulator.close()
