"""In charge of: what the writer of a reply wrote, and what stood below it (SJ-7). Nothing is dropped, only sorted.

Not in charge of: reading bytes (`mime`). The cues are in `reply_cues`, lines come from `reply_lines` and `html_text`.

Rules, in this order: quote marks and client markup; header blocks, attributions and separators, whatever the language;
text that we know from the thread; signature mark and phone taglines. If nothing would be left, the whole text is the
reply: a quote shown is a nuisance, a lost answer is a fault. Every step is one pass over the lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.inbound import reply_cues as cues
from gateway.inbound.html_text import lines_from_html
from gateway.inbound.known_text import KnownText, know_texts
from gateway.inbound.reply_lines import Line, Mark, Role, lines_from_text
from gateway.inbound.reply_signatures import mark_signature
from gateway.threads.incoming import SplitReply

_INLINE_QUOTE_LINES = 12


def split_reply(
    text: str | None = None, html: str | None = None, *, known: Sequence[str] = (), forwarded: bool = False
) -> SplitReply:
    """Sort a mail body into reply, folded history and signature; the three together hold every word.

    Give the plain body, the HTML body or both; HTML is preferred, because it says more about structure. `known`: texts
    that we sent before in this thread. `forwarded`: the subject says that the mail forwards another, so that is kept.
    """
    knowledge = know_texts(known)
    plain = (text or "").strip() != ""
    if not html or not html.strip():
        return _split(lines_from_text(text or ""), knowledge, forwarded=forwarded)
    lines, rest = lines_from_html(html)
    if plain and not any(not line.blank for line in lines):
        return _split(lines_from_text(text or ""), knowledge, forwarded=forwarded)
    split = _split((lines, rest), knowledge, forwarded=forwarded)
    if plain and not split.folded:
        other = _split(lines_from_text(text or ""), knowledge, forwarded=forwarded)
        if other.folded:
            return other
    return split


def _split(source: tuple[list[Line], str], knowledge: KnownText, *, forwarded: bool) -> SplitReply:
    lines, rest = _divide_shared_lines(source[0]), source[1]
    roles = assign_roles(lines, knowledge, forwarded=forwarded)
    reply = _join(lines, roles, {Role.OWN})
    folded = _join(lines, roles, {Role.QUOTE, Role.HISTORY, Role.INTRO})
    signature = _join(lines, roles, {Role.SIGNATURE})
    if rest:
        if roles and roles[-1] in (Role.HISTORY, Role.QUOTE):
            folded = f"{folded}\n{rest}"
        else:
            reply = f"{reply}\n{rest}"
    return SplitReply(reply, folded, signature, _fold_is_ours(lines, roles, knowledge, rest=rest if folded else ""))


def _divide_shared_lines(lines: list[Line]) -> list[Line]:
    """An attribution that follows the writer's last words on the same line gets a line of its own."""
    out: list[Line] = []
    for at, line in enumerate(lines):
        shared = None
        if not line.depth and "wrote:" in line.text and _next_is_quoted(lines, at + 1):
            shared = cues.split_shared_line(line.text)
        if shared is None:
            out.append(line)
        else:
            out.extend(Line(part, part, 0, line.marks) for part in shared)
    return out


def assign_roles(lines: list[Line], knowledge: KnownText, *, forwarded: bool = False) -> list[Role]:
    """One role for each line."""
    roles = [_role_by_markup(line) for line in lines]
    _close_quote_gaps(lines, roles)
    _mark_boundaries(lines, roles, forwarded=forwarded)
    _mark_known(lines, roles, knowledge)
    mark_signature(lines, roles)
    if not _has_own(lines, roles):
        roles = _fail_open(lines, knowledge)
    _keep_inline_quotes(lines, roles)
    return roles


def _role_by_markup(line: Line) -> Role:
    if line.depth:
        return Role.QUOTE
    if line.marks & Mark.ATTRIBUTION and not line.marks & Mark.FORWARD:
        return Role.INTRO
    return Role.HISTORY if line.marks & Mark.HISTORY else Role.OWN


