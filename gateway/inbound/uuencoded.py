"""In charge of: files that stand uuencoded in a plain text, as Outlook and old Unix programs send them.

Not in charge of: whole parts with the transfer encoding x-uuencode (`parts`), nor judging the files.
"""

from __future__ import annotations

import binascii
import re

_BEGIN = re.compile(r"begin [0-7]{3,4} ([^\r\n]{1,255})\Z")
_ZERO_LINES = ("", " ", "`")


def take_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text without its uuencoded files, and the files as (name as written, content), in order.

    Only a whole file counts: `begin`, data, a line of length zero and `end` (POSIX, uuencode). All else stays text.
    """
    if "begin " not in text:
        return text, []
    lines = text.split("\n")
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    at = 0
    while at < len(lines):
        begin = _BEGIN.match(lines[at].rstrip("\r"))
        found = _decode_lines(lines, at + 1) if begin else None
        if begin is None or found is None:
            kept.append(lines[at])
            at += 1
            continue
        content, at = found
        files.append((begin[1].strip(), content))
    return "\n".join(kept), files


def _decode_lines(lines: list[str], start: int) -> tuple[bytes, int] | None:
    """The content and the place after `end`. A `begin` line is no data line, so no line is looked at twice."""
    content: list[bytes] = []
    for at in range(start, len(lines) - 1):
        line = lines[at].rstrip("\r")
        if line in _ZERO_LINES:
            ended = bool(content) and lines[at + 1].strip() == "end"
            return (b"".join(content), at + 2) if ended else None
        try:
            content.append(binascii.a2b_uu(line))
        except (binascii.Error, ValueError):
            return None
    return None
