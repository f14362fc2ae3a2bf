"""In charge of: lines that stood in what we sent before: history even without any mark around them; and answers that
were written between them.

Not in charge of: which words are known (`known_text`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.known_text import KnownText, tokens_of
from gateway.inbound.reply import cues
from gateway.inbound.reply.attribution import read_attribution
from gateway.inbound.reply.header_block import read_header_block
from gateway.inbound.reply.intros import mark_intro
from gateway.inbound.reply.lines import Line, Mark, Role

_ENOUGH_WORDS = 12  # a run of known lines of that length is a quote; CJK signs count half
_ENOUGH_WORDS_OF_TWO_LINES = 8
_ADDED_WORDS = 4  # behind a question on the same line
_CITED_LINES = 3
_QUESTION_LINES = 12  # longer quotes between answers are folded
_QUESTION_ENDS = ("?", "？", "؟", ";", ":", "：")

_BEFORE_ANSWER = re.compile(r"[.?!:;)=>_–—-]\s|[？：。！]")
_BY_PROGRAM = re.compile(r"[<\[@]")
_ENOUGH_ASKED = 5  # known words, for an answer without punctuation before it
_MAX_ASKING_CHARS = 400
MAX_COVERED_CHARS = 50_000
_MAX_LINE_CHARS = 10_000

Cover = list[tuple[int, int]]  # of each line: tokens that are known, tokens


def cover_lines(lines: Sequence[Line], knowledge: KnownText) -> Cover:
    """(known tokens, tokens) of each line. A line, and the mail, count only so far: what lies beyond is not known."""
    room = MAX_COVERED_CHARS
    texts = []
    for line in lines:
        text = line.text[: min(room, _MAX_LINE_CHARS)]
        room -= len(text)
        texts.append(text)
    return knowledge.cover_lines(texts)


def mark_known(lines: list[Line], roles: list[str], cover: Cover, knowledge: KnownText) -> None:
    """Runs of own lines that stood in our copies word for word. A lone short line is never taken."""
    _mark_known_indents(lines, roles, cover)
    runs = []
    at = 0
    while at < len(lines):
        if roles[at] is not Role.OWN or not _is_known(cover[at], lines[at]):
            at += 1
            continue
        end = at
        while end < len(lines) and roles[end] is Role.OWN and (not cover[end][1] or _is_known(cover[end], lines[end])):
            end += 1  # a line without words is blank, or a link: trackers rewrite those
        run = _trim(lines, [place for place in range(at, end) if cover[place][1]], cover, knowledge)
        words = sum(_words(lines[place], cover[place]) for place in run)
        enough = words >= _ENOUGH_WORDS or (len(run) >= 2 and words >= _ENOUGH_WORDS_OF_TWO_LINES)
        if enough and not _is_cited(lines, roles, run):
            runs.append((run[0], end if run[-1] + 1 == _last_filled(lines, at, end) else run[-1] + 1))
        at = end
    if _are_questions(lines, roles, runs):
        return
    for start, end in runs:
        roles[start:end] = [Role.HISTORY] * (end - start)
        _mark_intro_above(lines, roles, start)


def uncover_answers(lines: list[Line], roles: list[str], cover: Cover, knowledge: KnownText) -> None:
    """Words between the lines of our own mail, below its header or inside its quote, are the writer's answers.

    Only in the newest mail of the fold, and only if we know its words: an older mail, or one that is not ours, has
    other words that we do not know. Where each quoted line has its own mark, only between two lines that we know.
    """
    start, end = _find_newest(lines, roles)
    if start == end:
        return
    answers: list[int] = []
    run: list[int] = []
    above: Line | None = None  # the last known line, if nothing but this run stands below it
    for at in range(start, end):
        if lines[at].blank:
            continue
        known, total = cover[at]
        if _ends_with_answer(lines[at].text, known, total, knowledge):
            answers += [*run, at] if above is not None else [at]
            run, above = [], lines[at]
            continue
        if known < 0.5 * total or total - known >= _ADDED_WORDS:
            run.append(at)
            continue
        if above is not None:
            answers += run
        run = []
        above = lines[at] if total else above
    marked = lines[start].depth and not lines[start].marks & Mark.HISTORY
    if not marked and above is not None and (answers or above.text.rstrip(" *_").endswith(_QUESTION_ENDS)):
        answers += run
    if not answers or not any(known >= 3 for known, _ in cover[start:end]):
        return
    for at in answers:
        roles[at] = Role.OWN
    _keep_questions(lines, roles, start, answers[-1])


def _ends_with_answer(text: str, known: int, total: int, knowledge: KnownText) -> bool:
    """Whether a line is ours but for a word or two at its end: "Your name? Kim", "Tuesday, 24 November, 10:00 suits".

    What programs write behind links and addresses is no answer.
    """
    added = total - known
    if not 0 < added < min(total, _ADDED_WORDS) or len(text) > _MAX_ASKING_CHARS:
        return False
    for mark in _BEFORE_ANSWER.finditer(text):
        answer = text[mark.end() :]
        if len(tokens_of(answer)) == added:
            return not _BY_PROGRAM.search(answer)
    words = text.rsplit(maxsplit=added)
    if len(words) <= added or known < _ENOUGH_ASKED or tokens_of(" ".join(words[1:])) != tokens_of(text)[-added:]:
        return False
    return not _BY_PROGRAM.search(text, len(words[0])) and knowledge.cover_lines(words[:1]) == [(known, known)]


def _find_newest(lines: list[Line], roles: list[str]) -> tuple[int, int]:
    """(start, end) of the newest mail in the fold, as far as somebody may have written between its lines."""
    folded = (Role.HISTORY, Role.QUOTE)
    start = 0
    while start < len(lines) and (roles[start] not in folded or lines[start].blank):
        start += 1
    end = start
    while end < len(lines) and roles[end] in folded:
        line = lines[end]
        if not line.blank:
            if line.depth > lines[start].depth:
                break
            if end > start and cues.may_introduce(line.text) and _begins_older(lines, end):
                break
        end += 1
    return start, end


def _begins_older(lines: list[Line], at: int) -> bool:
    if cues.is_original_separator(lines[at].text) or cues.is_ruler(lines[at].text):
        return True
    return read_header_block(lines, at) > at or read_attribution(lines, at, quoted_below=lambda _: False)[0] > at


def _keep_questions(lines: list[Line], roles: list[str], start: int, end: int) -> None:
    """What stands above answers stays with them, unless it is long."""
    at = start
    while at < end:
        below = at
        while below < end and roles[below] is not Role.OWN:
            below += 1
        if sum(not line.blank for line in lines[at:below]) <= _QUESTION_LINES:
            roles[at:below] = [Role.OWN] * (below - at)
        at = below + 1


def _are_questions(lines: list[Line], roles: list[str], runs: list[tuple[int, int]]) -> bool:
    """Whether these known lines, repeated without a mark, are questions with the writer's answers between them."""
    answered = 0
    for start, end in runs:
        filled = [at for at in range(start, end) if not lines[at].blank]
        below = next((at for at in range(end, len(lines)) if not lines[at].blank), None)
        asks = lines[filled[-1]].text.rstrip(" *_").endswith(_QUESTION_ENDS)
        answered += asks and len(filled) <= _QUESTION_LINES and below is not None and roles[below] is Role.OWN
    return answered >= 2


