"""In charge of: opening `winmail.dat`, in which Outlook and Exchange hide files and sometimes the words ([MS-OXTNEF]).

Not in charge of: what becomes of them (`parts`). One pass over the bytes, no recursion, everything bounded by them; an
embedded message stays closed, and formatted text is read (`rtf`) where there is no other. What is not whole is not
opened.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.inbound.charsets import clean_text, decode_text
from gateway.inbound.rtf import read_compressed_rtf

TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 100
_MAX_ATTRIBUTES = 5_000
_MAX_PROPERTIES = 2_000  # of one attribute
_MAX_VALUES = 500  # of one property
_MAX_TEXT = 1_000_000  # bytes

# Attribute ids ([MS-OXTNEF] §2.1.3.2): the lower half names, the upper half tells the type.
_BODY, _TITLE, _DATA, _PROPERTIES = 0x800C, 0x8010, 0x800F, 0x9003
_NEW_FILE, _FILE_PROPERTIES, _CODEPAGE = 0x9002, 0x9005, 0x9007
# Property ids ([MS-OXPROPS])
_PLAIN, _RTF, _HTML, _FILE_BYTES, _LONG_NAME, _NAME = 0x1000, 0x1009, 0x1013, 0x3701, 0x3707, 0x3704
_MIME_TYPE, _CONTENT_ID = 0x370E, 0x3712
# Sizes of property values in bytes, by type ([MS-OXCDATA] §2.11.1); 0: its length stands in front of it.
_SIZES = {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0x0A: 4, 0x0B: 2, 0x14: 8, 0x40: 8, 0x48: 16}
_COUNTED = frozenset({0x0D, 0x1E, 0x1F, 0x102})  # object, 8-bit string, UTF-16 string, bytes
_UTF16 = 0x1F
_MANY = 0x1000
_NAMED = 0x8000  # properties from here on carry their name in front of the value

Property = tuple[int, bytes, bool]  # id, value, whether it is UTF-16


@dataclass(slots=True)
class TnefFile:
    """One file of a container."""

    filename: str = ""
    content_type: str = ""
    content_id: str = ""
    content: bytes = b""


@dataclass(slots=True)
class Tnef:
    """What a container holds."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)


def open_tnef(data: bytes) -> Tnef | None:
    """The files and words of a container, or None if it is none, or broken: then nothing of it is believed."""
    if data[:4] != _SIGNATURE:
        return None
    try:
        return _read(data)
    except (struct.error, ValueError, IndexError):
        return None


def _read(data: bytes) -> Tnef:
    found = Tnef()
    codepage, formatted = "cp1252", b""
    for name, value in _attributes(data):
        if name == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif name == _BODY:
            found.text = _decode(value, codepage)
        elif name == _PROPERTIES:
            formatted = _read_words(found, value, codepage) or formatted
        elif name == _NEW_FILE:
            if len(found.files) == MAX_FILES:
                break
            found.files.append(TnefFile())
        elif found.files:
            _read_file(found.files[-1], name, value, codepage)
    if formatted and not found.text.strip() and not found.html.strip():
        found.text = read_compressed_rtf(formatted, codepage)
    found.files = [file for file in found.files if file.content]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(name, value) of each attribute; ValueError if one is not whole."""
    at = 6
    for _ in range(_MAX_ATTRIBUTES):
        if at >= len(data):
            return
        _level, name, _type, length = struct.unpack_from("<BHHI", data, at)
        at += 9
        if at + length + 2 > len(data):
            raise ValueError
        yield name, data[at : at + length]
        at += length + 2  # a checksum follows
    raise ValueError


def _read_words(found: Tnef, value: bytes, codepage: str) -> bytes:
    """Take plain words and HTML; the formatted text comes back as it is packed."""
    formatted = b""
    for name, content, wide in _properties(value):
        if name == _PLAIN:
            found.text = _decode(content, codepage, wide=wide)
        elif name == _HTML:
            found.html = decode_text(content[:_MAX_TEXT], "" if wide else codepage).text
        elif name == _RTF:
            formatted = content
    return formatted


def _read_file(file: TnefFile, name: int, value: bytes, codepage: str) -> None:
    if name == _TITLE:
        file.filename = file.filename or _decode(value, codepage)
    elif name == _DATA:
        file.content = value
    elif name == _FILE_PROPERTIES:
        for kind, content, wide in _properties(value):
            if kind == _LONG_NAME or (kind == _NAME and not file.filename):
                file.filename = _decode(content, codepage, wide=wide)
            elif kind == _MIME_TYPE:
                file.content_type = _decode(content, codepage, wide=wide).lower()
            elif kind == _CONTENT_ID:
                file.content_id = _decode(content, codepage, wide=wide).strip("<>")
            elif kind == _FILE_BYTES and not file.content:
                file.content = content


def _properties(value: bytes) -> Iterator[Property]:
    """Each property of an attribute, of several values the first ([MS-OXTNEF] §2.1.3.4)."""
    (count,) = struct.unpack_from("<I", value, 0)
    at = 4
    for _ in range(min(count, _MAX_PROPERTIES)):
        kind, name = struct.unpack_from("<HH", value, at)
        at += 4
        if name >= _NAMED:
            at = _skip_name(value, at)
        values = 1
        if kind & _MANY or kind in _COUNTED:
            (values,) = struct.unpack_from("<I", value, at)
            at += 4
        kind &= ~_MANY
        if values > _MAX_VALUES:
            raise ValueError
        for number in range(values):
            size = _SIZES.get(kind, -1)
            if kind in _COUNTED:
                (size,) = struct.unpack_from("<I", value, at)
                at += 4
            if size < 0 or at + size > len(value):
                raise ValueError
            if number == 0:
                yield name, value[at : at + size], kind == _UTF16
            at += size + -size % 4


def _skip_name(value: bytes, at: int) -> int:
    """Behind the name of a named property: a GUID, then a number or a counted string."""
    (is_string,) = struct.unpack_from("<I", value, at + 16)
    at += 20
    if not is_string:
        return at + 4
    (size,) = struct.unpack_from("<I", value, at)
    return int(at + 4 + size + -size % 4)


def _decode(value: bytes, codepage: str, *, wide: bool = False) -> str:
    value = value[:_MAX_TEXT]
    if wide:
        return clean_text(value.decode("utf-16-le", "replace").partition("\0")[0])
    return decode_text(value.partition(b"\0")[0], codepage).text
