"""Answers in five languages and their usual charsets, with quote, signature and file (seeds §7.1 no. 5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from real.gateway import Gateway
from real.mail import Box
from real.mutt import Writer, answer_with_mutt
from real.network import Post


@dataclass(frozen=True)
class Answer:
    """How people of one language write mail."""

    key: str
    locale: str
    name: str
    charset: str
    words: str
    attribution: str
    signature: str
    file: str


ANSWERS = (
    Answer(
        "five-ko", "ko", "김민아", "euc-kr",
        "안녕하세요, 김민아입니다.\n화요일 오후 2시에 뵙겠습니다.\n\n감사합니다.",
        "%d, %n 님이 작성:", "김민아 드림\n010-1234-5678", "이력서 김민아.pdf",
    ),
    Answer(
        "five-cs", "cs", "Tomáš Novák", "iso-8859-2",
        "Dobrý den,\nv úterý ve 14 hodin mohu přijít. Příliš žluťoučký kůň úpěl ďábelské ódy.\n\nDěkuji",
        "Dne %d %n napsal(a):", "Tomáš Novák\ntel. 777 123 456", "životopis – Novák.pdf",
    ),
    Answer(
        "five-ru", "ru", "Мария Ковалёва", "windows-1251",
        "Здравствуйте!\nВо вторник в два часа мне удобно.\n\nСпасибо",
        "%d, %n пишет:", "Мария Ковалёва", "резюме.pdf",
    ),
    Answer(
        "five-koi8", "ru", "Мария Ковалёва", "koi8-r",
        "Добрый день, подтверждаю встречу во вторник.",
        "%d, %n написал(а):", "Мария", "резюме koi8.pdf",
    ),
    Answer(
        "five-sv", "sv", "Anna Lindqvist", "iso-8859-1",
        "Hej!\nTisdag klockan två går bra, då åker jag från Malmö på förmiddagen.\n\nVänliga hälsningar",
        "Den %d skrev %n:", "Anna Lindqvist\nÅgatan 5, Malmö", "meritförteckning.pdf",
    ),
    Answer(
        "five-en", "en", "David Okafor", "windows-1252",
        "Hello,\nTuesday at two works – I’ll bring my “portfolio”.\n\nBest regards",
        "On %d, %n wrote:", "David Okafor", "résumé (final).pdf",
    ),
)  # fmt: skip
FILE = bytes(range(256)) * 40 + b"\r\n.\r\nFrom here\n"


@pytest.mark.parametrize("answer", ANSWERS, ids=[a.key for a in ANSWERS])
def test_answer_comes_out_clean(gateway: Gateway, post: Post, tmp_path: Path, answer: Answer) -> None:
    """SJ-7, PE-P2: only the new words are shown, the quote is folded, the file is the same to the last bit."""
    box: Box = post.box(answer.key)
    applicant = gateway.add_applicant(answer.key, box.address, name=answer.name, locale=answer.locale)
    thread = applicant["thread_id"]
    gateway.post(thread, "면접 Gespräch – собеседование: kdy? When, när?")
    first = box.wait(1)
    writer = Writer(
        box.address,
        answer.name,
        charset=answer.charset,
        attribution=answer.attribution,
        signature=answer.signature,
        files={answer.file: FILE},
    )
    answer_with_mutt(
        tmp_path, writer, mailbox=box.path, to=first, words=answer.words, smtp_port=post.provider.port, plain_quote=True
    )
    said = gateway.wait_messages(thread, 2)[1]
    assert said["text"] == answer.words
    assert "> " in said["folded"]
    assert [(a["filename"], gateway.file(applicant, a) == FILE) for a in said["attachments"]] == [(answer.file, True)]
    raw = gateway.raw(gateway.wait_entry(gateway.reply_address(thread, box.address), "threaded"))
    assert f"charset={answer.charset}".encode() in raw.lower()
    assert answer.words.splitlines()[0].encode(answer.charset) in raw, "it did not travel as 8-bit text"


def test_long_korean_answer_in_utf8_inside_our_quote(gateway: Gateway, post: Post, tmp_path: Path) -> None:
    """SJ-7: the answer to our Korean mail quotes our Korean words, and they are folded."""
    box = post.box("words")
    applicant = gateway.add_applicant("words", box.address, name="김민아", locale="ko")
    thread = applicant["thread_id"]
    gateway.post(thread, "안녕하세요, 모아랩스입니다. 2차 면접을 제안드리고 싶습니다. 언제가 편하신가요?")
    first = box.wait(1)
    words = "네, 화요일 오후 두 시가 좋습니다. " * 12 + "\n\n그럼 그때 뵙겠습니다."
    writer = Writer(box.address, "김민아", charset="us-ascii:utf-8", attribution="%d에 %n님이 작성:")
    answer_with_mutt(tmp_path, writer, mailbox=box.path, to=first, words=words, smtp_port=post.provider.port)
    said = gateway.wait_messages(thread, 2)[1]
    assert said["text"].split() == words.split()
    assert "2차 면접을 제안드리고" in said["folded"]
