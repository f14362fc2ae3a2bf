"""In charge of: the attribution above a quote ("On … wrote:"), in any language, wrapped or not.

Not in charge of: what becomes of the lines (`roles`). Patterns see at most 1,000 characters of a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.inbound.reply import cues
from gateway.inbound.reply.lines import JUDGED_CHARS, Line, Mark

_MAX_LINES = 4
_MAX_CHARS = 400
_MIN_SMALL_WORDS = 2
_MAX_WORDS_AHEAD = 7  # of the address: weekday, date, name
_AFTER_ADDRESS = 3  # characters: "<kim@host> 於", and the date on the next line
_THEIRS = Mark.ATTRIBUTION | Mark.HISTORY
_MAX_PLAIN_CHARS = 200  # of one without a date, or without a colon

_ANGLED_END = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,255}>[ ]?(?:[:：]|작성:?)[ *_]*\Z")
_ADDRESS_END = re.compile(r"[ ][\w.+'-]{1,64}@[\w.-]{1,255}[ ]?[:：]\Z")
_LEAD = re.compile(
    r"[ \t]*[*_-]{0,6}[ \t]?(?:on|at|am|um|le|el|en|il|em|op|den|dne|dňa|w|w dniu|в|у|på|pe|ke|ti|ma|to|la|su|"
    r"tarihinde|no dia|dana|pada|na|vào)\b[^\n]{0,60}\d",
    re.IGNORECASE,
)
_SHARED = re.compile(r"(.{1,700}?[ \t-])(On (?:[A-Z][a-z]{2,8},? |\d{1,2}[ ./-]).{8,200}wrote:)[ \t]*")
_RUNS_ON = re.compile(r"[ \t]*[^:<>]{0,40}\d:\d\d[^:<>]{0,80}<[^<>@\s]{1,64}@[^<>@\s]{1,255}>[^:<>]{0,40}:(?= {2,}\S)")
# Clients never say to whom somebody wrote; people do: "Herr Weber schrieb mir am 3.3. um 9:14:".
_TO_ME = re.compile(
    r"(?<!\w)(?:me|mir|mi|mně|mne|mnie|мне|мені|mig|meg|mij|bana|minulle)(?!\w)|\bm['’]a\b|저에게|제게|私に|[给給对對]我"
)
_ENCLOSED = re.compile(r"[ \t]*>>>[ \t]*([^>].{0,300}?)[ \t]*>>>[ \t]*")


def read_attribution(lines: Sequence[Line], start: int, *, quoted_below: Callable[[int], bool]) -> tuple[int, bool]:
    """(end, sure) of an attribution that starts at `start`; end == start if there is none.

    One to four lines with a date or time and an address or a verb of writing, which end in a colon, or stand right
    above quoted text. `sure` means that it holds even without quoted text below: date, and verb that we know.
    """
    first = cues.cut(lines[start].text)
    if is_enclosed(first) or _runs_on(first):
        return start + 1, True
    if len(first) > _MAX_CHARS:
        return start, False
    opens_more = _leads_to_attribution(first, lines[start])
    if not opens_more and not (_ends_attribution(first) and len(first) <= _MAX_PLAIN_CHARS):
        return start, False
    cut_off = cues.has_angled_address(first) and len(first.rstrip()) - first.rindex(">") <= _AFTER_ADDRESS
    for end in range(start + 1, min(start + 1 + _MAX_LINES, len(lines) + 1)):
        line = lines[end - 1]
        if line.blank or line.depth != lines[start].depth or (end > start + 1 and not opens_more):
            break
        if len(line.text) > _MAX_CHARS:
            break
        if end > start + 1 and _begins_further_down(lines, start, end - 1, cut_off=cut_off):
            break
        if _is_attribution(lines, start, end):
            return end, _is_sure(_joined(lines, start, end))
        if quoted_below(end) and _is_bare_attribution(_joined(lines, start, end)):
            return end, False
    return _read_torn(lines, start) if _LEAD.match(first) else (start, False)


def _begins_further_down(lines: Sequence[Line], start: int, at: int, *, cut_off: bool) -> bool:
    """Whether a whole attribution begins at `at`, or a client's element; what stands above is the writer's.

    `cut_off`: the first line ends in an address, to which a date without one belongs.
    """
    line = lines[at]
    if line.marks & _THEIRS and not lines[start].marks & _THEIRS:
        return True
    if not cues.has_date(line.text) or (cut_off and not cues.has_address(line.text)):
        return False
    return _is_attribution(lines, at, at + 1)


def _read_torn(lines: Sequence[Line], start: int) -> tuple[int, bool]:
    """One whose address a client put on lines of its own, with blank lines between."""
    label = cues.read_label(lines[start].text)
    if label and cues.label_kind(label[0]) >= 0:
        return start, False  # "To: Prague, 24 November 09:14" of a journey
    if not (cues.has_date(lines[start].text) and cues.has_time(lines[start].text)):
        return start, False
    filled = [at for at in range(start, min(start + 8, len(lines))) if not lines[at].blank][:_MAX_LINES]
    for number, at in enumerate(filled[1:], 1):
        line = lines[at]
        if at - filled[number - 1] > 2 or len(line.text) > 100:
            break
        if cues.has_date(line.text) and (cues.has_time(line.text) or _LEAD.match(line.text)):
            break  # the date stood above: another attribution begins here
        text = " ".join(lines[place].text.strip() for place in filled[: number + 1])
        if _ends_attribution(text) and cues.says_wrote(line.text) and cues.has_address(text):
            return at + 1, True  # its `> wrote:` looks like a quoted line
        if line.depth != lines[start].depth:
            break
    return start, False


def is_enclosed(text: str) -> bool:
    """`>>> Name <address> 4.3.2025 14:15 >>>`, as GroupWise writes it."""
    found = _ENCLOSED.fullmatch(text) if ">>>" in text else None
    return found is not None and (cues.has_date(found[1]) or cues.has_address(found[1]))


def _runs_on(text: str) -> bool:
    """With the quoted words behind it on one line, after three spaces, as Yahoo's apps write it."""
    found = _RUNS_ON.match(text) if ":  " in text else None
    return found is not None and _is_sure(found[0]) and cues.says_wrote(found[0])


