"""In charge of: the role of every line: the writer's own, quote, history, introduction, signature.

Not in charge of: lines (`lines`, `html_text`) or single cues (`cues`).

Rules, in this order: quote marks and client markup; header blocks, attributions and separators, whatever the language;
text that we know from the thread; signature mark and phone taglines. If nothing would be left, the whole text is the
reply: a quote shown is a nuisance, a lost answer is a fault. Every step is one pass over the lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.known_text import KnownText
from gateway.inbound.reply import cues
from gateway.inbound.reply.attribution import begins_attribution, is_sentence_of_theirs, is_vague, read_attribution
from gateway.inbound.reply.boxes import settle_boxes
from gateway.inbound.reply.header_block import is_separated, read_header_block
from gateway.inbound.reply.initials import quote_by_initials
from gateway.inbound.reply.intros import mark_intro, next_filled, next_is_quoted, quote_at_end
from gateway.inbound.reply.known import Cover, mark_known, uncover_answers
from gateway.inbound.reply.lead_in import is_shown, keep_own_lists
from gateway.inbound.reply.lines import Line, Mark, Role
from gateway.inbound.reply.reply_line import is_reply_line
from gateway.inbound.reply.signatures import mark_signature
from gateway.inbound.reply.stacked_header import find_stacked_headers

_INLINE_QUOTE_LINES = 12
_LINK_PIECE = re.compile(r"[!-~]*[=/&%_][!-~]*|[!-~]{30,}")
_ENOUGH_TOKENS = 3  # of a line that nobody sent before
_MAX_TRIES = 300  # lines that look like the beginning of another mail and are none: a hostile mail has many


def assign_roles(
    lines: list[Line], cover: Cover, knowledge: KnownText, *, forwarded: bool = False, answered: bool = False
) -> list[str]:
    """One role for each line. `cover`: which of its words we know; empty if nothing is known from the thread.

    `forwarded`, `answered`: what the subject says of the mail.
    """
    quote_by_initials(lines)
    settle_boxes(lines)
    roles = [_role_by_markup(line) for line in lines]
    _close_quote_gaps(lines, roles)
    _mark_boundaries(lines, roles, cover, forwarded=forwarded, answered=answered)
    keep_own_lists(lines, roles, cover)
    if cover:
        mark_known(lines, roles, cover, knowledge)
        uncover_answers(lines, roles, cover, knowledge)
    else:
        _mark_last_indent(lines, roles)
    mark_signature(lines, roles)
    if not _has_own(lines, roles):
        roles = _fail_open(lines, roles, cover)
    _keep_inline_quotes(lines, roles)
    return roles


def _mark_last_indent(lines: list[Line], roles: list[str]) -> None:
    """A plain blockquote that ends the mail is a quote, unless the words above lead to it."""
    end = len(lines)
    while end and lines[end - 1].blank:
        end -= 1
    start = end
    while start and roles[start - 1] is Role.OWN and (lines[start - 1].marks & Mark.INDENT or lines[start - 1].blank):
        start -= 1
    if start in (0, end) or not lines[end - 1].marks & Mark.INDENT or roles[start - 1] is not Role.OWN:
        return
    if lines[start - 1].text.rstrip().endswith((":", "：")):
        return
    roles[start:end] = [Role.HISTORY] * (end - start)


def _role_by_markup(line: Line) -> str:
    if line.depth:
        return Role.QUOTE
    if line.marks & Mark.ATTRIBUTION and not line.marks & Mark.FORWARD:
        return Role.INTRO
    return Role.HISTORY if line.marks & Mark.HISTORY else Role.OWN


def _close_quote_gaps(lines: list[Line], roles: list[str]) -> None:
    """A line that re-wrapping pushed out of the quote: alone between quoted lines, and a link or a long line's tail."""
    for at in range(1, len(lines) - 1):
        line = lines[at]
        if roles[at] is not Role.OWN or line.blank or not (lines[at - 1].depth and lines[at + 1].depth):
            continue
        if _is_link(line.text.strip()) or _goes_on(lines[at - 1], line):
            roles[at] = Role.QUOTE


def _is_link(text: str) -> bool:
    return text.startswith(("(http", "http", "<http")) or bool(_LINK_PIECE.fullmatch(text))


