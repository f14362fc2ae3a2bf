"""What is left of a reply when the quote is folded (SJ-7): real formats of clients in many languages."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.inbound.reading import is_forwarded, read_mail
from gateway.inbound.replies import split_reply

EMAILS = Path(__file__).parent.parent / "emails"

REPLIES = {
    "gmail_ko_reply_utf8": "안녕하세요. 면접은 3월 15일 오후 2시가 좋습니다.\n감사합니다.\n김민수",
    "naver_ko_reply_euc_kr_html_attachment": "안녕하세요, 똠방각하 프로젝트 담당 펲시맨입니다.\n\n이력서를 첨부합니다.",
    "outlook_ko_reply_euc_kr_8bit": "네, 참석하겠습니다. 똠얌꿍은 괜찮습니다.",
    "daum_ko_reply_html": "네, 확인했습니다. 내일 뵙겠습니다.",
    "seznam_cs_reply_attachment_rfc2231": (
        "Dobrý den,\n\ntermín ve čtvrtek mi vyhovuje. Příloha je životopis.\n\nS pozdravem\nJiří Dvořák"
    ),
    "thunderbird_cs_reply_iso_8859_2": "Dobrý den, děkuji za pozvání, přijdu určitě. Žluťoučký kůň.",
    "yandex_ru_reply_utf8_html": "Здравствуйте! Мне подходит среда, 13 марта.\n\nС уважением,\nАнна",
    "outlook_ru_reply_windows_1251_attachment": ("Добрый день.\n\nСпасибо, резюме во вложении.\n\nС уважением, Иван"),
    "mailru_ru_reply_koi8_r": "Да, согласен на встречу.",
    "apple_mail_sv_reply_iso_8859_1": "Hej,\n\ntack för mejlet. Jag kan börja på måndag.\n\nHälsningar\nÅsa",
    "gmail_sv_reply_utf8": "Hej! Torsdag passar bra.",
    "outlook_en_reply_html_border_block": "Hello,\n\nThursday at ten works for me.",
    "outlook_web_en_reply_with_signature": "Thanks, I will be there.",
    "gmail_en_reply_wrapped_attribution": "Yes, see you on Friday.",
    "thunderbird_de_reply_below_quote_flowed": "Ich kann am 1. April anfangen.",
    "iphone_cs_reply_tagline": "Ano, přijdu.",
    "gmail_ja_reply_iso_2022_jp": "お世話になっております。金曜日に伺います。",
    "qq_zh_reply_gb18030": "您好，我可以周五参加面试。",
}


@pytest.mark.parametrize("name", REPLIES)
def test_sj7_only_what_the_writer_wrote_is_left(name: str) -> None:
    assert read_mail((EMAILS / f"{name}.eml").read_bytes()).split.reply == REPLIES[name]


@pytest.mark.parametrize("name", REPLIES)
def test_nothing_is_lost(name: str) -> None:
    split = read_mail((EMAILS / f"{name}.eml").read_bytes()).split
    assert split.folded


def test_answers_between_quoted_questions_keep_the_questions() -> None:
    split = read_mail((EMAILS / "apple_mail_en_reply_inline_answers.eml").read_bytes()).split
    assert "> Which day suits you?\n\nThursday." in split.reply
    assert split.folded.startswith("On 12 Mar 2024")


def test_signature_and_tagline_go_apart() -> None:
    assert split_reply("Yes.\n\n-- \nJan Novak\nPrague").signature == "--\nJan Novak\nPrague"
    assert split_reply("Ano.\n\nOdesláno z iPhonu").signature == "Odesláno z iPhonu"
    assert split_reply("네.\n\n나의 iPhone에서 보냄").signature == "나의 iPhone에서 보냄"


@pytest.mark.parametrize(
    "text",
    [
        "From: 1 June I can start.\nThank you.",
        "Sent from my desk, is much easier to read than from my phone.",
        "You wrote:\nthe job is in Brno. Is it still so?",
        "Name: Kim Minsu\nE-mail: kim@x.example\nDate of birth: 1990-01-02\nPhone: 010-0000-0000",
        "My slots:\n- Monday 10:00\n- Tuesday 11:00\n---\nThank you",
        "On Tuesday at 10:00 I have another interview: can we move it?",
        "> quoted only",
        "Question 1:\n> what?\nmy answer is here",
        "Reference: Jan Novak <jan@x.example>\nPhone: 123\nAvailable: 12.3.2024 14:00\nThanks",
        "From: Seoul\nTo: Busan\nDate: 12.3.2024 10:00\nI need travel costs.",
        "In my last mail I wrote:\n\nsalary 50k\n\nThat still holds.",
        "Dne 12. 3. 2024 v 13:00 mohu přijít:\nna adresu Brno.",
        "-- \nJan",
    ],
)
def test_own_words_that_look_like_a_quote_stay(text: str) -> None:
    assert split_reply(text).reply.split() == text.split()


def test_a_forwarded_mail_keeps_what_it_forwards() -> None:
    for name in ("gmail_en_forward_keeps_content", "outlook_ko_forward_by_subject"):
        split = read_mail((EMAILS / f"{name}.eml").read_bytes()).split
        assert split.folded == ""
    assert is_forwarded("Re: Fwd: x")
    assert is_forwarded("VB: x")
    assert is_forwarded("전달: x")
    assert not is_forwarded("Re: Interview")
    assert not is_forwarded("Wirklich: x")


OURS = (
    "Dear Sam,\n\nthank you for your application for the position of baker in our Brno branch. We would like to invite "
    "you to an interview on Thursday at ten o'clock.\n\nKind regards\nThe Hiring Team"
)


def test_text_that_we_sent_is_folded_without_any_mark() -> None:
    body = f"Thursday is fine, thank you.\n\nHiring Team, Brno\n{OURS.replace(' to ', chr(10) + 'to ')}"
    split = split_reply(body, known=[OURS])
    assert split.reply.startswith("Thursday is fine, thank you.")
    assert "position of baker" in split.folded


def test_a_shared_greeting_is_no_quote() -> None:
    assert split_reply("Kind regards\nSam", known=[OURS]).reply == "Kind regards\nSam"


def test_the_fold_opens_by_itself_unless_it_is_ours() -> None:
    quoted = "\n".join("> " + line for line in OURS.split("\n"))
    intro = "Yes.\n\nOn Tue, Mar 12, 2024 at 1:02 PM Hiring <r@x.example> wrote:\n"
    assert split_reply(intro + quoted, known=[OURS]).fold_is_ours
    changed = quoted + "\n> and I want three times the salary that you offered me last week, or I shall not come"
    assert not split_reply(intro + changed, known=[OURS]).fold_is_ours
    assert not split_reply(intro + quoted).fold_is_ours
    assert split_reply("Yes.").fold_is_ours


@pytest.mark.parametrize(
    "text",
    [
        *(">" * 767_000, "> > >\n" * 100_000, "From: a\n" * 100_000, "- - -\n" * 100_000, "a\n" * 500_000),
        *(" " * 500_000 + "x", "On 2024-01-01 10:00 a@b.c wrote\n" * 50_000, "--\n" * 50_000),
        "Sent from my iPhone\n" * 50_000,
    ],
)
def test_hostile_text_costs_little(text: str) -> None:
    started = time.process_time()
    split = split_reply(text)
    assert time.process_time() - started < 0.5
    assert len("".join((split.reply + split.folded + split.signature).split())) == len("".join(text.split()))


LINES = st.sampled_from(
    [
        *("Hi,", "", "> quoted", ">> older", "-- ", "Sent from my iPhone", "Thank you.", "작성:", "________________"),
        *("From: Jan <a@b.cz>", "Sent: 3.3.2024 10:05", "To: Eva", "Subject: x", "-----Original Message-----"),
        *("---------- Forwarded message ---------", "some more words of the writer"),
        "On Mar 3, 2024 at 10:05 Jan <a@b.cz> wrote:",
        "2024년 3월 12일 오후 1:02, 김 <a@b.kr>님이 작성:",
    ]
)


@given(st.lists(LINES | st.text(max_size=60), max_size=25), st.booleans())
@settings(deadline=None, max_examples=300)
def test_every_word_is_in_one_of_the_three(lines: list[str], forwarded: bool) -> None:
    text = "\n".join(lines)
    split = split_reply(text, forwarded=forwarded, known=["some more words of the writer and others too"])
    together = "".join((split.reply + split.folded + split.signature).split())
    assert sorted(together) == sorted("".join(text.split()))
    assert split.reply.strip() or not text.strip()
