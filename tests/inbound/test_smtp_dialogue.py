"""In charge of: what the front answers, command by command. Not in charge of: the mail itself, limits, TLS.

Requirement SJ-7: a candidate answers from any mail client, so whatever a sane mail system says is taken.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smtp_kit import ISSUED, OURS, Running, has_enhanced_code, serving

from gateway.inbound.smtp import RELAY_DENIED, THREAD_CLOSED, TRY_LATER, RcptAnswer, SmtpLimits


@pytest.fixture(scope="module")
def front() -> Iterator[Running]:
    with serving(limits=SmtpLimits(size=10_000, bare_cr_wait=0.2)) as running:
        yield running


def test_greets_and_offers_what_it_can(front: Running) -> None:
    with front.peer(helo=False) as peer:
        assert peer.greeting == "220 mx.ours.test ESMTP"
        offers = {line[4:] for line in peer.say("EHLO client.test").split("\n")[1:]}
    assert offers == {"PIPELINING", "SIZE 10000", "ENHANCEDSTATUSCODES", "8BITMIME", "CHUNKING", "SMTPUTF8"}


@pytest.mark.parametrize(
    ("before", "command", "reply"),
    [
        ("", "MAIL FROM:<a@b.test>", "503 5.5.1"),
        ("", f"RCPT TO:<{ISSUED}>", "503 5.5.1"),
        ("", "DATA", "503 5.5.1"),
        ("", "HELO", "501 5.5.4"),
        ("", "EHLO", "501 5.5.4"),
        ("EHLO x", f"RCPT TO:<{ISSUED}>", "503 5.5.1"),
        ("EHLO x", "DATA", "503 5.5.1"),
        ("EHLO x", "MAIL FROM:<>", "250 2.1.0"),
        ("HELO x", "mail from:<a@b.test>", "250 2.1.0"),
        ("EHLO x", "MAIL FROM: <a@b.test>", "250 2.1.0"),
        ("EHLO x", "MAIL FROM:a@b.test", "250 2.1.0"),
        ("EHLO x", 'MAIL FROM:<"a b"@b.test>', "250 2.1.0"),
        ("EHLO x", "MAIL FROM:<a@[192.0.2.1]>", "250 2.1.0"),
        ("EHLO x", "MAIL FROM:<a@b.test> SIZE=10000 BODY=8BITMIME", "250 2.1.0"),
        ("EHLO x", "MAIL FROM:<a@b.test> size=10001", "552 5.3.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> SIZE=9223372036854775808", "552 5.3.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> SIZE=-1", "501 5.5.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> SIZE", "501 5.5.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> SIZE=1 SIZE=2", "501 5.5.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> BODY=BINARYMIME", "501 5.5.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> RET=HDRS", "555 5.5.4"),
        ("EHLO x", "MAIL FROM:<a@b.test> SMTPUTF8=1", "501 5.5.4"),
        ("EHLO x", "MAIL FROM:<김@b.test> SMTPUTF8", "250 2.1.0"),
        ("EHLO x", "MAIL FROM:<김@b.test>", "553 5.6.7"),
        ("EHLO x", b"MAIL FROM:<\xb1\xe8@b.test> SMTPUTF8", "500 5.5.2"),
        ("EHLO x", b"MAIL FROM:<a\rb@c.test>", "500 5.5.2"),
        ("EHLO x", b"MAIL FROM:<a\0b@c.test>", "500 5.5.2"),
        ("EHLO x", "MAIL FROM:<a b@c.test>", "501 5.5.2"),
        ("EHLO x", "MAIL FROM:<a@b@c.test>", "501 5.1.7"),
        ("EHLO x", "MAIL FROM:<@x,@y:a@b.test>", "501 5.1.7"),
        ("EHLO x", "MAIL FROM:<a@>", "501 5.1.7"),
        ("EHLO x", "MAIL FROM", "501 5.5.2"),
        ("EHLO x", "MAIL TO:<a@b.test>", "501 5.5.2"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>", "MAIL FROM:<c@d.test>", "503 5.5.1"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>", "DATA", "503 5.5.1"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<nobody@reply.ours.test>", "DATA", "503 5.5.1"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>", f"RCPT TO:<{ISSUED}> NOTIFY=NEVER", "555 5.5.4"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>", f"RCPT TO:<{ISSUED}>", "250 2.1.5"),
        ("EHLO x\r\nMAIL FROM:<a@b.test>\r\nRSET", f"RCPT TO:<{ISSUED}>", "503 5.5.1"),
        (f"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<{ISSUED}>", "DATA now", "501 5.5.4"),
        (f"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<{ISSUED}>\r\nEHLO y", "DATA", "503 5.5.1"),
        ("EHLO x", "RSET", "250 2.0.0"),
        ("EHLO x", "RSET x", "501 5.5.4"),
        ("EHLO x", "noop anything", "250 2.0.0"),
        ("EHLO x", "VRFY anna", "252 2.5.0"),
        ("EHLO x", "VRFY", "501 5.5.4"),
        ("EHLO x", "EXPN staff", "502 5.5.1"),
        ("EHLO x", "HELP", "502 5.5.1"),
        ("EHLO x", "AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("EHLO x", "STARTTLS", "454 4.7.0"),
        ("EHLO x", "QUIT now", "501 5.5.4"),
        ("EHLO x", "QUIT ", "221 2.0.0"),
        ("EHLO x", "FOO", "500 5.5.1"),
        ("EHLO x", "", "500 5.5.1"),
        ("EHLO x", "NOOP " + "x" * 4_100, "500 5.5.2"),
        ("EHLO x", "MAIL FROM:<" + "x" * 1_000_000 + "@b.test>", "500 5.5.2"),
        ("EHLO x", b"NOOP \x1b[2J", "500 5.5.2"),
    ],
)  # fmt: skip
def test_answers(front: Running, before: str, command: str | bytes, reply: str) -> None:
    """Reliability 18, 22, 24, 26: every command, right and wrong, with its answer."""
    with front.peer(helo=False) as peer:
        for line in filter(None, before.split("\r\n")):
            peer.say(line)
        answer = peer.say(command)
        assert answer.startswith(reply)
        assert has_enhanced_code(answer)


@pytest.mark.parametrize("answer", [RELAY_DENIED, THREAD_CLOSED, TRY_LATER, RcptAnswer(550, "5.7.1 two\r\n250 lines")])
def test_says_what_the_recipient_check_says_on_one_line(answer: RcptAnswer) -> None:
    with serving() as front:
        front.books.check = lambda _: answer
        with front.peer() as peer:
            assert peer.say("MAIL FROM:<>").startswith("250")
            assert peer.say(f"RCPT TO:<{ISSUED}>") == " ".join(f"{answer.code} {answer.text}".split())
            assert peer.say("NOOP").startswith("250")


def test_fault_in_the_recipient_check_is_ours_and_stays_secret() -> None:
    def fail(_: str) -> RcptAnswer:
        raise RuntimeError("password=hunter2")

    with serving() as front:
        front.books.check = fail
        with front.peer() as peer:
            peer.say("MAIL FROM:<>")
            reply = peer.say(f"RCPT TO:<{ISSUED}>")
            assert reply.startswith("451 4.3.0")
            assert "hunter2" not in reply
            front.books.check = None
            assert peer.say(f"RCPT TO:<{ISSUED}>").startswith("250")


def test_hung_recipient_check_is_answered_in_time() -> None:
    import threading

    release = threading.Event()
    with serving(limits=SmtpLimits(recipient_timeout=0.2)) as front:
        front.books.check = lambda _: RcptAnswer(250, "2.1.5 ok") if release.wait(10) else TRY_LATER
        with front.peer() as peer, front.peer() as other:
            peer.say("MAIL FROM:<>")
            peer.send(f"RCPT TO:<{ISSUED}>\r\n".encode())
            assert other.say("NOOP").startswith("250")
            assert peer.hear().startswith("451 4.3.0")
            release.set()


@pytest.mark.parametrize("end", [b"\n", b"\r"])
@pytest.mark.parametrize("command", [b"RSET", b"EHLO other", b"QUIT", b"DATA", b"MAIL FROM:<x@y.test>"])
def test_bare_line_end_is_refused_and_changes_nothing(front: Running, command: bytes, end: bytes) -> None:
    """Reliability 18."""
    with front.peer() as peer:
        peer.begin()
        peer.send(command + end)
        assert peer.hear().startswith("500 5.5.2")
        assert peer.say("DATA").startswith("354")
        peer.send(b"\r\n.\r\n")
        assert peer.hear().startswith("250 2.0.0")


def test_late_line_feed_after_a_refused_bare_cr_is_no_command_of_its_own(front: Running) -> None:
    with front.peer() as peer:
        peer.send(b"NOOP\r")
        assert peer.hear().startswith("500 5.5.2")
        peer.send(b"\nNOOP\r\n")
        assert peer.hear().startswith("250")


def test_command_split_between_cr_and_lf_is_one_command(front: Running) -> None:
    with front.peer() as peer:
        for octet in b"NOOP\r\n":
            peer.send(bytes([octet]))
        assert peer.hear() == "250 2.0.0 ok"


def test_nonsense_ends_with_421(front: Running) -> None:
    """Reliability 24."""
    with front.peer() as peer:
        replies = [peer.say("XYZZY") for _ in range(10)]
        assert all(reply.startswith("500") for reply in replies)
        assert peer.hear().startswith("421 4.7.0")
        assert peer.is_closed()


@pytest.mark.parametrize("hello", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.0\r\n", b"\x16\x03\x01\x02\n"])
def test_other_protocols_are_shown_the_door(front: Running, hello: bytes) -> None:
    """Reliability 24: HTTP verbs and a TLS hello on the plain port."""
    with front.peer(helo=False) as peer:
        peer.send(hello)
        assert peer.hear().startswith("421 4.7.0")
        assert peer.is_closed()


def test_pipelined_envelope(front: Running) -> None:
    with front.peer(helo=False) as peer:
        peer.send(f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<no@{OURS}>\r\nRCPT TO:<{ISSUED}>\r\nDATA\r\n".encode())
        assert [peer.hear()[:3] for _ in range(5)] == ["250", "250", "550", "250", "354"]
        peer.send(b"Subject: hi\r\n\r\n.\r\nQUIT\r\n")
        assert [peer.hear()[:3] for _ in range(2)] == ["250", "221"]


def test_answers_to_a_pipelined_envelope_leave_together(front: Running) -> None:
    """RFC 2920 §3.2: one trip, where each alone would be a packet."""
    with front.peer() as peer:
        peer.send(f"MAIL FROM:<>\r\nRCPT TO:<no@{OURS}>\r\nRCPT TO:<{ISSUED}>\r\nDATA\r\n".encode())
        answers = peer.socket.recv(65_536).decode().splitlines()
        assert [answer[:3] for answer in answers] == ["250", "550", "250", "354"]
        peer.send(b"Subject: hi\r\n\r\n.\r\n")
        assert peer.hear().startswith("250")


@pytest.mark.parametrize("more", [b"", b"RC", b"BDAT 100 LAST\r\nSubject: hi", b"RCPT TO:<"])
def test_no_answer_is_held_while_the_peer_is_waited_for(front: Running, more: bytes) -> None:
    """RFC 2920 §3.2: what came may be all that the peer says before it has its answer."""
    with front.peer() as peer:
        peer.send(f"MAIL FROM:<>\r\nRCPT TO:<{ISSUED}>\r\n".encode() + more)
        assert [peer.hear()[:3] for _ in range(2)] == ["250", "250"]


def test_answers_that_were_held_leave_before_the_connection_is_closed(front: Running) -> None:
    with front.peer() as peer:
        peer.send(f"MAIL FROM:<>\r\nRCPT TO:<{ISSUED}>\r\nRSET\r\nDA".encode())
        peer.socket.shutdown(socket.SHUT_WR)
        assert [peer.hear()[:3] for _ in range(3)] == ["250", "250", "250"]
        assert peer.hear() == ""


def test_mail_pipelined_behind_data_is_neither_mail_nor_command(front: Running) -> None:
    """Reliability 25."""
    before = len(front.books.stored)
    with front.peer(helo=False) as peer:
        peer.send(f"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<{ISSUED}>\r\nDATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n".encode())
        assert [peer.hear()[:9] for _ in range(4)][3] == "503 5.5.0"
        assert peer.is_closed()
    assert len(front.books.stored) == before


def test_one_hundred_recipients_stand_and_the_next_waits(front: Running) -> None:
    with front.peer() as peer:
        peer.begin(*[ISSUED] * 100)
        assert peer.say(f"RCPT TO:<{ISSUED}>").startswith("452 4.5.3")
        assert peer.say("DATA").startswith("354")
        peer.send(b"Subject: x\r\n\r\n.\r\n")
        assert peer.hear().startswith("250 2.0.0")
    assert front.books.stored[-1][0].rcpt_tos == (ISSUED,)


def test_envelope_is_what_was_said(front: Running) -> None:
    with front.peer() as peer:
        peer.begin(ISSUED.upper(), "postmaster", f"postmaster@{OURS}", sender="")
        peer.say("DATA")
        peer.send(b"Subject: x\r\n\r\nhi\r\n.\r\n")
        assert peer.hear().startswith("250 2.0.0")
    envelope, raw = front.books.stored[-1]
    assert envelope.mail_from == ""
    assert envelope.helo == "client.test"
    assert envelope.peer == "127.0.0.1"
    assert envelope.rcpt_tos == (ISSUED.upper(), "postmaster", f"postmaster@{OURS}")
    assert not envelope.tls
    assert not envelope.smtputf8
    assert envelope.received_at is not None
    assert raw == b"Subject: x\r\n\r\nhi\r\n"


_LINES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"EHLO x",
            b"HELO x",
            b"MAIL FROM:<>",
            b"MAIL FROM:<a@b.test>",
            b"RCPT TO:<" + ISSUED.encode() + b">",
            b"RSET",
            b"RCPT TO:<x@y.test>",
            b"VRFY x",
            b"BDAT 0",
            b"BDAT 0 LAST",
            b"BDAT x",
            b"STARTTLS",
            b"NOOP",
            b"",
            b"\x00\r",
        ]
    ),
)


@settings(max_examples=int(os.environ.get("SMTP_EXAMPLES", "60")), deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(lines=st.lists(st.tuples(_LINES, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])), max_size=12))
def test_any_dialogue_is_answered_in_order_and_never_with_a_fault(
    front: Running, lines: list[tuple[bytes, bytes]]
) -> None:
    """Reliability 32: any octets in any state."""
    with front.peer(helo=False) as peer:
        peer.send(b"".join(line + end for line, end in lines) + b"QUIT\r\n")
        replies = list(iter(peer.hear, ""))
    assert replies
    assert replies[-1][:3] in ("221", "421", "501", "503", "552")
    assert all(has_enhanced_code(reply) or reply.startswith("250") for reply in replies)
    assert not any(reply.startswith("421 4.3.0") for reply in replies)