def _goes_on(above: Line, line: Line) -> bool:
    """Whether a line is the torn-off tail of a long one; an answer begins below a whole sentence."""
    whole = above.text.rstrip(" *_")[-1:] in tuple(".!?:;。？！")
    return not whole and len(above.raw) >= 70 > len(line.text) and not line.text.strip()[0].isupper()


def _has_own(lines: Sequence[Line], roles: Sequence[str]) -> bool:
    return any(role is Role.OWN and not line.blank for line, role in zip(lines, roles, strict=True))


def _mark_boundaries(lines: list[Line], roles: list[str], cover: Cover, *, forwarded: bool, answered: bool) -> None:
    """Find where another mail begins. A forwarded one is the writer's to show: it and all below stay."""
    at = tries = 0
    stacked = find_stacked_headers(lines)
    while at < len(lines) and tries < _MAX_TRIES:
        line = lines[at]
        if at not in stacked:
            if line.depth and _mark_in_quote(lines, roles, at):
                return
            if line.blank or line.depth or not (line.marks or cues.may_introduce(line.text)):
                at += 1
                continue
        if _forwards_below(lines, at) or (line.marks & Mark.FORWARD and roles[at] is Role.OWN):
            for below in range(at, len(lines)):
                roles[below] = Role.OWN
            return
        end, rest_too = (stacked[at], True) if at in stacked else _read_intro(lines, roles, at)
        if end == at:
            tries += 1
            at += 1
            continue
        if rest_too and (forwarded or is_shown(lines, cover, at, end, answered=answered)):
            return
        if rest_too and not _has_own(lines[:at], roles[:at]) and (_is_plain(line) or quote_at_end(lines) > end):
            at = end  # the writer begins with it; what their client quotes stands below
            continue
        mark_intro(lines, roles, at, end)
        if rest_too:
            for below in range(end, len(lines)):
                roles[below] = roles[below] if roles[below] is Role.QUOTE else Role.HISTORY
            return
        at = end


def _is_plain(line: Line) -> bool:
    """Words that people put above what they cite, too: no label, no dashes, no markup of a client."""
    pair = cues.read_label(line.text)
    return not (line.marks or cues.is_dashed_phrase(line.text) or (pair and cues.label_kind(pair[0]) >= 0))


def _mark_in_quote(lines: list[Line], roles: list[str], at: int) -> bool:
    """Whether a mail begins at a line with quote marks, and all below belongs to it: one that is shown, or history."""
    if lines[at].blank:
        return False
    if _forwards_in_quote(lines, at):
        roles[at:] = [Role.OWN] * (len(lines) - at)
        return True
    end = _read_quoted_header(lines, at)
    if end > at:
        mark_intro(lines, roles, at, end)
        roles[end:] = [Role.HISTORY] * (len(lines) - end)
    return end > at


def _forwards_in_quote(lines: Sequence[Line], at: int) -> bool:
    """Apple Mail puts a forwarded mail and its separator into a quote that nobody introduces."""
    if lines[at].depth != 1 or (at and lines[at - 1].depth and not lines[at - 1].blank):
        return False  # most quoted lines stand right below another: they are not read
    if not cues.is_forward_separator(lines[at].text):
        return False
    above = next((line for line in reversed(lines[:at]) if not line.blank), None)
    return above is None or not (above.depth or above.text.rstrip().endswith((":", "：")))


def _read_quoted_header(lines: Sequence[Line], at: int) -> int:
    """The end of a header block with quote marks, below a ruler, if the mail below it has none; else `at`."""
    if not at or lines[at - 1].depth or not is_separated(lines, at):
        return at
    end = read_header_block(lines, at)
    while end < len(lines) and end > at and lines[end].blank:
        end += 1
    return end if at < end < len(lines) and not lines[end].depth else at


def _forwards_below(lines: Sequence[Line], at: int) -> bool:
    """Whether this line begins a forwarded mail: by its words, by Gmail's dashes, or as Thunderbird forwards.

    Thunderbird puts the subject first, below a dashed phrase; no client does so above a quote.
    """
    text = lines[at].text
    if cues.is_forward_separator(text):
        return True
    if cues.leads_to_forward(text):
        below = next_filled(lines, at + 1)
        return below < len(lines) and read_header_block(lines, below) > below
    if not cues.is_dashed_phrase(text) or cues.is_ruler(text) or cues.is_original_separator(text):
        return False
    below = next_filled(lines, at + 1)
    pair = cues.read_label(lines[below].text) if below < len(lines) else None
    if pair is None or read_header_block(lines, below) == below:
        return False
    return cues.is_gmail_forward(text) or cues.label_kind(pair[0]) == 4


