"""In charge of: marking what introduces another mail, and looking at what stands below it.

Not in charge of: recognising it (`cues`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inbound.reply import cues
from gateway.inbound.reply.lines import Line, Mark, Role


def mark_intro(lines: list[Line], roles: list[Role], start: int, end: int) -> None:
    """The introduction itself, the blank lines and rulers above it, and an indented block below it."""
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
