"""Reliability 3 and 4: on stable storage before the 250; writes that fail (P1, P2)."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from running import leave_out

from faults.history import History, Told, check
from faults.process import wait_until
from faults.sender import send_once, send_until_acknowledged
from faults.world import World
from gateway.store.blobs import RAW_IN_ROW


def trace(world: World, folder: Path, *, size: int) -> list[tuple[str, str]]:
    """System calls (name, arguments) of the SMTP process while it takes one mail, in the order of their return."""
    smtp = world.gateway("smtp")
    smtp.start()
    out = folder / "trace"
    wanted = "trace=fsync,fdatasync,write,writev,sendto,sendmsg,pwrite64"
    strace = subprocess.Popen(
        ["strace", "-f", "-y", "-s", "40", "-e", wanted, "-o", str(out), "-p", str(smtp.pid)],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert strace.stderr is not None
    try:
        assert "attached" in strace.stderr.readline()
        told, reply = send_once(smtp.address, world.write(size=size))
        assert told is Told.OK, reply
    finally:
        strace.terminate()
        strace.communicate(timeout=10)
    calls = []
    for line in out.read_text(errors="replace").splitlines():
        # "<unfinished …>" begins a call and "resumed" ends it; a call counts where it ended
        found = re.search(r"(?:<\.\.\. )?(fsync|fdatasync|writev?|sendto|sendmsg|pwrite64)(?:\(| resumed>)(.*)", line)
        if found and "<unfinished" not in line:
            calls.append((found[1], found[2]))
        elif found:
            calls.append((f"{found[1]} begun", found[2]))
    return calls


@pytest.mark.parametrize("size", [0, 100_000, 600_000])
def test_synced_before_the_250(world: World, tmp_path: Path, size: int) -> None:
    """Reliability 3, P1: fsync or fdatasync of the database's log (and of a big mail's file and folders) has returned
    before the first octet of the 250 is written, and nothing was written to the log in between."""
    if shutil.which("strace") is None:
        leave_out("strace is not installed")
    calls = trace(world, tmp_path, size=size)
    names = [name for name, _ in calls]
    said = next(i for i, (_, rest) in enumerate(calls) if re.search(r'"250 2\.0\.0 [0-9a-f]{16}', rest))
    before = calls[:said]
    syncs = [i for i, name in enumerate(names[:said]) if name in ("fsync", "fdatasync")]
    logged = [i for i, (name, rest) in enumerate(before) if name.startswith("pwrite64") and "gateway.db-wal" in rest]
    assert logged, "the mail was not written to the log before the 250"
    assert any(i > logged[-1] for i in syncs), calls[max(0, said - 12) : said + 1]
    if size > RAW_IN_ROW["sqlite"]:
        begun = [rest for name, rest in before[: logged[0]] if name.startswith(("fsync", "fdatasync"))]
        synced = [rest for rest in begun if "/blobs" in rest]
        assert len(synced) >= 3, begun  # the file, its folder, and the folder of folders: before the row that names it


def test_writes_fail_by_a_limit_of_the_process(world: World, tally: Counter[str]) -> None:
    """Reliability 4, P1, P2: writes that fail (EFBIG here) are 451; the same process recovers once they do not."""
    world.notify()
    smtp, history = world.gateway("smtp"), History()
    smtp.start()
    assert send_until_acknowledged(smtp.address, world.write(), history)
    resource.prlimit(smtp.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    mails = [world.write(size=size) for size in (0, 100_000, 400_000)]
    for mail in mails:
        told, reply = send_once(smtp.address, mail)
        assert told is Told.FAIL
        assert reply[:10] in ("451 4.3.0 ", "452 4.3.1 "), reply
    resource.prlimit(smtp.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for mail in mails:
        assert send_until_acknowledged(smtp.address, mail, history, seconds=10)
    world.gateway("worker").start()
    world.await_quiet()
    check(history, world.visible(), world.belongs).assert_good()
    tally["mails refused for now by failing writes"] += len(mails)


def open_files(pid: int) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.append(os.readlink(link))
    return found


def test_nothing_is_left_over_in_the_spool(world: World) -> None:
    """Reliability 1, 27: a mail that was coming in when the process died leaves no file behind."""
    smtp = world.gateway("smtp", GATEWAY_BLOBS_URL="")
    smtp.start()
    person = world.add_person()
    with socket.create_connection(smtp.address) as client:
        lines = client.makefile("rb")
        lines.readline()
        for command in (b"HELO x", b"MAIL FROM:<a@x.example>", b"RCPT TO:<" + person.address.encode() + b">", b"DATA"):
            client.sendall(command + b"\r\n")
            assert lines.readline()[:1] in (b"2", b"3")
        client.sendall((b"x" * 78 + b"\r\n") * 20_000)
        wait_until(lambda: any("/spool/" in name for name in open_files(smtp.pid)), "the mail to be spooled")
        smtp.kill()
    assert list((world.ctx.settings.data_dir / "spool").iterdir()) == []
