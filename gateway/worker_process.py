"""In charge of: the workers of `gateway serve` in a process of their own — started, woken, started again, ended.

Not in charge of: what workers do (`worker`), or the parts of either process (`app`).

In one process the front door and the web server would wait for the interpreter lock whenever a worker computes. The
workers' process is nicer to the others: what senders and people wait for goes first. It lives exactly as long as its
parent: the pipe between them ends when either dies.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from gateway.config import Settings

NICENESS = 10
PAUSE = 1.0  # seconds before a process that died is started again
log = logging.getLogger("gateway.worker_process")

Job = tuple[str, str]  # its name, the id of its subject


class WorkerProcess:
    """Runs `work(settings, jobs)` in a child, where `jobs()` waits for the next job and gives None at the end."""

    def __init__(self, settings: Settings, work: Callable[[Settings, Callable[[], Job | None]], None]) -> None:
        self._settings = settings
        self._work = work
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["gateway.app", "gateway.inbound.reading"])
        self._lock = threading.Lock()
        self._pipe: Connection | None = None
        self._process: BaseProcess | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="worker-watch", daemon=True)

    def start(self) -> None:
        self._launch()
        self._watcher.start()

    def send(self, job: str, subject_id: str) -> None:
        """Wake the workers. Raises OSError while there are none; the sweep finds what they missed."""
        with self._lock:
            if self._pipe is None:
                raise BrokenPipeError
            self._pipe.send((job, subject_id))

    def stop(self, timeout: float = 30.0) -> None:
        """Let the jobs that run end (seconds), then see the process end."""
        self._stopping.set()
        with self._lock, suppress(OSError):
            if self._pipe is not None:
                self._pipe.send(None)
        if self._process is not None:
            self._process.join(timeout)
            if self._process.is_alive():
                self._process.kill()

    def _launch(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_run, args=(self._work, self._settings, theirs), name="workers")
        process.start()
        theirs.close()
        with self._lock:
            self._pipe, self._process = ours, process

    def _watch(self) -> None:
        while True:
            assert self._process is not None  # launched before the watch began
            self._process.join()
            if self._stopping.wait(PAUSE):
                return
            log.error("the workers' process ended with code %s; it is started again", self._process.exitcode)
            with self._lock:
                self._pipe = None
            try:
                self._launch()
            except OSError as error:
                log.error("the workers' process cannot be started (%s); it is tried again", type(error).__name__)


def _run(work: Callable[[Settings, Callable[[], Job | None]], None], settings: Settings, pipe: Connection) -> None:
    """The child. Signals to the whole group (Ctrl+C) are for the parent, which then says when to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)

    def next_job() -> Job | None:
        try:
            job: Job | None = pipe.recv()
        except (EOFError, OSError):
            os._exit(1)  # the parent died: whoever is started next must find nobody at work
        return job

    work(settings, next_job)
