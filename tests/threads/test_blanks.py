"""What shows nothing is no message; what only looks odd to an old table of Unicode is one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.blanks import is_blank
from gateway.web.api.schemas import NOT_BLANK


@pytest.mark.parametrize("text", ["", " \r\n\t", "\u200b\u2060\ufeff", "\u3164", "\u2800", "\u202e\u2066", "\x00\x85"])
def test_nothing_is_seen_of_it(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", [".", "\U0001fae8", "\U0001faea", "\ue000", "\U000d2dde", "\u200b👍\u200b", "ㅇ"])
def test_something_is_seen_of_it(text: str) -> None:
    """Emojis are newer than the table of Unicode that Python 3.11 has."""
    assert not is_blank(text)


@given(text=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_the_api_documents_the_same_rule(text: str) -> None:
    assert is_blank(text) == (re.search(NOT_BLANK, text) is None)