def _close_quote_gaps(lines: list[Line], roles: list[Role]) -> None:
    """A line that re-wrapping pushed out of the quote: alone between quoted lines, and a link or a long line's tail."""
    for at in range(1, len(lines) - 1):
        line = lines[at]
        if roles[at] is not Role.OWN or line.blank or not (lines[at - 1].depth and lines[at + 1].depth):
            continue
        text = line.text.strip()
        if " " not in text or text.startswith(("(http", "http", "<http")) or len(lines[at - 1].raw) >= 70 > len(text):
            roles[at] = Role.QUOTE


def _has_own(lines: Sequence[Line], roles: Sequence[Role]) -> bool:
    return any(role is Role.OWN and not line.blank for line, role in zip(lines, roles, strict=True))


def _mark_boundaries(lines: list[Line], roles: list[Role], *, forwarded: bool) -> None:
    """Find where another mail begins. A forwarded one is the writer's to show: it and all below stay."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.blank or line.depth:
            at += 1
            continue
        if not line.marks and not cues.may_introduce(line.text):
            at += 1
            continue
        if cues.is_forward_separator(line.text) or (line.marks & Mark.FORWARD and roles[at] is Role.OWN):
            for below in range(at, len(lines)):
                roles[below] = Role.OWN
            return
        end, rest_too = _read_intro(lines, roles, at)
        if end == at:
            at += 1
            continue
        if rest_too and forwarded:
            return
        _mark_intro(lines, roles, at, end)
        if rest_too:
            for below in range(end, len(lines)):
                roles[below] = roles[below] if roles[below] is Role.QUOTE else Role.HISTORY
            return
        at = end


def _read_intro(lines: list[Line], roles: list[Role], at: int) -> tuple[int, bool]:
    """(end of the introduction that starts here, whether all below is history); end == at if there is none."""
    line = lines[at]
    if roles[at] is Role.INTRO:
        forwards = any(cues.is_forward_separator(near.text) for near in lines[at : at + 3])
        return (at, False) if forwards else (at + 1, False)
    end = cues.read_header_block(lines, at)
    if end > at:
        return end, not _next_is_quoted(lines, end)
    if cues.is_original_separator(line.text) and (cues.is_dashed_phrase(line.text) or _label_follows(lines, at)):
        return at + 1, not _next_is_quoted(lines, at + 1)
    if cues.is_dashed_phrase(line.text) and not cues.is_ruler(line.text):
        below = _next_filled(lines, at + 1)
        block = cues.read_header_block(lines, below) if below < len(lines) else below
        if block > below:
            return block, not _next_is_quoted(lines, block)
    end, sure = cues.read_attribution(lines, at, quoted_below=lambda below: _next_is_quoted(lines, below))
    if end > at and _next_is_quoted(lines, end):
        return end, False
    return (end, True) if end > at and sure and _next_filled(lines, end) < len(lines) else (at, False)


def _next_filled(lines: Sequence[Line], at: int) -> int:
    while at < len(lines) and lines[at].blank and not lines[at].depth:
        at += 1
    return at


def _next_is_quoted(lines: Sequence[Line], at: int) -> bool:
    """Whether the next line with text is quoted by mark or container."""
    at = _next_filled(lines, at)
    return at < len(lines) and (lines[at].depth > 0 or bool(lines[at].marks & (Mark.HISTORY | Mark.INDENT)))


def _label_follows(lines: Sequence[Line], at: int) -> bool:
    below = _next_filled(lines, at + 1)
    pair = cues.read_label(lines[below].text) if below < len(lines) else None
    return pair is not None and cues.label_kind(pair[0]) >= 0


def _mark_intro(lines: list[Line], roles: list[Role], start: int, end: int) -> None:
    """The introduction itself, the blank lines and rulers above it, and an indented block below it."""
    for at in range(start, end):
        roles[at] = Role.INTRO
    at = start - 1
    while at >= 0 and roles[at] is Role.OWN and (lines[at].blank or cues.is_ruler(lines[at].text)):
        roles[at] = Role.INTRO
        at -= 1
    if at >= 0 and roles[at] is Role.OWN and cues.is_original_separator(lines[at].text):
        roles[at] = Role.INTRO
    at = _next_filled(lines, end)
    while at < len(lines) and lines[at].marks & Mark.INDENT and roles[at] is Role.OWN:
        roles[at] = Role.HISTORY
        at += 1


def _mark_known(lines: list[Line], roles: list[Role], knowledge: KnownText) -> None:
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
            _mark_intro(lines, roles, start, end)
            return
    if (
        last >= 0
        and roles[last] is Role.OWN
        and (cues.is_ruler(lines[last].text) or cues.is_dashed_phrase(lines[last].text))
    ):
        _mark_intro(lines, roles, last, last + 1)


def _is_known(cover: tuple[int, int], line: Line) -> bool:
    known, total = cover
    return not line.blank and total > 0 and known >= 0.9 * total


def _fail_open(lines: list[Line], knowledge: KnownText) -> list[Role]:
    """Nothing was left: keep what we do not know from the thread, else all of it."""
    cover = knowledge.cover_lines([line.text for line in lines]) if knowledge else []
    unknown = [at for at, (known, total) in enumerate(cover) if total >= 3 and known < 0.5 * total]
    if unknown and len(unknown) < sum(not line.blank for line in lines):
        first, last = unknown[0], unknown[-1]
        return [
            Role.OWN if first <= at <= last and (at in unknown or lines[at].blank) else Role.HISTORY
            for at in range(len(lines))
        ]
    return [Role.OWN] * len(lines)


def _keep_inline_quotes(lines: list[Line], roles: list[Role]) -> None:
    """Short quotes between answers stay in the reply: without the question an answer says nothing."""
    runs = _runs(lines, roles, Role.QUOTE)
    own = [at for at, role in enumerate(roles) if role is Role.OWN and not lines[at].blank]
    if not own:
        return
    answered = [run for run in runs if run[1] <= own[-1]]
    by_hand = answered and own[0] < answered[0][0] and Role.INTRO not in roles
    if len(answered) < 2 and not by_hand:
        return
    for start, end in answered:
        if sum(not line.blank for line in lines[start:end]) <= _INLINE_QUOTE_LINES:
            for at in range(start, end):
                roles[at] = Role.OWN


def _runs(lines: Sequence[Line], roles: Sequence[Role], wanted: Role) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for at, role in enumerate(roles):
        if role is wanted:
            if runs and runs[-1][1] == at:
                runs[-1] = (runs[-1][0], at + 1)
            else:
                runs.append((at, at + 1))
    return runs


def _join(lines: list[Line], roles: list[Role], wanted: set[Role]) -> str:
    """The lines of these roles as text, runs of blank lines made one."""
    out: list[str] = []
    for line, role in zip(lines, roles, strict=True):
        if role not in wanted:
            continue
        if line.raw.strip():
            out.append(line.raw.rstrip())
        elif out and out[-1]:
            out.append("")
    return "\n".join(out).strip("\n")


def _fold_is_ours(lines: list[Line], roles: list[Role], knowledge: KnownText, *, rest: str) -> bool:
    """Whether the fold holds nothing but our own words, apart from attributions; then it need not open by itself."""
    folded = [line.text for line, role in zip(lines, roles, strict=True) if role in (Role.QUOTE, Role.HISTORY)]
    if rest:
        folded.append(rest[:20_000])
    if not any(text.strip() for text in folded):
        return True
    if not knowledge:
        return False
    cover = knowledge.cover_lines(folded)
    known, total = sum(k for k, _ in cover), sum(t for _, t in cover)
    return total - known <= max(6, 0.15 * total)
