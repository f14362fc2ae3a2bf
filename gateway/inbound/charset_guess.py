"""In charge of: what bytes themselves say of their charset, where nobody names it or the name is wrong.

Not in charge of: declared charsets and codecs (`charsets`). Nothing here raises for any input.
"""

from __future__ import annotations

import codecs
import logging
import re

import chardet

from gateway.inbound.alphabets import find_alphabet

for _name in ("chardet", "chardet.charsetprober", "chardet.universaldetector"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# What mail programs write without saying so. Of all charsets that there ever were, a few words fit several.
_IN_MAIL = (
    *("utf-8", "cp949", "cp932", "euc-jp", "gb18030", "big5", "cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp1250"),
    *("iso8859-2", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
)
_LATIN = frozenset({"windows-1250", "iso-8859-2", "windows-1252", "windows-1254", "windows-1257", "iso-8859-1"})
_SURE_ENOUGH = 0.2  # chardet gives right guesses of single words 0.2 to 0.4, and wrong ones of Western words below 0.15
_GUESS_BYTES = 4096
_ASCII = bytes(range(128))
_RUN = re.compile(rb"[\x80-\xff]+")
_CYRILLIC = {"koi8-r": "cp1251", "koi8-u": "cp1251", "cp1251": "koi8-r"}
_SWAPPED = re.compile(r"\b[а-яё][А-ЯЁ]{2}")
_NATURAL = re.compile(r"[а-яё]{3}")
_VOWELS = re.compile(r"[аеёиоуыэюяі]", re.IGNORECASE)
_LEAST_HIGH = 4  # bytes above 127
_LONG_RUNS = 2.5  # on average: letters with accents stand alone in Western words, other scripts consist of high bytes
_NO_WESTERN = re.compile("[\u2123-\U0010ffff]")  # beyond the last sign of windows-1252, which holds more than latin-1
_BEGINNING = 64  # characters in which other scripts show themselves; trying to encode them takes longer
_SURE_UTF8 = 4  # characters of two bytes, which two-byte charsets may have too; three bytes that fit are no chance


def detect_charset(data: bytes) -> str:
    """The charset that these bytes seem to have, "" if nothing seems likely."""
    stretch = _high_bytes(data)
    found = chardet.detect(stretch, include_encodings=_IN_MAIL)
    charset = found["encoding"] or ""
    spoken = find_alphabet(stretch) if not charset or charset.lower() in _LATIN else ""
    if spoken and not is_other_script(stretch):
        return spoken
    if (found["confidence"] or 0) >= _SURE_ENOUGH:
        return charset
    return charset if charset.lower() not in _LATIN and is_other_script(stretch) else ""


def detect_other_script(data: bytes) -> str:
    """The charset of bytes that can hardly be the Western text that they are declared to be; "" if they can."""
    stretch = _high_bytes(data)
    charset = detect_charset(stretch) if is_other_script(stretch) else ""
    return "" if charset.lower() in _LATIN else charset


def is_other_script(data: bytes) -> bool:
    """Whether bytes above 127 stand together, as in words of a script that is not Latin."""
    high = len(data.translate(None, _ASCII))
    return high >= _LEAST_HIGH and high >= _LONG_RUNS * len(_RUN.findall(data))


def detect_other_cyrillic(data: bytes, codec: str) -> str:
    """KOI8 for windows-1251 and the other way round, "" if the declared one fits.

    Read by the wrong one, small letters are capitals and capitals small: "бРНПМХЙ" for "Вторник".
    """
    other = _CYRILLIC.get(codec)
    sample = data[:_GUESS_BYTES]
    declared = sample.decode(codec, "replace") if other else ""
    if other is None or not _SWAPPED.search(declared) or _NATURAL.search(declared):
        return ""
    better = sample.decode(other, "replace")
    natural = bool(_NATURAL.search(better)) and not _SWAPPED.search(better)
    return other if natural and len(_VOWELS.findall(better)) > len(_VOWELS.findall(declared)) else ""


def is_surely_utf8(text: str) -> bool:
    """Whether a text that decodes as UTF-8 cannot well be one of two bytes a sign that fits by chance."""
    high = [sign for sign in text if sign > "\x7f"]
    return len(high) >= _SURE_UTF8 or any(sign > "\u07ff" for sign in high)


def undo_double_utf8(text: str) -> str | None:
    """The text before somebody took its UTF-8 for a Western charset and encoded it again; None if nobody did.

    Every sign above 127 must be part of it.
    """
    if text.isascii() or _NO_WESTERN.search(text, 0, _BEGINNING):
        return None
    for charset, errors, least in (("latin-1", "strict", 1), ("cp1252", "as-c1", 2)):
        try:
            data = text.encode(charset, errors)
            once = data.decode("utf-8")
        except UnicodeError:
            continue
        high = [sign for sign in once if sign > "\x7f"]
        if len(high) >= least and all(sign > "\xa0" for sign in high):
            return once
    return None


def decode_stray(data: bytes) -> str | None:
    """UTF-8 in which a few bytes are another charset's, read as Western letters; None if most do not fit.

    A character that was cut off becomes U+FFFD.
    """
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    good = len(replaced) - len(replaced.encode("ascii", "ignore")) - bad
    cut = bad == 1 and replaced.endswith("\ufffd")
    return data.decode("utf-8", "stray-letter") if good > 2 * bad or cut else None


def _high_bytes(data: bytes) -> bytes:
    """The stretch that the guess is made from: it starts at the first byte above 127."""
    first = next((m.start() for m in re.finditer(rb"[\x80-\xff]", data)), 0)
    return data[max(0, first - 64) : first + _GUESS_BYTES]


def _encode_c1(error: UnicodeError) -> tuple[bytes, int]:
    """The five bytes that windows-1252 leaves undefined are often kept as control characters."""
    if isinstance(error, UnicodeEncodeError):
        signs = error.object[error.start : error.end]
        if all("\x80" <= sign <= "\x9f" for sign in signs):
            return signs.encode("latin-1"), error.end
    raise error


def _decode_letter(error: UnicodeError) -> tuple[str, int]:
    """A lone byte that could begin a character is a letter of windows-1252; all else is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    if len(wrong) == 1 and wrong >= b"\xc0" and error.end < len(error.object):
        return wrong.decode("cp1252"), error.end
    return "\ufffd", error.end


codecs.register_error("as-c1", _encode_c1)
codecs.register_error("stray-letter", _decode_letter)
