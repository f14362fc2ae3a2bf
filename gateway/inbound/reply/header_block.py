"""In charge of: the header block that many clients put above a quoted mail (From, Sent, To, Subject), in any language.

Not in charge of: what becomes of the lines (`roles`) or single labels (`cues`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.inbound.reply import cues
from gateway.inbound.reply.lines import Line, Mark

_MAX_LINES = 16
_MAX_FOREIGN = 6  # labels that we do not know: a form, if there are more
_MAX_STRAY = 2  # lines in a row without label: a value went on
_ONCE = frozenset([0, 1, 2, 4])
_CORE = frozenset([0, 1, 2, 4])
_DATED = frozenset([1, -1])  # where a header has its time; a timetable has one behind "From", too
_PERIOD = re.compile(r"(?:[^\W\d]{1,12}\.? )?[\d./ -]{2,10}[년г年]?\.?(?: ?\d{1,2}[월月])?")
_FIRST = frozenset([0, 1, 4])  # the label that a client begins with; a formal letter begins with whom it is for


@dataclass(slots=True)
class _Block:
    """What the labels read so far say."""

    kinds: set[int] = field(default_factory=set)
    order: list[int] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    labels: int = 0
    addresses: int = 0
    clocks: int = 0
    periods: int = 0  # a sender that is a date: "From: March 2019, To: May 2024" of a career
    values: list[str] = field(default_factory=list)

    def add(self, kind: int, label: str, value: str) -> None:
        if kind >= 0:
            self.kinds.add(kind)
            self.order.append(kind)
        self.names.add(label)
        self.labels += 1
        addressed = cues.has_address(value)
        self.addresses += addressed
        self.clocks += (addressed or kind in _DATED) and cues.has_date(value) and cues.has_time(value)
        self.periods += kind == 0 and not addressed and _PERIOD.fullmatch(value) is not None
        self.values.append(value)

    def holds(self, *, separated: bool, phrased: bool, client_made: bool) -> bool:
        """Whether it is a header block.

        Known labels: from and two more kinds, or from and one more with a date or address. Unknown labels: three or
        more with an address and a date with a time, below words between dashes or in the order that only clients
        write: below a ruler alone people put forms.
        """
        if self.periods:
            return False
        core = self.kinds & _CORE
        evidence = bool(self.addresses or self.clocks)
        if 0 in core and len(core) >= 3 and (separated or self.addresses or self._is_dated_mail(core)):
            return True
        if len(core) >= 2 and core & {0, 1} and separated and (evidence or self.labels >= 3):
            return True
        if len(core) >= 2 and core & {0, 1} and self.addresses and self.clocks:
            return True
        if self.labels == 1:
            return 0 in core and bool(self.addresses and self.clocks) and separated
        if self.labels < 3 or not self.clocks:
            return False
        if client_made:
            return True
        return bool(self.addresses) and (phrased or self._has_foreign_shape())

    def begins_anew(self) -> bool:
        """Whether a sender below these labels is another mail's: they named one, or nothing that only mails have."""
        return bool(self.labels) and (0 in self.kinds or not (self.addresses or self.clocks))

    def is_whole(self) -> bool:
        """From, sent, to and subject with a time, in an order or with an address that a form does not have."""
        if not (self.kinds >= _CORE and self.clocks):
            return False
        return self.order[:2] == [0, 1] or (self.order[0] in (0, 1) and self.addresses > 0)

    def _is_dated_mail(self, core: set[int]) -> bool:
        """A time with a subject, or right below the sender; "From: Leeds, To: London, Date: …" is a journey."""
        return bool(self.clocks) and (4 in core or self.order[:2] == [0, 1])

    def _has_foreign_shape(self) -> bool:
        """`Name <address>` and a date with a time among the first three values, under labels that we do not know."""
        first = self.values[:3]
        named = any(cues.has_angled_address(value) for value in first)
        return named and any(cues.has_date(value) and cues.has_time(value) for value in first)


