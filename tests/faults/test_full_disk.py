"""Reliability 4: the disk is full, for the database, for big mails and for the spool (P1, P2)."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.history import History, check
from faults.sender import send_once, send_until_acknowledged
from faults.world import World


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True)
    if done.returncode:
        pytest.skip("no right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def database_url(small_disk: Path, sqlite_template: Path) -> str:
    shutil.copy(sqlite_template, small_disk / "gateway.db")
    return f"sqlite:///{small_disk / 'gateway.db'}"


@pytest.fixture
def settings_values(small_disk: Path) -> dict[str, Any]:
    return {"trust_matching_sender": True, "data_dir": small_disk}


def fill(folder: Path) -> Path:
    """Use up every octet."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break
    return filler


@pytest.mark.parametrize("size", [20_000, 100_000, 400_000])
def test_full_disk(world: World, small_disk: Path, tally: Counter[str], size: int) -> None:
    """Reliability 4, P1, P2: no space left is 451 or 452, never 5xx and never a 250; with space again it goes on."""
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    people = [world.add_person() for _ in range(3)]
    assert send_until_acknowledged(smtp.address, world.write(people[0]), history)
    filler = fill(small_disk)
    mail = world.write(people[1], size=size)
    for _ in range(3):
        history.invoke(mail.name)
        told, reply = send_once(smtp.address, mail)
        history.note(mail.name, told, reply)
        assert reply[:10] in ("451 4.3.0 ", "452 4.3.1 "), reply
    filler.unlink()
    assert send_until_acknowledged(smtp.address, mail, history, seconds=10)
    assert send_until_acknowledged(smtp.address, world.write(people[2]), history, seconds=10)
    worker.start()
    world.await_quiet()
    check(history, world.visible(), world.belongs).assert_good()
    tally["mails refused for now by a full disk"] += 3


def test_full_disk_while_processing(world: World, small_disk: Path) -> None:
    """Reliability 4, P4: a worker that cannot write leaves the mail where it is, and takes it up again."""
    world.notify()
    smtp, worker, history = world.gateway("smtp"), world.gateway("worker"), History()
    smtp.start()
    person = world.add_person()
    for _ in range(5):
        assert send_until_acknowledged(smtp.address, world.write(person, size=30_000), history)
    smtp.kill()
    filler = fill(small_disk)
    worker.start()
    world.await_log(worker.log, "database is away")
    filler.unlink()
    world.await_quiet()
    verdict = check(history, world.visible(), world.belongs)
    verdict.assert_good()
    assert verdict.reviewed == 0
