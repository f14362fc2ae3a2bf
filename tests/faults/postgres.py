"""In charge of: a PostgreSQL server of our own that may be stopped and killed. Not in charge of: its databases."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psycopg

from faults.process import children_of, free_port, wait_until

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), Path("/nowhere"))


class PrivatePostgres:
    """A fresh cluster in a temporary folder, run as the user postgres."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="faults-postgres-"))
        shutil.chown(self.folder, "postgres")
        self.port = free_port()
        data = str(self.folder / "data")
        who = {"user": "postgres"} if os.geteuid() == 0 else {}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
        subprocess.run(
            [str(BIN / "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], check=True, **who, **quiet
        )
        options = ["-D", data, "-p", str(self.port), "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1"]
        self._command = [str(BIN / "postgres"), *options]
        self._how = {**who, **quiet}
        self.start()

    @property
    def url(self) -> str:
        """Of the database `postgres`, without TLS, so that a proxy can read along."""
        return self.url_by(self.port)

    def url_by(self, port: int) -> str:
        return f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, **self._how)  # type: ignore[call-overload]
        wait_until(self._answers, "our PostgreSQL to answer")

    def _answers(self) -> bool:
        with suppress(psycopg.Error):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False

    def pids(self) -> list[int]:
        """The server and all its children."""
        return [self._process.pid, *children_of(self._process.pid)]

    def kill(self) -> None:
        """SIGKILL everything at once, as if the machine had failed."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self._process.wait(20)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
