"""Which words we know: the quick way gives what counting one by one gives, and what is remembered is bounded (SJ-7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound import known_text
from gateway.inbound.known_text import know_texts, tokens_of

WORDS = st.lists(
    st.sampled_from(["면접", "일정", "a", "b", "c", "d", "www.x.example/q", "https://y.example", "Ｋim", "ﬁ"]),
    max_size=14,
)
LINES = st.lists(WORDS.map(" ".join), max_size=6)


def cover_one_by_one(texts: list[str], lines: list[str]) -> list[tuple[int, int]]:
    runs = {tuple(t[at : at + 5]) for t in map(tokens_of, texts) for at in range(len(t) - 4)}
    owned = [(number, token) for number, line in enumerate(lines) for token in tokens_of(line)]
    known: set[int] = set()
    for at in range(len(owned) - 4):
        if tuple(token for _, token in owned[at : at + 5]) in runs:
            known.update(range(at, at + 5))
    return [
        (
            sum(owner == number for at, (owner, _) in enumerate(owned) if at in known),
            sum(owner == number for owner, _ in owned),
        )
        for number in range(len(lines))
    ]


@given(st.lists(WORDS.map(" ".join), max_size=4), LINES, LINES)
def test_lines_are_covered_as_counting_one_by_one_covers_them(
    texts: list[str], lines: list[str], more: list[str]
) -> None:
    knowledge = know_texts(texts)
    assert knowledge.cover_lines(lines) == cover_one_by_one(texts, lines)
    assert knowledge.cover_lines(more) == cover_one_by_one(texts, more)


def test_what_is_remembered_of_texts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_text, "_MAX_KEPT_SHINGLES", 300)
    for number in range(200):
        short = know_texts([f"{number}"])
        assert not short
        text = " ".join(f"w{number}x{at}" for at in range(50))
        for _ in range(2):
            assert know_texts([text]).cover_lines([text]) == [(50, 50)]
        assert len(known_text._kept) <= 30
