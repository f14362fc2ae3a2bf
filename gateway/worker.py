"""In charge of: running use cases soon (dramatiq) and finding what was forgotten (the sweep). dramatiq's only home.

Not in charge of: what is true about a mail or a delivery: that is in the tables. A broker message carries an id only,
and losing every one of them costs at most one sweep.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage, ShutdownNotifications

from gateway.errors import SettingsError, Unavailable
from gateway.usecases.bulk import find_due_bulks, run_bulk
from gateway.usecases.change_stage import close_due_gates
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_waiting, extend_leases, find_due, release_expired
from gateway.usecases.devices import forget_old_devices
from gateway.usecases.erase import erase_ended, expire_raw_mails, forget_unnamed_files
from gateway.usecases.index_search import index_after_mails, index_waiting
from gateway.usecases.process_mail import process_waiting
from gateway.usecases.push_events import find_webhook_work, forget_old_posts, push_events
from gateway.usecases.record_receipt import find_looks, look_up_one
from gateway.usecases.send_news import find_due_news, forget_old_news, remind_of_waiting, send_news

EXPIRE_EVERY = 3600.0  # seconds
UNNAMED_EVERY = 24 * 3600.0  # seconds; it looks at every file
REMIND_EVERY = 300.0  # seconds
LOOK_EVERY = 1.0  # seconds between looks for events that endpoints do not know
INDEX_EVERY = 2.0  # seconds between looks for what the search does not know
INDEX_LATEST = 30  # looks after which it is indexed although mails wait
DELIVERED = 25  # deliveries that one job is expected to take: fewer than it may take, so that several workers begin
EXTEND_EVERY = 20.0  # seconds; a lease lasts 60
log = logging.getLogger("gateway.worker")


@dataclass(frozen=True, slots=True)
class Actors:
    """The jobs, by the names that a transaction wakes."""

    process_mail: dramatiq.Actor[[str], None]
    deliver: dramatiq.Actor[[str], None]
    look_up: dramatiq.Actor[[str], None]
    bulk: dramatiq.Actor[[str], None]
    news: dramatiq.Actor[[str], None]

    def named(self, job: str) -> dramatiq.Actor[[str], None]:
        own = {"process_mail": self.process_mail, "look_up": self.look_up, "bulk": self.bulk, "news": self.news}
        return own.get(job, self.deliver)

    def send(self, job: str, subject_id: str) -> None:
        self.named(job).send(subject_id)


def make_broker(url: str) -> dramatiq.Broker:
    """memory://, redis://… or amqp://…; no middleware that retries: the tables do. Raises SettingsError."""
    middleware: list[dramatiq.Middleware] = [ShutdownNotifications(), CurrentMessage()]
    if url.startswith("memory:"):
        return StubBroker(middleware=middleware)
    if url.startswith(("redis://", "rediss://", "unix://")):
        from dramatiq.brokers.redis import RedisBroker

        return RedisBroker(  # type: ignore[no-untyped-call]
            url=url, middleware=middleware, socket_timeout=10, socket_connect_timeout=3
        )
    if url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        return RabbitmqBroker(url=url, middleware=middleware)
    raise SettingsError(
        f"GATEWAY_BROKER_URL: {url.split(':')[0]}: is not supported; use memory://, redis:// or amqp://."
    )


def declare_actors(broker: dramatiq.Broker, ctx: Context) -> Actors:
    """The jobs on this broker."""

    mails = MailLoop(ctx)

    def run_process_mail(entry_id: str) -> None:
        _run(mails.run, "process_mail", entry_id)

    def run_deliver(delivery_id: str) -> None:
        _run(lambda: deliver_waiting(ctx, delivery_id), "deliver", delivery_id)

    def run_look_up(delivery_id: str) -> None:
        _run(lambda: look_up_one(ctx, delivery_id), "look_up", delivery_id)

    def run_bulk_message(bulk_id: str) -> None:
        _run(lambda: run_bulk(ctx, bulk_id), "bulk", bulk_id)

    def run_news(member_id: str) -> None:
        _run(lambda: send_news(ctx, member_id), "news", member_id)

    mail = dramatiq.actor(broker=broker, actor_name="process_mail", queue_name="mail")(run_process_mail)
    deliver = dramatiq.actor(broker=broker, actor_name="deliver", queue_name="outbound")(run_deliver)
    look_up = dramatiq.actor(broker=broker, actor_name="look_up", queue_name="outbound")(run_look_up)
    bulk = dramatiq.actor(broker=broker, actor_name="bulk", queue_name="bulk")(run_bulk_message)
    news = dramatiq.actor(broker=broker, actor_name="news", queue_name="outbound")(run_news)
    return Actors(mail, deliver, look_up, bulk, news)


