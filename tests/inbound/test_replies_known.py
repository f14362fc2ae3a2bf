"""Answers written into the mail that we sent: behind its questions, into its form, beside its dates (SJ-7)."""

from __future__ import annotations

import pytest

from gateway.inbound.replies import split_reply

ASKED = (
    "Dear Anna,\n\nbefore the interview we have three questions for you:\n\n"
    "1. When could you start with us at the earliest?\n"
    "2. What is your salary expectation for the first year?\n"
    "3. Do you have a work permit for the Czech Republic?\n\n"
    "Write to jobs@acme.example, or see our page.\n\nThank you and see you soon in our office in Brno."
)
FORM = (
    "안녕하세요.\n\n아래 항목을 작성하여 회신해 주시기 바랍니다.\n\n성명:\n입사 가능일:\n\n"
    "감사합니다.\n모아랩스 채용팀 드림"
)
DATES = (
    "Dear Anna,\n\nwhich of these times suits you for the interview?\n\n"
    "- Tuesday, 24 November 2026, 10:00\n- Thursday, 26 November 2026, 14:00\n\nPlease tell us by Friday at noon."
)
HEADER = "From: Moa <r@x.example>\nSent: Tuesday, March 4, 2025 2:11 PM\nTo: Anna\nSubject: Interview\n\n"
ATTRIBUTION = "On Tue, Mar 4, 2025 at 2:11 PM Moa <r@x.example> wrote:\n\n"


def marked(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))


def answer(text: str, *pairs: tuple[str, str]) -> str:
    for asked, said in pairs:
        text = text.replace(asked, f"{asked} {said}")
    return text


@pytest.mark.parametrize("marks", [False, True])
@pytest.mark.parametrize(
    ("asked", "pairs"),
    [
        (ASKED, [("earliest?", "In April, after the 7th."), ("year?", "55 000."), ("Republic?", "Yes.")]),
        (FORM, [("성명:", "김민수"), ("가능일:", "4월 1일")]),
        (DATES, [("14:00", "suits me")]),
    ],
    ids=["questions", "form", "dates"],
)
def test_word_or_two_behind_what_we_asked_is_an_answer(asked: str, pairs: list[tuple[str, str]], marks: bool) -> None:
    answered = answer(asked, *pairs)
    below = ATTRIBUTION + marked(answered) if marks else HEADER + answered

    reply = split_reply(f"Hello, here you are.\n\n{below}", known=[asked]).reply

    assert [said for _, said in pairs if said not in reply] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("acme.example,", "acme.example<mailto:jobs@acme.example>,"),
        ("our page.", "our page. <https://t.example/1>"),
        ("our page.", "our page. [t.example]"),
        ("Brno.", "Brno.=20"),
    ],
)
def test_what_programs_write_behind_our_words_is_none(old: str, new: str) -> None:
    below = HEADER + ASKED.replace(old, new)

    assert split_reply(f"Gladly.\n\n{below}", known=[ASKED]).reply == "Gladly."
