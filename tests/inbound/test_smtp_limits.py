"""In charge of: one client costs bounded time, memory and connections, and an honest slow one still delivers.
Not in charge of: what is said in an ordinary dialogue.

Requirement SJ-7: a candidate's ordinary mail gets through, whatever strangers do meanwhile.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import pytest
from smtp_kit import ISSUED, OURS, Peer, serving

from gateway.inbound.smtp import SmtpLimits
from gateway.inbound.smtp_limits import LOOPBACK, Clients, name_client

STRICT = SmtpLimits(exempt_loopback=False, tarpit=0.05)
WIRE = b"Subject: x\r\n\r\nhi\r\n.\r\n"


def test_connections_per_client() -> None:
    """Reliability 29."""
    with serving(limits=replace(STRICT, connections_per_client=2)) as front:
        with front.peer(), front.peer() as second:
            third = front.peer(helo=False)
            assert third.greeting.startswith("421 4.7.0")
            assert third.is_closed()
            assert second.say("QUIT").startswith("221")
            assert second.is_closed()
            with front.peer() as fourth:
                assert fourth.say("NOOP").startswith("250")
        third.socket.close()


def test_all_connections() -> None:
    with serving(limits=SmtpLimits(connections=1)) as front, front.peer(), front.peer(helo=False) as second:
        assert second.greeting.startswith("421 4.7.0")


def test_mails_per_minute() -> None:
    """Reliability 29."""
    with serving(limits=replace(STRICT, messages_per_minute_per_client=2)) as front, front.peer() as peer:
        assert [peer.data(WIRE)[:3] for _ in range(2)] == ["250", "250"]
        assert peer.say("MAIL FROM:<>").startswith("451 4.7.1")
        assert peer.say("NOOP").startswith("250")


def test_guessing_is_slowed_down_and_ended() -> None:
    """Reliability 29: wrong tokens."""
    limits = replace(STRICT, wrong_recipients=6, wrong_recipients_per_hour_per_client=10)
    with serving(limits=limits) as front:
        with front.peer() as peer, front.peer() as other:
            peer.say("MAIL FROM:<>")
            started = time.monotonic()
            replies = [peer.say(f"RCPT TO:<guess{n}@{OURS}>")[:9] for n in range(7)]
            assert replies == ["550 5.1.1"] * 6 + ["421 4.7.0"]
            assert time.monotonic() - started >= 3 * limits.tarpit
            assert peer.is_closed()
            assert other.say("NOOP").startswith("250")
        with front.peer() as peer:
            peer.say("MAIL FROM:<>")
            replies = [peer.say(f"RCPT TO:<guess{n}@{OURS}>")[:9] for n in range(4)]
            assert replies == ["550 5.1.1"] * 3 + ["421 4.7.0"]
        with front.peer(helo=False) as peer:
            assert peer.greeting.startswith("421 4.7.0")


def test_loopback_may_be_wrong_a_thousand_times_and_connect_twenty_times() -> None:
    with serving() as front:
        peers = [front.peer() for _ in range(60)]
        started = time.monotonic()
        for peer in peers[:2]:
            peer.say("MAIL FROM:<>")
            for n in range(600):
                assert peer.say(f"RCPT TO:<guess{n}@{OURS}>").startswith("550")
        assert time.monotonic() - started < 10
        for peer in peers:
            assert peer.data(WIRE).startswith("250") if peer not in peers[:2] else peer.say("NOOP").startswith("250")
            peer.socket.close()


def test_session_that_never_sends_a_mail_is_ended() -> None:
    """Reliability 28: RSET for ever."""
    with serving(limits=replace(STRICT, commands_per_mail=20)) as front, front.peer() as peer:
        for _ in range(3):
            assert [peer.say("NOOP")[:3] for _ in range(10)] == ["250"] * 10
            assert peer.data(WIRE).startswith("250")
        replies = [peer.say("NOOP")[:3] for _ in range(21)]
        assert replies == ["250"] * 21
        assert peer.hear().startswith("421 4.7.0")


def test_silent_peer_is_sent_away_at_each_step() -> None:
    """Reliability 28: each step has its own deadline."""
    limits = SmtpLimits(command_timeout=0.3, data_block_timeout=0.3)
    with serving(limits=limits) as front:
        mute, dribbling, writing, chunking = Peer(front.address), *(front.peer() for _ in range(3))
        dribbling.send(b"MAIL FR")
        for peer in (writing, chunking):
            peer.begin()
        writing.say("DATA")
        writing.send(b"half a mail\r\n")
        chunking.send(b"BDAT 100 LAST\r\nhalf")
        for peer in (mute, dribbling, writing, chunking):
            assert peer.hear().startswith("421 4.4.2")
            assert peer.is_closed()
            peer.socket.close()
        assert front.books.stored == []


def test_slow_honest_mail_outlives_the_block_timer_and_endless_trickle_does_not() -> None:
    """Reliability 28: a slow line delivers, a trickle ends."""
    limits = SmtpLimits(command_timeout=0.4, data_block_timeout=0.4, data_total_timeout=1.6)
    with serving(limits=limits) as front, front.peer() as slow, front.peer() as endless:
        for peer in (slow, endless):
            peer.begin()
            peer.say("DATA")
        pause = threading.Event()
        for octet in b"slow!":
            slow.send(bytes([octet]))
            endless.send(b"x")
            pause.wait(0.2)
        slow.send(b"\r\n.\r\n")
        assert slow.hear().startswith("250")
        assert endless.is_cut_off(b"x", times=100, pause=0.1)
        assert front.books.stored[0][1] == b"slow!\r\n"


def test_session_has_an_end() -> None:
    """Reliability 28: NOOP for ever."""
    with serving(limits=SmtpLimits(session_timeout=0.2)) as front, front.peer() as peer:
        threading.Event().wait(0.3)
        assert peer.say("NOOP").startswith("250")
        assert peer.hear().startswith("421 4.4.2")


def test_peer_that_never_reads_is_cut() -> None:
    with (
        serving(limits=SmtpLimits(command_timeout=0.3)) as front,
        front.peer() as deaf,
        front.peer() as other,
    ):
        assert deaf.is_cut_off(b"EHLO x\r\n" * 1_000, times=10_000)
        assert other.say("NOOP") != ""


def test_early_talker_before_the_greeting() -> None:
    """Reliability 25."""
    with serving(banner_delay=0.2) as front:
        early, honest = front.peer(greet=False, helo=False), front.peer(greet=False, helo=False)
        early.send(b"EHLO spam\r\n")
        assert early.hear().startswith("554 5.5.0")
        assert early.is_closed()
        assert honest.hear().startswith("220 ")
        for peer in (early, honest):
            peer.socket.close()


V2 = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        (b"PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 4000 25\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (V2 + b"\x21\x11" + struct.pack("!H4s4sHH", 12, bytes([192, 0, 2, 9]), bytes(4), 1, 25), "192.0.2.9"),
        (V2 + b"\x20\x00\0\0", "127.0.0.1"),
    ],
)
def test_proxy_header_tells_who_the_client_is(header: bytes, seen: str) -> None:
    with serving(proxy_protocol_from=("127.0.0.0/8",)) as front:
        with front.peer(greet=False, helo=False) as peer:
            peer.send(header)
            assert peer.hear().startswith("220")
            peer.say("EHLO x")
            assert peer.data(WIRE).startswith("250")
        assert front.books.stored[0][0].peer == seen


def test_proxy_header_is_demanded_and_believed_only_from_our_proxies() -> None:
    limits = replace(STRICT, proxy_timeout=0.2, connections_per_client=1)
    with serving(proxy_protocol_from=("127.0.0.1/32",), limits=limits) as front:
        for opening in (b"EHLO x\r\n", b"PROXY TCP4 no\r\n"):
            with front.peer(greet=False, helo=False) as peer:
                peer.send(opening)
                assert peer.is_closed()
        with front.peer(greet=False, helo=False) as peer:
            assert peer.hear().startswith("421 4.4.2")
        one, two, other = (front.peer(greet=False, helo=False) for _ in range(3))
        greetings = []
        for peer, address in ((one, "192.0.2.1"), (two, "192.0.2.1"), (other, "192.0.2.2")):
            peer.send(f"PROXY TCP4 {address} 127.0.0.1 4000 25\r\n".encode())
            greetings.append(peer.hear()[:3])
        for peer in (one, two, other):
            peer.socket.close()
        assert greetings == ["220", "421", "220"]
    with serving(proxy_protocol_from=("192.0.2.0/24",)) as front, front.peer(helo=False) as peer:
        assert peer.greeting.startswith("554 5.7.1")


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.8.0.1", LOOPBACK),
        ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2::3", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_what_counts_as_one_client(peer: str, client: str) -> None:
    assert name_client(peer) == client


def test_books_forget_who_has_left() -> None:
    clients = Clients(SmtpLimits(connections=2, connections_per_client=1))
    assert clients.enter("a")
    assert not clients.enter("a")
    assert clients.enter("b")
    assert not clients.enter("c")
    clients.leave("a")
    assert clients.enter("a")


def test_memory_stays_bounded_under_many_large_mails() -> None:
    """Reliability 27: 20 mails of 10 MB at once, 30 MB of room: far from the 200 MB and more that keeping them all
    would take.
    """

    def drop(_envelope: object, _raw: bytes) -> Future[str]:
        done: Future[str] = Future()
        done.set_result("m1")
        return done

    wire = memoryview((b"x" * 998 + b"\r\n") * 10_000 + b".\r\n")
    with (
        serving(accept=drop, limits=SmtpLimits(bytes_in_flight=30_000_000)) as front,
        ThreadPoolExecutor(20) as pool,
    ):
        barrier = threading.Barrier(20)

        def send(_: int) -> str:
            with front.peer() as peer:
                peer.begin()
                peer.say("DATA")
                peer.send(wire[:5_000_000])
                barrier.wait(20)
                peer.send(wire[5_000_000:])
                return peer.hear()

        before = _resident()
        assert {reply[:3] for reply in pool.map(send, range(20))} == {"250"}
        assert _peak() - before < 80_000_000


def _resident() -> int:
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")  # the peak starts anew
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    with open(f"/proc/{os.getpid()}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


def test_issued_address_is_taken_while_another_guesses() -> None:
    """Reliability 29: others are served meanwhile."""
    with (
        serving(limits=replace(STRICT, tarpit=2.0)) as front,
        front.peer() as guesser,
        front.peer() as honest,
    ):
        guesser.say("MAIL FROM:<>")
        for n in range(3):
            guesser.say(f"RCPT TO:<g{n}@{OURS}>")
        guesser.send(f"RCPT TO:<g@{OURS}>\r\n".encode())
        started = time.monotonic()
        honest.begin(ISSUED)
        assert time.monotonic() - started < 1
