"""In charge of: what the writer of a reply wrote, and what stood below it (SJ-7). Nothing is dropped, only sorted.

Not in charge of: reading bytes (`mime`). Lines come from `reply.lines` and `html_text`, their roles from `reply.roles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from gateway.inbound.html_text import lines_from_html
from gateway.inbound.known_text import KnownText, know_texts
from gateway.inbound.reply.attribution import split_shared_line
from gateway.inbound.reply.intros import next_is_quoted
from gateway.inbound.reply.known import Cover, cover_lines
from gateway.inbound.reply.lines import PICTURE, Line, Role, lines_from_text
from gateway.inbound.reply.roles import assign_roles
from gateway.threads.incoming import SplitReply


def split_reply(
    text: str | None = None,
    html: str | None = None,
    *,
    known: Sequence[str] = (),
    forwarded: bool = False,
    answered: bool = False,
) -> SplitReply:
    """Sort a mail body into reply, folded history and signature; the three together hold every word.

    Give the plain body, the HTML body or both; HTML is preferred, because it says more about structure. `known`: texts
    that we sent before in this thread. `forwarded`: the subject says that the mail forwards another, so that is kept;
    `answered`: it says that the mail answers one.
    """
    split_lines = partial(_split, knowledge=know_texts(known), forwarded=forwarded, answered=answered)
    plain = (text or "").strip() != ""
    if not html or not html.strip():
        return split_lines(lines_from_text(text or ""))
    lines, rest = lines_from_html(html)
    if plain and not any(not line.blank for line in lines):
        return split_lines(lines_from_text(text or ""))
    split = split_lines((lines, rest))
    if plain and not split.folded:
        other = split_lines(lines_from_text(text or ""))
        if other.folded:
            return other
    return split


def _split(source: tuple[list[Line], str], *, knowledge: KnownText, forwarded: bool, answered: bool) -> SplitReply:
    lines, rest = _divide_shared_lines(source[0]), source[1]
    cover = cover_lines(lines, knowledge) if knowledge else []
    roles = assign_roles(lines, cover, knowledge, forwarded=forwarded, answered=answered)
    reply, folded, signature = _join(lines, roles)
    pictures: tuple[tuple[int, str], ...] = ()
    if any(line.pictures for line in lines):
        own = [name for line, role in zip(lines, roles, strict=True) if role is Role.OWN for name in line.pictures]
        reply, pictures = _take_pictures(reply, own)
        folded, signature = (text.replace(PICTURE, "") for text in (folded, signature))
    ours = _fold_is_ours(lines, roles, cover)
    if rest and roles and roles[-1] in (Role.HISTORY, Role.QUOTE):
        folded, ours = f"{folded}\n{rest}", False
    elif rest:
        reply = f"{reply}\n{rest}".strip("\n")
    return SplitReply(reply, folded, signature, ours, pictures)


def _divide_shared_lines(lines: list[Line]) -> list[Line]:
    """An attribution that follows the writer's last words on the same line gets a line of its own."""
    if not any("wrote:" in line.text for line in lines):
        return lines
    out: list[Line] = []
    for at, line in enumerate(lines):
        shared = None
        if not line.depth and "wrote:" in line.text and next_is_quoted(lines, at + 1):
            shared = split_shared_line(line.text)
        if shared is None:
            out.append(line)
        else:
            out.extend(Line(part, part, 0, line.marks) for part in shared)
    return out


def _join(lines: list[Line], roles: list[str]) -> tuple[str, str, str]:
    """(reply, fold, signature): the lines as text, runs of blank lines made one."""
    reply: list[str] = []
    folded: list[str] = []
    signature: list[str] = []
    for line, role in zip(lines, roles, strict=True):
        out = reply if role is Role.OWN else signature if role is Role.SIGNATURE else folded
        raw = line.raw.rstrip()
        if raw:
            out.append(raw)
        elif out and out[-1]:
            out.append("")
    return "\n".join(reply).strip("\n"), "\n".join(folded).strip("\n"), "\n".join(signature).strip("\n")


def _take_pictures(reply: str, names: list[str]) -> tuple[str, tuple[tuple[int, str], ...]]:
    """(the reply without the marks of its pictures, where each stood and its Content-ID: RFC 2392)."""
    left = iter(names)
    kept: list[str] = []
    places: list[tuple[int, str]] = []
    size = 0
    for line in reply.split("\n"):
        pieces = line.split(PICTURE)
        words = "".join(pieces).rstrip()
        at = 0
        for piece in pieces[:-1]:
            at += len(piece)
            places.append((size + min(at, len(words)), next(left, "")))
        if words or (len(pieces) == 1 and kept and kept[-1]):
            kept.append(words)
            size += len(words) + 1
    text = "\n".join(kept).rstrip("\n")
    return text, tuple((min(at, len(text)), name) for at, name in places)


def _fold_is_ours(lines: list[Line], roles: list[str], cover: Cover) -> bool:
    """Whether the fold holds nothing but our own words, apart from attributions; then it need not open by itself."""
    folded = (Role.QUOTE, Role.HISTORY)
    places = [at for at, role in enumerate(roles) if role in folded and not lines[at].blank]
    if not places or not cover:
        return not places
    known, tokens = sum(cover[at][0] for at in places), sum(cover[at][1] for at in places)
    return tokens - known <= max(6, 0.15 * tokens)
