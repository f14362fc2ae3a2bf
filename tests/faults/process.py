"""In charge of: running, killing and restarting the gateway as processes of its own. Not in charge of: the traffic."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gateway.config import Settings

TESTS = Path(__file__).parent.parent
START = 30.0  # seconds until a process must answer


def wait_until(check: Callable[[], Any], what: str, *, seconds: float = 30.0) -> Any:
    """What `check` gives, once that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds:g} s for {what}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Zygote:
    """The process that gateways are forked from (`faults.zygote`)."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def fork(self, order: dict[str, Any]) -> int:
        """The process id of a new gateway."""
        with self._lock:
            self._start()
            return int(self._say(json.dumps(order) + "\n"))

    def _start(self) -> None:
        if self._process is None:
            environment = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
            paths = [str(TESTS), str(TESTS.parent)]
            environment["PYTHONPATH"] = os.pathsep.join(paths)
            command = [sys.executable, "-m", "faults.zygote"]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
            assert self._say("").startswith("ready")

    def _say(self, line: str) -> str:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        process.stdin.flush()
        return process.stdout.readline()

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=10)


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """The settings as a `gateway` process reads them."""
    return {
        "GATEWAY_DATA_DIR": str(settings.data_dir),
        "GATEWAY_DATABASE_URL": settings.database_url,
        "GATEWAY_SECRET_KEY": settings.secret_key.get_secret_value(),
        "GATEWAY_PUBLIC_URL": settings.public_url,
        "GATEWAY_SENDER_CHECKS": "false",
        "GATEWAY_TRUST_MATCHING_SENDER": "true",
        "GATEWAY_SWEEP_SECONDS": "0.05",
        **more,
    }


class Gateway:
    """One `gateway serve`, `smtp` or `worker` that can be killed and started again on the same port."""

    def __init__(self, zygote: Zygote, environment: dict[str, str], *, command: str, log: Path) -> None:
        self._zygote = zygote
        self._command = command
        self.log = log
        self.port = free_port()
        self.http_port = free_port()
        self._environment = {
            **environment,
            "GATEWAY_SMTP_LISTEN": f"127.0.0.1:{self.port}",
            "GATEWAY_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
        }
        self.pid = 0
        self._sessions: list[int] = []
        self.kills = 0

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self.port)

    def start(self, *, crash_at: str = "", wait: bool = True) -> None:
        """Start; with `crash_at` it dies the first time that it reaches this crash point."""
        environment = {**self._environment, "GATEWAY_CRASH_AT": crash_at}
        self.pid = self._zygote.fork({"arguments": [self._command], "environment": environment, "log": str(self.log)})
        self._sessions.append(self.pid)
        if wait and self._command != "worker":
            wait_until(self._answers, f"gateway {self._command} to answer; see {self.log}", seconds=START)

    def _answers(self) -> bool:
        assert self.is_alive, f"gateway {self._command} ended at its start: {self.log.read_text()[-2000:]}"
        with suppress(OSError), socket.create_connection(self.address, timeout=2) as probe:
            return probe.recv(3) == b"220"
        return False

    @property
    def is_alive(self) -> bool:
        return self.pid > 0 and Path(f"/proc/{self.pid}").exists()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.await_death()

    def await_death(self, seconds: float = 20.0) -> None:
        """Wait until it has died, by our hand or at its crash point."""
        wait_until(lambda: not self.is_alive, f"gateway {self._command} to die", seconds=seconds)
        self.kills += 1

    def terminate(self, seconds: float = 40.0) -> float:
        """SIGTERM; how long it took to end, in seconds."""
        started = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        wait_until(lambda: not self.is_alive, f"gateway {self._command} to end", seconds=seconds)
        return time.monotonic() - started

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def close(self) -> None:
        """End it and whatever is left of the sessions that it led."""
        for session in self._sessions:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(session, signal.SIGKILL)


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """These processes stand still (SIGSTOP) for the while."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(entry.name))
    return found
