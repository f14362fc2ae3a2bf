"""In charge of: the gateway under measurement, on each database — seeded, started, its rows counted, taken down.

Not in charge of: how the gateway works; it is started as an operator would, with `python -m gateway serve`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import Engine, create_engine, text
from ulid import ULID

from bench.mails import Author, Mail
from bench.processes import ServerError, cpu_of, free_port, read_tail, start_process, stop_process, wait_for_port
from bench.servers import Server
from gateway.app import build_context, close_context
from gateway.config import PREFIX, Settings
from gateway.store.database import make_engine
from gateway.store.migrate import upgrade
from gateway.threads.addresses import reply_address
from gateway.usecases import accounts, api_keys
from gateway.usecases.applicants import candidate_viewer, put_applicant, put_opening
from gateway.usecases.context import Context

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
KEY = "a secret key for benchmarks, long enough"
PATIENCE = 300.0  # seconds for the last mail of a round to become visible
LOOK = 0.02  # seconds between two looks
NEW = "SELECT count(*) FROM messages WHERE id > :last"  # by its index: to count all would cost more with each round
UNSEARCHED = "SELECT count(*) FROM search_waiting"
GAPS = "SELECT thread_id FROM messages GROUP BY thread_id HAVING max(seq) <> count(*)"


@dataclass
class Gateway(Server):
    engine: Engine = field(default_factory=lambda: create_engine("sqlite://"))
    backends: dict[int, float] = field(default_factory=dict)  # PostgreSQL's processes for us: last processor time seen
    seen: int = 0  # messages of earlier rounds
    last: str = ""  # id of the last of them
    log: Path = Path()

    def pids(self) -> list[int]:
        return [*super().pids(), *self._backend_pids()]

    def cpu_ms(self) -> float:
        """With the database's processes for our connections; its writers of log and pages are shared: not counted."""
        for pid in self._backend_pids():
            self.backends[pid] = cpu_of([pid], with_children=False) or self.backends.get(pid, 0.0)
        return cpu_of(super().pids()) + sum(self.backends.values())

    def wait_visible(self, mails: Sequence[Mail]) -> float:
        end = time.monotonic() + PATIENCE
        while (found := self._count(NEW, last=self.last)) < len(mails):
            if time.monotonic() > end or self.process.poll() is not None:
                raise ServerError(f"{self.name}: {found} of {len(mails)} mails became visible: {read_tail(self.log)}")
            time.sleep(LOOK)
        return time.perf_counter()

    def wait_idle(self) -> None:
        """The search learns of messages once no mail is under way: its work is ours, not the next server's."""
        end = time.monotonic() + PATIENCE
        while self._count(UNSEARCHED) and time.monotonic() < end:
            time.sleep(LOOK)

    def verify(self, mails: Sequence[Mail]) -> None:
        """Every mail once, in its own thread, with its file; every inbox entry threaded; no seq left out."""
        wanted = {m.message_id: (m.thread_id, m.file_digest) for m in mails}
        query = """
            SELECT m.rfc_message_id, m.thread_id, coalesce(a.digest, '') FROM messages m
            LEFT JOIN attachments a ON a.message_id = m.id WHERE m.rfc_message_id LIKE :label
        """
        with self.engine.connect() as db:
            rows = db.execute(text(query), {"label": mails[0].message_id.partition(".")[0] + ".%"}).all()
            found = {r[0].strip("<>"): (r[1], r[2]) for r in rows}
            states = {r[0]: r[1] for r in db.execute(text("SELECT state, count(*) FROM inbox GROUP BY state"))}
            gaps = len(db.execute(text(GAPS)).all())
            self.last = db.execute(text("SELECT max(id) FROM messages")).scalar_one()
        self.seen += len(mails)
        if len(rows) != len(mails) or found != wanted or states != {"threaded": self.seen} or gaps:
            wrong = len(wanted.items() - found.items())
            raise ServerError(
                f"{self.name}: {len(mails)} acknowledged, {len(rows)} messages, {wrong} missing or misplaced, "
                f"{gaps} threads with gaps, inbox {states}"
            )

    def _count(self, query: str, **values: str) -> int:
        with self.engine.connect() as db:
            found: int = db.execute(text(query), values).scalar_one()
        return found

    def _backend_pids(self) -> list[int]:
        if self.engine.dialect.name != "postgresql":
            return []
        query = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        with self.engine.connect() as db:
            return list(db.execute(query).scalars())