def _joined(lines: Sequence[Line], start: int, end: int) -> str:
    return " ".join(cues.cut(line.text).strip() for line in lines[start:end]).strip(" *_")


def _leads_to_attribution(text: str, line: Line) -> bool:
    """Own text above an attribution must not become part of it: the first line has the date, or leads to one."""
    if line.marks & Mark.ATTRIBUTION or cues.has_date(text) or cues.has_time(text) or cues.is_dashed_phrase(text):
        return True
    addressed = cues.has_address(text)
    if addressed and cues.says_wrote(text):
        return True
    if _LEAD.match(text) or (addressed and cues.has_angled_address(text)):
        return not text.rstrip().endswith((".", "!", "?"))
    return False


def _is_attribution(lines: Sequence[Line], start: int, end: int) -> bool:
    text = _joined(lines, start, end)
    if len(text) > _MAX_CHARS:
        return False
    dashed = cues.dashed_words(text)
    if dashed is not None and cues.says_wrote(dashed):
        return True
    if text[:3] == text[-3:] == "---" and cues.says_wrote(text) and cues.has_date(text) and cues.has_time(text):
        return True  # Zoho's "---- On …, Name <address> wrote ---" is longer than a phrase
    if not _ends_attribution(text):
        return False
    if cues.has_date(text) or cues.has_time(text):
        return cues.has_address(text) or cues.says_wrote(text) or bool(lines[start].marks & Mark.ATTRIBUTION)
    if end > start + 1 or len(text) > _MAX_PLAIN_CHARS:
        return False
    return cues.has_address(text) or (cues.says_wrote(text) and _names_author(text))


def _names_author(text: str) -> bool:
    """Whether a word stands beside the verb: "Quote:" above a few lines is a heading of the writer's."""
    return any(any(map(str.isalpha, word)) for word in cues.words_after_time(text))


def _is_sure(text: str) -> bool:
    """Date, time and author in a form that only clients write: with their verb, or `date, name <address>:` alone."""
    dated = cues.has_date(text)
    if dated and cues.says_wrote(text) and (cues.has_address(text) or cues.has_time(text)):
        return True
    if cues.has_time(text) and cues.has_angled_address(text) and cues.says_wrote(text) and _LEAD.match(text):
        return True  # "On Tue, 4 Mar at 2:10 PM, Kim <kim@host> wrote:"
    if not dated or not cues.has_time(text):
        return False
    if _ADDRESS_END.search(text) and cues.has_date(text[:24]):
        return True
    return bool(_ANGLED_END.search(text)) or (len(text) <= _MAX_PLAIN_CHARS and cues.has_angled_address(text))


def _is_bare_attribution(text: str) -> bool:
    """Date and address without a colon: `2011/4/7 Nathan <n@example.com>`; or date, time and a colon, in whatever
    language the verb is."""
    if len(text) > _MAX_PLAIN_CHARS or text.endswith((".", "!", "?")):
        return False
    return cues.has_date(text) and (cues.has_address(text) or (_ends_attribution(text) and cues.has_time(text)))


def begins_attribution(lines: Sequence[Line], start: int, end: int) -> bool:
    """Whether it says who wrote from its first words on, and nothing but that; a sentence says more.

    Without a quote below there is no other sign: "On 3 March at 10:12 your colleague wrote:" may stand in any letter.
    """
    text = _joined(lines, start, end)
    address = cues.find_address(text)
    apart = start == 0 or lines[start - 1].blank
    if address < 0:
        said = cues.words_after_time(text)
        tells = cues.says_wrote(text[: cues.find_date(text)])  # "Jonas wrote on 20 November at 9:14:"
        return apart and not (tells or _TO_ME.search(text) or any(word[:1].islower() for word in said))
    return apart or len(text[:address].split()) <= _MAX_WORDS_AHEAD or bool(_LEAD.match(text))


def is_vague(text: str) -> bool:
    """Without date, time and address: a sentence of the writer's may end in "wrote:" too."""
    return not (cues.has_date(text) or cues.has_time(text) or cues.has_address(text))


def is_sentence_of_theirs(text: str) -> bool:
    """Vague, and it says more than a name and a verb: "last week your assistant wrote:"."""
    return is_vague(text) and sum(word[:1].islower() for word in cues.words_after_time(text)) >= _MIN_SMALL_WORDS


def split_shared_line(text: str) -> tuple[str, str] | None:
    """(own text, attribution) of a line in which an attribution follows the writer's last words."""
    found = _SHARED.fullmatch(cues.cut(text)) if len(text) <= JUDGED_CHARS else None
    own = found[1].rstrip(" -_") if found else ""
    return (own, f"{found[1][len(own) :].lstrip()}{found[2]}") if found and own.strip(" -_") else None


def _ends_attribution(text: str) -> bool:
    return text.rstrip(" *_>\u200e\u200f").endswith((":", "：", "작성", "写道", "寫道", "wrote", "wrote:-"))
