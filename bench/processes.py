"""In charge of: starting a server, what it costs (processor, memory, over all its processes), and ending it.

Not in charge of: which servers. Linux only: everything is read from /proc.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

TICK = 1000.0 / os.sysconf("SC_CLK_TCK")  # milliseconds
SAMPLE = 1.0  # seconds between two looks at memory: the kernel counts pages for milliseconds each time


class ServerError(Exception):
    """A server did not come up or did not end; the text says which and what it wrote."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def start_process(command: Sequence[str], *, log: Path, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl+C reaches us alone and we end it in order."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, start_new_session=True
        )


def wait_for_port(port: int, process: subprocess.Popen[bytes], *, log: Path, seconds: float = 60.0) -> None:
    """Wait until the server greets. Raises ServerError with the end of its log."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as sock:
                sock.settimeout(5)
                if sock.recv(3) == b"220":
                    sock.sendall(b"QUIT\r\n")
                    return
        except OSError:
            time.sleep(0.05)
    raise ServerError(f"{process.args!r} does not answer on port {port}: {read_tail(log)}")


def read_tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:] if log.exists() else ""


def stop_process(process: subprocess.Popen[bytes], *, seconds: float = 40.0) -> None:
    """SIGTERM to our own process; after `seconds` SIGKILL to it and to what it started."""
    family = list_family(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    end = time.monotonic() + 5
    while (left := [p for p in family if _is_same(p, process.pid)]) and time.monotonic() < end:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def list_family(pid: int) -> list[int]:
    """The process and all its descendants that live."""
    parents: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (stat := _read_stat(int(entry.name))):
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    family, found = [], [pid]
    while found:
        one = found.pop()
        family.append(one)
        found.extend(parents.get(one, ()))
    return family


def cpu_of(pids: Sequence[int], *, with_children: bool = True) -> float:
    """Processor milliseconds used so far, user and system, with those of children that have ended."""
    total = 0
    for pid in pids:
        if stat := _read_stat(pid):
            total += sum(int(ticks) for ticks in stat[11 : 15 if with_children else 13])
    return total * TICK


class MemoryWatch:
    """Looks at a server's memory from a thread: the most that its processes held together (PSS: shared pages once)."""

    def __init__(self, pids: Callable[[], Sequence[int]]) -> None:
        self._pids = pids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE):
            self._look()

    def _look(self) -> None:
        self.peak_mb = max(self.peak_mb, memory_of(self._pids()))


def memory_of(pids: Sequence[int]) -> float:
    """MB that these hold together now (PSS: shared pages once)."""
    return sum(_pss_kb(pid) for pid in pids) / 1024


def count_files(pids: Sequence[int]) -> int:
    """Open files and sockets of these; of those that we may look at."""
    found = 0
    for pid in pids:
        with suppress(OSError):
            found += len(os.listdir(f"/proc/{pid}/fd"))
    return found


def _pss_kb(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def _read_stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5): field 3 is index 0); [] if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def _is_same(pid: int, session: int) -> bool:
    stat = _read_stat(pid)
    return bool(stat) and stat[0] != "Z" and int(stat[3]) == session
