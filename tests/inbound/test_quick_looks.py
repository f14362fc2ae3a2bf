"""A quick look before a rule decides as the rule does: only the time differs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.inbound.dates import find_asked
from gateway.inbound.html_marks import _MAX_KEPT_CHARS, _read_element, _recall_element, read_element
from gateway.inbound.html_text import lines_from_html
from gateway.inbound.mail_limits import split_head
from gateway.inbound.reply import words
from gateway.inbound.reply.cues import _DATE, _INTRODUCING, _TIME, is_original_separator
from gateway.inbound.reply.lines import Mark

_LINE_ENDS = st.lists(st.sampled_from([b"\r", b"\n", b" ", b"\t", b"a"]), max_size=12).map(b"".join)
_SIGNS = st.text(alphabet="a09٣۲년월 :：@-_=*—./h오전후pPmM上午下", max_size=12)


def _without_look(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The alternatives alone, without the look at the first sign."""
    found = re.fullmatch(r"\(\?=\[?[^\])]+\]?\)(\(\?:.*\))", pattern.pattern, re.DOTALL)
    assert found is not None
    return re.compile(found[1], pattern.flags)


@given(_LINE_ENDS)
def test_the_first_empty_line_is_found(data: bytes) -> None:
    plain = re.search(rb"\r?\n\r?\n|\r\r", b"a" + data)
    expected = ((b"a" + data)[: plain.start()], (b"a" + data)[plain.end() :]) if plain else (b"a" + data, b"")

    assert split_head(b"a" + data) == expected


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b" ", b"\t", b"a", b"To:", b"date :", b"FROM"]), max_size=12).map(b"".join)
)
def test_the_fields_that_mail_parser_is_asked_about(data: bytes) -> None:
    asked = re.compile(rb"(?:date|from|to|cc|reply-to|sender)[ \t]*:", re.IGNORECASE)

    assert find_asked(data) == [line for line in re.split(rb"\r?\n(?![ \t])", data) if asked.match(line)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["div", "p", "li", "td", "b", "span", "pre", "blockquote"]),
            st.text(alphabet="a \xa0\n\t>\ufffc\u200b", max_size=8),
        ),
        max_size=8,
    )
)
def test_a_block_of_words_is_read_as_one_that_has_a_name(parts: list[tuple[str, str]]) -> None:
    def read(name: str) -> list[tuple[str, str, int, int, bool]]:
        html = "".join(f"<{tag}{name if tag in ('div', 'p') else ''}>{text}</{tag}>" for tag, text in parts)
        return [(line.text, line.raw, line.depth, line.marks, line.blank) for line in lines_from_html(html)[0]]

    assert read("") == read(' title="x"')


@given(_SIGNS)
def test_what_may_introduce_a_mail(text: str) -> None:
    assert bool(_INTRODUCING.search(text)) == bool(re.search(r"\d|[:：]|[-_=*‐‑—–─]{2}|@", text))


@given(_SIGNS)
def test_dates_and_times(text: str) -> None:
    for pattern in (_DATE, _TIME):
        plain = _without_look(pattern)
        assert [found.span() for found in pattern.finditer(text)] == [found.span() for found in plain.finditer(text)]


def test_a_separator_is_known_by_its_first_sign() -> None:
    for phrase in words.ORIGINAL_PHRASES:
        for written in (f"-----{phrase}-----", phrase.upper(), f"*{phrase}*", f"[{phrase.title()}]"):
            assert is_original_separator(written), written
        assert not is_original_separator(f"x{phrase}")


def test_an_element_is_remembered_unless_it_is_long() -> None:
    for attributes in ({"class": "gmail_quote"}, {"class": "gmail_quote", "title": "x" * _MAX_KEPT_CHARS}):
        before = _recall_element.cache_info().currsize
        assert read_element("blockquote", attributes) == _read_element("blockquote", attributes)
        assert read_element("blockquote", attributes).marks & Mark.HISTORY
        assert _recall_element.cache_info().currsize - before in ((0, 1) if "title" not in attributes else (0,))
