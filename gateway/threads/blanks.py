"""In charge of: text that shows nothing, though it has characters.

Not in charge of: what is asked of whoever wrote it.
"""

from __future__ import annotations

import re
from html import unescape

# White space, controls, characters of no width, fillers of Hangul, Braille without dots; in a class of a pattern. What
# Unicode has not assigned yet is none: it may be a new emoji.
BLANKS = (
    r"\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u2800\u3164\ufeff\uffa0\ufff9-\ufffb"
)
_SEEN = re.compile(f"[^{BLANKS}]")
_TAG = re.compile(r"<[^<>]*>")


def is_blank(text: str) -> bool:
    """Is there nothing to be seen in it?"""
    return not _SEEN.search(text)


def is_blank_html(html: str) -> bool:
    """Is there no word to be seen in it? Of pictures nothing is said."""
    return is_blank(unescape(_TAG.sub("", html)))


def visible_on_one_line(text: str) -> str:
    """The text with single spaces and nothing invisible; "" if it shows nothing."""
    return "" if is_blank(text) else " ".join("".join(c if c.isprintable() else " " for c in text).split())
