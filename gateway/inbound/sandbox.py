"""In charge of: reading hostile mail in processes of its own, with limits on time, memory and files.

Not in charge of: what is read (`reading`, which only the children import). The parent parses nothing.

One pebble pool of one process for each worker: if a process dies at the worst moment, the pipe that it breaks is its
own. Children are forked from a clean server process (`forkserver`): no sockets, no threads, no locks of ours, and a
killed one is replaced in milliseconds, because the server has the parsers loaded.
"""

from __future__ import annotations

import contextlib
import html as entities
import logging
import multiprocessing
import queue
import resource
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.inbound.header_scan import scan_headers
from gateway.inbound.html_guard import strip_tags
from gateway.threads.incoming import ReadMail, SplitReply

if TYPE_CHECKING:
    from gateway.inbound.signatures import Keys, Signature

log = logging.getLogger("gateway.inbound.sandbox")

MAILS_PER_PROCESS = 5000  # a new process costs 0.1 s; what the parsers remember is bounded
_START_SECONDS = 60.0
_LOOK_EVERY = 0.5  # seconds between looks at a pool that has not answered
_T = TypeVar("_T")


class ParsingPool:
    """Processes that read mail. Thread-safe; a call blocks until a process is free and has answered.

    `timeout`: seconds for one mail, then its process is killed. `memory_mb`: address space of one process beyond what
    the loaded parsers need. Nothing is raised for a bad mail: it comes back with a defect "unreadable: …".
    """

    def __init__(self, workers: int = 2, timeout: float = 10.0, memory_mb: int = 512) -> None:
        self._timeout = timeout
        self._memory_mb = memory_mb
        self._free: queue.LifoQueue[_Slot] = queue.LifoQueue()
        self._slots = [_Slot(timeout, memory_mb) for _ in range(max(1, workers))]
        for slot in self._slots:
            self._free.put(slot)
        self._threads = ThreadPoolExecutor(len(self._slots), thread_name_prefix="parsing")
        self._closed = False

    def warm(self) -> None:
        """Start every process now and wait until each has its parsers loaded."""
        for slot in self._slots:
            slot.start()
        for slot in self._slots:
            slot.wait_until_ready()

    def read_mail(self, raw: bytes, known: Sequence[str] = ()) -> ReadMail:
        """`reading.read_mail` in a process. What it could not read comes back with what a header scan can tell."""
        try:
            return self._run(_read_mail, raw, tuple(known))
        except _Failed as failure:
            return ReadMail(mail=scan_headers(raw, f"unreadable: {failure}"), split=SplitReply(reply=""))

    def read_mails(self, mails: Sequence[tuple[bytes, Sequence[str]]]) -> list[ReadMail]:
        """Several in one round trip to each process. Answers come in the order asked."""
        share = max(1, -(-len(mails) // len(self._slots)))
        parts = [mails[at : at + share] for at in range(0, len(mails), share)]
        return [read for part in self._threads.map(self._read_part, parts) for read in part]

    def _read_part(self, mails: Sequence[tuple[bytes, Sequence[str]]]) -> list[ReadMail]:
        """In one round trip; if that fails, each alone, so that a hostile one harms none of the others."""
        if len(mails) > 1:
            try:
                return self._run(_read_mails, [(raw, tuple(known)) for raw, known in mails])
            except _Failed:
                log.warning("a batch of %d mails could not be read together", len(mails))
        return [self.read_mail(raw, known) for raw, known in mails]

    def sanitise(self, html: str) -> str:
        """`html.sanitise` in a process; if that fails, the text of the HTML in `<pre>`."""
        try:
            return self._run(_sanitise, html)
        except _Failed:
            return f"<pre>{entities.escape(strip_tags(html))}</pre>"

    def html_to_text(self, html: str) -> str:
        """`html_text.html_to_text` in a process; if that fails, the HTML without its tags."""
        try:
            return self._run(_html_to_text, html)
        except _Failed:
            return strip_tags(html)

    def find_types(self, contents: Sequence[bytes]) -> list[str]:
        """`filetypes.find_types` in a process; if that fails, nothing is known of any."""
        try:
            return self._run(_find_types, list(contents))
        except _Failed:
            return [""] * len(contents)

    def read_fields(self, content: bytes) -> list[tuple[str, str]]:
        """`cards.read_fields` in a process; if that fails, none."""
        try:
            return self._run(_read_fields, content)
        except _Failed:
            return []

    def verify_signatures(self, raw: bytes, signatures: Sequence[Signature], keys: Keys) -> str:
        """`signatures.verify_signatures` in a process: the cost of a big or hostile mail stays there."""
        try:
            return self._run(_verify_signatures, raw, tuple(signatures), dict(keys))
        except _Failed as failure:
            return f"not checked: {failure}"

    def verify_chain(self, raw: bytes, keys: Keys) -> str:
        """`signatures.verify_chain` in a process."""
        try:
            return self._run(_verify_chain, raw, dict(keys))
        except _Failed as failure:
            return f"not checked: {failure}"

    def close(self) -> None:
        """End all processes. Calls under way come back as unreadable."""
        self._closed = True
        for slot in self._slots:
            slot.stop()

    def __enter__(self) -> ParsingPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, function: Callable[..., _T], *args: Any) -> _T:
        slot = self._free.get()
        try:
            if self._closed:
                raise _Failed("the parsing pool is closed")
            return slot.run(function, *args)
        finally:
            self._free.put(slot)


class _Failed(Exception):
    """A process gave no answer; the text says why in a word."""


class _Slot:
    """One pebble pool of one process, made when first needed and again after it broke."""

    def __init__(self, timeout: float, memory_mb: int) -> None:
        self._timeout = timeout
        self._memory_mb = memory_mb
        self._pool: Any = None
        self._ready: Any = None
        self._lock = threading.Lock()

    def start(self) -> None:
        with self._lock:
            if self._pool is None:
                self._pool = _make_pool(self._timeout, self._memory_mb)
                self._ready = self._pool.schedule(_do_nothing, timeout=_START_SECONDS)

    def wait_until_ready(self) -> None:
        if self._ready is not None:
            self._await(self._ready, _START_SECONDS)
            self._ready = None

    def run(self, function: Callable[..., _T], *args: Any) -> _T:
        from concurrent.futures.process import BrokenProcessPool

        from pebble import ProcessExpired

        self.start()
        try:
            self.wait_until_ready()
            future = self._pool.schedule(function, args=args, timeout=self._timeout)
            result: _T = self._await(future, self._timeout + _START_SECONDS)
        except FutureTimeout as error:
            if not error.args:  # ours, not pebble's: the process could not even be killed
                self.stop()
            log.warning("reading a mail took too long; its process was ended")
            raise _Failed(f"took longer than {self._timeout:g} s") from None
        except ProcessExpired as error:
            log.warning("the process reading a mail ended with code %s", error.exitcode)
            raise _Failed(_name_exit(error.exitcode)) from None
        except MemoryError:
            log.warning("reading a mail needed more than %s MB", self._memory_mb)
            raise _Failed("needs too much memory") from None
        except (BrokenProcessPool, RuntimeError, OSError) as error:
            self.stop()
            log.error("the parsing process broke: %s", type(error).__name__)
            raise _Failed("the parsing process broke") from None
        except Exception as error:
            log.error("the parsing process failed: %s", type(error).__name__)
            raise _Failed(type(error).__name__) from None
        return result

    def _await(self, future: Future[Any], seconds: float) -> Any:
        """What it gives. Raises what it raises, TimeoutError, or RuntimeError once the pool cannot answer any more."""
        until = time.monotonic() + seconds
        while not wait([future], timeout=_LOOK_EVERY).done:
            if time.monotonic() > until:
                raise FutureTimeout
            if not self._pool.active:  # the server that forks its processes died
                raise RuntimeError("the parsing pool is broken")
        return future.result()

    def stop(self) -> None:
        with self._lock:
            pool, self._pool, self._ready = self._pool, None, None
        if pool is not None:
            with contextlib.suppress(Exception):
                pool.stop()
                pool.join(5)


def _name_exit(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "took too much processor time"
    return f"its process crashed with code {code}"


def _make_pool(timeout: float, memory_mb: int) -> Any:
    from pebble import ProcessPool

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gateway.inbound.reading", "gateway.inbound.signatures"])
    return ProcessPool(
        max_workers=1,
        max_tasks=MAILS_PER_PROCESS,
        initializer=_limit_process,
        initargs=(timeout, memory_mb),
        context=context,
    )


# What follows runs in the child.

_cpu_seconds = 0
_renewed_at = 0.0  # processor seconds used by then


def _limit_process(timeout: float, memory_mb: int) -> None:
    """Load the parsers, then give up what parsing does not need: memory, core files, writing files."""
    import gateway.inbound.reading  # noqa: F401

    global _cpu_seconds
    _cpu_seconds = int(timeout) + 3  # the limit is in whole seconds, and a mail may begin a second after it was renewed
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a parser that hangs in C runs no handler
    space = _own_space() + memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _own_space() -> int:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 256 * 1024 * 1024


def _end_with_parent() -> None:
    """End when the parent does, even in the middle of a mail."""
    import os
    from multiprocessing.connection import wait

    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _renew_cpu_limit() -> None:
    """The processor time of this one mail, to a second: it ends a loop in C that lets no thread of Python run."""
    global _renewed_at
    used = time.process_time()
    if used - _renewed_at >= 1 or not _renewed_at:
        _renewed_at = used
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + _cpu_seconds, hard))


