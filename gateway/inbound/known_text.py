"""In charge of: which words of a mail stood in texts that we know, however they were re-wrapped on the way.

Not in charge of: what follows from that (`replies`). Shingles of five tokens; a token is a word, or one CJK sign.

The texts of a thread come again with every mail, so each text's shingles are kept for a while: as numbers side by side,
which take a tenth of the memory of a set, so that ten times as many threads are remembered; to look through them is
still much quicker than to find them anew.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

_SHINGLE = 5
_MAX_KNOWN_CHARS = 300_000
_MAX_KEPT_SHINGLES = 3_000_000  # about 25 MB in a parsing process
_KEPT_BESIDES = 40  # what a text costs in the same measure, however short it is
_URL = re.compile(r"(?:https?|ftp)://\S+|www\.\S+", re.IGNORECASE)
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_]+")


def tokens_of(text: str) -> list[str]:
    """Words and single CJK signs, case-folded; links left out, because trackers rewrite them."""
    return _TOKEN.findall(_fold(text))


def _fold(text: str) -> str:
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    lowered = text.casefold()
    return _URL.sub(" ", text).casefold() if "://" in lowered or "www." in lowered else lowered


class KnownText:
    """The shingles of all texts that we sent before; false if there are none."""

    __slots__ = ("_judged", "_known", "_texts", "_tokens")

    def __init__(self, texts: Sequence[array[int]]) -> None:
        self._texts = [shingles for shingles in texts if shingles]
        self._judged: set[int] = set()  # shingles of the mail that were looked up, and those that were found
        self._known: set[int] = set()
        self._tokens: dict[str, list[str]] = {}  # of each line of the mail

    def __bool__(self) -> bool:
        return bool(self._texts)

    def cover_lines(self, lines: Sequence[str]) -> list[tuple[int, int]]:
        """For each line (tokens that are known, tokens). A shingle may run over the end of a line."""
        found = [self._tokens_of_line(line) for line in lines]
        shingles = _shingles([token for tokens in found for token in tokens])
        self._judge(shingles)
        known = self._known
        covered = _widen(bytes([shingle in known for shingle in shingles]))
        result = []
        at = 0
        for tokens in found:
            result.append((covered.count(1, at, at + len(tokens)), len(tokens)))
            at += len(tokens)
        return result

    def _tokens_of_line(self, line: str) -> list[str]:
        tokens = self._tokens.get(line)
        if tokens is None:
            tokens = self._tokens[line] = tokens_of(line)
        return tokens

    def _judge(self, shingles: Sequence[int]) -> None:
        new = set(shingles)
        new -= self._judged
        self._judged |= new
        for text in self._texts:
            if found := new.intersection(text):
                self._known |= found
                new -= found


def _widen(flags: bytes) -> bytes:
    """A 1 for every token that lies in a flagged shingle: four bytes longer than the flags, one for each shingle."""
    number = int.from_bytes(flags, "little")
    for _ in range(_SHINGLE - 1):
        number |= number << 8
    return number.to_bytes(len(flags) + _SHINGLE - 1, "little")


_kept: OrderedDict[bytes, array[int]] = OrderedDict()
_kept_shingles = 0


def know_texts(texts: Sequence[str]) -> KnownText:
    """The newest texts first come into account, up to 300,000 characters in all."""
    room = _MAX_KNOWN_CHARS
    found = []
    for text in reversed(texts):
        if room <= 0:
            break
        found.append(_shingles_of(text[:room]))
        room -= len(text)
    return KnownText(found)


def _shingles_of(text: str) -> array[int]:
    """A text's shingles, remembered; those that were not asked for the longest time are forgotten first."""
    global _kept_shingles
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    shingles = _kept.get(digest)
    if shingles is not None:
        _kept.move_to_end(digest)
        return shingles
    shingles = _kept[digest] = array("q", _shingles(tokens_of(text)))
    _kept_shingles += len(shingles) + _KEPT_BESIDES
    while _kept_shingles > _MAX_KEPT_SHINGLES and len(_kept) > 1:
        _, forgotten = _kept.popitem(last=False)
        _kept_shingles -= len(forgotten) + _KEPT_BESIDES
    return shingles


def _shingles(tokens: list[str]) -> list[int]:
    return list(map(hash, zip(*(tokens[at:] for at in range(_SHINGLE)), strict=False)))
