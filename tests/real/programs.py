"""In charge of: finding and running the programs of these tests.

Not in charge of: any one of them (the modules beside this one).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

WAIT = 40.0  # seconds until something that must happen has happened
SBIN = "/usr/sbin:/usr/lib/postfix/sbin"


def leave_out(why: str) -> NoReturn:
    """Skip with a clear word; a failure where `CI=true` says that every program must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def find_program(name: str) -> str:
    """Its path, or this test is left out."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if path is None:
        leave_out(f"{name} is not installed (Debian: apt-get install postfix dovecot-imapd swaks mutt)")
    return path


def need_root() -> None:
    """Postfix's master and Dovecot change to users of their own, which only root may."""
    if os.geteuid() != 0:
        leave_out("a private Postfix needs root to start; the tests with swaks and smtp-source ran without it")


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]


def wait_for(check: Callable[[], Any], what: str, seconds: float = WAIT) -> Any:
    """Until `check` gives something true, which is returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.03)
    raise AssertionError(f"waited {seconds} s for {what}")


def answers(port: int) -> bool:
    """Does anybody listen on this loopback port?"""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def run_program(command: Sequence[str | Path], *, seconds: float = 30.0) -> str:
    """Its output, by way of a file: a daemon that it leaves behind would hold a pipe open."""
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([str(c) for c in command], stdout=output, stderr=output, timeout=seconds, check=False)
        output.seek(0)
        said = output.read().decode("utf-8", "replace")
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{said}"
    return said


def run_on_terminal(command: Sequence[str], *, environment: dict[str, str], seconds: float = 30.0) -> None:
    """Run a program that wants a terminal, and show its last screen if it fails or does not end."""
    ours, theirs = os.openpty()
    screen: list[bytes] = []
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    )
    os.close(theirs)
    reader = threading.Thread(target=_drain, args=(ours, screen), daemon=True)
    reader.start()
    try:
        status: int | None = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        status = None
    reader.join(5)
    os.close(ours)
    assert status == 0, f"{command[0]}: {status}\n{b''.join(screen)[-3000:].decode('utf-8', 'replace')}"


def _drain(terminal: int, screen: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # EIO tells that the program has closed its end
        while block := os.read(terminal, 65_536):
            screen.append(block)


def stop_by_pid_file(path: Path) -> None:
    """End the daemon whose own pid file this is, and wait until it is gone."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(path.read_text().split()[0])
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), f"the end of process {pid}", 10)