def _do_nothing() -> None:
    return None


def _read_mail(raw: bytes, known: Sequence[str]) -> ReadMail:
    from gateway.inbound.reading import read_mail

    _renew_cpu_limit()
    return read_mail(raw, known)


def _read_mails(mails: Sequence[tuple[bytes, Sequence[str]]]) -> list[ReadMail]:
    return [_read_mail(raw, known) for raw, known in mails]


def _sanitise(html: str) -> str:
    from gateway.inbound.html import sanitise

    _renew_cpu_limit()
    return sanitise(html)


def _html_to_text(html: str) -> str:
    from gateway.inbound.html_text import html_to_text

    _renew_cpu_limit()
    return html_to_text(html)


def _find_types(contents: Sequence[bytes]) -> list[str]:
    from gateway.inbound.filetypes import find_types

    _renew_cpu_limit()
    return find_types(contents)


def _read_fields(content: bytes) -> list[tuple[str, str]]:
    from gateway.inbound.cards import read_fields

    _renew_cpu_limit()
    return read_fields(content)


def _verify_signatures(raw: bytes, signatures: Sequence[Signature], keys: Keys) -> str:
    from gateway.inbound.signatures import verify_signatures

    _renew_cpu_limit()
    return verify_signatures(raw, signatures, keys)


def _verify_chain(raw: bytes, keys: Keys) -> str:
    from gateway.inbound.signatures import verify_chain

    _renew_cpu_limit()
    return verify_chain(raw, keys)
