"""In charge of: which of the writer's own lines are a signature, a phone's tagline or a mailing list's footer.

Not in charge of: recognising a tagline (`reply.taglines`). Soft signatures (a name, a greeting) stay in the reply.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.reply import cues
from gateway.inbound.reply.footers import is_footer, is_scanner_link, is_scanner_notice
from gateway.inbound.reply.lines import Line, Mark, Role
from gateway.inbound.reply.prose import is_disclaimer, is_sentence
from gateway.inbound.reply.taglines import is_app_line, is_tagline

_SIGNATURE_LINES = 20
_MAX_TAGLINES = 20
_MAX_NOTICES = 4  # the same in several languages
_MAX_NOTICE_LINES = 40
_LIST_LINK = re.compile(r"list|unsub|group|mailman|sympa|majordomo|subscri", re.IGNORECASE)

_LEAVING = re.compile(r"-leave@|[-+]unsubscribe@|-request@", re.IGNORECASE)


def mark_signature(lines: list[Line], roles: list[str]) -> None:
    """`-- ` and what follows, blocks that a client marked, and phone taglines at the end of the own text."""
    own = [at for at, role in enumerate(roles) if role is Role.OWN and not lines[at].blank]
    if not own:
        return
    again = False  # a second mark: the first one may have begun a frame
    for number, at in enumerate(own):
        if number and cues.is_signature_mark(lines[at].text):
            if _heads_list(lines[at - 1]):
                again = True
                continue
            block = _until_prose(lines, _block_from(own[number : number + _SIGNATURE_LINES + 1], roles), again=again)
            again = True
            if block:
                _set(roles, block)
                own = [place for place in own if place not in set(block)]
                break
    marked = _until_prose(lines, [at for at in own if lines[at].marks & Mark.SIGNATURE])
    if marked and len(marked) < len(own):
        _set(roles, marked)
        own = [at for at in own if roles[at] is Role.OWN]
    _mark_taglines(lines, roles, own)
    own = _mark_footers(lines, roles, [at for at in own if roles[at] is Role.OWN])
    _mark_list_footer(lines, roles, own)


def _mark_footers(lines: list[Line], roles: list[str], own: list[int]) -> list[int]:
    """The last paragraphs of the own text that only lawyers and programs write, with their rulers; never all of it.

    Gives what is left of the own lines.
    """
    for _ in range(_MAX_NOTICES):
        number = _paragraph_start(lines, own)
        if number <= 0:
            break
        words = _joined(lines, own[number:])
        if is_scanner_link(words):
            number = _paragraph_start(lines, own[:number])
            footer = is_scanner_notice(_joined(lines, own[number:]))
        else:
            footer = is_footer(words)
        if number <= 0 or not footer:
            break
        if number > 1 and cues.is_ruler(lines[own[number - 1]].text):
            number -= 1
        _set(roles, own[number:])
        own = own[:number]
    return own


def _paragraph_start(lines: list[Line], own: Sequence[int]) -> int:
    """Where the last paragraph of the own lines begins: at a ruler, or below an empty line."""
    number = len(own) - 1
    if number > 0 and cues.is_ruler(lines[own[number]].text):
        number -= 1  # the lower one of a frame
    while number > 0 and own[number - 1] == own[number] - 1 and not cues.is_ruler(lines[own[number]].text):
        number -= 1
    return number


def _joined(lines: list[Line], places: Sequence[int]) -> str:
    return " ".join(cues.cut(lines[at].text).strip() for at in places[:_MAX_NOTICE_LINES])


def _mark_list_footer(lines: list[Line], roles: list[str], own: list[int]) -> None:
    """What a mailing list adds at the very end: a long ruler and a few lines with a link."""
    for number in range(len(own) - 1, max(0, len(own) - 7), -1):  # a ruler further up may be the writer's
        text = lines[own[number]].text.strip()
        if len(text) >= 30 and not text.strip("_-"):
            below = [lines[o].text for o in own[number + 1 :] if not cues.is_ruler(lines[o].text)]
            # people who list a link go on; a list ends with where to leave it
            if any(map(_names_list, below)) and ("://" in below[-1] or "@" in below[-1]):
                _set(roles, own[number:])
                return


def _block_from(places: Sequence[int], roles: Sequence[str]) -> list[int]:
    """The first of these own lines up to where history begins (below a quote the writer may go on); [] if too many."""
    block: list[int] = []
    for at in places:
        if block and any(role is not Role.OWN for role in roles[block[-1] : at]):
            break
        block.append(at)
        if len(block) > _SIGNATURE_LINES:
            return []
    return block


def _until_prose(lines: list[Line], block: list[int], *, again: bool = False) -> list[int]:
    """The block up to its first sentence: people write on below their signature, or draw `--` between two thoughts.

    What a company's lawyers add is no sentence of the writer's.
    """
    for number, at in enumerate(block):
        text = lines[at].text
        if is_disclaimer(text):
            return block
        if number or not cues.is_signature_mark(text):
            framed = (number > 1 or again) and cues.is_signature_mark(lines[block[number - 1]].text)
            apart = framed or (number > 0 and at - block[number - 1] > 1)
            if is_sentence(text, apart=apart, first=not number) and not (number == 1 and is_app_line(text)):
                if framed:
                    return []  # two marks around something, and the writer goes on: a frame
                return block[:number] if number > 1 or not cues.is_signature_mark(lines[block[0]].text) else []
    return block


def _heads_list(line: Line) -> bool:
    """Whether the line right above a mark announces what stands below it."""
    return line.text.rstrip(" *_").endswith((":", "："))


def _is_announced(lines: list[Line], above: int, at: int) -> bool:
    """Whether the line right above leads to this one: "My diploma:" and below it "Sent from my phone"."""
    return above == at - 1 and _heads_list(lines[above])


def _names_list(text: str) -> bool:
    return ("://" in text and bool(_LIST_LINK.search(text))) or ("@" in text and bool(_LEAVING.search(text)))


def _set(roles: list[str], places: Sequence[int]) -> None:
    for at in places:
        roles[at] = Role.SIGNATURE


def _mark_taglines(lines: list[Line], roles: list[str], own: list[int]) -> None:
    """A tagline counts at the end of the mail or right above history, and never if it is all there is."""
    taglines: list[int] = []
    below_is_end = True
    for number in range(len(own) - 1, -1, -1):
        if len(taglines) == _MAX_TAGLINES:
            break
        at = own[number]
        after = own[number + 1] if number + 1 < len(own) else len(lines)
        below_is_end = below_is_end or roles[at:after].count(Role.OWN) < after - at
        if not below_is_end:
            continue
        below_is_end = is_tagline(lines[at].text) and not (number and _is_announced(lines, own[number - 1], at))
        if below_is_end:
            taglines.append(at)
    if len(taglines) < len(own):
        _set(roles, taglines)
