"""`parse_mail` against mail that is made to break it: nothing raises, everything ends (§4.10 of the design)."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import read_mail

EMAILS = sorted((Path(__file__).parent.parent / "emails").glob("*.eml"))
HEAD = b"From: a@b.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"

WEAPONS = {
    "many_parts": MIXED + b"--b\r\n\r\nx\r\n" * 100_000,
    "nested_multiparts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(2000)),
    "nested_messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1000 + b"hi",
    "many_parameters": HEAD + b"Content-Type: text/plain" + b";a=b" * 40_000 + b"\r\n\r\nhi",
    "many_headers": HEAD + b"X: y\r\n" * 100_000 + b"\r\nhi",
    "long_header": HEAD + b"X: " + b"y" * 1_000_000 + b"\r\n\r\nhi",
    "many_parentheses": HEAD + b"To: " + b"(" * 20_000 + b"\r\n\r\nhi",
    "many_encoded_words": HEAD + b"Comments: " + b"=?utf-8?q?a?= " * 40_000 + b"\r\n\r\nhi",
    "many_addresses": HEAD + b"To: " + b", ".join(b"a%d@b.c" % i for i in range(50_000)) + b"\r\n\r\nhi",
    "many_references": HEAD + b"References: " + b" ".join(b"<a%d@b.c>" % i for i in range(100_000)) + b"\r\n\r\nhi",
}


@pytest.mark.parametrize("name", WEAPONS)
def test_a_weapon_costs_little_and_is_named(name: str) -> None:
    """Reliability 34."""
    started = time.process_time()
    mail = parse_mail(WEAPONS[name])
    assert time.process_time() - started < 1.5
    assert mail.from_[0].address == "a@b.example"
    assert mail.defects or name == "many_parentheses"


@given(st.binary(max_size=2000))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_read(raw: bytes) -> None:
    """Reliability 40."""
    read = read_mail(raw)
    (read.mail.text + read.mail.html + read.mail.subject + read.html + read.split.reply).encode("utf-8")


@given(st.integers(0, 2**32), st.integers(1, 30))
@settings(deadline=None, max_examples=150)
def test_mutated_mail_is_read(seed: int, changes: int) -> None:
    """Reliability 40."""
    chance = random.Random(seed)
    raw = bytearray(chance.choice(EMAILS).read_bytes())
    for _ in range(changes):
        at = chance.randrange(len(raw))
        match chance.randrange(4):
            case 0:
                raw[at] = chance.randrange(256)
            case 1:
                del raw[at : at + chance.randrange(40)]
            case 2:
                raw[at:at] = raw[at : at + chance.randrange(200)]
            case _:
                raw[at:at] = chance.choice(
                    (b"\0", b"\r\n\r\n", b"--", b"\xff\xfe", b"=?utf-8?b?", b"\r\nContent-Type: x\r\n")
                )
        raw = raw or bytearray(b"x")
    first, second = read_mail(bytes(raw)), read_mail(bytes(raw))
    assert first == second
    assert not any(d.startswith("unreadable:") for d in first.mail.defects)


@given(
    st.binary(max_size=300),
    st.sampled_from(
        ["utf-8", "euc-kr", "iso-2022-kr", "iso-2022-jp", "gb18030", "utf-7", "koi8-r", "utf-16", "hz", "x"]
    ),
)
@settings(deadline=None, max_examples=150)
def test_any_bytes_in_any_charset_become_clean_text(body: bytes, charset: str) -> None:
    """Reliability 36."""
    mail = parse_mail(HEAD + b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + body)
    mail.text.encode("utf-8")
    assert "\0" not in mail.text
