"""In charge of: recognising an attribution, a header block, a separator, a signature mark.

Not in charge of: what becomes of the lines (`replies`). Patterns see at most 1,000 characters of a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.inbound.reply import words
from gateway.inbound.reply.lines import JUDGED_CHARS, Line, Mark

_ADDRESS = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_TIME = re.compile(
    r"(?<!\d)\d{1,2}\s?[:.h]\s?\d{2}(?!\d)|(?:오전|오후|上午|下午|午前|午後)\s?\d{1,2}|\d{1,2}\s?[시時点點]|\d{1,2}\s?[ap]\.?m\b",
    re.I,
)
_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}|\d{1,2}\s?[월月]\s?\d{1,2}\s?[일日]|"
    r"(?<!\d)\d{1,2}[./-]\d{1,2}(?![\d.])"
)
_LABEL = re.compile(
    r"[ \t]{0,8}[*_]{0,2}([^\W\d_][^:：\n]{0,30}?)[ \t]?[*_]{0,2}[:：][*_]{0,2}(?:[ \t]+|(?=\S)|$)(.*)",
    re.DOTALL,
)
_RULER = re.compile(r"[ \t]*[-_=*—–─━]{3,}[ \t]*")
_DASHED = re.compile(r"[ \t]*[-_=*—–─>]{2,}[ \t]*(.{2,80}?)[ \t]*[-_=*—–─<]{2,}[ \t:]*")
_ANGLED = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,255}>")
_ANGLED_END = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,255}>[ ]?(?:[:：]|작성:?)[ *_]*\Z")
_LEAD = re.compile(
    r"[ \t]*[*_-]{0,6}(?:on|at|am|um|le|el|il|em|op|den|dne|dňa|w dniu|в|у|på|pe|ke|ti|ma|to|la|su|"
    r"tarihinde|no dia)\b[^\n]{0,60}\d",
    re.IGNORECASE,
)
_SHARED = re.compile(r"(.{1,700}?[ \t-])(On (?:[A-Z][a-z]{2,8},? |\d{1,2}[ ./-]).{8,200}wrote:)[ \t]*")
_SIGNATURE_MARK = re.compile(r"--[ \t]*|__[ \t]*|—[ \t]*")

_KNOWN_LABELS = (
    words.FROM_LABELS,
    words.SENT_LABELS,
    words.TO_LABELS,
    words.CC_LABELS,
    words.SUBJECT_LABELS,
    words.REPLY_TO_LABELS,
)
_WROTE = re.compile("|".join(re.escape(w) for w in sorted(words.WROTE_WORDS, key=len, reverse=True)), re.IGNORECASE)

_INTRODUCING = re.compile(r"\d|[:：]|[-_=*—–─]{2}|@")
_PHRASES = words.FORWARD_PHRASES | words.ORIGINAL_PHRASES
_PHRASE_STARTS = frozenset(phrase[0] for phrase in _PHRASES)
_SPACES = re.compile(r"\s+")


def cut(text: str) -> str:
    """What of a line is judged."""
    return text[:JUDGED_CHARS]


def may_introduce(text: str) -> bool:
    """A quick look: without a digit, a colon, dashes or a known phrase a line introduces nothing."""
    text = cut(text)
    return bool(_INTRODUCING.search(text)) or (_may_be_phrase(text) and _phrase(text) in _PHRASES)


def is_ruler(text: str) -> bool:
    """A line of dashes, underscores or the like."""
    return bool(_RULER.fullmatch(cut(text)))


def is_signature_mark(text: str) -> bool:
    """The line that RFC 3676 §4.3 puts above a signature, also without its trailing space."""
    return bool(_SIGNATURE_MARK.fullmatch(cut(text)))


def _phrase(text: str) -> str:
    """The words of a separator line: without dashes, stars and colon."""
    found = _DASHED.fullmatch(cut(text))
    bare = found[1] if found else cut(text)
    return _SPACES.sub(" ", bare.strip(" \t*_-=>:：.")).casefold()


def _may_be_phrase(text: str) -> bool:
    """A quick look: whether the first letter is that of a phrase that we know."""
    return text.lstrip(" \t*_-=>:：.—–─")[:1].casefold()[:1] in _PHRASE_STARTS


def is_forward_separator(text: str) -> bool:
    """ "---------- Forwarded message ---------" and the like, in a language we know."""
    if not _may_be_phrase(text):
        return False
    phrase = _phrase(text)
    return phrase in words.FORWARD_PHRASES or (
        _DASHED.fullmatch(cut(text)) is not None and any(phrase.startswith(p) for p in words.FORWARD_PHRASES)
    )


def is_original_separator(text: str) -> bool:
    """ "-----Original Message-----" in a language we know; without dashes only the whole line counts."""
    return _may_be_phrase(text) and _phrase(text) in words.ORIGINAL_PHRASES


def is_dashed_phrase(text: str) -> bool:
    """Words between dashes, in whatever language."""
    return bool(_DASHED.fullmatch(cut(text)))


def has_date(text: str) -> bool:
    """A year, or a date in figures."""
    return bool(_DATE.search(text))


def has_time(text: str) -> bool:
    """A time of day."""
    return bool(_TIME.search(text))


def has_address(text: str) -> bool:
    """A mail address."""
    return bool(_ADDRESS.search(text))


def says_wrote(text: str) -> bool:
    """A verb of writing, in a language we know."""
    return bool(_WROTE.search(text))


def read_label(text: str) -> tuple[str, str] | None:
    """(label in lower case, value) of a `label: value` line."""
    found = _LABEL.match(cut(text))
    if found is None or len(found[1].split()) > 4:
        return None
    return found[1].strip(" *_\t").casefold(), found[2].strip(" *_\t")


def label_kind(label: str) -> int:
    """Which kind of known label it is: 0 from, 1 sent, 2 to, 3 cc, 4 subject, 5 other, -1 unknown."""
    label = _SPACES.sub(" ", label)
    compact = label.replace(" ", "").replace("\u3000", "")
    for kind, known in enumerate(_KNOWN_LABELS):
        if label in known or (compact != label and compact in known):
            return kind
    return -1


def read_header_block(lines: Sequence[Line], start: int) -> int:
    """Where a quoted mail's header block that starts at `start` ends, or `start` if there is none.

    Known labels: from and two more kinds, or from and one more with a date or address. Unknown labels: three or more
    lines with an address and a date with a time, below a separator. One label line alone never counts.
    """
    first = read_label(lines[start].text)
    if first is None:
        return start
    if label_kind(first[0]) < 0 and not _ANGLED.search(first[1]) and not _is_separated(lines, start):
        return start
    kinds: set[int] = set()
    labels = evidence = clock = blanks = stray = 0
    at = end = start
    while at < len(lines) and at < start + 16:
        line = lines[at]
        pair = read_label(line.text)
        if line.blank:
            blanks += 1
            if blanks > 1 or (labels >= 3 and not _more_labels(lines, at)):
                break
        elif pair is None or (label_kind(pair[0]) < 0 and len(kinds - {-1}) >= 3):
            stray += 1
            if stray > 2 or not labels or blanks:
                break
        else:
            kind = label_kind(pair[0])
            if kind in kinds and kind in (0, 1, 2, 4):
                break  # a block has each once: another one begins
            blanks = stray = 0
            labels += 1
            kinds.add(kind)
            evidence += has_address(pair[1])
            clock += has_date(pair[1]) and has_time(pair[1])
            end = at + 1
        at += 1
    kinds.discard(-1)
    return end if _is_header_block(lines, start, kinds, labels=labels, addresses=evidence, clocks=clock) else start


def _more_labels(lines: Sequence[Line], at: int) -> bool:
    following = next((line for line in lines[at : at + 3] if not line.blank), None)
    pair = read_label(following.text) if following else None
    return pair is not None and label_kind(pair[0]) >= 0


def _is_header_block(
    lines: Sequence[Line], start: int, kinds: set[int], *, labels: int, addresses: int, clocks: int
) -> bool:
    separated = _is_separated(lines, start)
    core = kinds & {0, 1, 2, 4}
    if 0 in kinds and len(core) >= 3 and (addresses or clocks or separated):
        return True
    if len(core) >= 2 and (0 in kinds or 1 in kinds) and separated and (addresses or clocks or labels >= 3):
        return True
    if len(core) >= 2 and addresses and clocks and (core & {0, 1}):
        return True
    if 0 in kinds and labels == 1 and addresses and clocks and separated:
        return True
    foreign = labels >= 3 and bool(addresses) and bool(clocks)
    return foreign and (separated or (labels >= 4 and _has_foreign_shape(lines[start : start + 4])))


def _has_foreign_shape(lines: Sequence[Line]) -> bool:
    """`Name <address>` first and a date with a time next, under labels that we do not know."""
    values = [pair[1] for pair in (read_label(line.text) for line in lines) if pair]
    return (
        len(values) == 4 and bool(_ANGLED.search(values[0])) and any(has_date(v) and has_time(v) for v in values[1:3])
    )


def _is_separated(lines: Sequence[Line], start: int) -> bool:
    """Whether something above says that another mail begins: a ruler, a dashed phrase, a client's mark."""
    if lines[start].marks & (Mark.HEADER | Mark.RULE):
        return True
    for line in reversed(lines[max(0, start - 3) : start]):
        if line.marks & (Mark.RULE | Mark.HEADER) or is_ruler(line.text) or is_dashed_phrase(line.text):
            return True
        if not line.blank:
            return is_original_separator(line.text)
    return False


