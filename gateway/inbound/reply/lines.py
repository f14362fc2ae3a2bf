"""In charge of: a mail body as a list of lines with quote depth and marks, from plain text.

Not in charge of: lines from HTML (`html_text`) or the rules that judge lines (`replies`).
"""

from __future__ import annotations

import re
from typing import Final

MAX_LINES = 2000
_MAX_CHARS = 200_000  # of whole lines; the first line counts whatever its length
JUDGED_CHARS = 1000
PICTURE = "\ufffc"  # stands in a line for a picture of the mail itself

_MARKS = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_QUOTE_MARK = re.compile(r"[ \t]{0,3}(?:[>＞][ \t]?|\|[ \t])++")

_PIPED = re.compile(r"\|(?: [^|]*+)?\Z")


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
    BOX: Final = 256  # inside another element with a line at its left side: a quote only below an attribution


class Role:
    """What a line turned out to be. Plain strings: hashing a member of an `Enum` costs more than all rules together."""

    OWN: Final = "own"
    QUOTE: Final = "quote"  # quoted line by line: it may stand between answers
    HISTORY: Final = "history"
    INTRO: Final = "intro"  # attribution, header block or separator above history
    SIGNATURE: Final = "signature"


class Line:
    """One line. `text` without quote marks, `raw` as it stood; `depth` levels of quoting; `blank` without words.

    `pictures`: the Content-IDs of those whose `PICTURE` stands in it, in order.
    """

    __slots__ = ("blank", "depth", "marks", "pictures", "raw", "text")

    def __init__(
        self, text: str, raw: str, depth: int = 0, marks: int = Mark.NONE, pictures: tuple[str, ...] = ()
    ) -> None:
        self.text = text
        self.raw = raw
        self.depth = depth
        self.marks = marks
        self.pictures = pictures
        self.blank = not text or text.isspace()


def lines_from_text(text: str) -> tuple[list[Line], str]:
    """The lines of a plain body, and the rest unread beyond `MAX_LINES` lines or 200,000 characters. Linear."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    rest = ""
    if len(text) > _MAX_CHARS:
        end = text.rfind("\n", 0, _MAX_CHARS)
        end = end if end > 0 else text.find("\n")
        if end > 0:
            text, rest = text[:end], text[end + 1 :]
    parts = text.split("\n", MAX_LINES)
    if len(parts) > MAX_LINES:
        more = parts.pop()
        rest = f"{more}\n{rest}" if rest else more
    lines = [Line(bare_text(body), raw, depth) for raw in parts for depth, body in (_split_quote(raw),)]
    _free_from_lines(lines)
    _quote_by_pipes(lines)
    return lines, rest


def _free_from_lines(lines: list[Line]) -> None:
    """Mailbox files put `>` before a line that begins with `From `; between unquoted lines it is the writer's own."""
    for at, line in enumerate(lines):
        if not line.raw.startswith(">From "):
            continue
        if not any(near.depth for near in (*lines[max(0, at - 1) : at], *lines[at + 1 : at + 2])):
            lines[at] = Line(bare_text(line.raw[1:]), line.raw[1:])


def _quote_by_pipes(lines: list[Line]) -> None:
    """`| ` before two lines or more, below one that ends in a colon, is a quote; the rows of a table end in `|`."""
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and _PIPED.match(lines[end].raw):
            end += 1
        above = next((line for line in reversed(lines[max(0, at - 2) : at]) if not line.blank), None)
        if end - at >= 2 and above is not None and above.text.rstrip().endswith((":", "：")):
            for place in range(at, end):
                raw = lines[place].raw
                lines[place] = Line(bare_text(raw[2:]), raw, 1)
        at = end + 1


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