def _is_cited(lines: list[Line], roles: list[str], run: list[int]) -> bool:
    """Whether the writer repeats a few of our lines in the midst of their own, to say what they speak of."""
    if len(run) > _CITED_LINES or run[0] == 0 or lines[run[0] - 1].blank or roles[run[0] - 1] is not Role.OWN:
        return False
    below = run[-1] + 1
    return below < len(lines) and roles[below] is Role.OWN and len(lines[below].text.split()) > 2


def _trim(lines: list[Line], run: list[int], cover: Cover, knowledge: KnownText) -> list[int]:
    """The run without short lines at its ends that do not belong to the same passage: thanks, a greeting."""
    first, last = 0, len(run)
    while last - first > 1 and _is_short(lines, run[first], cover) and not _joins(lines, run, first + 1, knowledge):
        first += 1
    while last - first > 1 and _is_short(lines, run[last - 1], cover) and not _joins(lines, run, last - 1, knowledge):
        last -= 1
    return run[first:last]


def _is_short(lines: list[Line], at: int, cover: Cover) -> bool:
    return _words(lines[at], cover[at]) < _ENOUGH_WORDS_OF_TWO_LINES


def _joins(lines: list[Line], run: list[int], lower: int, knowledge: KnownText) -> bool:
    """Whether the lines of a run above and from number `lower` on follow each other in a text that we know."""
    upper = [token for at in run[max(0, lower - 4) : lower] for token in tokens_of(lines[at].text[-200:])][-4:]
    below = [token for at in run[lower : lower + 4] for token in tokens_of(lines[at].text[:200])][:4]
    seam = upper + below
    return knowledge.cover_lines([" ".join(seam)])[0] == (len(seam), len(seam))


def _words(line: Line, cover: tuple[int, int]) -> float:
    """The weight of a line: its words, or half its CJK signs."""
    return min(cover[1], max(len(line.text.split()), cover[1] / 2))


def _last_filled(lines: list[Line], at: int, end: int) -> int:
    while end > at and lines[end - 1].blank:
        end -= 1
    return end


def _mark_known_indents(lines: list[Line], roles: list[str], cover: Cover) -> None:
    """An indented block of which we know most is a quote; any other is the writer's own."""
    at = 0
    while at < len(lines):
        if not lines[at].marks & Mark.INDENT:
            at += 1
            continue
        end = at
        while end < len(lines) and lines[end].marks & Mark.INDENT and roles[end] is Role.OWN:
            end += 1
        known, total = sum(k for k, _ in cover[at:end]), sum(t for _, t in cover[at:end])
        if total >= 5 and known >= 0.6 * total:
            roles[at:end] = [Role.HISTORY] * (end - at)
            _mark_intro_above(lines, roles, at)
        at = max(end, at + 1)


def _mark_intro_above(lines: list[Line], roles: list[str], at: int) -> None:
    """Above text that we know, even a doubtful attribution or separator is one."""
    last = at - 1
    while last >= 0 and lines[last].blank:
        last -= 1
    for start in range(max(0, last - 3), last + 1):
        end, _ = read_attribution(lines, start, quoted_below=lambda end: end == last + 1)
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