def read_header_block(lines: Sequence[Line], start: int) -> int:
    """Where a quoted mail's header block that starts at `start` ends, or `start` if there is none.

    One label line alone never counts, unless a separator stands above it.
    """
    first = cues.read_label(lines[start].text)
    if first is None:
        return start
    separated = is_separated(lines, start)
    if cues.label_kind(first[0]) < 0 and not separated and not _may_be_foreign(lines, start, first[1]):
        return start
    block = _Block()
    blanks = stray = 0
    end = start
    for at in range(start, min(start + _MAX_LINES, len(lines))):
        line = lines[at]
        if line.blank:
            blanks += 1
            if blanks > 1 or (block.labels >= 3 and not _more_labels(lines, at)):
                break
            continue
        pair = cues.read_label(line.text)
        kind = cues.label_kind(pair[0]) if pair else -1
        if block.labels == _MAX_FOREIGN and not block.kinds:
            break
        if pair is None or (kind < 0 and len(block.kinds) >= 3):
            stray += 1
            if stray > _MAX_STRAY or not block.labels or blanks:
                break
            continue
        if blanks and kind == 0 and block.begins_anew():
            break  # below an empty line another mail begins; above it stood a form
        if kind in _ONCE and kind in block.kinds and (pair[0] in block.names or len(block.kinds) >= 3):
            break  # a block has each once: another one begins
        blanks = stray = 0
        block.add(kind, *pair)
        end = at + 1
    if not separated and (_is_embedded(lines, start, end, block) or (block.order and block.order[0] not in _FIRST)):
        return start
    holds = block.holds(
        separated=separated,
        phrased=separated and _is_phrased(lines, start),
        client_made=separated and _is_client_made(lines, start),
    )
    return end if holds else start


def _is_embedded(lines: Sequence[Line], start: int, end: int, block: _Block) -> bool:
    """Whether the labels stand in the middle of a paragraph, or of a form that began above them.

    No client leaves out both empty lines, except around a whole header.
    """
    if start == 0 or lines[start - 1].blank:
        return False
    if block.is_whole():
        return False
    above = cues.read_label(lines[start - 1].text)
    return (above is not None and above[1] != "") or (end < len(lines) and not lines[end].blank)


def _may_be_foreign(lines: Sequence[Line], start: int, value: str) -> bool:
    """Whether one of the first two values is `Name <address>`."""
    if cues.has_angled_address(value):
        return True
    second = cues.read_label(lines[start + 1].text) if start + 1 < len(lines) else None
    return second is not None and cues.has_angled_address(second[1])


def _more_labels(lines: Sequence[Line], at: int) -> bool:
    following = next((line for line in lines[at : at + 3] if not line.blank), None)
    pair = cues.read_label(following.text) if following else None
    return pair is not None and cues.label_kind(pair[0]) >= 0


def _is_client_made(lines: Sequence[Line], start: int) -> bool:
    """Below Outlook's 32 underscores, inside its header element, or bold in a box with its border."""
    marks = lines[start].marks
    if marks & Mark.HEADER or (marks & Mark.RULE and marks & Mark.BOLD):
        return True
    above = next((line for line in reversed(lines[max(0, start - 2) : start]) if not line.blank), None)
    return above is not None and above.text.strip() == "_" * 32


def _is_phrased(lines: Sequence[Line], start: int) -> bool:
    """Whether words between dashes stand above it."""
    near = lines[max(0, start - 3) : start]
    return any(cues.is_dashed_phrase(line.text) and not cues.is_ruler(line.text) for line in near)


def is_separated(lines: Sequence[Line], start: int) -> bool:
    """Whether something above says that another mail begins: a ruler, a dashed phrase, a client's mark."""
    if lines[start].marks & (Mark.HEADER | Mark.RULE):
        return True
    for line in reversed(lines[max(0, start - 3) : start]):
        if line.marks & (Mark.RULE | Mark.HEADER) or cues.is_ruler(line.text) or cues.is_dashed_phrase(line.text):
            return True
        if not line.blank:
            return cues.is_original_separator(line.text)
    return False
