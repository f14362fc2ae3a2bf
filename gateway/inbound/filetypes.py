"""In charge of: what kind of file some bytes are, whatever their name says.

Not in charge of: whether that is dangerous (`gateway.threads.policies.attachments`).

Programs, pages and macros are looked for here, by the few bytes that make a system run them; the rest is puremagic's.
The answer is for finding disguises only: nothing is served by it. Runs in the parsing process.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import puremagic

from gateway.threads.policies.attachments import MACRO_TYPE

HEAD = 4096  # bytes that are looked at, besides the search for macros
SURE = 0.4  # puremagic's confidence

_STARTS = (
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (b"\xce\xfa\xed\xfe", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/x-executable"),  # Mach-O for several processors, Java class
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"#!", "text/x-sh"),
)
_MACROS = (b"vbaProject.bin", "_VBA_PROJECT".encode("utf-16-le"))
_CONTAINERS = {b"PK\x03\x04": "application/zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "application/x-ole-storage"}
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|meta|hta:application)[\s>/]", re.IGNORECASE)
_XML = re.compile(rb"\s*<(?:\?xml|!doctype\s+svg|!--)", re.IGNORECASE)
_ARMED = ("\ufeff".encode(), b"\xff\xfe", b"\xfe\xff")


def find_types(contents: Sequence[bytes]) -> list[str]:
    """`find_type` of several files."""
    return [find_type(content) for content in contents]


def find_type(content: bytes) -> str:
    """The media type of some bytes, "" when nothing tells. Never raises."""
    head = content[:HEAD]
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    for start, kind in _CONTAINERS.items():
        if head.startswith(start):
            return MACRO_TYPE if any(x in content for x in _MACROS) else kind
    return _find_page(head) or _ask_puremagic(head)


def _find_page(head: bytes) -> str:
    """HTML or SVG. Browsers skip blanks, comments and a byte order mark before the first tag."""
    for mark in _ARMED:
        head = head.removeprefix(mark)
    text = head.replace(b"\0", b"").lstrip()  # UTF-16 too
    is_xml = bool(_XML.match(text))
    if _SVG.match(text) or (is_xml and _SVG.search(text)):
        return "image/svg+xml"
    if _PAGE.match(text) or (is_xml and _PAGE.search(text)):
        return "text/html"
    return ""


def _ask_puremagic(head: bytes) -> str:
    try:
        found = puremagic.magic_string(head)
    except Exception:  # it raises for text, for nothing, and for what its tables do not foresee
        return ""
    best = next((m for m in found if m.mime_type and m.confidence >= SURE), None)
    return str(best.mime_type).lower() if best else ""
