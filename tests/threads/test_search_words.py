"""What can be found, against a plain model: any part of names, beginnings of words and any part of Korean in texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Invalid
from gateway.threads.search_marks import Piece, cut_snippet, mark_hits
from gateway.threads.search_query import filters_of, read_query, write_query
from gateway.threads.search_words import (
    Needle,
    fold,
    needles_of_name,
    needles_of_text,
    read_number,
    read_terms,
)

LETTERS = "abAéßıЖйя 가나지우한ー면接ก่19_-.@,ﬁＡ́e\u1112\u1161"
texts = st.text(st.sampled_from(LETTERS), max_size=40) | st.text(max_size=20)


def holds(index: set[str], needles: list[Needle]) -> bool:
    return all(any(i.startswith(n.text) if n.beginning else i == n.text for i in index) for n in needles)


@given(texts, st.data())
def test_any_part_of_a_name_is_found_and_has_its_needles(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    part = fold(name[start : start + data.draw(st.integers(1, 12))])
    for term in read_terms(part):
        assert term.in_name(fold(name)) == (term.folded in " ".join(fold(name).split()))
        if term.in_name(fold(name)):
            assert holds(needles_of_name(name), term.needles_in_name())


@given(texts, texts)
def test_whatever_a_term_finds_in_a_text_has_the_needles_of_the_term(text: str, typed: str) -> None:
    for term in read_terms(typed) + read_terms(text[3:9]):
        if term.in_text(fold(text)):
            assert holds(needles_of_text(text), term.needles_in_text())


@given(texts)
def test_every_word_of_a_text_finds_the_text(text: str) -> None:
    assert all(term.in_text(fold(text)) for term in read_terms(text))


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("지우", "안녕하세요, 한지우입니다.", True),
        ("지우", "지하철 우산", False),
        ("inter", "Your INTERVIEW is on Tuesday", True),
        ("view", "Your interview is on Tuesday", False),
        ("lofgren", "Anna Löfgren", True),
        ("соб", "на собеседовании", True),
        ("mina@mail", "write to mina@mail.example", True),
        ("ＭＰ３", "file.mp3", True),
        ("straße", "STRASSE 5", True),
        ("면접", "내일 면접이 있습니다", True),
        ("한", "지한", True),
        ("東京", "株式会社東京", True),
    ],
)
def test_what_people_would_expect(typed: str, text: str, found: bool) -> None:
    (term,) = read_terms(typed)
    assert term.in_text(fold(text)) is found


def test_a_number_is_found_as_it_is_dialled() -> None:
    for typed in ("010-1234-5678", "+82 10 1234 5678", "010 1234 5678"):
        number = read_number(typed)
        assert number is not None
        assert number.in_name("821012345678"), typed
    assert read_number("2026") is None
    assert read_number("mina 12345") is None


def test_filters_are_read_and_written_again() -> None:
    query = read_query('from:mina interview opening:"Product Designer" HAS:file after:2026-01-31 re: https://x.example')
    assert [t.folded for t in query.sender] == ["mina"]
    assert [t.folded for t in query.opening] == ["product", "designer"]
    assert query.has_file
    assert str(query.after) == "2026-01-31"
    assert query.words == "interview re: https://x.example"
    assert query.is_about_messages
    typed = write_query(query.words, filters_of(query.typed))
    assert read_query(typed) == read_query(typed + "  ")
    assert read_query(typed).sender == query.sender
    assert read_query("").is_empty
    assert read_query("?!").is_empty


@pytest.mark.parametrize(("typed", "code"), [("has:cake", "search_has"), ("before:yesterday", "search_day")])
def test_a_filter_that_cannot_be_meant_is_named(typed: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_query(typed)
    assert refused.value.code == code


def shown(pieces: tuple[Piece, ...]) -> str:
    return "".join(f"[{p.text}]" if p.is_hit else p.text for p in pieces)


def test_hits_are_marked_in_the_text_as_it_was_written() -> None:
    assert shown(mark_hits("안녕 한지우입니다", read_terms("지우"))) == "안녕 한[지우]입니다"
    assert shown(mark_hits("Straße ﬁne", read_terms("strasse fine"))) == "[Straße] [ﬁne]"
    assert shown(mark_hits("mina@mail.example", read_terms("mina@mail"), anywhere=True)) == "[mina@mail].example"
    long = "word " * 50 + "<b>Interview</b> on Tuesday " + "more " * 60
    assert "<b>[Inter]view</b> on Tuesday" in shown(cut_snippet(long, read_terms("inter")))
    assert len(shown(cut_snippet(long, read_terms("inter")))) < 230
    assert shown(cut_snippet("nothing here", ())) == "nothing here"


@given(texts, texts)
def test_marking_keeps_every_letter(text: str, typed: str) -> None:
    assert "".join(p.text for p in mark_hits(text, read_terms(typed))) == text
