"""In charge of: the header that Notes puts above a quoted mail: who and when on one side, labels without a colon on
the other, each on a line of its own or in columns, in some versions inside a drawn box.

Not in charge of: labels with their values on one line (`header_block`), nor what becomes of the lines (`roles`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gateway.inbound.reply import cues, words
from gateway.inbound.reply.lines import Line

_BOX = " \t|+>-"
_COLUMNS = re.compile(r"[ \t]{2,}|[ \t]*\|[ \t]*")
_MAX_LABEL_CHARS = 30
_LEAST_ABOVE = 3  # lines: who, when, to whom
_MAX_LINES = 24  # from the sender to the subject
_MAX_LINE_CHARS = 160
_MAX_AUTHOR_LINES = 8
_MAX_SUBJECT_LINES = 3
_MAX_HEADERS = 20  # of a mail; each costs a look at the lines above it


def find_stacked_headers(lines: Sequence[Line]) -> dict[int, int]:
    """Where such headers begin, and where each ends. A date, a recipient's and a subject's label are needed."""
    found: dict[int, int] = {}
    tries = 0
    for at in range(_LEAST_ABOVE, len(lines)):
        raw = lines[at].raw
        if not raw or (len(raw) > _MAX_LABEL_CHARS and "  " not in raw and "\t" not in raw):
            continue
        if not _ends_with_label(raw, words.SUBJECT_LABELS):
            continue
        tries += 1
        if tries > _MAX_HEADERS:
            break
        start = _find_author(lines, at)
        if start >= 0:
            found[start] = _subject_end(lines, at)
    return found


def _ends_with_label(raw: str, labels: frozenset[str]) -> bool:
    """Whether the last column is such a label; with a colon it may have its value behind it, inside a box."""
    bare = raw.strip(_BOX)
    label = bare[-_MAX_LABEL_CHARS:].replace("\t", "  ").rpartition("  ")[2]
    if label.casefold() in labels:
        return len(bare) == len(label) or bare[-len(label) - 1].isspace()
    return "|" in raw and raw.rstrip()[-1:] == "|" and bare.partition(":")[0].casefold() in labels


def _find_author(lines: Sequence[Line], subject: int) -> int:
    """The first line of the header whose subject stands there: who wrote, above the date; -1 if it is no header."""
    dated = recipient = -1
    at = subject - 1
    while at >= max(0, subject - _MAX_LINES) and len(lines[at].raw) <= _MAX_LINE_CHARS:
        if _is_empty(lines[at]):
            if at and _is_empty(lines[at - 1]) and not _is_frame(lines[at]) and not _is_frame(lines[at - 1]):
                break
            if dated >= 0 and recipient >= 0:
                break
        elif cues.has_date(lines[at].raw) and cues.has_time(lines[at].raw):
            dated = at
        elif _ends_with_label(lines[at].raw, words.TO_LABELS):
            recipient = at
        at -= 1
    if dated < 0 or recipient < 0:
        return -1
    return _rise_to_author(lines, min(dated, recipient), dated)


def _rise_to_author(lines: Sequence[Line], first: int, dated: int) -> int:
    """From the upper one of date and recipient to the top of the lines that name the author, right above it."""
    start = first
    while start and first - start < _MAX_AUTHOR_LINES and not lines[start - 1].blank:
        start -= 1
    if start == first == dated:
        above = next((at for at in range(first - 1, max(-1, first - 3), -1) if not _is_empty(lines[at])), -1)
        if above < 0 or not cues.has_angled_address(lines[above].text):
            return -1
        start = above
    while start and _is_frame(lines[start - 1]):
        start -= 1
    return start


def _subject_end(lines: Sequence[Line], at: int) -> int:
    """Below the subject's own lines and what is left of a frame."""
    end = at + 1
    if _COLUMNS.split(lines[at].raw.strip(_BOX))[-1].rstrip(":").casefold() in words.SUBJECT_LABELS:
        while end < min(at + 3, len(lines)) and lines[end].blank:
            end += 1
        while end < min(at + 1 + _MAX_SUBJECT_LINES, len(lines)) and not lines[end].blank:
            end += 1
    while end < len(lines) and _is_frame(lines[end]):
        end += 1
    return end


def _is_empty(line: Line) -> bool:
    return not line.raw.strip(_BOX)


def _is_frame(line: Line) -> bool:
    return line.raw.strip() != "" and _is_empty(line)
