"""In charge of: what a picture is by its own bytes — PNG, JPEG or WebP — and how large.

Not in charge of: showing it, or how large it may be (`usecases.branding`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_NO_SIZE = (0xC4, 0xC8, 0xCC)  # JPEG markers among the start-of-frame ones that are none (ITU T.81 table B.1)


@dataclass(frozen=True, slots=True)
class Picture:
    """`width` and `height` in pixels."""

    content_type: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture | None:
    """What it is; None for anything else, and for one whose size cannot be read."""
    for start, content_type, read in _KINDS:
        if content.startswith(start):
            size = read(content)
            return Picture(content_type, *size) if size and min(size) > 0 else None
    return None


def _read_png(content: bytes) -> tuple[int, int] | None:
    """IHDR comes first (PNG §5.6)."""
    if content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _read_jpeg(content: bytes) -> tuple[int, int] | None:
    """The first start-of-frame segment (ITU T.81 §B.2.2)."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            return int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
    return None


def _read_webp(content: bytes) -> tuple[int, int] | None:
    """The first chunk: lossy, lossless or extended (RFC 9649 §2.5-2.7)."""
    chunk = content[8:16]
    if len(content) < 30:
        return None
    if chunk == b"WEBPVP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if chunk == b"WEBPVP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"WEBPVP8 ":
        return int.from_bytes(content[26:28], "little") & 0x3FFF, int.from_bytes(content[28:30], "little") & 0x3FFF
    return None


_KINDS: tuple[tuple[bytes, str, Callable[[bytes], tuple[int, int] | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _read_png),
    (b"\xff\xd8", "image/jpeg", _read_jpeg),
    (b"RIFF", "image/webp", _read_webp),
)
