"""Replies in the formats of 40 mail clients and 40 languages, scored as in `bench.replies` (SJ-7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bench.extractors import OURS_KNOWING, find_extractors
from bench.replies import CASES, Score, make_row, read_cases, score_case
from gateway.inbound.replies import split_reply

LANGUAGES = [
    "en",
    "ko",
    "ja",
    "zh",
    "cs",
    "sk",
    "ru",
    "uk",
    "sv",
    "no",
    "da",
    "fi",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "pl",
    "tr",
    "hu",
    "ro",
    "el",
    "he",
    "ar",
    "th",
    "vi",
]
ALL = list(read_cases(CASES))


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    extract = find_extractors()[OURS_KNOWING]
    return [score_case(case, extract) for case in ALL]


def share(scores: Sequence[Score], kind: str) -> float:
    return sum(getattr(score, kind) for score in scores) / len(scores)


def test_there_are_enough_cases_of_every_language() -> None:
    assert len(ALL) >= 150
    languages = {case.language for case in ALL}
    assert languages >= set(LANGUAGES)
    assert sum(bool(case.body.html) for case in ALL) >= 40


def test_nearly_every_reply_is_read_right(scores: list[Score]) -> None:
    failed = [score.case.id for score in scores if not score.ok]
    assert share(scores, "ok") >= 0.98, failed
    assert share(scores, "lost") <= 0.005, failed
    assert share(scores, "leak") <= 0.03, failed


def test_with_our_own_texts_known_nothing_of_the_writer_is_lost(scores: list[Score]) -> None:
    assert not [score.case.id for score in scores if score.case.body.known and score.lost]


def test_forwarded_mails_are_kept(scores: list[Score]) -> None:
    forwards = [score for score in scores if "fwd" in score.case.id or "forward" in score.case.id]
    assert len(forwards) >= 10
    assert share(forwards, "ok") >= 0.98


def test_no_case_takes_long(scores: list[Score]) -> None:
    assert max(score.seconds for score in scores) < 0.05


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_every_word_of_a_case_is_in_one_of_the_three(case) -> None:  # type: ignore[no-untyped-def]
    split = split_reply(case.body.text or None, case.body.html or None, known=case.body.known)
    together = "".join(f"{split.reply}{split.folded}{split.signature}".split())
    assert sorted(together.replace(">", "")) == sorted("".join(case.body.words.split()).replace(">", ""))


def test_the_score_tells_lost_from_leaked() -> None:
    case = next(case for case in ALL if case.id == "gmail/gmail-ko-text")
    assert score_case(case, lambda body: case.expected).exact
    assert score_case(case, lambda body: "").lost
    assert score_case(case, lambda body: body.text).leak
    assert make_row("x", [score_case(case, lambda body: case.expected)])[2:] == (
        "100.0 %",
        "100.0 %",
        "1.000",
        "0.0 %",
        "0.0 %",
    )
