"""In charge of: how fast queued deliveries leave by mail, beside a bare smtplib loop that sends mails already written,
over one kept connection for each thread, to the same sink in the same run.

Not in charge of: phones, whose providers set the pace, or what a mail says.

    python -m bench outbound [--mails N] [--rounds N] [--threads N] [--postgres]

Ours counts everything between a queued row and a recorded answer: claim, words, HTML with inlined styles, MIME, the
handing over, and the two commits around it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import smtplib
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from bench.gateways import open_database
from bench.processes import ServerError, free_port, start_process, stop_process, wait_for_port
from bench.report import describe_machine
from gateway.app import Running, build_context, close_context
from gateway.config import Settings
from gateway.store import tables as t
from gateway.store.migrate import upgrade
from gateway.threads.model import DeliveryState
from gateway.usecases import accounts, api_keys, applicants
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message

BAR = 0.5  # of the bare loop
TEXT = "안녕하세요. 서류 전형 결과를 알려 드립니다.\n\n" + "We would like to meet you next week. " * 20
LIMIT = 300.0  # seconds for one round


def main() -> int:
    """Print the ratio of each round and their median; 1 if the median is under the bar."""
    parser = argparse.ArgumentParser(prog="python -m bench outbound")
    parser.add_argument("--mails", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    options = parser.parse_args()
    if shutil.which("smtp-sink") is None:
        print("Left out: smtp-sink (package postfix) is not installed.")
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-outbound-") as folder, run_sink(Path(folder)) as port:
        rounds = [
            measure(
                Path(folder) / str(n), port, mails=options.mails, threads=options.threads, postgres=options.postgres
            )
            for n in range(options.rounds)
        ]
    print(describe_machine(Path(tempfile.gettempdir())))
    for ours, bare in rounds:
        print(f"ours {ours:.0f} mails /s, bare loop {bare:.0f} mails /s: {ours / bare:.2f} ×")
    middle = median(ours / bare for ours, bare in rounds)
    print(f"median {middle:.2f} × (bar {BAR:g})")
    return int(middle < BAR)


@contextmanager
def run_sink(folder: Path) -> Iterator[int]:
    """Postfix's smtp-sink, which takes every mail and keeps none; its port."""
    port, log = free_port(), folder / "sink.log"
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = start_process(["smtp-sink", *user, f"127.0.0.1:{port}", "100"], log=log)
    try:
        wait_for_port(port, process, log=log)
        yield port
    finally:
        stop_process(process)


def measure(folder: Path, port: int, *, mails: int, threads: int, postgres: bool = False) -> tuple[float, float]:
    """(ours, bare), mails a second, each in a process of its own."""
    folder.mkdir()
    with open_database(folder, postgres=postgres) as url:
        settings = Settings.model_validate(
            {
                "data_dir": folder,
                "database_url": url,
                "secret_key": "a secret key for the benchmark only",
                "outbound_smtp_url": f"smtp://127.0.0.1:{port}",
                "worker_threads": threads,
                "sweep_seconds": 3600,
            }
        )
        upgrade(settings.database_address)
        queued, raw = queue_mails(settings, mails)
        ours = run_timed(send_ours, settings, queued)
    bare = run_timed(send_bare, port, raw, mails, threads)
    return mails / ours, mails / bare


def queue_mails(settings: Settings, number: int) -> tuple[list[str], bytes]:
    """The ids of that many queued deliveries, and one of their mails as it goes on the wire."""
    ctx = build_context(settings)
    woken: list[str] = []
    ctx.database.on_commit(lambda _, subject_id: woken.append(subject_id))
    try:
        workspace = accounts.create_workspace(ctx, name="Bench", slug="bench", public_contact="jobs@bench.example")
        ats = api_keys.viewer_for_api_key(ctx, api_keys.create_api_key(ctx, workspace.id, name="Bench"))
        assert ats is not None  # made the line above
        applicants.put_opening(ctx, ats, "dev", title="Developer", notify_emails=[])
        for n in range(number):
            view = applicants.put_applicant(
                ctx, ats, f"a-{n}", opening="dev", name=f"지원자 {n}", email=f"a-{n}@mail.example", source="ats"
            )
            post_message(ctx, ats, view.thread_id, NewMessage(text=TEXT))
        return woken, _write_one(ctx, woken[0])
    finally:
        close_context(ctx)


def _write_one(ctx: Context, delivery_id: str) -> bytes:
    from gateway.outbound.mail import seal_mail
    from gateway.usecases.outgoing import build_outgoing

    with ctx.database.read() as tx:
        delivery = tx.outbox.find(delivery_id)
        assert delivery is not None
        outgoing = build_outgoing(ctx, tx, delivery)
    assert outgoing is not None
    return seal_mail(outgoing, date=ctx.now, domain=ctx.settings.reply_domain, signer=None).raw


def run_timed(work: object, *args: object) -> float:
    """Seconds that the work took in a fresh process, its start not counted."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_time, args=(theirs, work, args))
    process.start()
    theirs.close()
    try:
        seconds: float = ours.recv() if ours.poll(LIMIT) else LIMIT
    except EOFError:
        raise ServerError("the sending process ended without an answer") from None
    process.join()
    return seconds


def _time(pipe: Connection, work: object, args: tuple[object, ...]) -> None:
    assert callable(work)
    pipe.send(work(*args))


def send_ours(settings: Settings, queued: Sequence[str]) -> float:
    """Workers as they are, woken for every delivery as a commit does."""
    ctx = build_context(settings)
    running = Running(ctx)
    for delivery_id in queued:
        running.waker.wake("deliver", delivery_id)
    ctx.reader.warm()  # type: ignore[attr-defined]  # loads the parsers, which sending does not need
    began = time.perf_counter()
    running.start_workers()
    while _count_open(ctx):
        time.sleep(0.01)
    took = time.perf_counter() - began
    running.stop()
    close_context(ctx)
    return took


def _count_open(ctx: Context) -> int:
    waiting = [DeliveryState.QUEUED.value, DeliveryState.SENDING.value]
    query = select(func.count()).select_from(t.deliveries).where(t.deliveries.c.state.in_(waiting))
    with ctx.database.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def send_bare(port: int, raw: bytes, number: int, threads: int) -> float:
    """The loop that everybody writes: MAIL, RCPT, DATA, again."""

    def send(count: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as session:
            for _ in range(count):
                session.sendmail("bounce@bench.example", ["a@mail.example"], raw)

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, [number // threads] * threads))
    return time.perf_counter() - began
