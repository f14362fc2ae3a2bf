"""In charge of: what a server receives from us when the words are hostile: one mail, one recipient, our fields only."""

from __future__ import annotations

import email
import re
from email import policy
from typing import Any

import pytest
from attacks import WORDS, assert_only_one_mail_to_one_person
from hypothesis import example, given, settings

from gateway.outbound.smtp_client import stuff_dots
from gateway.threads.channel import Accepted, Failed, OutgoingFile


@pytest.fixture
def channel(sink: Any, connect: Any) -> Any:
    return connect(sink.port)


@given(name=WORDS, subject=WORDS, text=WORDS, filename=WORDS, parent=WORDS)
@settings(max_examples=60)
def test_a_server_receives_exactly_the_mail_that_was_meant(
    sink: Any, channel: Any, outgoing: Any, name: str, subject: str, text: str, filename: str, parent: str
) -> None:
    """Reliability 57: header injection, seen from the other side of the wire."""
    before = len(sink.mails)
    file = OutgoingFile(filename, "application/pdf", b"x")
    mail = outgoing(to_name=name, from_name=name, subject=subject, text=text, in_reply_to=parent, files=(file,))
    assert isinstance(channel.send(mail), Accepted)
    [received] = sink.mails[before:]
    assert received.rcpt_tos == ["jiwoo@naver.example"]
    assert_only_one_mail_to_one_person(received.original_content, {"In-Reply-To", "References"})


@example(address="0@¡")
@given(address=WORDS)
@settings(max_examples=60)
def test_an_address_names_one_recipient_or_nobody(sink: Any, channel: Any, outgoing: Any, address: str) -> None:
    """Reliability 57. A domain goes out as its A-label (RFC 5890 §2.3.2.1)."""
    local, _, domain = address.rpartition("@")
    before = len(sink.mails)
    result = channel.send(outgoing(to=address))
    received = sink.mails[before:]
    assert isinstance(result, Accepted | Failed)
    assert len(received) == isinstance(result, Accepted)
    if received:
        [mail] = received
        assert mail.rcpt_tos == [f"{local}@{domain.encode('idna').decode()}"]


ENDINGS = ["\n.\n", "\r.\r", "\r\n.\r\n", "\n.\r\n", "\r\n.\n", "\r.\n", "\n.\r", "\r\n\x00.\r\n"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_words_of_a_message_end_the_mail(start_fault_server: Any, connect: Any, outgoing: Any, ending: str) -> None:
    """Reliability 17: Outbound smuggling: on the wire there is only CRLF, dots are doubled, and the mail is one."""
    smuggled = "MAIL FROM:<x@y.example>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: x\r\n\r\nx"
    text = f"before{ending}{smuggled}{ending}after\n.dot\n..dots"
    server = start_fault_server()
    assert isinstance(connect(server.port).send(outgoing(text=text)), Accepted)
    assert [command.split()[0].upper() for command in server.commands] == ["EHLO", "MAIL", "RCPT", "DATA"]
    [content] = server.ended
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", content)
    assert b"\r\n..dot\r\n...dots" in content
    plain = email.message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=policy.default)
    body = plain.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert body.startswith("before\n.\nMAIL FROM")
    assert body.rstrip("\n.").endswith("after\n.dot\n..dots")


def test_each_leading_dot_is_doubled() -> None:
    assert stuff_dots(b".a\r\n.\r\n..b\r\nc.\r\n.") == b"..a\r\n..\r\n...b\r\nc.\r\n.."
    assert stuff_dots(b"Date: now\r\n\r\nwords\r\n") == b"Date: now\r\n\r\nwords\r\n"
