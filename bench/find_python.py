"""In charge of: which of this machine's Pythons `make` builds the environment on: the fastest that we support.

Not in charge of: installing one; `make PY=/path/to/python3.12 …` asks for one and is not questioned.

    python3 bench/find_python.py

Prints its path. A Python built without profile-guided optimisation, as pyenv does by default, takes up to twice the
time of the one that a distribution builds. Runs before anything is installed: the standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

NAMES = ("python3", "python3.13", "python3.12", "python3.11")
FOLDERS = ("/usr/local/bin", "/usr/bin")  # searched after PATH
TURNS = 9
CLEARLY = 1.1  # times as fast as python3; with less, python3 is what people expect
PROBE = """
import sys
if not (3, 11) <= sys.version_info < (3, 14):
    sys.exit(1)
import ctypes, lzma, re, sqlite3, ssl, time, venv

words = re.compile(r"\\b(\\w+)[ :]+(\\w+)\\b")
text = "From: a candidate, Re: the interview on Tuesday at two " * 20

def work():
    seen = {}
    for number in range(10_000):
        seen[number % 500] = [str(number), number * 2]
    return sorted(seen), words.findall(text)

def measure():
    began = time.process_time()
    work()
    return time.process_time() - began

print(sys.executable, min(measure() for _ in range(9)), sep="\\n")
"""


def main() -> int:
    found = measure_pythons()
    if not found:
        print("Python 3.11, 3.12 or 3.13 is needed; say which with: make PY=/path/to/python3.11 …", file=sys.stderr)
        return 1
    usual = next(iter(found))
    gains = {executable: compare_turns(found[usual], seconds) for executable, seconds in found.items()}
    fastest = max(gains, key=gains.__getitem__)
    if gains[fastest] < CLEARLY:
        fastest = usual
    if fastest != usual:
        print(f"Taking {fastest}: {gains[fastest]:.1f} times as fast as {usual}; PY=… decides.", file=sys.stderr)
    print(fastest)
    return 0


def compare_turns(usual: list[float], other: list[float]) -> float:
    """How many times as fast the other is, turn by turn: shared processors run at half speed for seconds on end, which
    both of a turn meet.
    """
    return median([ours / theirs for ours, theirs in zip(usual, other, strict=True)] or [1.0])


def measure_pythons() -> dict[str, list[float]]:
    """Processor seconds of each interpreter in each turn, `python3` first; one of several names (pyenv) is one."""
    paths = dict[str, tuple[str, str]]()
    for path in list_pythons():
        if measured := measure_python(path):
            paths.setdefault(os.path.realpath(measured[0]), (measured[0], path))
    number = TURNS if len(paths) > 1 else 0
    turns = [[measure_python(path) for _, path in paths.values()] for _ in range(number)]
    whole = [[measured[1] for measured in turn if measured] for turn in turns if all(turn)]
    return {executable: list(seconds) for (executable, _), *seconds in zip(paths.values(), *whole, strict=True)}


def list_pythons() -> Iterator[str]:
    """Every one once, `python3` on the PATH first."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *FOLDERS]
    seen = set()
    for name in NAMES:
        for folder in folders:
            path = Path(folder) / name
            if os.access(path, os.X_OK) and path.is_file() and (real := path.resolve()) not in seen:
                seen.add(real)
                yield str(path)


def measure_python(path: str) -> tuple[str, float] | None:
    """(the interpreter itself, processor seconds of the probe); None if it is of no use here."""
    try:
        probe = subprocess.run([path, "-I", "-c", PROBE], capture_output=True, text=True, timeout=20, check=True)
        executable, seconds = probe.stdout.splitlines()
        return executable, float(seconds)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


if __name__ == "__main__":
    sys.exit(main())
