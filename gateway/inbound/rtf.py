"""In charge of: the words of a formatted text as Outlook packs it into `winmail.dat` ([MS-OXRTFCP], RTF 1.9).

Not in charge of: the container (`tnef`). Formatting, pictures and links' addresses are left out. Bounded before the
libraries see it, because they are quadratic in fonts and fields.
"""

from __future__ import annotations

import logging
import re

from compressed_rtf import decompress
from striprtf.striprtf import rtf_to_text

from gateway.inbound.charsets import clean_text

log = logging.getLogger("gateway.inbound.rtf")

_MAX_PACKED = 64_000  # bytes; unpacked they are at most nine times as many
_MAX_CHARS = 200_000
_MAX_FONTS = 300
_FIELD = re.compile(r"\\field\{", re.IGNORECASE)
_FONT = re.compile(r"(?<!\\)(?=\\f\d)", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{3,}")


def read_compressed_rtf(packed: bytes, codepage: str) -> str:
    """The words, "" if they cannot be read or are too many. `codepage`: that of a text which names none."""
    if len(packed) > _MAX_PACKED:
        return ""
    try:
        rtf = decompress(packed).decode("latin-1")
        if len(rtf) > _MAX_CHARS or rtf.lower().count("\\fcharset") > _MAX_FONTS:
            return ""
        rtf = _FONT.sub("\n", _FIELD.sub(r"\\field {", rtf))  # means the same, and each search ends with its line
        text = clean_text(rtf_to_text(rtf, encoding=codepage, errors="replace"))  # type: ignore[no-untyped-call]
    except Exception as error:  # the libraries raise what comes, of a stranger's bytes
        log.info("formatted text could not be read: %s", type(error).__name__)
        return ""
    return _BLANK_LINES.sub("\n\n", text.replace("\xa0", " ")).strip()
