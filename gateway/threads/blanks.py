"""In charge of: text that shows nothing, though it has characters.

Not in charge of: what is asked of whoever wrote it.
"""

from __future__ import annotations

import re
from html import unescape

_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"  # fillers of Hangul, and Braille without dots: letters by Unicode
_TAG = re.compile(r"<[^<>]*>")


def is_blank(text: str) -> bool:
    """Is there nothing to be seen in it: white space, controls, characters of no width?"""
    return not any(c.isprintable() and not c.isspace() and c not in _BLANK_LETTERS for c in text)


def is_blank_html(html: str) -> bool:
    """Is there no word to be seen in it? Of pictures nothing is said."""
    return is_blank(unescape(_TAG.sub("", html)))


def visible_on_one_line(text: str) -> str:
    """The text with single spaces and nothing invisible; "" if it shows nothing."""
    return "" if is_blank(text) else " ".join("".join(c if c.isprintable() else " " for c in text).split())
