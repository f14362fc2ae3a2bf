"""Which parts of a mail are its writer's words (RFC 2046 §5.1), and the names of its files."""

from __future__ import annotations

import pytest

from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import read_mail

PLAIN = ("text/plain; charset=utf-8", "나머지 서류는 내일 보내 드리겠습니다.")
HTML = ("text/html; charset=utf-8", "<p>First the certificate.</p>")


def write_mail(subtype: str, *parts: tuple[str, str]) -> bytes:
    body = "".join(f"--b\nContent-Type: {kind}\n\n{words}\n" for kind, words in parts)
    head = f"From: a@b.example\nSubject: Re: x\nContent-Type: multipart/{subtype}; boundary=b\n\n"
    return f"{head}{body}--b--\n".replace("\n", "\r\n").encode()


@pytest.mark.parametrize("parts", [(PLAIN, HTML), (HTML, PLAIN)], ids=["above", "below"])
def test_plain_words_beside_an_html_body_are_shown_in_their_place(parts: tuple[tuple[str, str], ...]) -> None:
    reply = read_mail(write_mail("mixed", *parts)).split.reply
    assert PLAIN[1] in reply
    assert (reply.index(PLAIN[1]) > reply.index("First")) == (parts[0] is HTML)


def test_words_that_the_html_says_again_are_shown_once() -> None:
    again = ("text/plain", "First the\ncertificate.")
    assert read_mail(write_mail("mixed", again, HTML)).split.reply == "First the certificate."
    hint = ("text/plain", "Your program shows no HTML.")
    assert read_mail(write_mail("alternative", hint, HTML)).split.reply == "First the certificate."


def test_other_forms_of_the_same_words_are_no_files() -> None:
    parts = (PLAIN, ("text/enriched", "<bold>words</bold>"), ("text/watch-html", "<p>words</p>"), HTML)
    assert not parse_mail(write_mail("alternative", *parts)).attachments


def test_a_body_of_an_unknown_kind_of_text_is_read() -> None:
    raw = b"From: a@b.example\r\nSubject: x\r\nContent-Type: text/enriched; charset=utf-8\r\n\r\nI will come.\r\n"
    assert read_mail(raw).split.reply == "I will come."
    assert parse_mail(raw.replace(b"enriched", b"vcard")).attachments


def test_of_two_names_the_one_with_all_letters_is_meant() -> None:
    name = "%C5%BDivotopis.pdf"
    disposition = f"attachment; filename=\"cv.pdf\"; filename*=UTF-8''{name}"
    file = ("application/pdf\nContent-Disposition: " + disposition, "%PDF")
    assert [a.filename for a in parse_mail(write_mail("mixed", PLAIN, file)).attachments] == ["Životopis.pdf"]
