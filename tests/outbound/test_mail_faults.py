"""In charge of: what a delivery is told when the smarthost fails, at every step. Not in charge of: what arrives."""

from __future__ import annotations

from typing import Any

import pytest
from mail_servers import CLOSE, free_port

from gateway.outbound.mail import judge_answer, status_of
from gateway.threads.channel import Accepted, Failed, OutgoingFile, Retry, Unknown

REFUSALS = [
    # our trouble: before anybody's address is judged
    ({"connect": [b"554 5.3.2 not today"]}, Retry, "554"),
    ({"connect": [b"421 4.3.2 too busy"]}, Retry, "421"),
    ({"connect": [CLOSE]}, Retry, "4.4.1"),
    ({"EHLO": [CLOSE]}, Retry, "4.4.2"),
    ({"MAIL": [b"530 5.7.0 Authentication required"]}, Retry, "5.7.0"),
    # MAIL
    ({"MAIL": [b"451 4.3.0 try later"]}, Retry, "4.3.0"),
    ({"MAIL": [b"452 4.3.1 no space"]}, Retry, "4.3.1"),
    ({"MAIL": [b"552 5.3.4 too big"]}, Failed, "5.3.4"),
    ({"MAIL": [b"550 5.7.1 sender refused"]}, Failed, "5.7.1"),
    # RCPT
    ({"RCPT": [b"450 4.2.1 greylisted"]}, Retry, "4.2.1"),
    ({"RCPT": [b"452 4.2.2 mailbox full"]}, Retry, "4.2.2"),
    ({"RCPT": [b"550 5.1.1 no such user"]}, Failed, "5.1.1"),
    ({"RCPT": [b"552 5.2.2 mailbox full"]}, Failed, "5.2.2"),
    ({"RCPT": [b"550-5.1.1 no such user\r\n550 5.1.1 see our page"]}, Failed, "5.1.1"),
    ({"RCPT": [b"550 no code"]}, Failed, "550"),
    ({"RCPT": [b"450 5.1.1 contradicts itself"]}, Retry, "450"),
    # DATA
    ({"DATA": [b"451 4.7.1 wait"]}, Retry, "4.7.1"),
    ({"DATA": [b"554 5.5.1 no valid recipients"]}, Failed, "5.5.1"),
    # after the final dot
    ({"end": [b"451 4.3.0 disk"]}, Retry, "4.3.0"),
    ({"end": [b"452 4.3.1 no space"]}, Retry, "4.3.1"),
    ({"end": [b"421 4.3.2 closing"]}, Retry, "4.3.2"),
    ({"end": [b"552 5.2.3 too big"]}, Failed, "5.2.3"),
    ({"end": [b"554 5.7.1 looks like spam"]}, Failed, "5.7.1"),
]


@pytest.mark.parametrize(("script", "kind", "code"), REFUSALS, ids=lambda value: str(value)[:60])
def test_each_refusal_gets_its_class(
    start_fault_server: Any, connect: Any, outgoing: Any, script: Any, kind: Any, code: str
) -> None:
    """Reliability 68."""
    result = connect(start_fault_server(**script).port).send(outgoing())
    assert type(result) is kind
    assert result.code == code


def test_nobody_listening_is_a_retry(connect: Any, outgoing: Any) -> None:
    result = connect(free_port()).send(outgoing())
    assert isinstance(result, Retry)
    assert result.code == "4.4.1"


