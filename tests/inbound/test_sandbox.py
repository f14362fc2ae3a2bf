"""Mail is read in processes of their own: one that hangs, crashes or eats memory costs itself and nothing else."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from gateway.inbound import sandbox
from gateway.inbound.reading import read_mail
from gateway.inbound.sandbox import ParsingPool

EMAILS = Path(__file__).parent.parent / "emails"
RAW = (EMAILS / "gmail_ko_reply_utf8.eml").read_bytes()


@pytest.mark.parametrize("path", sorted(EMAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_what_was_read_comes_over_whole(path: Path) -> None:
    read = read_mail(path.read_bytes())

    assert pickle.loads(pickle.dumps(read)) == read


def hang(_raw: bytes, _known: object) -> None:
    time.sleep(60)


def burn(_raw: bytes, _known: object) -> None:
    sandbox._renew_cpu_limit()
    while True:
        pass


def crash(_raw: bytes, _known: object) -> None:
    os.abort()


def eat(_raw: bytes, _known: object) -> None:
    held = []
    while True:
        held.append(bytearray(10_000_000))


def list_open(_raw: bytes, _known: object) -> list[str]:
    return [
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{fd}")
    ]


def write_file(raw: bytes, _known: object) -> str:
    try:
        with open(raw.decode(), "wb") as file:
            file.write(b"x")
        return "written"
    except OSError:
        return "refused"


def process_id(_raw: bytes, _known: object) -> int:
    return os.getpid()


@pytest.fixture(scope="module")
def pool() -> Iterator[ParsingPool]:
    with ParsingPool(workers=2, timeout=1.5, memory_mb=256) as pool:
        pool.warm()
        yield pool


def test_mail_is_read_as_in_the_own_process(pool: ParsingPool) -> None:
    from gateway.inbound.reading import read_mail

    assert pool.read_mail(RAW) == read_mail(RAW)
    assert pool.sanitise("<b onclick=x>hi</b>") == "<b>hi</b>"


@pytest.mark.parametrize(
    ("fault", "words"), [(hang, "took longer"), (crash, "crashed"), (eat, "memory"), (burn, "took")]
)
def test_a_fault_is_told_and_the_next_mail_is_read(
    pool: ParsingPool, monkeypatch: pytest.MonkeyPatch, fault: object, words: str
) -> None:
    monkeypatch.setattr(sandbox, "_read_mail", fault)
    read = pool.read_mail(RAW)
    assert words in read.mail.defects[0]
    assert read.mail.defects[0].startswith("unreadable:")
    assert read.mail.message_id == "gmail_ko_reply_utf8@mail.example"
    assert read.mail.from_[0].address == "minsu.kim@gmail.example"
    monkeypatch.undo()
    assert pool.read_mail(RAW).split.reply.startswith("안녕하세요.")


def test_one_hanging_mail_holds_up_no_other(pool: ParsingPool) -> None:
    def run_slow() -> None:
        with pytest.raises(sandbox._Failed, match="took longer"):
            pool._run(hang, b"", ())

    slow = threading.Thread(target=run_slow)
    slow.start()
    started = time.monotonic()
    for _ in range(5):
        assert pool.read_mail(RAW).mail.subject == "Re: 면접 일정"
    assert time.monotonic() - started < 1.4
    slow.join()


def test_many_threads_may_ask_at_once(pool: ParsingPool) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len({read.mail.message_id for read in threads.map(pool.read_mail, [RAW] * 40)}) == 1


def test_a_batch_is_shared_by_the_processes_and_keeps_its_order(pool: ParsingPool) -> None:
    mails = [(RAW.replace(b"Message-ID: <", b"Message-ID: <%d." % n, 1), ()) for n in range(9)]
    ids = [read.mail.message_id for read in pool.read_mails(mails)]
    assert [name.partition(".")[0] for name in ids] == [str(n) for n in range(9)]


def test_children_hold_no_sockets_of_ours_and_write_no_files(pool: ParsingPool, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        inode = os.readlink(f"/proc/self/fd/{server.fileno()}")
        with ParsingPool(workers=1, timeout=5) as own:
            assert inode not in own._run(list_open, b"", ())
    assert pool._run(write_file, str(tmp_path / "x").encode(), ()) == "refused"


def test_processes_are_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAILS_PER_PROCESS", 3)
    with ParsingPool(workers=1, timeout=5) as pool:
        assert len({pool._run(process_id, b"", ()) for _ in range(9)}) >= 3


def test_a_closed_pool_still_answers() -> None:
    pool = ParsingPool(workers=1)
    pool.close()
    assert pool.read_mail(RAW).mail.defects == ("unreadable: the parsing pool is closed",)


def test_the_parent_loads_no_parser() -> None:
    code = (
        "import sys, gateway.inbound.sandbox\n"
        "print([m for m in ('flanker', 'mailparser', 'selectolax', 'nh3', 'chardet', 'pebble') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_children_end_when_the_parent_is_killed() -> None:
    code = (
        "import os, sys\nsys.path.insert(0, sys.argv[1])\n"
        "from test_sandbox import process_id\nfrom gateway.inbound.sandbox import ParsingPool\n"
        "if __name__ == '__main__':\n"
        "    pool = ParsingPool(workers=1, timeout=30)\n"
        "    print(pool._run(process_id, b'', ()), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{child}")


def test_the_server_that_forks_the_processes_may_die(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reliability 14: whatever is killed, mails behind are read, and soon."""
    with ParsingPool(workers=1) as pool:
        with monkeypatch.context() as patched:
            patched.setattr(sandbox, "_read_mail", process_id)
            reader: Any = pool.read_mail(RAW)
        os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]
        os.kill(reader, signal.SIGKILL)
        started = time.monotonic()
        while pool.read_mail(RAW).mail.subject != "Re: 면접 일정" or "unreadable" in str(
            pool.read_mail(RAW).mail.defects
        ):
            assert time.monotonic() - started < 20
