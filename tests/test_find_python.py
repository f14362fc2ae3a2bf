"""Which Python `make` takes when it is not told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.find_python import compare_turns

SCRIPT = Path("bench/find_python.py").resolve()


@pytest.fixture
def put_python(tmp_path):
    """A program of this name that says what the probe would say."""

    def put(name: str, says: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\nprintf '{says}'\n")
        path.chmod(0o755)

    return put


def find_python(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True)


def test_a_clearly_faster_python_is_taken_and_said(tmp_path, put_python):
    put_python("python3", "/usual/python3\\n10\\n")
    put_python("python3.12", "/quick/python3.12\\n0.000001\\n")
    found = find_python(tmp_path)
    assert found.stdout == "/quick/python3.12\n"
    assert "/usual/python3" in found.stderr
    assert "PY=" in found.stderr


def test_python3_is_taken_if_no_other_is_clearly_faster(tmp_path, put_python):
    put_python("python3", "/usual/python3\\n0.00000105\\n")
    put_python("python3.12", "/quick/python3.12\\n0.000001\\n")
    found = find_python(tmp_path)
    assert (found.stdout, found.stderr) == ("/usual/python3\n", "")


@pytest.mark.parametrize("says", ["", "no python\\n", "/odd/python3\\nsoon\\n"])
def test_what_is_no_python_for_us_is_passed_over(tmp_path, put_python, says):
    put_python("python3", says)
    put_python("python3.11", "/good/python3.11\\n0.000001\\n")
    assert find_python(tmp_path).stdout == "/good/python3.11\n"


def test_one_interpreter_of_two_names_is_one(tmp_path, put_python):
    put_python("python3", "/usual/python3\\n0.000003\\n")
    put_python("python3.11", "/usual/python3\\n0.000001\\n")
    found = find_python(tmp_path)
    assert (found.stdout, found.stderr) == ("/usual/python3\n", "")


def test_a_good_moment_of_the_machine_decides_nothing():
    assert compare_turns([1.9, 3.4, 3.3, 3.5, 3.4], [2.4, 2.3, 2.4, 2.5, 2.4]) == pytest.approx(1.4, abs=0.05)
