"""In charge of: 250 means committed, and nothing a peer does undoes a commit. Not in charge of: the commit itself.

Requirement SJ-1 (all messages in one place): our troubles are 4xx; a mail is stored, or its sender knows it is not.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable

import pytest
from smtp_kit import ISSUED, Books, Peer, serving

from gateway.errors import Unavailable
from gateway.inbound.smtp import SmtpLimits

MAIL = b"Subject: x\r\n\r\nhi\r\n"
WIRE = MAIL + b".\r\n"


@pytest.mark.parametrize(
    ("fault", "reply"),
    [
        (RuntimeError("postgresql://gw:hunter2@db"), "451 4.3.0"),
        (Unavailable("database hunter2"), "451 4.3.0"),
        (OSError(errno.EIO, "hunter2"), "451 4.3.0"),
        (OSError(errno.ENOSPC, "hunter2"), "452 4.3.1"),
    ],
)
def test_fault_of_ours_is_4xx_and_stays_secret(fault: Exception, reply: str, caplog: pytest.LogCaptureFixture) -> None:
    books = Books(fault=fault)
    with serving(books) as front, front.peer() as peer:
        answer = peer.data(WIRE)
        assert answer.startswith(reply)
        assert "hunter2" not in answer
        books.fault = None
        assert peer.data(WIRE).startswith("250 2.0.0 m1 accepted")
    assert "hunter2" not in caplog.text
    assert "candidate.test" not in caplog.text


@pytest.mark.parametrize("fault", [RuntimeError("hunter2"), OSError(errno.ENOSPC, "hunter2")])
def test_fault_at_hand_over(fault: Exception) -> None:
    def refuse(*_: object) -> None:
        raise fault

    with serving(accept=refuse) as front, front.peer() as peer:
        answer = peer.data(WIRE)
        assert answer[:3] in ("451", "452")
        assert "hunter2" not in answer
        assert peer.say("NOOP").startswith("250")


def test_slow_commit_outlives_every_timer_of_the_peer() -> None:
    limits = SmtpLimits(command_timeout=0.3, data_block_timeout=0.3, data_total_timeout=0.3)
    books = Books(hold=threading.Event())
    with serving(books, limits=limits) as front, front.peer() as peer:
        threading.Timer(1.0, books.hold.set).start()  # type: ignore[union-attr]
        assert peer.data(WIRE).startswith("250 2.0.0")


def test_commit_that_takes_too_long_is_451_and_still_ends() -> None:
    books = Books(hold=threading.Event())
    with serving(books, limits=SmtpLimits(commit_timeout=0.2)) as front, front.peer() as peer:
        assert peer.data(WIRE).startswith("451 4.3.0")
        assert peer.say("NOOP").startswith("250")
        books.hold.set()  # type: ignore[union-attr]
        assert books.wait_for(1) == [MAIL]


def test_commit_does_not_hold_up_others() -> None:
    books = Books(hold=threading.Event())
    with serving(books) as front, front.peer() as slow, front.peer() as quick:
        slow.begin()
        slow.say("DATA")
        slow.send(WIRE)
        started = time.monotonic()
        assert quick.say("NOOP").startswith("250")
        assert time.monotonic() - started < 1
        books.hold.set()  # type: ignore[union-attr]
        assert slow.hear().startswith("250")


def _half_close(peer: Peer) -> None:
    import socket

    peer.socket.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("leave", [_half_close, lambda peer: peer.socket.close(), lambda peer: peer.reset()])
@pytest.mark.parametrize("tail", [b"", b"QUIT\r\n"])
def test_peer_that_leaves_after_the_dot_is_stored_once_and_on_its_retry_again_offered(
    leave: Callable[[Peer], None], tail: bytes
) -> None:
    books = Books(hold=threading.Event())
    with serving(books) as front:
        peer = front.peer()
        peer.begin()
        peer.say("DATA")
        peer.send(WIRE + tail)
        with front.peer() as witness:  # by its answers we know that the front has read what came before
            leave(peer)
            for _ in range(20):
                assert witness.say("NOOP").startswith("250")
        books.hold.set()  # type: ignore[union-attr]
        if leave is _half_close:
            assert peer.hear() == "250 2.0.0 m1 accepted"
            assert peer.hear()[:3] == ("221" if tail else "")
            peer.socket.close()
        stored = books.wait_for(1) if leave is not Peer.reset else books.stored
        assert set(stored) <= {MAIL}
        with front.peer() as again:
            assert again.data(WIRE).startswith("250")


@pytest.mark.parametrize("leave", [_half_close, lambda peer: peer.socket.close(), lambda peer: peer.reset()])
@pytest.mark.parametrize("cut", [1, 2, 3, 4, 10])
def test_nothing_is_stored_before_the_dot(leave: Callable[[Peer], None], cut: int) -> None:
    with serving() as front:
        peer = front.peer()
        peer.begin()
        peer.say("DATA")
        peer.send(WIRE[:-cut])
        leave(peer)
        with front.peer() as again:
            assert again.data(WIRE).startswith("250")
        assert front.books.stored[0][1] == MAIL
        assert len(front.books.stored) == 1
        peer.socket.close()


def test_cut_at_any_octet_of_a_transaction_stores_nothing() -> None:
    dialogue = [
        b"EHLO x\r\n",
        b"MAIL FROM:<>\r\n",
        b"RCPT TO:<" + ISSUED.encode() + b">\r\n",
        b"DATA\r\n",
        WIRE,
    ]
    wire = b"".join(dialogue)
    with serving() as front:
        for cut in range(0, len(wire), 3):
            sent = 0
            peer = front.peer(helo=False)
            for part in dialogue:
                peer.send(part[: max(0, cut - sent)])
                sent += len(part)
                if sent > cut:
                    break
                peer.hear()
            peer.socket.close()
        with front.peer() as peer:
            assert peer.data(WIRE).startswith("250 2.0.0 m1 ")


def test_stop_lets_a_mail_end_and_sends_the_others_away() -> None:
    books = Books(hold=threading.Event())
    with serving(books) as front:
        idle, between, writing, committing = (front.peer() for _ in range(4))
        between.begin()
        for peer in (writing, committing):
            peer.begin()
            peer.say("DATA")
        writing.send(WIRE[:5])
        committing.send(WIRE)
        assert idle.say("NOOP").startswith("250")
        stopper = threading.Thread(target=front.front.stop, args=(10,))
        stopper.start()
        assert idle.hear().startswith("421 4.3.2")
        assert idle.is_closed()
        assert between.hear().startswith("421 4.3.2")
        assert between.is_closed()
        with pytest.raises(ConnectionRefusedError):
            front.peer()
        writing.send(WIRE[5:])
        books.hold.set()  # type: ignore[union-attr]
        for peer in (writing, committing):
            assert peer.hear().startswith("250 2.0.0")
            assert peer.hear().startswith("421 4.3.2")
        stopper.join(5)
        assert not stopper.is_alive()
        assert len(books.stored) == 2
        for peer in (idle, between, writing, committing):
            peer.socket.close()


def test_stop_does_not_wait_for_ever() -> None:
    with serving() as front:
        with front.peer() as peer:
            peer.begin()
            peer.say("DATA")
            started = time.monotonic()
            front.front.stop(0.3)
            assert time.monotonic() - started < 3
            assert peer.hear().startswith("421 4.3.2")
        assert front.books.stored == []


def test_stop_waits_for_the_commit_of_a_peer_that_is_gone() -> None:
    books = Books(hold=threading.Event())
    with serving(books) as front:
        with front.peer() as peer:
            peer.begin()
            peer.say("DATA")
            peer.send(WIRE)
            with front.peer() as witness:
                witness.say("NOOP")
        threading.Timer(0.3, books.hold.set).start()  # type: ignore[union-attr]
        front.front.stop(5)
        assert [raw for _, raw in books.stored] == [MAIL]


def test_stop_twice_and_a_port_that_is_taken() -> None:
    with serving() as front:
        with pytest.raises(OSError, match="address already in use"), serving(listen=front.address):
            pass
        front.front.stop()
        front.front.stop()
