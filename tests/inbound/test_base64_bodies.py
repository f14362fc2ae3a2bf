"""Texts whose header says base64, and which are not, or not all of them (RFC 2045 §6.8)."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.base64_bodies import decode_base64_text
from gateway.inbound.mime import parse_mail

HEAD = b"From: Jan <jan@x.example>\r\nContent-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def read(body: bytes, charset: bytes = b"utf-8") -> str:
    return parse_mail(HEAD % charset + body).text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "Hello Jun,\n\nTuesday is fine, see you at 10.\n\nMina",
        "안녕하세요. 화요일에 뵙겠습니다.",
        "Hello",
        "Yes.",
        "Hello\n\nTuesday is fine.",
        "Hallo\nja\ngerne",
        "Tuesday is fine.\n-- \nMina",
        "Tuesday\n10:00\nSeoul",
        "01012345678",
    ],
)
def test_plain_text_that_is_called_base64_stays(text: str) -> None:
    assert read(text.replace("\n", "\r\n").encode()) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Yes", "utf-8"),
        ("확인했습니다", "euc-kr"),
        ("감사합니다", "euc-kr"),
        ("了解です", "shift_jis"),
        ("OK 좋아요", "utf-16le"),
        ("Hello world!!", "utf-8"),
    ],
)
@pytest.mark.parametrize("padding", [True, False])
def test_short_base64_is_read(text: str, charset: str, padding: bool) -> None:
    data = base64.b64encode(text.encode(charset))

    assert read(data if padding else data.rstrip(b"="), charset.encode()) == text


def test_footer_below_base64_is_kept_as_it_stands() -> None:
    body = base64.b64encode(b"Tuesday is fine.\nMina") + b"\r\n\r\n____________________\r\njobs mailing list\r\n"

    assert read(body) == "Tuesday is fine.\nMina\n\n____________________\njobs mailing list"


def test_alphabet_for_urls() -> None:
    text = "??>>~~ÿÿÿ test " * 3
    data = base64.urlsafe_b64encode(text.encode())

    assert b"_" in data or b"-" in data
    assert read(data) == text.strip()


@given(st.text(min_size=45).filter(lambda text: text.strip() != ""))
def test_base64_of_any_longer_text_is_decoded(text: str) -> None:
    assert decode_base64_text(base64.encodebytes(text.encode())) == text.encode()


@pytest.mark.parametrize("piece", [b"a", b"a\n", b"-", b"_\n", b"\n\n", b"a a\n", b"=", b"=\n\n", b"YQ==\n\nb c\n"])
def test_hostile_bodies_cost_little(piece: bytes) -> None:
    data = piece * (100_000 // len(piece))
    began = time.process_time()

    decode_base64_text(data)

    assert time.process_time() - began < 0.2
