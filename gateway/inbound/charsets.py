"""In charge of: turning the bytes of a mail into text: declared, wrong and missing charsets, encoded words.

Not in charge of: which bytes are a body (`parts`) or an address (`mailboxes`), nor guessing (`charset_guess`). Nothing
here raises for any input.

Mail names its charsets loosely. EUC-KR and ks_c_5601-1987 are in truth CP949 (똠, 펲), gb2312 is GB18030, iso-8859-1
is windows-1252 (as the WHATWG Encoding Standard says), and "us-ascii" with high bytes says nothing.
"""

from __future__ import annotations

import binascii
import codecs
import encodings.aliases
import re
from functools import lru_cache
from typing import NamedTuple

from gateway.inbound.base64_bodies import decode_base64
from gateway.inbound.charset_guess import (
    decode_stray,
    detect_charset,
    detect_other_cyrillic,
    detect_other_script,
    is_surely_utf8,
    undo_double_utf8,
)

_CP949 = ("euc_kr", "euckr", "ksc5601", "ks_c_5601", "ks_c_5601_1987", "ks_x_1001", "korean", "iso_ir_149")
# The standard library's own decoders (RFC 2231, mail-parser) must read Korean right too, so the alias is global.
encodings.aliases.aliases.update(dict.fromkeys(_CP949, "cp949"))

_WIDER = {
    **{name.replace("_", "-"): "cp949" for name in _CP949},
    **dict.fromkeys(("ks-c-5601-1989", "windows-949", "x-windows-949", "uhc", "ms949", "ksc-5601"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "gb-2312", "x-gbk", "euc-cn", "gb18030", "hz"), "gb18030"),
    **dict.fromkeys(("shift-jis", "shiftjis", "sjis", "x-sjis", "ms-kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e"), "iso8859-8"),
    **dict.fromkeys(("tis-620", "iso-8859-11"), "cp874"),
    **dict.fromkeys(("utf8mb4", "utf-8mb4", "unicode-1-1-utf-8", "x-unicode20utf8", "utf8"), "utf-8"),
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "koi8-ru": "koi8-u",
}
_NOT_TEXT = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_UNDECLARED = {
    "",
    "unknown-8bit",
    "x-unknown",
    "unknown",
    "x-user-defined",
    "8bit",
    "binary",
    "default",
    "iso-8859-8bit",
    "us-ascii",
    "ascii",
    "ansi-x3.4-1968",
}
# Charsets that decode anything: valid UTF-8 under such a name is UTF-8 whose sender did not say so.
_ANYTHING_GOES = re.compile(r"(cp|windows-?)125\d|iso-?8859-?\d+|latin\d|koi8-[ru]|mac-\w+|cp(437|85\d|866|874)")
_CODE_PAGE = re.compile(r"(?:x-)?(?:cp|win|windows|ibm)-?(\d{3,4})")
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_SPACE = re.compile(r"[ \t\r\n]*\Z")
_MAX_KEPT_CHARS = 1000  # of a header whose text is remembered for a while
_TWO_BYTES = frozenset({"cp949", "gb18030", "cp932", "cp950", "euc_jp", "shift_jis", "johab", "big5hkscs"})
# Bytes 0x80 to 0x9f are controls there, which no mail has: such a text is of the Windows code page beside it.
_WINDOWS = {
    "iso8859-2": "cp1250",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-4": "cp1257",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
}
_C1 = re.compile(rb"[\x80-\x9f]")


