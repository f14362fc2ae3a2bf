"""In charge of: parameters of a part's headers (RFC 2045, RFC 2231), and the file name among them in all its forms.

Not in charge of: making a file name safe (`gateway.threads.filenames`). Nothing here raises for any input.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from gateway.inbound.charsets import decode_header, decode_text, find_codec
from gateway.inbound.mime_tree import Part

_MAX_CHARS = 20_000  # of a header that is read for the pieces of a long value
_PIECE = re.compile(r"\*(\d{1,3})(\*?)[ \t]*+=[ \t]*+(?:\"((?:[^\"\\]|\\.)*+)\"|([^;\s\"]*+))", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PERCENT = re.compile(r"%[89A-Fa-f][0-9A-Fa-f]")  # a byte above 127
_EXTENDED = re.compile(r"([A-Za-z0-9_.:-]{2,40})'[A-Za-z0-9-]{0,20}'")
_REFERENCE = re.compile(r"&#(\d{3,6});")
_LEAST_HIGH = 4  # bytes above 127 from which a charset can be guessed


def read_parameter(part: Part, name: str, header: str) -> str:
    """A parameter of a header as text; RFC 2231 forms are read, nothing raises."""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, str) and value and "*" in (field := str(part.get(header))) and f"{name}*" in field.lower():
            value = _find_extended(part, name, header) or value
        if isinstance(value, tuple):
            joined = _join_pieces(str(part.get(header)), name)
            return joined if joined is not None else _decode_extended(*value)
    except Exception:
        return ""
    return str(value or "").strip()


def _decode_extended(charset: str | None, _language: str | None, text: str) -> str:
    """What the standard library gives for an extended value: bytes as Latin-1, raw ones as surrogates."""
    if charset is None and not text.isascii():
        return text
    try:
        data = text.encode("latin-1", "surrogateescape")
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogateescape")
    return decode_text(data, charset or "us-ascii").text


def _find_extended(part: Part, name: str, header: str) -> Any:
    """The value that stands in RFC 2231's form beside a plain one of the same name, None if none does."""
    found: list[tuple[str, Any]] = part.get_params([], header)
    return next((value for key, value in found if key.lower() == name and isinstance(value, tuple)), None)


def _join_pieces(header: str, name: str) -> str | None:
    """A long value that came in encoded pieces (RFC 2231 §4.1); None if it did not.

    Put together before it is decoded: some programs cut it within a percent sign's figures.
    """
    pieces: dict[int, str] = {}
    encoded = 0
    lowered, at = header[:_MAX_CHARS].lower(), 0
    while (at := lowered.find(f"{name}*", at)) >= 0:
        at += len(name)
        found = _PIECE.match(header, at)
        if found is None or int(found[1]) in pieces:
            continue
        value = _ESCAPED.sub(r"\1", found[3]) if found[3] is not None else found[4]
        encoded += bool(found[2])
        pieces[int(found[1])] = value if found[2] else value.replace("%", "%25")
    if len(pieces) < 2 or encoded < 2:
        return None
    joined = "".join(pieces[number] for number in sorted(pieces))
    prefix = _EXTENDED.match(joined)
    charset, rest = (prefix[1], joined[prefix.end() :]) if prefix else ("", joined)
    return decode_text(unquote_to_bytes(rest.encode("utf-8", "surrogateescape")), charset).text


def read_filename(part: Part, hint: str = "") -> str:
    """The file name as given: RFC 2231, encoded words in quotes, raw 8-bit bytes, or percent signs; "" if none.

    Of two, the one in RFC 2231's form is meant: the other is for programs that do not know it.
    """
    for name, header in (("filename", "content-disposition"), ("name", "content-type")):
        value = read_parameter(part, name, header)
        if value:
            return decode_percent(_read_references(decode_header(value, hint=hint)), hint=hint)
    return ""


def _read_references(value: str) -> str:
    """A name that came through a web form of a narrower charset: `&#51060;&#47141;.pdf`."""
    return _REFERENCE.sub(_read_reference, value) if "&#" in value else value


def _read_reference(found: re.Match[str]) -> str:
    sign = chr(int(found[1]))
    return sign if sign.isprintable() and not sign.isascii() else found[0]


def decode_percent(value: str, *, hint: str = "") -> str:
    """A name that a program encoded as in a URL, `%EC%9D%B4.pdf`; as it stands if what comes out is plain ASCII.

    So `100%.pdf` and `My%20CV.pdf` stay: files are called so, and no program needs to encode them.
    """
    if "%" not in value or not _PERCENT.search(value):
        return value
    prefix = _EXTENDED.match(value)
    charset = prefix[1] if prefix and find_codec(prefix[1]) else ""
    data = unquote_to_bytes(value[prefix.end() :] if prefix and charset else value)
    try:
        return data.decode()
    except UnicodeDecodeError:
        high = sum(byte > 0x7F for byte in data)
        text = decode_text(data, charset, hint=hint).text if charset or high >= _LEAST_HIGH else value
        return value if "\ufffd" in text or not text.isprintable() else text
