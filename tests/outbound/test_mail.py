"""In charge of: what arrives at a smarthost that works. Not in charge of: faults (`test_mail_faults`)."""

from __future__ import annotations

import email
import socket
import ssl
import threading
from email import policy
from typing import Any

import pytest
from mail_servers import DOMAIN, accept_password

from gateway.outbound.smtp_client import Relay, Tls, open_session
from gateway.threads.channel import Accepted, Failed, OutgoingFile, Retry


def test_a_mail_arrives_with_text_html_and_file(sink: Any, connect: Any, outgoing: Any) -> None:
    """SJ-6: the candidate gets the words as text and as HTML, in their language, with the files."""
    file = OutgoingFile("이력서 양식.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
    result = connect(sink.port).send(outgoing(files=(file,)))
    assert result == Accepted("Q1", "2.0.0 Ok: queued as Q1")
    mail = email.message_from_bytes(sink.mails[0].original_content, policy=policy.default)
    assert mail["To"] == "한지우 <jiwoo@naver.example>"
    assert mail["From"].addresses[0].display_name == "김서연 (모아랩스)"
    assert mail["Content-Language"] == "ko"
    assert mail.get_body(("plain",)).get_content().startswith("지우 님, 안녕하세요.")
    assert "<p>지우 님" in mail.get_body(("html",)).get_content()
    [attachment] = mail.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == ("이력서 양식.pdf", file.content)


def test_the_envelope_names_the_delivery_and_one_recipient(sink: Any, connect: Any, outgoing: Any) -> None:
    mail = outgoing()
    connect(sink.port).send(mail)
    assert sink.mails[0].mail_from == mail.envelope_from
    assert sink.mails[0].rcpt_tos == ["jiwoo@naver.example"]


def test_an_automatic_answer_has_a_null_reverse_path_and_says_so(sink: Any, connect: Any, outgoing: Any) -> None:
    """GW-6: the blocked notice can never start a loop."""
    connect(sink.port).send(outgoing(envelope_from="", automatic="auto-replied"))
    assert sink.mails[0].mail_from == "<>"
    mail = email.message_from_bytes(sink.mails[0].original_content)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_mails_share_one_connection(sink: Any, connect: Any, outgoing: Any) -> None:
    channel = connect(sink.port)
    assert all(isinstance(channel.send(outgoing()), Accepted) for _ in range(5))
    assert len(sink.mails) == 5
    assert len(sink.peers) == 1


def test_threads_send_at_once_over_connections_of_their_own(sink: Any, connect: Any, outgoing: Any) -> None:
    channel = connect(sink.port)
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.extend(channel.send(outgoing()) for _ in range(5))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(result) for result in results] == [Accepted] * 20
    assert len(sink.mails) == 20
    assert len(sink.peers) <= 4


def test_the_final_dot_waits_for_nobody(sink: Any) -> None:
    """Sent behind the content, Nagle's algorithm would keep it for 40 ms with each mail."""
    with open_session(Relay("localhost", sink.port, Tls.OFFERED, DOMAIN)) as session:
        assert session.sock is not None
        assert session.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_closed_channel_keeps_no_connection(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    server = start_fault_server()
    channel = connect(server.port)
    channel.send(outgoing())
    channel.close()
    assert server.commands[-1] == "quit"


def test_the_moment_of_handing_over_is_told_once_and_before_the_end(
    start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    server = start_fault_server()
    told: list[int] = []
    connect(server.port).send(outgoing(), handing_over=lambda: told.append(len(server.ended)))
    assert told == [0]
    assert len(server.ended) == 1


def test_nothing_is_sent_when_handing_over_fails(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    """If "sending" cannot be written down, the mail must not leave."""
    server = start_fault_server()

    def fail() -> None:
        raise RuntimeError("the database is away")

    channel = connect(server.port)
    with pytest.raises(RuntimeError, match="the database is away"):
        channel.send(outgoing(), handing_over=fail)
    assert server.ended == []
    assert isinstance(channel.send(outgoing()), Accepted)


def test_starttls_is_used_when_offered_and_the_password_is_accepted(
    start_sink: Any, connect: Any, outgoing: Any, tls: Any
) -> None:
    sink = start_sink(tls_context=tls[0], authenticator=accept_password, auth_required=True, require_starttls=True)
    channel = connect(sink.port, user="post", password="geheim", trust=tls[1])
    assert isinstance(channel.send(outgoing()), Accepted)
    assert sink.secured == [True]


def test_smtps_is_spoken_from_the_first_octet(start_sink: Any, connect: Any, outgoing: Any, tls: Any) -> None:
    sink = start_sink(ssl_context=tls[0])
    assert isinstance(connect(sink.port, tls=Tls.IMPLICIT, trust=tls[1]).send(outgoing()), Accepted)
    assert len(sink.mails) == 1


def test_a_wrong_password_waits_for_the_operator(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    """A fault of ours must not be written down as the candidate's bad address."""
    server = start_fault_server(EHLO=[b"250-x\r\n250 AUTH PLAIN"], AUTH=[b"535 5.7.8 Wrong, post:falsch"])
    result = connect(server.port, user="post", password="falsch").send(outgoing())
    assert isinstance(result, Retry)
    assert result.code == "4.7.8"
    assert "falsch" not in result.why


def test_an_unproven_certificate_gets_no_password(start_sink: Any, connect: Any, outgoing: Any, tls: Any) -> None:
    sink = start_sink(tls_context=tls[0], authenticator=accept_password)
    result = connect(sink.port, user="post", password="geheim").send(outgoing())
    assert isinstance(result, Retry)
    assert result.code == "4.7.5"


def test_an_unproven_certificate_is_better_than_clear_text(
    start_sink: Any, connect: Any, outgoing: Any, tls: Any
) -> None:
    sink = start_sink(tls_context=tls[0])
    assert isinstance(connect(sink.port).send(outgoing()), Accepted)
    assert sink.secured == [True]


def test_required_tls_is_never_given_up(sink: Any, connect: Any, outgoing: Any) -> None:
    result = connect(sink.port, tls=Tls.REQUIRED).send(outgoing())
    assert isinstance(result, Retry)
    assert result.code == "4.7.4"
    assert sink.mails == []


def test_an_international_address_needs_a_server_that_takes_it(
    start_sink: Any, start_fault_server: Any, connect: Any, outgoing: Any
) -> None:
    mail = outgoing(to="김지우@한국.example")
    sink = start_sink(enable_SMTPUTF8=True)
    assert isinstance(connect(sink.port).send(mail), Accepted)
    assert sink.mails[0].rcpt_tos == ["김지우@xn--3e0b707e.example"]
    old = start_fault_server()
    assert connect(old.port).send(mail) == Failed(
        "5.6.7", "The mail server cannot take addresses with letters outside ASCII (no SMTPUTF8)."
    )


def test_an_international_domain_goes_to_every_server(start_fault_server: Any, connect: Any, outgoing: Any) -> None:
    server = start_fault_server()
    assert isinstance(connect(server.port).send(outgoing(to="jiwoo@한국.example")), Accepted)
    assert "rcpt TO:<jiwoo@xn--3e0b707e.example>" in [command.replace("RCPT", "rcpt") for command in server.commands]


def test_the_password_does_not_show_in_a_relay() -> None:
    relay = Relay(
        "mx.example", 587, Tls.OFFERED, "us.example", user="post", password="geheim", trust=ssl.create_default_context()
    )
    assert "geheim" not in repr(relay)
