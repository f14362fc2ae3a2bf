"""In charge of: quotes that carry the initials or name of their author before each mark ("JP> "), as The Bat! and
Supercite write them.

Not in charge of: ordinary quote marks (`lines`). Prompts of programs look alike, but in small letters, and below no
attribution.
"""

from __future__ import annotations

import re

from gateway.inbound.reply import cues
from gateway.inbound.reply.lines import Line

_NAMED = re.compile(r"[ \t]{0,4}([^\W\d_]{1,10})(>{1,4})(?:[ \t]|\Z)")
_LEAST_LINES = 2
_LOOKED_BACK = 4


def quote_by_initials(lines: list[Line]) -> None:
    """Give the lines of such a quote their depth. One pass; a mail without `>` behind a name costs next to nothing."""
    found = {
        at: named
        for at, line in enumerate(lines)
        if not line.depth and ">" in line.raw and (named := _NAMED.match(line.raw))
    }
    if len(found) < _LEAST_LINES:
        return
    quoted: set[str] = set()
    for at, named in found.items():
        if named[1] not in quoted and named[1][0].isupper() and _stands_below_attribution(lines, at):
            quoted.add(named[1])
        if named[1] in quoted:
            raw = lines[at].raw
            lines[at] = Line(raw[named.end() :], raw, len(named[2]))


def _stands_below_attribution(lines: list[Line], at: int) -> bool:
    above = next((line.text for line in reversed(lines[max(0, at - _LOOKED_BACK) : at]) if not line.blank), "")
    text = cues.cut(above).rstrip(" *_")
    return text.endswith((":", "：")) and cues.says_wrote(text) and (cues.has_date(text) or cues.has_address(text))