def read_attribution(lines: Sequence[Line], start: int, *, quoted_below: Callable[[int], bool]) -> tuple[int, bool]:
    """(end, sure) of an attribution that starts at `start`; end == start if there is none.

    One to four lines with a date or time and an address or a verb of writing, which end in a colon, or stand right
    above quoted text. `sure` means that it holds even without quoted text below: date, and verb that we know.
    """
    first = cut(lines[start].text)
    opens_more = _leads_to_attribution(first, lines[start])
    if not opens_more and not (_ends_attribution(first) and len(first) <= 200):
        return start, False
    for end in range(start + 1, min(start + 5, len(lines) + 1)):
        line = lines[end - 1]
        if line.blank or line.depth != lines[start].depth or (end > start + 1 and not opens_more):
            break
        if end > start + 1 and _is_attribution(lines, end - 1, end) and has_date(line.text):
            break  # a whole attribution begins further down
        if _is_attribution(lines, start, end):
            return end, _is_sure(_joined(lines, start, end))
        if quoted_below(end) and _is_bare_attribution(_joined(lines, start, end)):
            return end, False
    return start, False


def _joined(lines: Sequence[Line], start: int, end: int) -> str:
    return " ".join(cut(line.text).strip() for line in lines[start:end]).strip(" *_")


