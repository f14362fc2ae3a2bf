"""In charge of: every octet of a mail arrives as sent, or the mail is refused whole. Not in charge of: commits.

Requirement SJ-1: all messages are in one place, so none may be lost, cut, or smuggled in behind another.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_kit import ISSUED, Running, serving

from gateway.inbound.smtp import SmtpLimits
from gateway.inbound.smtp_data import Intake, Room, find_fault

SIZE = 300_000
HEAD = b"From: a@b.test\r\nSubject: x\r\n\r\n"
SECOND = b"MAIL FROM:<evil@other.test>\r\nRCPT TO:<" + ISSUED.encode() + b">\r\nDATA\r\nsmuggled\r\n.\r\n"


@pytest.fixture(scope="module")
def front() -> Iterator[Running]:
    with serving(limits=SmtpLimits(size=SIZE)) as running:
        yield running


def stuff(body: bytes) -> bytes:
    """Body -> what follows the 354 (RFC 5321 §4.5.2)."""
    lines = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
    return lines + (b".\r\n" if body.endswith(b"\r\n") or not body else b"\r\n.\r\n")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HEAD,
        HEAD + b".\r\n..\r\n.hidden\r\nx.\r\n",
        b".first\r\n",
        HEAD + "똠방각하".encode("cp949") + b"\xff\xfe\r\n",
        HEAD + b"x" * 998 + b"\r\n" + b"y" * 1_000 + b"\r\n" + b"z" * 60_000 + b"\r\n" + b"w" * 65_534 + b"\r\n",
        HEAD + b"a\r\n" * 99_000,
    ],
)
def test_mail_is_stored_octet_for_octet(front: Running, body: bytes) -> None:
    with front.peer() as peer:
        assert peer.data(stuff(body)).startswith("250 2.0.0")
        assert front.books.stored[-1][1] == body
        assert peer.say("NOOP").startswith("250")


@pytest.mark.parametrize(
    ("surplus", "reply"), [(0, "250 2.0.0"), (1, "552 5.3.4"), (50_000, "552 5.3.4"), (SIZE, "552")]
)
@pytest.mark.parametrize("line", [b"x" * 98 + b"\r\n", b".\r\n"])
def test_size_limit_is_exact_and_leaves_the_session_usable(
    front: Running, surplus: int, reply: str, line: bytes
) -> None:
    """Reliability 26, 27."""
    size = SIZE + surplus
    body = HEAD + line * ((size - len(HEAD)) // len(line))
    body = body[:-2] + b"x" * (size - len(body)) + b"\r\n"
    assert len(body) == size
    with front.peer() as peer:
        assert peer.data(stuff(body)).startswith(reply)
        assert peer.say("NOOP").startswith("250")


def test_endless_mail_is_cut_off() -> None:
    """Reliability 27: bounded memory, nothing left behind."""
    with serving(limits=SmtpLimits(size=1_000)) as front, front.peer() as peer:
        peer.begin()
        peer.say("DATA")
        try:
            for _ in range(1_000):
                peer.send(b"x" * 998 + b"\r\n")
        except ConnectionError:
            return
        assert peer.hear()[:9] in ("552 5.3.4", "")
        assert front.books.stored == []


@pytest.mark.parametrize("cut", range(1, 6))
def test_terminator_split_anywhere_ends_the_mail_once(front: Running, cut: int) -> None:
    """Reliability 16: cut into segments at each octet."""
    wire = HEAD + b"hi\r\n.\r\n"
    with front.peer() as peer:
        peer.begin()
        peer.say("DATA")
        peer.send(wire[:-cut])
        peer.send(wire[-cut:])
        assert peer.hear().startswith("250")
        peer.begin()
        peer.say("DATA")
        for octet in wire:
            peer.send(bytes([octet]))
        assert peer.hear().startswith("250")
        assert peer.say("NOOP").startswith("250")
    assert front.books.stored[-1][1] == front.books.stored[-2][1] == HEAD + b"hi\r\n"


SMUGGLES = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\n", b"\n.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n",
    b"\r\n.\0\r\n", b"\r\r\n.\r\r\n", b"\r\n.\r\r\n",
]  # fmt: skip


@pytest.mark.parametrize("sequence", SMUGGLES)
@pytest.mark.parametrize("split", [False, True])
def test_smuggled_mail_is_refused_whole(front: Running, sequence: bytes, split: bool) -> None:
    """Reliability 16: one mail or a refusal, never two."""
    before = len(front.books.stored)
    wire = HEAD + b"one" + sequence + SECOND
    with front.peer() as peer:
        peer.begin()
        peer.say("DATA")
        for piece in [bytes([octet]) for octet in wire] if split else [wire]:
            peer.send(piece)
        assert peer.hear().startswith("550 5.6.0")
        assert peer.say("NOOP").startswith("250")
    assert len(front.books.stored) == before


def test_stuffed_dot_is_no_end(front: Running) -> None:
    with front.peer() as peer:
        assert peer.data(HEAD + b"one\r\n..\r\n" + SECOND).startswith("250")
    assert front.books.stored[-1][1] == HEAD + b"one\r\n.\r\n" + SECOND.removesuffix(b".\r\n")


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (HEAD + b"x" * 65_535 + b"\r\n", "550 5.6.0"),
        (b"Received: x\r\n" * 51 + HEAD, "554 5.4.6"),
        (b"Received: x\r\n" * 50 + HEAD + b"Received: x\r\n" * 9, "250 2.0.0"),
    ],
)
def test_refusals_of_a_whole_mail(front: Running, body: bytes, reply: str) -> None:
    """Reliability 16, 27, 30: what is refused as a whole, and why."""
    with front.peer() as peer:
        assert peer.data(stuff(body)).startswith(reply)


def test_chunks_join_and_dots_are_left_alone(front: Running) -> None:
    with front.peer() as peer:
        peer.begin()
        chunks = [HEAD, b".\r\n..x\r\n", b"", b"end\r\n.\r\n"]
        for chunk in chunks[:-1]:
            peer.send(b"BDAT %d\r\n" % len(chunk) + chunk)
            assert peer.hear().startswith("250 2.0.0")
        assert peer.say(f"RCPT TO:<{ISSUED}>").startswith("503 5.5.1")
        assert peer.say("DATA").startswith("503 5.5.1")
        peer.send(b"bdat %d last\r\n" % len(chunks[-1]) + chunks[-1] + b"QUIT\r\n")
        assert peer.hear().startswith("250 2.0.0")
        assert peer.hear().startswith("221")
    assert front.books.stored[-1][1] == b"".join(chunks)


def test_chunked_dialogue_in_one_segment(front: Running) -> None:
    with front.peer(helo=False) as peer:
        wire = f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{ISSUED}>\r\nBDAT {len(HEAD)} LAST\r\n".encode() + HEAD
        peer.send(wire + b"QUIT\r\n")
        assert [peer.hear()[:3] for _ in range(5)] == ["250", "250", "250", "250", "221"]
    assert front.books.stored[-1][1] == HEAD


def test_chunk_octets_are_swallowed_before_a_refusal(front: Running) -> None:
    with front.peer() as peer:
        peer.send(b"BDAT 6 LAST\r\nQUIT\r\n")
        assert peer.hear().startswith("503 5.5.1")
        peer.begin()
        peer.send(b"BDAT %d\r\n" % (SIZE * 2) + b"x" * SIZE * 2)
        assert peer.hear().startswith("552 5.3.4")
        peer.send(b"BDAT 2 LAST\r\n\r\n")
        assert peer.hear().startswith("552 5.3.4")
        peer.begin()
        peer.send(b"BDAT 4 LAST\r\na\nb\n")
        assert peer.hear().startswith("550 5.6.0")


@pytest.mark.parametrize("argument", ["", "x", "-1", "5 FIRST", "1 LAST LAST", "99999999999999999"])
def test_chunk_of_unknown_size_ends_the_session(front: Running, argument: str) -> None:
    """Reliability 26: sizes that lie."""
    with front.peer() as peer:
        peer.begin()
        assert peer.say(f"BDAT {argument}")[:9] in ("501 5.5.4", "552 5.3.4")
        assert peer.is_closed()


def test_large_mails_pass_through_the_disk_and_leave_nothing(tmp_path: Path) -> None:
    """Reliability 27: no temporary file is left."""
    limits = SmtpLimits(size=9_000_000, bytes_in_flight=1_000_000)
    body = HEAD + b"".join(b".%07d\r\n" % n for n in range(500_000))
    with serving(limits=limits, spool_folder=str(tmp_path)) as front, ThreadPoolExecutor(4) as pool:

        def send(_: int) -> str:
            with front.peer() as peer:
                return peer.data(stuff(body))

        assert all(reply.startswith("250") for reply in pool.map(send, range(4)))
        assert all(raw == body for _, raw in front.books.stored)
    assert list(tmp_path.iterdir()) == []


def test_no_room_on_disk_is_452_and_passes(tmp_path: Path) -> None:
    gone = f"{tmp_path}/gone"
    with serving(spool_folder=gone) as front, front.peer() as peer:
        assert peer.data(stuff(HEAD + b"x" * 70 + b"\r\n" * 300_000)).startswith("452 4.3.1")
        assert peer.data(stuff(HEAD)).startswith("250")
    with serving(limits=SmtpLimits(bytes_spooled=0)) as front, front.peer() as peer:
        peer.begin()
        assert peer.say("DATA").startswith("452 4.3.1")


_PIECES = st.lists(
    st.one_of(
        st.sampled_from([b"\r\n", b".", b"\r", b"\n", b".\r\n", b"\r\n.", b"\r\n.\r\n", b"\0"]),
        st.binary(max_size=5),
    ),
    max_size=30,
).map(b"".join)


@settings(max_examples=400)
@given(wire=_PIECES, cuts=st.lists(st.integers(0, 150), max_size=8))
def test_end_is_found_wherever_the_wire_is_cut(wire: bytes, cuts: list[int]) -> None:
    """The model: put a CRLF in front; all up to the first CRLF.CRLF is the mail, the rest are commands."""
    wire += b"\r\n.\r\nQUIT\r\n"
    expected, _, behind = (b"\r\n" + wire).partition(b"\r\n.\r\n")
    expected = (expected + b"\r\n")[2:]
    expected = (b"\r\n" + expected).replace(b"\r\n.", b"\r\n")[2:]
    intake = Intake(Room(size=1_000, spool_size=1_000), limit=10_000, chunked=False)
    rest = b""
    edges = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    for start, end in itertools.pairwise(edges):
        rest = rest + wire[start:end] if intake.complete else intake.feed(wire[start:end])
    assert intake.complete
    assert rest == behind
    assert intake.assemble() == expected


_LINES = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b"\0", b"a", b"bc"]), max_size=30).map(b"".join)


@settings(max_examples=400)
@given(body=st.one_of(st.binary(max_size=300), _LINES), limit=st.integers(2, 60))
def test_faults_are_found_as_a_plain_reading_would(body: bytes, limit: int) -> None:
    bare = body.replace(b"\r\n", b"")
    lines = body.split(b"\r\n")
    too_long = any(len(line) + 2 > limit for line in lines[:-1]) or len(lines[-1]) > limit
    fault = find_fault(body, SmtpLimits(line=limit))
    if any(octet in bare for octet in b"\r\n") or b"\0" in body:
        assert fault is not None
        assert fault.startswith("550 5.6.0 mail holds a bare")
    else:
        assert (fault is not None) == too_long


def test_room_is_given_in_order_and_never_lost() -> None:
    async def scenario() -> None:
        room = Room(size=100, spool_size=0)
        assert await room.take(60, 1)
        assert await room.take(1_000, 0.01) is False  # larger than all: waits for all
        late = asyncio.create_task(room.take(80, 5))
        small = asyncio.create_task(room.take(30, 5))
        gone = asyncio.create_task(room.take(10, 5))
        await asyncio.sleep(0)
        assert not small.done()  # no overtaking
        gone.cancel()
        room.give(60)
        assert await late
        room.give(80)
        assert await small
        room.give(30)
        assert await room.take(100, 0.01)

    asyncio.run(scenario())
