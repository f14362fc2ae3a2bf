"""In charge of: which words of a mail stood in texts that we know, however they were re-wrapped on the way.

Not in charge of: what follows from that (`replies`). Shingles of five tokens; a token is a word, or one CJK sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_SHINGLE = 5
_MAX_KNOWN_CHARS = 300_000
_URL = re.compile(r"(?:https?|ftp)://\S+|www\.\S+", re.IGNORECASE)
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_]+")


def tokens_of(text: str) -> list[str]:
    """Words and single CJK signs, case-folded; links left out, because trackers rewrite them."""
    return _TOKEN.findall(_URL.sub(" ", unicodedata.normalize("NFKC", text)).casefold())


@dataclass(frozen=True, slots=True)
class KnownText:
    """The shingles of all texts that we sent before."""

    shingles: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.shingles)

    def cover_lines(self, lines: Sequence[str]) -> list[tuple[int, int]]:
        """For each line (tokens that are known, tokens). A shingle may run over the end of a line."""
        tokens: list[str] = []
        owner: list[int] = []
        for number, line in enumerate(lines):
            found = tokens_of(line)
            tokens.extend(found)
            owner.extend([number] * len(found))
        covered = bytearray(len(tokens))
        if self.shingles:
            for at, shingle in enumerate(_shingles(tokens)):
                if shingle in self.shingles:
                    covered[at : at + _SHINGLE] = b"\1" * _SHINGLE
        result = [[0, 0] for _ in lines]
        for at, number in enumerate(owner):
            result[number][0] += covered[at]
            result[number][1] += 1
        return [(known, total) for known, total in result]


def know_texts(texts: Sequence[str]) -> KnownText:
    """The newest texts first come into account, up to 300,000 characters in all."""
    room = _MAX_KNOWN_CHARS
    shingles: set[int] = set()
    for text in reversed(texts):
        if room <= 0:
            break
        shingles.update(_shingles(tokens_of(text[:room])))
        room -= len(text)
    return KnownText(frozenset(shingles))


def _shingles(tokens: list[str]) -> list[int]:
    return [hash(tuple(tokens[at : at + _SHINGLE])) for at in range(len(tokens) - _SHINGLE + 1)]