def _leads_to_attribution(text: str, line: Line) -> bool:
    """Own text above an attribution must not become part of it: the first line has the date, or leads to one."""
    if line.marks & Mark.ATTRIBUTION or has_date(text) or has_time(text) or is_dashed_phrase(text):
        return True
    if _LEAD.match(text) or (has_address(text) and says_wrote(text)):
        return not text.rstrip().endswith((".", "!", "?"))
    return False


def _is_attribution(lines: Sequence[Line], start: int, end: int) -> bool:
    text = _joined(lines, start, end)
    if len(text) > 400:
        return False
    dashed = _DASHED.fullmatch(text)
    if dashed is not None and says_wrote(dashed[1]):
        return True
    if not _ends_attribution(text):
        return False
    if has_date(text) or has_time(text):
        return has_address(text) or says_wrote(text) or bool(lines[start].marks & Mark.ATTRIBUTION)
    return end == start + 1 and len(text) <= 200 and (has_address(text) or says_wrote(text))


def _is_sure(text: str) -> bool:
    """Date, time and author in a form that only clients write: with their verb, or `date, name <address>:` alone."""
    if says_wrote(text) and has_date(text) and (has_address(text) or has_time(text)):
        return True
    return has_date(text[:40]) and has_time(text) and bool(_ANGLED_END.search(text))


def _is_bare_attribution(text: str) -> bool:
    """Date and address without a colon: `2011/4/7 Nathan <n@example.com>`."""
    return len(text) <= 200 and has_date(text) and has_address(text) and not text.endswith((".", "!", "?"))


def split_shared_line(text: str) -> tuple[str, str] | None:
    """(own text, attribution) of a line in which an attribution follows the writer's last words."""
    found = _SHARED.fullmatch(cut(text)) if len(text) <= JUDGED_CHARS else None
    return (found[1].rstrip(" -_"), found[2]) if found and found[1].strip(" -_") else None


def _ends_attribution(text: str) -> bool:
    return text.rstrip(" *_>").endswith((":", "：", "작성", "写道", "寫道", "wrote", "wrote:-"))
