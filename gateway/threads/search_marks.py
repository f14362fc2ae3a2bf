"""In charge of: showing where a searched word stands — pieces of a text, some of them hits.

Not in charge of: what matches (`search_words`). Pieces are plain text: whoever shows them escapes them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.threads.search_words import Term, fold

LENGTH, BEFORE = 200, 60  # characters of a snippet, and of them before the first hit
LOOKED_AT = 50_000  # characters in which hits are marked
_PARTS = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_hit: bool = False


def mark_hits(text: str, terms: Iterable[Term], *, anywhere: bool = False) -> tuple[Piece, ...]:
    """The whole text with its hits; `anywhere` as in names."""
    return _pieces(text, find_spans(text, terms, anywhere=anywhere))


def cut_snippet(text: str, terms: Iterable[Term]) -> tuple[Piece, ...]:
    """The words around the first hit, on one line; the beginning if there is none."""
    text = " ".join(text[:LOOKED_AT].split())
    spans = find_spans(text, terms)
    start = max(spans[0][0] - BEFORE, 0) if spans else 0
    start = text.find(" ", start) + 1 if start and " " in text[start : start + BEFORE] else start
    end = start + LENGTH
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]
    pieces = _pieces(text[start:end], inside)
    ahead = (Piece("… "),) if start else ()
    behind = (Piece(" …"),) if end < len(text) else ()
    return (*ahead, *pieces, *behind)


def find_spans(text: str, terms: Iterable[Term], *, anywhere: bool = False) -> list[tuple[int, int]]:
    """Where the terms stand in the text, in order, without overlaps."""
    text = text[:LOOKED_AT]
    folded, places = _fold_with_places(text)
    found = sorted(
        (_place(places, start, is_end=False), _place(places, end, is_end=True))
        for term in terms
        for start, end in term.spans(folded, anywhere=anywhere)
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of the text, and of the folded text that came of it."""

    start: int
    length: int
    folded_start: int
    folded_length: int


def _fold_with_places(text: str) -> tuple[str, Sequence[_Part]]:
    """The folded text with the parts by which a place in it is found in the text."""
    folded = fold(text)
    if len(folded) == len(text):
        return folded, (_Part(0, len(text), 0, len(text)),)
    pieces, parts, at = [], [], 0
    for found in _PARTS.finditer(text):
        piece = fold(found[0])
        parts.append(_Part(found.start(), len(found[0]), at, len(piece)))
        pieces.append(piece)
        at += len(piece)
    return "".join(pieces), parts


def _place(parts: Sequence[_Part], at: int, *, is_end: bool) -> int:
    """The place in the text; the border of the whole part where letters became more or fewer."""
    behind = bisect_right(parts, at - 1 if is_end else at, key=lambda part: part.folded_start)
    part = parts[behind - 1]
    if part.length == part.folded_length:
        return part.start + at - part.folded_start
    return part.start + (part.length if is_end else 0)


def _pieces(text: str, spans: Iterable[tuple[int, int]]) -> tuple[Piece, ...]:
    pieces, at = [], 0
    for start, end in spans:
        pieces += [Piece(text[at:start]), Piece(text[start:end], is_hit=True)]
        at = end
    pieces.append(Piece(text[at:]))
    return tuple(p for p in pieces if p.text)
