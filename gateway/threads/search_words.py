"""In charge of: what of a text can be searched, and when a text holds a searched word — the same on every database.

Not in charge of: filters of a query (`search_query`), the index (`store.search`), showing hits (`search_marks`).

Letters are compared without case, width and accents (NFKC, case folding). There are two ways to match:

- `in_text`, for what people wrote: a word is found by its beginning ("inter" finds "interview"). Scripts that put no
  spaces between words, or that hang particles on them (Korean, Chinese, Japanese, Thai …), are found by any part, so
  that two Korean syllables are enough.
- `in_name`, for short things (names, addresses, numbers, file names): any part.

The index holds needles: each word of the one kind, each pair of the other, each three letters of names. A text that
holds a term holds all the term's needles; the other way round it is only likely, so hits are compared again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

MOST_NEEDLES = 20_000  # of one text; what is beyond is not found
LONGEST = 40  # letters of a word that are kept
PAIR, GRAM = 2, 3

_DENSE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Korean
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Japanese, Chinese
)
_LETTER = rf"[^\W_{_DENSE}]"
_RUNS = re.compile(rf"[{_DENSE}]+|{_LETTER}+")
_WORDS = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\W_]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_IS_DENSE = re.compile(f"[{_DENSE}]")


@dataclass(frozen=True, slots=True)
class Needle:
    """One entry of the index to look for: exactly, or as the beginning of entries."""

    text: str
    beginning: bool = False


def fold(text: str) -> str:
    """The text as it is compared. Signs between words become spaces, one for one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return _BETWEEN.sub(" ", text.lower())


def needles_of_text(text: str) -> set[str]:
    """What the index holds of something that people wrote."""
    found: set[str] = set()
    for run in _RUNS.findall(fold(text)):
        if _IS_DENSE.match(run):
            found.update(run[i : i + PAIR] for i in range(len(run)))
        else:
            found.add(run[:LONGEST])
        if len(found) > MOST_NEEDLES:
            break
    return found


def needles_of_name(text: str, mark: str = "") -> set[str]:
    """What the index holds of a name, address, number or file name; `mark` keeps kinds apart."""
    return {mark + run[i : i + GRAM] for run in _WORDS.findall(fold(text)) for i in range(len(run))}


@dataclass(frozen=True)
class Term:
    """One searched word, folded; signs inside it ("mina@mail") are spaces."""

    folded: str

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(" +".join(re.escape(part) for part in self.folded.split()))

    @cached_property
    def _pattern_in_text(self) -> re.Pattern[str]:
        start = "" if _IS_DENSE.match(self.folded) else f"(?<!{_LETTER})"
        return re.compile(start + self._pattern.pattern)

    def in_text(self, folded: str) -> bool:
        return self._pattern_in_text.search(folded) is not None

    def in_name(self, folded: str) -> bool:
        return self._pattern.search(folded) is not None

    def spans(self, folded: str, *, anywhere: bool = False) -> Iterable[tuple[int, int]]:
        """Where it stands in a folded text; `anywhere` as in names."""
        pattern = self._pattern if anywhere else self._pattern_in_text
        return (found.span() for found in pattern.finditer(folded))

    def needles_in_text(self) -> list[Needle]:
        """All of these are in the index of a text that holds the term."""
        found: list[Needle] = []
        runs = _RUNS.findall(self.folded)
        for position, run in enumerate(runs):
            is_last = position == len(runs) - 1
            if not _IS_DENSE.match(run):
                found.append(Needle(run[:LONGEST], beginning=is_last and len(run) < LONGEST))
            elif len(run) < PAIR:
                found.append(Needle(run, beginning=is_last))
            else:
                found += [Needle(run[i : i + PAIR]) for i in range(len(run) - 1)]
        return found

    def needles_in_name(self, mark: str = "") -> list[Needle]:
        """All of these are in the index of a name that holds the term."""
        found: list[Needle] = []
        for run in self.folded.split():
            if len(run) < GRAM:
                found.append(Needle(mark + run, beginning=True))
            else:
                found += [Needle(mark + run[i : i + GRAM]) for i in range(len(run) - GRAM + 1)]
        return found


def read_terms(words: str) -> tuple[Term, ...]:
    """The terms of what somebody typed, each once; words without a letter or digit are left out."""
    parts = (" ".join(fold(word).split()) for word in words.split())
    return tuple(Term(part) for part in dict.fromkeys(parts) if part)


def read_number(words: str) -> Term | None:
    """The words as one phone number, if they are one: at least five digits, without the 0 or 00 that is dialled first
    (numbers are stored with their country's).
    """
    if re.fullmatch(r"[+(]?[\d\s().+/-]*", words) is None:
        return None
    digits = re.sub(r"\D", "", words).lstrip("0")
    return Term(digits) if len(digits) >= 5 else None
