"""In charge of: reading what somebody typed into the search field — words, and filters such as `from:mina`.

Not in charge of: matching words (`search_words`) or finding anything.

    from:mina  opening:"Product Designer"  stage:interview  has:file  after:2026-01-31  before:2026-03-01

A filter's value with spaces stands in quotes. What only looks like a filter ("re:", "https:") is a word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.errors import Invalid
from gateway.threads.search_words import Term, read_number, read_terms

FILTERS = ("from", "opening", "stage", "has", "after", "before")
LONGEST = 300  # characters of a query
MOST_TERMS = 12
_FILTER = re.compile(rf'(?:(?<=\s)|\A)(?P<name>{"|".join(FILTERS)}):(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S*))', re.I)


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is searched. All terms and filters must hold."""

    typed: str = ""
    words: str = ""
    terms: tuple[Term, ...] = ()
    number: Term | None = None  # the words as one phone number
    sender: tuple[Term, ...] = ()
    opening: tuple[Term, ...] = ()
    stage: tuple[Term, ...] = ()
    has_file: bool = False
    after: date | None = None  # that day and later
    before: date | None = None  # earlier than that day

    @property
    def is_empty(self) -> bool:
        return self == SearchQuery(typed=self.typed, words=self.words)

    @property
    def is_about_messages(self) -> bool:
        """Does it ask for something that only a message has?"""
        return bool(self.sender or self.has_file or self.after or self.before)


def read_query(typed: str) -> SearchQuery:
    """The words and filters of a query. Raises Invalid for a filter's value that cannot be meant."""
    typed = " ".join(typed.split())[:LONGEST]
    given = {name: _values(typed, name) for name in FILTERS}
    words = words_of(typed)
    for value in given["has"]:
        if value.casefold() not in ("file", "files", "attachment"):
            raise Invalid("q", "After has: only `file` is known.", code="search_has", params={"value": value})
    return SearchQuery(
        typed=typed,
        words=words,
        terms=read_terms(words)[:MOST_TERMS],
        number=read_number(words),
        sender=read_terms(" ".join(given["from"])),
        opening=read_terms(" ".join(given["opening"])),
        stage=read_terms(" ".join(given["stage"])),
        has_file=bool(given["has"]),
        after=_day(given["after"]),
        before=_day(given["before"]),
    )


def words_of(typed: str) -> str:
    """The query without its filters."""
    return " ".join(_FILTER.sub(" ", typed).split())


def write_query(words: str, filters: Mapping[str, str]) -> str:
    """Words and filters as one line to type; filters without a value are left out."""
    parts = [words.strip()]
    for name in FILTERS:
        if value := filters.get(name, "").replace('"', " ").strip():
            parts.append(f'{name}:"{value}"' if " " in value else f"{name}:{value}")
    return " ".join(part for part in parts if part)


def filters_of(typed: str) -> dict[str, str]:
    """The filters of a query as they were typed, the last of each name: what a form shows."""
    return {name: values[-1] for name in FILTERS if (values := _values(typed, name))}


def _values(typed: str, name: str) -> list[str]:
    found = [m for m in _FILTER.finditer(typed) if m["name"].lower() == name]
    return [value for m in found if (value := (m["quoted"] or m["plain"] or "").strip())]


def _day(values: list[str]) -> date | None:
    if not values:
        return None
    try:
        return date.fromisoformat(values[-1])
    except ValueError:
        said = f"{values[-1][:40]} is not a day; write it as 2026-01-31."
        raise Invalid("q", said, code="search_day", params={"value": values[-1][:40]}) from None
