"""In charge of: how long a text is on a phone network — bytes in Korea, segments elsewhere — and what it cannot hold.

Not in charge of: sending. Pure.

Korea: SMS 90 bytes, LMS 2,000 bytes, title 40 bytes, counted in CP949 (not `euc_kr`: Python writes 8,822 of the 11,172
syllables as eight bytes there). Elsewhere: GSM 7-bit, 160 characters or 153 in each of several, else UCS-2, 70 or 67
(3GPP TS 23.038 §6, TS 23.040 §9.2.3.24.1).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

SMS_BYTES, LMS_BYTES, TITLE_BYTES = 90, 2000, 40
ALIMTALK_CHARS = 1000
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")  # two septets each
_PLAIN = str.maketrans(
    {"–": "-", "—": "-", "\u00a0": " ", "\u200b": "", "•": "·", "₩": "￦", "✓": "v", "©": "(c)", "\u2011": "-"}
)


class Form(StrEnum):
    """How Korean networks carry a text."""

    SMS = "SMS"
    LMS = "LMS"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs outside Korea."""

    encoding: str  # "GSM-7" | "UCS-2"
    units: int  # septets, or UTF-16 code units
    count: int


def plain_for_korea(text: str) -> str:
    """The text in letters that CP949 has where there is a faithful one: NFC, hyphens for dashes, LF line ends.

    What still has none (emoji) becomes "?": providers refuse it or do the same.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).translate(_PLAIN)
    return "".join(c if _fits(c) else "?" for c in text)


def count_bytes(text: str) -> int:
    """Bytes of the text on a Korean network. Raises UnicodeEncodeError for what CP949 lacks (`plain_for_korea`)."""
    return len(text.replace("\r\n", "\n").encode("cp949"))


def cut_bytes(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` bytes in CP949, no letter cut in half."""
    return text.encode("cp949", "replace")[:limit].decode("cp949", "ignore")


def korean_form(text: str, *, title: str = "") -> Form | None:
    """SMS or LMS; None when it is too long for either. A title makes it an LMS."""
    length = count_bytes(text)
    if length <= SMS_BYTES and not title:
        return Form.SMS
    return Form.LMS if length <= LMS_BYTES else None


def count_segments(text: str) -> Segments:
    """What the text costs outside Korea. An escape pair or a surrogate pair is never parted between segments."""
    if all(c in GSM_BASIC or c in GSM_EXTENDED for c in text):
        sizes, single, joined, encoding = [1 + (c in GSM_EXTENDED) for c in text], 160, 153, "GSM-7"
    else:
        sizes, single, joined, encoding = [1 + (ord(c) > 0xFFFF) for c in text], 70, 67, "UCS-2"
    units = sum(sizes)
    if units <= single:
        return Segments(encoding, units, 1 if units else 0)
    count, room = 1, joined
    for size in sizes:
        if size > room:
            count, room = count + 1, joined
        room -= size
    return Segments(encoding, units, count)


def _fits(char: str) -> bool:
    try:
        char.encode("cp949")
    except UnicodeEncodeError:
        return False
    return True