class MailLoop:
    """Processes all waiting mails, in one thread at a time: more would only wait for each other (the parsing is in
    processes of its own), and would take the processor from the front door."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._busy = threading.Lock()
        self._asked = threading.Event()

    def run(self) -> None:
        """Until nothing waits. If another thread is at it, it is told to look again, and this one returns."""
        self._asked.set()
        while self._asked.is_set() and self._busy.acquire(blocking=False):
            try:
                self._asked.clear()
                process_waiting(self._ctx)
            finally:
                self._busy.release()


def _run(job: Callable[[], object], name: str, subject_id: str) -> None:
    """Nothing escapes an actor: what failed is still in its table, and the sweep comes again."""
    try:
        job()
    except Unavailable:
        log.warning("%s %s: the database is away; it will be tried again", name, subject_id)
    except Exception:
        log.exception("%s %s failed; it will be tried again", name, subject_id)


def gather_jobs(jobs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """These jobs less those that others will do: a `deliver` takes up to DELIVERED deliveries that wait."""
    deliveries = [job for job in jobs if job[0] == "deliver"]
    return [job for job in dict.fromkeys(jobs) if job[0] != "deliver"] + deliveries[::DELIVERED]


class Waker:
    """Hands ids to the broker (`send`) from a thread of its own, so that a slow or dead broker never holds up a
    commit or a 250.
    """

    def __init__(self, send: Callable[[str, str], None]) -> None:
        self._send = send
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue(20_000)
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._thread.start()

    def wake(self, job: str, subject_id: str) -> None:
        """Never blocks, never raises."""
        try:
            self._queue.put_nowait((job, subject_id))
        except queue.Full:
            log.warning("too many jobs wait for the broker; the sweep will find %s %s", job, subject_id)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        quiet_until = 0.0
        while (jobs := self._take()) is not None:
            if time.monotonic() < quiet_until:
                continue  # the broker is away; the sweep finds the rows
            try:
                for job in gather_jobs(jobs):
                    self._send(*job)
            except Exception as error:
                quiet_until = time.monotonic() + 2
                log.warning("the broker does not answer (%s); the sweep takes over", type(error).__name__)

    def _take(self) -> list[tuple[str, str]] | None:
        """What waits, at least one; None at the end."""
        items = [self._queue.get()]
        while not self._queue.empty() and None not in items:
            items.append(self._queue.get_nowait())
        jobs = [item for item in items if item is not None]
        if not jobs:
            return None
        if None in items:
            self._queue.put(None)  # after these
        return jobs


class Workers:
    """Worker threads and the sweep of one process."""

    def __init__(self, ctx: Context, broker: dramatiq.Broker, actors: Actors, *, threads: int) -> None:
        self._ctx = ctx
        self._broker = broker
        self._actors = actors
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=200)
        self._stop = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="sweep", daemon=True)
        self._pusher = Pusher(ctx, threads=ctx.settings.webhook_threads)
        self._indexer = Indexer(ctx)
        self._extender = threading.Thread(target=self._extend, name="leases", daemon=True)

    def start(self) -> None:
        self._worker.start()
        self._sweeper.start()
        self._extender.start()
        self._pusher.start()
        self._indexer.start()

    def stop(self, timeout: float = 20.0) -> None:
        """Let running jobs end (seconds), then stop."""
        self._stop.set()
        self._worker.stop(timeout=int(timeout * 1000))
        self._pusher.stop()
        self._indexer.stop()
        self._sweeper.join(5)
        self._extender.join(5)

    def _sweep(self) -> None:
        expire_at = unnamed_at = remind_at = time.monotonic()
        while not self._stop.wait(self._ctx.settings.sweep_seconds):
            _quietly("sweep", self.sweep_once)
            if time.monotonic() >= remind_at:
                remind_at = time.monotonic() + REMIND_EVERY
                _quietly("reminders", lambda: remind_of_waiting(self._ctx))
            if time.monotonic() >= expire_at:
                expire_at = time.monotonic() + EXPIRE_EVERY
                _quietly("retention", lambda: expire_raw_mails(self._ctx))
                _quietly("retention", lambda: erase_ended(self._ctx))
                _quietly("retention", lambda: forget_old_posts(self._ctx))
                _quietly("retention", lambda: forget_old_news(self._ctx))
                _quietly("retention", lambda: forget_old_devices(self._ctx))
            if time.monotonic() >= unnamed_at:
                unnamed_at = time.monotonic() + UNNAMED_EVERY
                _quietly("retention", lambda: forget_unnamed_files(self._ctx))

    def _extend(self) -> None:
        while not self._stop.wait(EXTEND_EVERY):
            _quietly("leases", lambda: extend_leases(self._ctx))

    def sweep_once(self) -> None:
        """Find what nobody works on. With the broker away the work is done here, so that mail goes out all the same."""
        while release_expired(self._ctx):
            pass
        while close_due_gates(self._ctx):
            pass
        mails, deliveries = find_due(self._ctx)
        looks = find_looks(self._ctx)
        found = {
            "process_mail": mails,
            "deliver": deliveries,
            "look_up": looks,
            "bulk": find_due_bulks(self._ctx),
            "news": find_due_news(self._ctx),
        }
        for job, subject_id in gather_jobs([(job, subject_id) for job, ids in found.items() for subject_id in ids]):
            self._send_or_run(job, subject_id)

    def _send_or_run(self, job: str, subject_id: str) -> None:
        try:
            self._actors.send(job, subject_id)
        except Exception:
            self._actors.named(job).fn(subject_id)


class Pusher:
    """Tells webhook endpoints of events, in threads of its own: a slow endpoint holds up no mail and no other one."""

    def __init__(self, ctx: Context, *, threads: int) -> None:
        self._ctx = ctx
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="webhook")
        self._busy: set[str] = set()
        self._stop = threading.Event()
        self._looker = threading.Thread(target=self._look, name="webhooks", daemon=True)

    def start(self) -> None:
        self._looker.start()

    def stop(self) -> None:
        """Let the posts that are under way end."""
        self._stop.set()
        self._looker.join(5)
        self._pool.shutdown(cancel_futures=True)

    def _look(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            _quietly("webhooks", self._start_work)

    def _start_work(self) -> None:
        for webhook_id in find_webhook_work(self._ctx):
            if webhook_id not in self._busy:
                self._busy.add(webhook_id)
                self._pool.submit(self._push, webhook_id)

    def _push(self, webhook_id: str) -> None:
        try:
            _quietly(f"webhook {webhook_id}", lambda: push_events(self._ctx, webhook_id))
        finally:
            self._busy.discard(webhook_id)


class Indexer:
    """Keeps the search up with what was written, while no mails wait; or else once a minute."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the batch that is under way end."""
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        looks = 0
        while not self._stop.wait(INDEX_EVERY):
            looks += 1
            _quietly("search", self._catch_up if looks % INDEX_LATEST else self._index_once)

    def _index_once(self) -> None:
        index_waiting(self._ctx)

    def _catch_up(self) -> None:
        while index_after_mails(self._ctx) and not self._stop.is_set():
            pass


def _quietly(name: str, job: Callable[[], object]) -> None:
    try:
        job()
    except Unavailable:
        log.warning("%s: the database is away", name)
    except Exception:
        log.exception("%s failed; it comes again", name)
