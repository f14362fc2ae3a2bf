"""In charge of: text and mails that show nothing, though they have characters.

Not in charge of: what is asked of whoever wrote it.
"""

from __future__ import annotations

import re
from html import unescape

from gateway.threads.incoming import ReadMail

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


def is_empty(read: ReadMail) -> bool:
    """Is there nothing to be seen in the mail: no word, file or picture?"""
    mail = read.mail
    if mail.attachments or not is_blank(read.split.reply) or not is_blank(mail.text):
        return False
    # Cleaned, HTML has lost the pictures that stand elsewhere, and it is "" if it could not be cleaned.
    html = read.html or mail.html
    return is_blank(unescape(_TAG.sub("", html))) and "<img" not in mail.html.lower()


def visible_on_one_line(text: str) -> str:
    """The text with single spaces and nothing invisible; "" if it shows nothing."""
    return "" if is_blank(text) else " ".join("".join(c if c.isprintable() else " " for c in text).split())
