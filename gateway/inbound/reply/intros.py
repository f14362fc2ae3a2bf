"""In charge of: marking what introduces another mail, and looking at what stands below it.

Not in charge of: recognising it (`cues`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inbound.reply import cues
from gateway.inbound.reply.attribution import read_attribution
from gateway.inbound.reply.lines import Line, Mark, Role

_MAX_NAME_WORDS = 6
_MAX_LABELS = 4


def mark_intro(lines: list[Line], roles: list[str], start: int, end: int) -> None:
    """The introduction itself, the blank lines and rulers above it, and an indented block below it."""
    if _is_name_above(lines, roles, start):
        start -= 1
    start = _labels_above(lines, roles, start)
    for at in range(start, end):
        roles[at] = Role.INTRO
    at = start - 1
    while at >= 0 and roles[at] is Role.OWN and (lines[at].blank or cues.is_ruler(lines[at].text)):
        roles[at] = Role.INTRO
        at -= 1
    if at >= 0 and roles[at] is Role.OWN and cues.is_original_separator(lines[at].text):
        roles[at] = Role.INTRO
    at = next_filled(lines, end)
    while at < len(lines) and lines[at].marks & Mark.INDENT and roles[at] is Role.OWN:
        roles[at] = Role.HISTORY
        at += 1


def next_filled(lines: Sequence[Line], at: int) -> int:
    while at < len(lines) and lines[at].blank and not lines[at].depth:
        at += 1
    return at


def next_is_quoted(lines: Sequence[Line], at: int) -> bool:
    """Whether the next line with text is quoted by mark or container."""
    at = next_filled(lines, at)
    return at < len(lines) and (lines[at].depth > 0 or bool(lines[at].marks & (Mark.HISTORY | Mark.INDENT)))


def quote_at_end(lines: Sequence[Line]) -> int:
    """Where the attribution stands whose quote goes on to the end of the mail, 0 if there is none."""
    start = len(lines)
    while start and (lines[start - 1].blank or lines[start - 1].depth):
        start -= 1
    if start == len(lines) or not any(line.depth for line in lines[start:]):
        return 0
    for at in range(max(0, start - 3), start):
        end, sure = read_attribution(lines, at, quoted_below=lambda below: below == start)
        if end == start and sure:
            return at
    return 0


def _labels_above(lines: list[Line], roles: list[str], start: int) -> int:
    """Where labels begin that stand between a ruler and the attribution: Yandex names recipients and subject there."""
    at = start
    while at and start - at < _MAX_LABELS and roles[at - 1] is Role.OWN:
        pair = cues.read_label(lines[at - 1].text)
        if pair is None or cues.label_kind(pair[0]) < 0:
            break
        at -= 1
    return at if at and at < start and cues.is_ruler(lines[at - 1].text) else start


def _is_name_above(lines: list[Line], roles: list[str], start: int) -> bool:
    """Whether an attribution that begins with `<address>` was cut off from the name above it."""
    if not lines[start].text.lstrip().startswith("<") or start == 0 or roles[start - 1] is not Role.OWN:
        return False
    name = lines[start - 1].text.strip()
    return (
        0 < len(name.split()) <= _MAX_NAME_WORDS and (start == 1 or lines[start - 2].blank) and name[-1] not in ".!?:"
    )
