"""In charge of: lines that stood in what we sent before: history even without any mark around them.

Not in charge of: which words are known (`known_text`).
"""

from __future__ import annotations

from gateway.inbound.known_text import KnownText
from gateway.inbound.reply import cues
from gateway.inbound.reply.intros import mark_intro
from gateway.inbound.reply.lines import Line, Mark, Role


def mark_known(lines: list[Line], roles: list[Role], knowledge: KnownText) -> None:
    """Runs of own lines that stood in our copies word for word. A lone short line is never taken."""
    if not knowledge:
        return
    cover = knowledge.cover_lines([line.text for line in lines])
    _mark_known_indents(lines, roles, cover)
    at = 0
    while at < len(lines):
        if roles[at] is not Role.OWN or not _is_known(cover[at], lines[at]):
            at += 1
            continue
        end, filled, tokens = at, 0, 0
        while end < len(lines) and roles[end] is Role.OWN and (lines[end].blank or _is_known(cover[end], lines[end])):
            filled += not lines[end].blank
            tokens += cover[end][1]
            end += 1
        if tokens >= 12 or (filled >= 2 and tokens >= 8):
            for below in range(at, end):
                roles[below] = Role.HISTORY
            _mark_intro_above(lines, roles, at)
        at = end


def _mark_known_indents(lines: list[Line], roles: list[Role], cover: list[tuple[int, int]]) -> None:
    """An indented block of which we know most is a quote; any other is the writer's own."""
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end].marks & Mark.INDENT and roles[end] is Role.OWN:
            end += 1
        known, total = sum(k for k, _ in cover[at:end]), sum(t for _, t in cover[at:end])
        if total >= 5 and known >= 0.6 * total:
            for below in range(at, end):
                roles[below] = Role.HISTORY
            _mark_intro_above(lines, roles, at)
        at = max(end, at + 1)


def _mark_intro_above(lines: list[Line], roles: list[Role], at: int) -> None:
    """Above text that we know, even a doubtful attribution or separator is one."""
    last = at - 1
    while last >= 0 and lines[last].blank:
        last -= 1
    for start in range(max(0, last - 3), last + 1):
        end, _ = cues.read_attribution(lines, start, quoted_below=lambda end: end == last + 1)
        if end == last + 1 and roles[start] is Role.OWN:
            mark_intro(lines, roles, start, end)
            return
    if (
        last >= 0
        and roles[last] is Role.OWN
        and (cues.is_ruler(lines[last].text) or cues.is_dashed_phrase(lines[last].text))
    ):
        mark_intro(lines, roles, last, last + 1)


def _is_known(cover: tuple[int, int], line: Line) -> bool:
    known, total = cover
    return not line.blank and total > 0 and known >= 0.9 * total
