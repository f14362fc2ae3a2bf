"""In charge of: writing accepted mails many to a commit, so that durability costs one sync for a whole batch.

Not in charge of: what is accepted (`usecases.receive_email`) or when 250 is said (`inbound.smtp`).

One thread takes what has queued up while the last commit ran. A mail's future resolves after the commit that holds
its bytes, envelope and inbox rows; if the commit fails, each of the batch gets the failure and its sender tries again.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from gateway.crashpoints import reach
from gateway.errors import Unavailable
from gateway.store.blobs import NAME_DIGITS, RAW_IN_ROW, digest_of
from gateway.store.database import Database
from gateway.store.turns import URGENT
from gateway.threads.model import InboxEntry

BATCH = 64  # mails in one commit
WAITING = 2000  # mails that may wait for a commit; beyond, senders are asked to come again
log = logging.getLogger("gateway.store.writer")

Describe = Callable[[str], tuple[InboxEntry, ...]]  # the digest of a mail's bytes -> its entries


@dataclass(frozen=True, slots=True)
class _Job:
    raw: bytes
    digest: str
    entries: tuple[InboxEntry, ...]
    done: Future[str]


class MailWriter:
    """Start it once per process that accepts mail."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._most_in_row = RAW_IN_ROW[database.engine.dialect.name]
        self._jobs: queue.Queue[_Job | None] = queue.Queue(WAITING)
        self._big = ThreadPoolExecutor(4, thread_name_prefix="blob-writer")
        self._thread = threading.Thread(target=self._run, name="mail-writer", daemon=True)
        self._thread.start()

    def submit(self, raw: bytes, describe: Describe) -> Future[str]:
        """Ask for a mail to be stored; `describe` gives its entries, perhaps in another thread: a big mail takes a
        while to digest. The future gives the digest's first digits (`NAME_DIGITS`) once all is durable, or fails with
        Unavailable.
        """
        done: Future[str] = Future()
        if len(raw) > self._most_in_row:
            self._big.submit(self._write_big, raw, describe, done)
        else:
            digest = digest_of(raw)
            self._enqueue(_Job(raw, digest, describe(digest), done))
        return done

    def close(self) -> None:
        """Store what has been submitted, then stop."""
        self._big.shutdown(wait=True)
        self._jobs.put(None)
        self._thread.join(30)

    def _write_big(self, raw: bytes, describe: Describe, done: Future[str]) -> None:
        try:
            digest = digest_of(raw)
            self._database.blobs.write(digest, raw)
            job = _Job(raw, digest, describe(digest), done)
        except OSError as error:
            log.warning("blob store: %s", type(error).__name__)
            done.set_exception(Unavailable("The blob store does not answer at the moment."))
        except Exception as error:
            log.exception("blob store failed")
            done.set_exception(Unavailable(type(error).__name__))
        else:
            reach("store.blob_written")
            self._enqueue(job)

    def _enqueue(self, job: _Job) -> None:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            job.done.set_exception(Unavailable("Too many mails are waiting to be stored."))

    def _run(self) -> None:
        open_ = True
        while open_:
            batch = [self._jobs.get()]
            while len(batch) < BATCH and not self._jobs.empty():
                batch.append(self._jobs.get_nowait())
            open_ = None not in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                self._commit(jobs)

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            with self._database.begin(urgency=URGENT) as tx:
                tx.blobs.add_many([(j.digest, j.raw, j.entries[0].received_at) for j in jobs])
                tx.inbox.store_once([e for j in jobs for e in j.entries])
                tx.wake("process_mail", jobs[0].entries[0].id)  # whoever wakes takes all that wait
                reach("store.before_commit")
        except Exception as error:
            if not isinstance(error, Unavailable):
                log.exception("a batch of mails could not be stored")
            for job in jobs:
                job.done.set_exception(Unavailable(type(error).__name__))
        else:
            reach("store.stored")
            for job in jobs:
                job.done.set_result(job.digest[:NAME_DIGITS])
