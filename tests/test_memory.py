"""The memory of a process that lives long."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

THREADS = """
import ctypes, sys, threading
if "shared" in sys.argv:
    from gateway.memory import share_one_heap
    share_one_heap()
together = threading.Barrier(4)
def allocate():
    together.wait()
    kept = [bytes(2000 + n) for n in range(200)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
ctypes.CDLL(None).malloc_stats()
"""


def count_heaps(*options: str) -> int:
    run = subprocess.run([sys.executable, "-c", THREADS, *options], capture_output=True, text=True, check=True)
    return run.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap for each thread")
def test_threads_share_one_heap() -> None:
    """Reliability 70: with one for each of them, the workers' process grew with every mail that it read."""
    assert count_heaps() > 1
    assert count_heaps("shared") == 1
