"""The workers' process beside the front door: woken, started again, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults.process import TESTS, wait_until

from gateway.config import Settings
from gateway.worker_process import Job, WorkerProcess


def note_jobs(settings: Settings, next_job: Callable[[], Job | None]) -> None:
    """Write one line for each job, and who was at work."""
    with (settings.data_dir / "jobs").open("a", buffering=1) as notes:
        notes.write(f"started {os.getpid()}\n")
        while (job := next_job()) is not None:
            notes.write(f"{' '.join(job)}\n")
        notes.write("ended\n")


@pytest.fixture
def process(tmp_path: Path) -> Iterator[WorkerProcess]:
    process = WorkerProcess(Settings(data_dir=tmp_path), note_jobs)
    process.start()
    yield process
    process.stop(5)


def lines(folder: Path) -> list[str]:
    notes = folder / "jobs"
    return notes.read_text().splitlines() if notes.exists() else []


def test_jobs_reach_the_process_and_a_stop_lets_them_end(process: WorkerProcess, tmp_path: Path) -> None:
    process.send("process_mail", "e-1")
    process.send("deliver", "d-1")
    process.stop()
    assert lines(tmp_path)[1:] == ["process_mail e-1", "deliver d-1", "ended"]


def test_a_process_that_dies_is_started_again(process: WorkerProcess, tmp_path: Path) -> None:
    wait_until(lambda: lines(tmp_path), "the first process")
    os.kill(int(lines(tmp_path)[0].split()[1]), signal.SIGKILL)
    wait_until(lambda: len(lines(tmp_path)) == 2, "the second process")
    process.send("deliver", "d-2")
    wait_until(lambda: lines(tmp_path)[-1] == "deliver d-2", "the job")


def test_it_never_outlives_its_parent(tmp_path: Path) -> None:
    """A worker left behind would send what the next one takes back."""
    start = f"""
from pathlib import Path; import signal; from test_worker_process import *
WorkerProcess(Settings(data_dir=Path({str(tmp_path)!r})), note_jobs).start(); signal.pause()
"""
    paths = os.pathsep.join((str(TESTS), str(TESTS.parent)))
    parent = subprocess.Popen([sys.executable, "-c", start], env={**os.environ, "PYTHONPATH": paths})
    wait_until(lambda: lines(tmp_path), "the process")
    child = int(lines(tmp_path)[0].split()[1])
    parent.kill()
    parent.wait()
    wait_until(lambda: not Path(f"/proc/{child}").exists(), "its end")
    assert lines(tmp_path)[-1] != "ended"