def why_no_postgres() -> str:
    """What is missing for a database of our own, "" if nothing."""
    try:
        psycopg.connect(POSTGRES, connect_timeout=2).close()
    except psycopg.Error:
        return "no PostgreSQL answers at TEST_POSTGRES_URL"
    return ""


@contextmanager
def run_gateway(folder: Path, authors: list[Author], *, people: int, postgres: bool = False) -> Iterator[Server]:
    """The gateway with `people` applicants; they are put into `authors` (the same on every database)."""
    with open_database(folder, postgres=postgres) as url:
        values = {
            "data_dir": str(folder),
            "database_url": url,
            "secret_key": KEY,
            "reply_domain": "reply.example.test",
            "trust_matching_sender": "true",
            "sender_checks": "false",
            "outbound_smtp_url": "mailbox:",  # nothing is sent: nobody is notified
        }
        upgrade(url)
        authors[:] = seed(Settings.model_validate(values), people=people)
        http, smtp = free_port(), free_port()
        env = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        env |= {f"{PREFIX}{k.upper()}": v for k, v in values.items()}
        command = [sys.executable, "-m", "gateway", "serve"]
        command += ["--http", f"127.0.0.1:{http}", "--smtp", f"127.0.0.1:{smtp}"]
        log = folder / "output"
        process = start_process(command, log=log, env=env)
        engine = make_engine(url, pool_size=1).execution_options(gateway_begin="DEFERRED")
        try:
            wait_for_port(smtp, process, log=log)
            name = "gateway on PostgreSQL" if postgres else "gateway on SQLite"
            yield Gateway(name, smtp, process, threads=True, engine=engine, log=log)
        finally:
            engine.dispose()
            stop_process(process)


@contextmanager
def open_database(folder: Path, *, postgres: bool) -> Iterator[str]:
    if not postgres:
        yield f"sqlite:///{folder / 'gateway.db'}"
        return
    name = f"gateway_bench_{os.getpid()}_{folder.name}".lower().replace("-", "_")
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRES.rpartition('/')[0]}/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def seed(settings: Settings, *, people: int) -> list[Author]:
    """A company, an opening that notifies nobody, and its applicants, with ids that are the same every time."""
    numbers = count(1)
    ctx = build_context(settings)
    try:
        steady = replace(ctx, new_id=lambda: str(ULID.from_bytes(next(numbers).to_bytes(16, "big"))).lower())
        return _seed(steady, people=people)
    finally:
        close_context(ctx)


def _seed(ctx: Context, *, people: int) -> list[Author]:
    workspace = accounts.create_workspace(ctx, name="Moa Labs", slug="moalabs", public_contact="jobs@moalabs.example")
    ats = api_keys.viewer_for_api_key(ctx, api_keys.create_api_key(ctx, workspace.id, name="Bench"))
    assert ats is not None  # made the line above
    put_opening(ctx, ats, "designer", title="Product Designer", notify_emails=[])
    authors = []
    for n in range(people):
        email = f"applicant-{n}@mail.example"
        view = put_applicant(ctx, ats, f"a-{n}", opening="designer", name=f"한지우 {n}", email=email, source="applied")
        viewer = candidate_viewer(ctx, view.portal_url.rsplit("/", 1)[1])
        assert viewer is not None  # the link was issued the line above
        address = reply_address(ctx.settings.key, viewer.id, ctx.settings.reply_domain)
        authors.append(Author(view.applicant.name, email, address, view.thread_id))
    return authors
