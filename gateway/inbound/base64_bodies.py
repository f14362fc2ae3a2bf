"""In charge of: base64 as it is found in mail, and telling a text that is not base64 although its header says so.

Not in charge of: other encodings (`parts`), nor charsets (`charsets`). Nothing here raises for any input.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

import pybase64

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64_END = b"= \t\r\n"
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64)
_URL_SIGNS = bytes.maketrans(b"-_", b"+/")
_LINE = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_WORD = re.compile(rb"[A-Z]?[a-z]+")
_JUDGED_LINES = 20
_LEAST_FOR_URLS = 40
_FOREIGN_SHARE = 5
_SURE_LINE = re.compile(rb"\s*+[A-Za-z0-9+/_-]{60,}+={0,2}[ \t]*+(?:\r?\n|\Z)")  # so long without a space: no word
_GAP = re.compile(rb"\n\r?\n")
_NOT_TEXT = bytes(set(range(32)) - set(b"\t\n\r\f\x0e\x0f\x1b")) + b"\x7f"


def decode_base64(data: bytes) -> bytes:
    """Base64 as it is found in mail: wrong padding and foreign characters are passed over, never an exception.

    Padding ends it (RFC 2045 §6.8), unless what follows is base64 too: some programs join pieces that end alone.
    """
    padded = data.rstrip(_BASE64_END).find(b"=")
    if padded >= 0:
        return _decode_padded(data, padded)
    try:
        return pybase64.b64decode(data)  # five times as quick as binascii
    except binascii.Error:
        return _decode_letters(data.translate(None, _NOT_BASE64))


def _decode_letters(kept: bytes) -> bytes:
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def _decode_padded(data: bytes, padded: int) -> bytes:
    """Base64 with padding before its end."""
    first = _decode_letters(data[:padded].translate(None, _NOT_BASE64))
    rest = data[padded:]
    if rest.translate(None, _BASE64 + _BASE64_END):
        return first
    pieces = [piece.translate(None, _NOT_BASE64) for piece in rest.split(b"=")]
    return first + b"".join(_decode_letters(piece) for piece in pieces)


def _is_for_urls(data: bytes) -> bool:
    """Whether it is the alphabet of RFC 4648 §5, and no dashes that a boundary or a footer left behind."""
    if not (b"-" in data or b"_" in data) or b"+" in data or b"/" in data or b"--" in data or b"__" in data:
        return False
    return len(data) >= _LEAST_FOR_URLS and not data.translate(None, _BASE64 + _BASE64_END + b"-_")


def decode_base64_text(data: bytes, find_codec: Callable[[], str] = str) -> bytes:
    """Base64 of a text. What is plain text in spite of its header stays as it is, and so does a footer added below.

    `find_codec`: what the text should decode by, "" if that is not known; asked only in doubt.
    """
    if _is_for_urls(data):
        return decode_base64(data.translate(_URL_SIGNS))
    if _SURE_LINE.match(data):
        return _decode_above_footer(data)
    stripped, codec = data.strip(), find_codec()
    first = stripped.partition(b"\n")[0].rstrip()
    lines = [line.strip() for line in stripped.split(b"\n", _JUDGED_LINES)[:_JUDGED_LINES] if line.strip()]
    fitting = [line for line in lines if _LINE.fullmatch(line)]
    if _LINE.fullmatch(first):
        block = _GAP.split(stripped, maxsplit=1)[0]
        return _decode_above_footer(data) if _may_be_meant(block, codec, alone=fitting == lines) else data
    if 2 * sum(map(len, fitting)) > sum(map(len, lines)) or _is_damaged(stripped, codec):
        return decode_base64(data)
    return data


def _is_damaged(source: bytes, codec: str) -> bool:
    """Whether it is base64 with a few foreign signs in it: no spaces, and a text comes out."""
    decoded = b"" if b" " in source else decode_base64(source)
    few = len(source.translate(None, _BASE64 + _BASE64_END)) * _FOREIGN_SHARE <= len(source)
    if not decoded or not few or decoded.translate(None, _NOT_TEXT) != decoded:
        return False
    try:
        decoded.decode(codec or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def _may_be_meant(source: bytes, codec: str, *, alone: bool) -> bool:
    """Whether short lines that fit base64 were meant so: a word such as "Hello" gives bytes that no text has.

    `alone`: all that stands below fits as well.
    """
    letters = len(source.translate(None, _NOT_BASE64))
    decoded = decode_base64(source)
    if letters % 4 == 1 or not all(_LINE.fullmatch(line.strip()) for line in source.split(b"\n")):
        return False
    if b"\0" in decoded:
        return True  # UTF-16
    if decoded.translate(None, _NOT_TEXT) != decoded:
        return False
    if decoded.isascii():
        return True
    if _WORD.fullmatch(source):
        return False
    try:
        decoded.decode(codec or "utf-8")
    except (UnicodeError, LookupError):
        return alone and (letters % 4 == 0 or b"=" in source)
    return True


def _decode_above_footer(data: bytes) -> bytes:
    """Base64, and below an empty line what a list or a server added to it without a look at the encoding."""
    gaps = [at for at in (data.find(b"\n\n"), data.find(b"\n\r\n")) if at >= 0]
    below = data[min(gaps) :].strip() if gaps else b""
    if not below or not data[: min(gaps)].strip():
        return decode_base64(data)
    if _LINE.fullmatch(below.partition(b"\n")[0].rstrip()) and not below.startswith((b"--", b"__")):
        return decode_base64(data)
    return decode_base64(data[: min(gaps)]) + b"\n\n" + below + b"\n"
