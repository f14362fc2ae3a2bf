"""In charge of: elements with a line at their left side, by which some clients set off the quoted mail.

Not in charge of: blockquotes (`html_marks`). People draw such lines too, beside notes and tables, so a box is a quote
only if an attribution that nobody but clients writes stands right above it, or opens it below the writer's words.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inbound.reply.attribution import read_attribution
from gateway.inbound.reply.lines import Line, Mark

_MAX_BOXES = 20
_ATTRIBUTION_LINES = 3


def settle_boxes(lines: list[Line]) -> None:
    """A box that is a quote becomes an indented block; from any other the mark is taken."""
    at = boxes = 0
    while at < len(lines):
        if not lines[at].marks & Mark.BOX:
            at += 1
            continue
        end = at
        while end < len(lines) and lines[end].marks & Mark.BOX:
            end += 1
        boxes += 1
        quote = _find_quote(lines, at, end) if boxes <= _MAX_BOXES else end
        for place in range(at, end):
            lines[place].marks = lines[place].marks & ~Mark.BOX | (Mark.INDENT if place >= quote else Mark.NONE)
        at = end


def _find_quote(lines: Sequence[Line], start: int, end: int) -> int:
    """Where in the box from `start` to `end` the quoted words begin; `end` if it is none."""
    above = start
    while above and lines[above - 1].blank:
        above -= 1
    for at in range(max(0, above - _ATTRIBUTION_LINES), above):
        if read_attribution(lines, at, quoted_below=lambda _: False) == (above, True):
            return start
    first = next((at for at in range(start, end) if not lines[at].blank), end)
    if not above or first == end:
        return end
    quote, sure = read_attribution(lines, first, quoted_below=lambda _: False)
    return quote if sure and quote < end else end
