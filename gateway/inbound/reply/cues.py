"""In charge of: what a single line says: date, address, label, separator, signature mark.

Not in charge of: what becomes of the lines (`roles`). Patterns see at most 1,000 characters of a line.
"""

from __future__ import annotations

import re

from gateway.inbound.reply import words
from gateway.inbound.reply.lines import JUDGED_CHARS
from gateway.inbound.reply.reply_line import REPLY_STARTS, is_reply_line


def _squeeze(label: str) -> str:
    """A label or phrase as it is compared: without spaces, which some clients put between its letters or leave out."""
    return label.replace(" ", "").replace("\u3000", "").replace("\t", "")


# From its `@` on: a search for the local part first costs 64 times the line.
_AT_DOMAIN = re.compile(r"@(?<=[\w.+'-]@)[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_LOCAL_PART = re.compile(r"[\w.+'-]{1,64}\Z")
# Where no alternative can begin, a look at one sign tells so: trying each would cost ten times as much.
_TIME = re.compile(
    r"(?=[\d오上下午])(?:(?<!\d)\d{1,2}\s?(?:[:h]\s?\d{2}(?!\d)|\.\s?\d{2}(?!\d|\s?\.\s?\d))|"
    r"(?:오전|오후|上午|下午|午前|午後)\s?\d{1,2}|\d{1,2}\s?[시時时点點]|\d{1,2}\s?[ap]\.?m\b)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?=\d)(?:(?<!\d)(?:(?:19|20|[١۱][٩۹]|[٢۲][٠۰])\d|25[67])\d(?!\d)|(?<!\d)\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}|"
    r"(?<!\d)[۰-۹]{4}(?!\d)|(?<!\d)\d\d\. \d{1,2}\. \d{1,2}\.|"
    r"\d{1,2}\s?[월月]\s?\d{1,2}\s?[일日]|(?<!\d)\d{1,2}[./-]\d{1,2}(?![\d.]))"
)
_LABEL = re.compile(
    r"[ \t]{0,8}[*_]{0,2}([^\W\d_][^:：\n]{0,30}?)[ \t]?[*_]{0,2}[:：][*_]{0,2}(?:[ \t]+|(?=\S)|$)(.*)",
    re.DOTALL,
)
_CELLS = re.compile(r"[ \t]{0,4}\|?[ \t]{0,4}([^\t|:：\n]{1,30})[\t|]([^\t|\n]*)[ \t|]*")
_RULER = re.compile(r"[ \t]*[-_=*‐‑—–─━]{3,}[ \t]*")
# Possessive: a line of many dashes would cost the cube of its length.
_DASHED = re.compile(r"[ \t]*+[-_=*#‐‑—–─>]{2,}+[ \t]*+(.{2,80}?)[ \t]*+[-_=*#‐‑—–─<]{2,}+[ \t:]*+")
_GMAIL_FORWARD = re.compile(r"[ \t]*-{10} [^-\n]{3,60} -{9}[ \t]*")
_ANGLED = re.compile(r"<[^<>@\s]{1,64}@[^<>@\s]{1,255}>")
_SIGNATURE_MARK = re.compile(r"--[ \t]*|__[ \t]*|—[ \t]*")

_LABEL_KINDS = {
    _squeeze(label): kind
    for kind, labels in reversed(
        [
            (0, words.FROM_LABELS),
            (1, words.SENT_LABELS),
            (2, words.TO_LABELS),
            (3, words.CC_LABELS),
            (4, words.SUBJECT_LABELS),
            (5, words.REPLY_TO_LABELS),
        ]
    )
    for label in labels
}
_WROTE = re.compile("|".join(re.escape(w) for w in sorted(words.WROTE_WORDS, key=len, reverse=True)), re.IGNORECASE)
# Looking for each word is ten times as quick as one pattern of all, and longer ones hold shorter ones.
_SHORTEST_WROTE = [w for w in words.WROTE_WORDS if not any(o != w and o in w for o in words.WROTE_WORDS)]

_INTRODUCING = re.compile(
    r"[\d:：@_=*‐‑—–─-](?:(?<=[\d:：@])|[-_=*‐‑—–─])"
)  # one class first: it is searched for quickly
_ORIGINALS = frozenset(map(_squeeze, words.ORIGINAL_PHRASES))
_ORIGINAL_STARTS = frozenset(phrase[0] for phrase in _ORIGINALS)
_FRAMES = frozenset("~+|·•━═【[")
_AROUND = " \t*_-=#>:：.‐‑—–─["
_SEPARATOR_STARTS = _ORIGINAL_STARTS | _FRAMES | frozenset(_AROUND) | {start[0] for start in REPLY_STARTS}
_FORWARDS = re.compile("|".join(sorted(words.FORWARD_STEMS)), re.IGNORECASE)
_MAX_PHRASE_CHARS = 80
_MAX_DASHED_CHARS = 300
_MAX_LEADING_WORDS = 8
_SPACES = re.compile(r"\s+")


def cut(text: str) -> str:
    """What of a line is judged."""
    return text[:JUDGED_CHARS]


def may_introduce(text: str) -> bool:
    """A quick look: without a digit, a colon, dashes or a known phrase a line introduces nothing."""
    return bool(_INTRODUCING.search(text, 0, JUDGED_CHARS)) or is_original_separator(text)


def is_ruler(text: str) -> bool:
    """A line of dashes, underscores or the like."""
    return bool(_RULER.fullmatch(cut(text)))


def is_signature_mark(text: str) -> bool:
    """The line that RFC 3676 §4.3 puts above a signature, also without its trailing space."""
    return text.startswith(("--", "__", "—")) and bool(_SIGNATURE_MARK.fullmatch(cut(text)))


def _phrase(text: str) -> str:
    """The words of a separator line: without dashes, stars and colon."""
    found = _DASHED.fullmatch(cut(text))
    bare = found[1] if found else cut(text)
    bare = bare.strip(" \t*_-=#>:：.[]")
    if "  " in bare or not bare.isprintable():  # a printable text has no white space but the plain one
        bare = _SPACES.sub(" ", bare)
    return bare.casefold()


def is_forward_separator(text: str) -> bool:
    """ "---------- Forwarded message ---------", "Begin forwarded message:" and the like, in a language we know."""
    if not text or len(text) > _MAX_PHRASE_CHARS * 2:
        return False
    bare = text.strip(" \t*_>")
    if bare[:2] == "--" or bare[:2] == "==":
        found = _DASHED.fullmatch(text)
        return found is not None and bool(_FORWARDS.search(found[1]))
    return bare.endswith((":", "：")) and len(bare) <= _MAX_PHRASE_CHARS and _phrase(text) in words.FORWARD_PHRASES


def leads_to_forward(text: str) -> bool:
    """A few words with a stem of forwarding and a colon, in whatever form; a header block must follow."""
    text = text.strip(" \t*_")
    if not text.endswith((":", "：")) or len(text) > _MAX_PHRASE_CHARS or len(text.split()) > _MAX_LEADING_WORDS:
        return False
    return bool(_FORWARDS.search(text))


def is_gmail_forward(text: str) -> bool:
    """Ten dashes, words in whatever language, nine dashes: Gmail writes it above a forwarded mail and nowhere else."""
    return _GMAIL_FORWARD.fullmatch(cut(text)) is not None


def is_original_separator(text: str) -> bool:
    """ "-----Original Message-----" in a language we know; without dashes only the whole line counts."""
    if text[:1].casefold()[:1] not in _SEPARATOR_STARTS or len(text) > _MAX_PHRASE_CHARS * 2:
        return False
    bare = text.lstrip(_AROUND)
    start = bare[:2].casefold()
    if (start in REPLY_STARTS or len(text) - len(bare) > 1 or text[:1] in _FRAMES) and is_reply_line(text):
        return True
    return start[:1] in _ORIGINAL_STARTS and _squeeze(_phrase(text)) in _ORIGINALS


def is_dashed_phrase(text: str) -> bool:
    """Words between dashes, in whatever language."""
    return len(text) <= _MAX_DASHED_CHARS and bool(_DASHED.fullmatch(text))


def dashed_words(text: str) -> str | None:
    """The words between dashes, or None if there are no dashes around them."""
    found = _DASHED.fullmatch(text) if len(text) <= _MAX_DASHED_CHARS else None
    return found[1] if found else None


def has_date(text: str) -> bool:
    """A year, or a date in figures."""
    return bool(_DATE.search(text))


def find_date(text: str) -> int:
    """Where the first date stands, -1 if there is none."""
    found = _DATE.search(text)
    return found.start() if found else -1


def has_time(text: str) -> bool:
    """A time of day."""
    return bool(_TIME.search(text))


def has_address(text: str) -> bool:
    """A mail address."""
    return _AT_DOMAIN.search(text) is not None


def find_address(text: str) -> int:
    """Where the first mail address stands, -1 if there is none."""
    found = _AT_DOMAIN.search(text)
    local = _LOCAL_PART.search(text, max(0, found.start() - 64), found.start()) if found else None
    return local.start() if local else -1


def words_after_time(text: str) -> list[str]:
    """The words behind the last time of day, without a verb of writing: in an attribution the author's name."""
    found = list(_TIME.finditer(text))
    return _WROTE.sub(" ", text[found[-1].end() :] if found else text).split()


def has_angled_address(text: str) -> bool:
    """`<name@host>`."""
    return "<" in text and bool(_ANGLED.search(text))


def says_wrote(text: str) -> bool:
    """A verb of writing, in a language we know."""
    folded = text.casefold()
    return any(map(folded.__contains__, _SHORTEST_WROTE))


def read_label(text: str) -> tuple[str, str] | None:
    """(label in lower case, value) of a `label: value` line, or of a table's row that begins with a label we know."""
    if "\t" in text or text.startswith("|"):
        cells = _CELLS.fullmatch(cut(text))
        if cells is not None and label_kind(cells[1].strip(" *_\t").casefold()) >= 0:
            return cells[1].strip(" *_\t").casefold(), cells[2].strip(" *_\t|")
    if text[:1] in ("[", "【"):  # "[보낸 사람] : …"
        text = text[1:].replace("]", "", 1).replace("】", "", 1)
    if ":" not in text and "：" not in text:
        return None
    found = _LABEL.match(cut(text))
    if found is None or len(found[1].split()) > 4 or found[2].startswith("//"):  # a link is no label
        return None
    return found[1].strip(" *_\t").casefold(), found[2].strip(" *_\t")


def label_kind(label: str) -> int:
    """Which kind of known label it is: 0 from, 1 sent, 2 to, 3 cc, 4 subject, 5 other, -1 unknown."""
    return _LABEL_KINDS.get(_squeeze(label), -1)
