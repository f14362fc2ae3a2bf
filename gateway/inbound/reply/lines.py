"""In charge of: a mail body as a list of lines with quote depth and marks, from plain text.

Not in charge of: lines from HTML (`html_text`) or the rules that judge lines (`replies`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

MAX_LINES = 2000
JUDGED_CHARS = 1000

_MARKS = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_QUOTE_MARK = re.compile(r"[ \t]{0,3}(?:[>＞][ \t]?|\|[ \t])++")


class Mark:
    """What the markup around a line says; cues only, they delete nothing by themselves.

    Plain bits: every line is asked for its marks many times, and an `IntFlag` costs 20 times as much.
    """

    NONE: Final = 0
    ATTRIBUTION: Final = 1  # .gmail_attr, .moz-cite-prefix
    HEADER: Final = 2  # the header block that a client puts above the quoted mail
    RULE: Final = 4  # <hr>, or a box with a top border
    SIGNATURE: Final = 8
    FORWARD: Final = 16
    HISTORY: Final = 32  # inside a container that clients make only for the quoted mail
    BOLD: Final = 64  # begins with bold text
    INDENT: Final = 128  # inside a blockquote that no client made for quoting


class Role(Enum):
    """What a line turned out to be."""

    OWN = "own"
    QUOTE = "quote"  # quoted line by line: it may stand between answers
    HISTORY = "history"
    INTRO = "intro"  # attribution, header block or separator above history
    SIGNATURE = "signature"


@dataclass(slots=True)
class Line:
    """One line. `text` without quote marks, `raw` as it stood; `depth` levels of quoting."""

    text: str
    raw: str
    depth: int = 0
    marks: int = Mark.NONE

    @property
    def blank(self) -> bool:
        """Whether nothing but white space (and quote marks) stands there."""
        return not self.text or self.text.isspace()


def lines_from_text(text: str) -> tuple[list[Line], str]:
    """The lines of a plain body, and the rest beyond `MAX_LINES` unread. Linear."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    parts = text.split("\n", MAX_LINES)
    rest = parts.pop() if len(parts) > MAX_LINES else ""
    return [Line(bare_text(body), raw, depth) for raw in parts for depth, body in (_split_quote(raw),)], rest


def bare_text(text: str) -> str:
    """The text to judge: without the direction and zero-width marks that some clients put around every number."""
    return text if text.isascii() or text.isprintable() else _MARKS.sub("", text)


def _split_quote(raw: str) -> tuple[int, str]:
    found = _QUOTE_MARK.match(raw)
    if found is None or raw.endswith("<<") or (raw[:3] == raw[-3:] == ">>>" and raw.strip(">\n\t ")):
        return 0, raw
    mark = found[0]
    depth = mark.count(">") + mark.count("＞")
    if not depth:
        return 0, raw
    return depth, raw[found.end() :]
