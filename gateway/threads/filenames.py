"""In charge of: a file name that is safe to show, to store and to send on, otherwise as the sender wrote it.

Not in charge of: where the bytes lie (they are stored under our own ids) or whether a type is allowed.
"""

from __future__ import annotations

import re
import unicodedata

# Bidirectional and zero-width controls make "fdp.exe" look like "exe.pdf"; the joiners inside emoji are let through.
_HIDDEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\.|\Z)", re.IGNORECASE)
_MAX_BYTES = 200


def safe_filename(name: str) -> str:
    """The last path part without control, bidi or reserved characters, at most 200 octets of UTF-8, ending kept.

    "" if nothing is left. `..\\..\\이력서.pdf` gives `이력서.pdf`.
    """
    name = re.split(r"[/\\]", name.strip().strip("\"'"))[-1]
    name = _HIDDEN.sub("", name)
    name = "".join(
        " " if c in "\t\r\n" else c for c in name if c in "\t\r\n" or unicodedata.category(c) not in _CONTROL
    )
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    name = re.sub(r"\s+", " ", name).strip(" .") if name.strip(" .") else ""
    if _RESERVED.match(name):
        name = "_" + name
    return _shorten(name)


_CONTROL = {"Cc", "Cs", "Zl", "Zp"}


def _shorten(name: str) -> str:
    if len(name.encode()) <= _MAX_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = _MAX_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + dot + ending