def test_silence_after_the_final_dot_is_unknown(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    """The one window in which nobody can say whether it arrived."""
    server = start_fault_server(end=[CLOSE])
    told: list[str] = []
    result = connect(server.port).send(outgoing(), handing_over=lambda: told.append("handed over"))
    assert isinstance(result, Unknown)
    assert told == ["handed over"]
    assert len(server.ended) == 1
    assert server.connections == 1


def test_a_server_that_hangs_after_the_final_dot_is_unknown(
    start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    server = start_fault_server(end=[b"250-never ending"])
    assert isinstance(connect(server.port, answer_seconds=0.2).send(outgoing()), Unknown)


@pytest.mark.parametrize("reply", [b"no number", b"354 again?", b"250 " + b"x" * 20_000])
def test_an_answer_that_says_nothing_is_unknown(
    start_fault_server: Any, connect: Any, outgoing: Any, reply: bytes
) -> None:
    assert isinstance(connect(start_fault_server(end=[reply]).port).send(outgoing()), Unknown)


def test_a_line_that_breaks_inside_the_mail_is_a_retry(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    """More octets than any socket buffer holds, so the line surely breaks while they are still being sent."""
    server = start_fault_server(content=[CLOSE], EHLO=[b"250 fault.example.test"])
    file = OutgoingFile("cv.pdf", "application/pdf", b"x" * 16_000_000)
    result = connect(server.port).send(outgoing(files=(file,)))
    assert isinstance(result, Retry)
    assert server.ended == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_line_that_breaks_before_the_mail_is_tried_once_more_at_once(
    start_fault_server: Any, connect: Any, outgoing: Any, step: str
) -> None:
    good = b"354 go on" if step == "DATA" else b"250 2.0.0 Ok"
    server = start_fault_server(**{step: [CLOSE, good]})
    assert isinstance(connect(server.port).send(outgoing()), Accepted)
    assert server.connections == 2
    assert len(server.ended) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_says_421_is_asked_again_once(
    start_fault_server: Any, connect: Any, outgoing: Any, step: str
) -> None:
    server = start_fault_server(**{step: [b"421 4.3.2 shutting down"]})
    assert connect(server.port).send(outgoing()) == Retry("4.3.2", "4.3.2 shutting down")
    assert server.connections == 2


def test_a_kept_connection_that_the_server_closed_costs_nothing(
    start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    server = start_fault_server()
    channel = connect(server.port)
    assert isinstance(channel.send(outgoing()), Accepted)
    server.drop_clients()
    assert isinstance(channel.send(outgoing()), Accepted)
    assert server.connections == 2
    assert len(server.ended) == 2


def test_a_refused_mail_does_not_harm_the_next_one(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    server = start_fault_server(RCPT=[b"550 5.1.1 no such user", b"250 2.1.5 Ok"])
    channel = connect(server.port)
    assert isinstance(channel.send(outgoing()), Failed)
    assert isinstance(channel.send(outgoing()), Accepted)
    assert server.connections == 1


def test_a_refused_recipient_gets_no_mail_of_a_server_that_waits_for_one(
    start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    """RFC 2920 §3.1: a server may say 354 although it refused the only recipient; it gets an empty mail."""
    server = start_fault_server(RCPT=[b"550 5.1.1 no such user", b"250 2.1.5 Ok"])
    channel = connect(server.port)
    first, second = channel.send_each([outgoing(), outgoing(to="minho@naver.example")])
    assert first == Failed("5.1.1", "5.1.1 no such user")
    assert isinstance(second, Accepted)
    assert [mail for mail in server.ended if mail != b".\r\n"] == server.ended[-1:]
    assert server.connections == 1


def test_a_batch_does_not_knock_again_at_a_server_that_is_not_there(
    start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    """Each gets the same reason, from one try."""
    server = start_fault_server(connect=[b"421 4.3.2 too busy"])
    results = list(connect(server.port).send_each([outgoing(delivery_id=f"d{n}") for n in range(5)]))
    assert [type(result) for result in results] == [Retry] * 5
    assert server.connections == 1


def test_what_is_not_asked_for_is_not_sent(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    server = start_fault_server()
    answers = connect(server.port).send_each([outgoing(delivery_id=f"d{n}") for n in range(5)])
    assert [type(next(answers)) for _ in range(2)] == [Accepted] * 2
    answers.close()
    assert len(server.ended) == 2


def test_a_server_that_refuses_and_hangs_up_has_still_refused(
    start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    server = start_fault_server(RCPT=[b"550 5.1.1 no such user"], RSET=[CLOSE])
    assert connect(server.port).send(outgoing()) == Failed("5.1.1", "5.1.1 no such user")
    assert server.connections == 1


def test_a_mail_over_the_announced_size_is_not_even_begun(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    server = start_fault_server(EHLO=[b"250-fault.example.test\r\n250 SIZE 1000"])
    result = connect(server.port).send(outgoing(text="x" * 2000))
    assert isinstance(result, Failed)
    assert result.code == "5.3.4"
    assert not any(command.upper().startswith("MAIL") for command in server.commands)


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "a b@c.example",
        "a@b@c",
        "a@b.example>\r\nRCPT TO:<x@y.example",
        "a@-b-.example",
        "a\u2028@b.example",
    ],
)
def test_what_is_no_address_never_reaches_the_wire(
    start_fault_server: Any, connect: Any, outgoing: Any, to: str
) -> None:
    server = start_fault_server()
    result = connect(server.port).send(outgoing(to=to))
    assert isinstance(result, Failed)
    assert result.code == "5.1.3"
    assert server.connections == 0


def test_a_reason_is_one_short_line() -> None:
    result = judge_answer(554, b"5.7.1 no\r\n" + b"y" * 5000)
    assert isinstance(result, Failed)
    assert "\n" not in result.why
    assert len(result.why) <= 300


def test_status_codes_are_read_only_where_they_agree() -> None:
    assert status_of(550, b"5.1.1 x") == "5.1.1"
    assert status_of(550, b"4.2.2 x") == "550"
    assert status_of(550, b"5.1.1x") == "550"
