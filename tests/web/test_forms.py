"""How the form of a post is read: as UTF-8, whatever its sender says, and never long on the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from encodings.aliases import aliases
from typing import Any
from urllib.parse import parse_qsl

import pytest
from cast import Company
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message
from web.web_kit import browser_of, make_app, path_of, words_of

from gateway.usecases.context import Context
from gateway.usecases.read_thread import messages_after
from gateway.usecases.views import ApplicantView
from gateway.web import forms
from gateway.web.forms import LONGEST_TEXT, Form, read_form

MULTIPART = "multipart/form-data; boundary=b"
URLENCODED = "application/x-www-form-urlencoded"
CODECS = sorted({*aliases, *aliases.values(), "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})


@pytest.fixture
def stranger(ctx: Context, company: Company) -> TestClient:
    return browser_of(make_app(ctx, company))


def part(value: bytes, *, name: str = "text") -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n--b--\r\n"


def read_in_pieces(content_type: str, body: bytes) -> tuple[Form, float]:
    """The form as it is read from the wire, and the longest time for which nobody else had a turn meanwhile."""
    pieces = [body[i : i + 65_536] for i in range(0, len(body), 65_536)]

    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def read() -> tuple[Form, float]:
        request = Request({"type": "http", "headers": [(b"content-type", content_type.encode())]}, receive)
        reading = asyncio.create_task(read_form(request, most_files=5))
        longest, last = 0.0, time.perf_counter()
        while not reading.done():
            await asyncio.sleep(0)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
        return await reading, longest

    return asyncio.run(read())


def test_no_codec_of_the_senders_choice_is_used(stranger: TestClient, mina: ApplicantView) -> None:
    """Reliability 63: a small post in `punycode` held the whole process for minutes."""
    body = part(b"a" * 300_000)
    for codec in CODECS:
        began = time.process_time()
        answer = stranger.post(path_of(mina), content=body, headers={"Content-Type": f"{MULTIPART}; charset={codec}"})
        assert time.process_time() - began < 2, codec
        assert answer.status_code == (422 if codec == "utf8" else 415), codec


def test_who_says_another_charset_is_told_what_to_do(stranger: TestClient, ctx: Context, mina: ApplicantView) -> None:
    """It was a 500: `unicode_escape` makes half a character, which no answer can carry."""
    for path in ("/sign-in", "/c/lost", path_of(mina)):
        answer = stranger.post(
            path, content=part(b"\\ud800 hello"), headers={"Content-Type": f"{MULTIPART}; charset=unicode_escape"}
        )
        assert answer.status_code == 415
        assert "it was not written in UTF-8" in words_of(answer.text)


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", '; charset="UTF-8"', "; charset*=punycode''punycode"])
def test_a_form_is_utf_8(
    ctx: Context, company: Company, stranger: TestClient, mina: ApplicantView, charset: str
) -> None:
    body = part("안녕하세요, ärade".encode())
    assert stranger.post(path_of(mina), content=body, headers={"Content-Type": MULTIPART + charset}).status_code == 303
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert shown.message.text == "안녕하세요, ärade"


def test_the_last_field_of_a_name_counts_and_an_empty_one_too() -> None:
    form, _ = read_in_pieces(URLENCODED, "text=first&text=%EC%95%88 ä+x&do=&_charset_=punycode".encode())
    assert dict(form.fields) == {"text": "안 ä x", "do": "", "_charset_": "punycode"}


@pytest.mark.parametrize(
    "body",
    [
        part(b"\x80" * (LONGEST_TEXT - 1)),
        part(b"\r\n--" * (LONGEST_TEXT // 4 - 1)),
        part(b"\r\n" * LONGEST_TEXT, name='f"; filename="f'),
    ],
    ids=["not-utf-8", "almost-boundaries", "line-ends-in-a-file"],
)
def test_nobody_waits_while_a_great_form_is_read(body: bytes) -> None:
    """Reliability 63."""
    _, longest = read_in_pieces(MULTIPART, body)
    assert longest < 0.5


def test_nobody_waits_while_percents_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reliability 63: eight megabytes of them took a second, and nobody else was answered meanwhile."""
    decoded_in: list[int] = []

    def decode(*args: Any, **options: Any) -> list[tuple[str, str]]:
        decoded_in.append(threading.get_ident())
        return parse_qsl(*args, **options)

    monkeypatch.setattr(forms, "parse_qsl", decode)
    form, _ = read_in_pieces(URLENCODED, b"a=" + b"%41" * (LONGEST_TEXT // 3 - 1))
    assert form.fields["a"] == "A" * (LONGEST_TEXT // 3 - 1)
    assert decoded_in != [threading.get_ident()]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"a=" + b"a" * LONGEST_TEXT, 413), (b"&".join(b"a=a" for _ in range(300)), 400)],
    ids=["long", "many"],
)
def test_a_form_without_end_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        read_in_pieces(URLENCODED, body)
    assert refused.value.status_code == status