def _read_intro(lines: list[Line], roles: list[str], at: int) -> tuple[int, bool]:
    """(end of the introduction that starts here, whether all below is history); end == at if there is none."""
    line = lines[at]
    if roles[at] is Role.INTRO:
        forwards = any(cues.is_forward_separator(near.text) for near in lines[at : at + 3])
        return (at, False) if forwards else (at + 1, False)
    end = read_header_block(lines, at)
    if end > at:
        return end, not next_is_quoted(lines, end)
    if cues.is_original_separator(line.text) and (_stands_alone(line.text) or _label_follows(lines, at)):
        return at + 1, not next_is_quoted(lines, at + 1)
    if cues.is_dashed_phrase(line.text) and not cues.is_ruler(line.text):
        below = next_filled(lines, at + 1)
        block = read_header_block(lines, below) if below < len(lines) else below
        if block > below:
            return block, not next_is_quoted(lines, block)
    end, sure = read_attribution(lines, at, quoted_below=lambda below: next_is_quoted(lines, below))
    if end > at and next_is_quoted(lines, end):
        marks = lines[next_filled(lines, end)].marks
        in_prose = marks & Mark.INDENT or (at and roles[at - 1] is Role.OWN and not lines[at - 1].blank)
        theirs = (in_prose and is_vague(line.text)) or (not line.marks and is_sentence_of_theirs(line.text))
        return (at, False) if theirs else (end, False)
    if end == at or not sure or next_filled(lines, end) == len(lines):
        return at, False
    return (end, True) if line.marks or begins_attribution(lines, at, end) else (at, False)


def _stands_alone(text: str) -> bool:
    return cues.is_dashed_phrase(text) or is_reply_line(text)


def _label_follows(lines: Sequence[Line], at: int) -> bool:
    below = next_filled(lines, at + 1)
    pair = cues.read_label(lines[below].text) if below < len(lines) else None
    return pair is not None and cues.label_kind(pair[0]) >= 0


def _fail_open(lines: list[Line], roles: Sequence[str], cover: Cover) -> list[str]:
    """Nothing was left: keep what we do not know from the thread, else all of it."""
    unknown = {
        at for at, (known, total) in enumerate(cover) if total and known < 0.5 * total and roles[at] is not Role.INTRO
    }
    enough = any(cover[at][1] >= _ENOUGH_TOKENS for at in unknown)
    if not enough or len(unknown) == sum(not line.blank for line in lines):
        return [Role.OWN] * len(lines)
    first, last = min(unknown), max(unknown)
    return [
        Role.OWN if first <= at <= last and (at in unknown or line.blank) else Role.HISTORY
        for at, line in enumerate(lines)
    ]


def _keep_inline_quotes(lines: list[Line], roles: list[str]) -> None:
    """Short quotes between answers stay in the reply: without the question an answer says nothing."""
    runs = _runs(lines, roles, Role.QUOTE)
    own = [at for at, role in enumerate(roles) if role is Role.OWN and not lines[at].blank]
    if not own:
        return
    answered = [run for run in runs if run[1] <= own[-1]]
    by_hand = answered and own[0] < answered[0][0] and Role.INTRO not in roles[: answered[0][0]]
    if len(answered) < 2 and not by_hand:
        return
    for start, end in answered:
        if sum(not line.blank for line in lines[start:end]) <= _INLINE_QUOTE_LINES:
            for at in range(start, end):
                roles[at] = Role.OWN


def _runs(lines: Sequence[Line], roles: Sequence[str], wanted: str) -> list[tuple[int, int]]:
    """The stretches with this role; some clients put no mark before the empty lines of a quote."""
    runs: list[tuple[int, int]] = []
    for at, role in enumerate(roles):
        if role is wanted:
            if runs and (runs[-1][1] == at or all(line.blank for line in lines[runs[-1][1] : at])):
                runs[-1] = (runs[-1][0], at + 1)
            else:
                runs.append((at, at + 1))
    return runs