def clean_text(text: str) -> str:
    """The text as every database and every UTF-8 writer takes it: no NUL, no lone surrogate, line ends `\\n`."""
    text = _clean_controls(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _clean_controls(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


@lru_cache(maxsize=256)
def find_codec(charset: str) -> str:
    """The name of the codec that really reads this charset, or "" if it is unknown or not a text codec."""
    name = charset.strip().strip("\"'").lower().replace("_", "-")
    if name in _UNDECLARED or not name.isascii() or not name.isprintable() or len(name) > 60:
        return ""
    name = _WIDER.get(name, name)
    if page := _CODE_PAGE.fullmatch(name):
        name = f"cp{page[1]}"
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    if not getattr(found, "_is_text_encoding", True) or found.name.replace("_", "-") in _NOT_TEXT:
        return ""
    return found.name


class Decoded(NamedTuple):
    """`text` with line ends `\\n`; `defect` says what was wrong ("" if nothing); `codec` is the one that read it."""

    text: str
    defect: str
    codec: str = ""


def decode_text(data: bytes, charset: str = "", *, hint: str = "") -> Decoded:
    """Decode a body by its declared charset as far as that fits, else by a guess.

    `hint`: a charset named elsewhere in the same mail, tried before guessing.
    """
    decoded = _decode(data, charset, hint)
    clean = _clean_controls if decoded.codec == "utf-8" else clean_text  # UTF-8 gives no lone surrogate
    return Decoded(clean(decoded.text), decoded.defect, decoded.codec)


def _decode(data: bytes, charset: str, hint: str) -> Decoded:
    decoded = _decode_once(data, charset, hint)
    once = undo_double_utf8(decoded.text) if decoded.codec == "utf-8" else None
    return decoded if once is None else Decoded(once, "encoded twice; read as utf-8", "utf-8")


def _decode_once(data: bytes, charset: str, hint: str) -> Decoded:
    codec = find_codec(charset)
    if data.isascii() and not codec.startswith(("utf-16", "utf-32", "utf-7", "iso2022", "hz")):
        if b"\x1b$" not in data:
            return Decoded(data.decode("ascii"), "")
        codec = _escape_codec(data)
    if not codec:
        text, guessed = _guess(data, hint)
        named = charset.strip().lower() not in _UNDECLARED
        what = "unknown charset" if named else "charset not declared"
        return Decoded(text, f"{what}; read as {guessed}", guessed)
    better = _contradict(data, codec)
    text_or_none = _try(data, better) if better else None
    if text_or_none is not None:
        return Decoded(text_or_none, f"charset declared wrongly; read as {better}", better)
    text_or_none = _try(data, codec)
    return Decoded(text_or_none, "", codec) if text_or_none is not None else _recover(data, codec, hint)


def _contradict(data: bytes, codec: str) -> str:
    """The codec that reads bytes better than the declared one, though they may fit that; "" if there is none."""
    anything_goes = codec != "utf-8" and _ANYTHING_GOES.fullmatch(codec)
    if anything_goes or codec in _TWO_BYTES:
        text = _try(data, "utf-8")
        if text is not None and (anything_goes or is_surely_utf8(text)):
            return "utf-8"
    if codec in _WINDOWS and _C1.search(data):
        return _WINDOWS[codec]
    if codec == "cp1252":
        return find_codec(detect_other_script(data))
    return detect_other_cyrillic(data, codec)


def _try(data: bytes, codec: str) -> str | None:
    try:
        if codec == "utf-8" and data.startswith(codecs.BOM_UTF8):
            data = data[3:]
        if codec == "iso2022_kr" and b"\x0e" in data and b"\x1b$)C" not in data:
            data = b"\x1b$)C" + data
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _recover(data: bytes, codec: str, hint: str) -> Decoded:
    """The declared charset does not fit: mend what is known to be sloppy, else guess, else replace."""
    if codec.startswith("iso2022_jp"):
        text = _try(_jis_to_cp932(data), "cp932")
        if text is not None:
            return Decoded(text, "", codec)
    replaced = decode_stray(data) if codec == "utf-8" else data.decode(codec, "replace")
    few = codec in ("cp1252", "utf-8") or (replaced is not None and replaced.count("\ufffd") * 20 <= len(replaced))
    if replaced is not None and few:
        return Decoded(replaced, "some bytes do not fit the declared charset", codec)
    text, guessed = _guess(data, hint)
    return Decoded(text, f"text does not fit the declared charset; read as {guessed}", guessed)


def _escape_codec(data: bytes) -> str:
    return "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp_ext"


def _jis_to_cp932(data: bytes) -> bytes:
    """ISO-2022-JP as phones write it, with signs such as ① and ㈱ that only the wider CP932 knows."""
    out = bytearray()
    double = False
    for piece in re.split(rb"(\x1b(?:\$[@B]|\([BJ]))", data):
        if piece.startswith(b"\x1b"):
            double = piece.startswith(b"\x1b$")
        elif not double:
            out += piece
        else:
            for high, low in zip(piece[::2], piece[1::2], strict=False):
                row = high - 0x21
                lead = (row >> 1) + (0x81 if row < 62 else 0xC1)
                trail = low + 0x7E if row % 2 else low + (0x1F if low < 0x60 else 0x20)
                out += bytes((lead & 0xFF, trail & 0xFF))
    return bytes(out)


def _guess(data: bytes, hint: str) -> tuple[str, str]:
    """(text, name of the codec) for bytes whose charset nobody names, or names wrongly."""
    escaped = _escape_codec(data) if b"\x1b$" in data else ""
    marked = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
    for find in (escaped, marked, "utf-8", find_codec(hint), None):
        codec = find_codec(detect_charset(data)) if find is None else find
        text = _try(data, codec) if codec else None
        if text is not None:
            return text, codec
    return data.decode("cp1252", "replace"), "windows-1252"


def decode_header(value: str, *, hint: str = "") -> str:
    """A header's text: unfolded, encoded words read (RFC 2047), raw 8-bit bytes guessed (RFC 6532 or worse).

    `value` holds raw bytes as surrogates (`surrogateescape`). Neighbouring words of one charset are joined before
    decoding, because many clients split a multi-byte character between two words.
    """
    if value.isascii() and "=?" not in value and value.isprintable():
        return value.strip()
    return _recall_header(value, hint) if len(value) <= _MAX_KEPT_CHARS else _decode_words(value, hint)


@lru_cache(maxsize=1024)
def _recall_header(value: str, hint: str) -> str:
    """Names and subjects are decoded several times in a mail, and come again with the next one of the thread."""
    return _decode_words(value, hint)


def _decode_words(value: str, hint: str) -> str:
    if "\n" in value:
        value = _FOLD.sub("", value)
    out: list[str] = []
    pending: list[tuple[str, bytes]] = []
    end = 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        if not (pending and _SPACE.match(between)):
            _flush_words(pending, out, hint)
            out.append(_decode_raw(between, hint))
        pending.append((word[1], _word_bytes(word[2], word[3])))
        end = word.end()
    _flush_words(pending, out, hint)
    out.append(_decode_raw(value[end:], hint))
    return clean_text("".join(out)).replace("\n", " ").strip()


def _flush_words(pending: list[tuple[str, bytes]], out: list[str], hint: str) -> None:
    at = 0
    while at < len(pending):
        charset = pending[at][0]
        stop = at
        while stop < len(pending) and pending[stop][0].lower() == charset.lower():
            stop += 1
        out.append(_decode(b"".join(data for _, data in pending[at:stop]), charset, hint).text)
        at = stop
    pending.clear()


def _word_bytes(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    return decode_base64(raw)


def _decode_raw(text: str, hint: str) -> str:
    if text.isascii() and "\x1b$" not in text:
        return text
    data = text.encode("utf-8", "surrogateescape")
    return _decode(data, "", hint).text
