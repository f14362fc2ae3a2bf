"""In charge of: whether a line reads like a sentence that its writer means, rather than a name, an address or a slogan.

Not in charge of: what becomes of the line (`signatures`). In doubt a line is a sentence: what is one is never hidden.
"""

from __future__ import annotations

import re

from gateway.inbound.reply.lines import JUDGED_CHARS

_MAX_NAME_WORDS = 6  # a longer line that is mostly in small letters is a sentence even without its full stop
_LONG = 60
_POSTSCRIPT = re.compile(r"[ \t]*(?:p\.? ?s\b|pd\b|пс\b|з\.ы|추신|追伸|附言|又及)\.?", re.IGNORECASE)
_END = re.compile(r"(?:[.!?…。！？]|니다|세요|[네어아]요|까|です|ます)[)\"'”’ ~^:;]*\Z")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Thai has no spaces between words; who speaks politely ends in one of these. Chinese lines of a signature name things.
_POLITE_THAI = re.compile("ครับ|ค่ะ|คะ|นะ")
_SAYS_CHINESE = re.compile("我(?![们們的])|可以|好的|谢谢|謝謝|请问|請問")
# The full stop of a company's form ends no sentence.
_COMPANY = re.compile(
    r"\b(?:s\. ?r\. ?o|a\. ?s|v\. ?o\. ?s|o\. ?p\. ?s|s\. ?p\. ?a|s\. ?r\. ?l|s\. ?a|z ?o\. ?o|d\. ?o\. ?o|e\. ?v|"
    r"ltd|inc|co|corp)\.\Z",
    re.IGNORECASE,
)
CONFIDENTIAL = (
    "confidential|vertraulich|důvěrn|dôvern|конфиденциальн|конфіденційн|konfidentiell|fortrolig|luottamuksellinen|"
    "confidentiel|confidencia|confidenţial|confidențial|riservat|vertrouwelijk|poufn|gizli|bizalmas|"
    "εμπιστευτικ|поверителн|povjerljiv|poverljiv|поверљив|zaupn|konfidentsiaal|konfidenciāl|konfidencial|"
    "bảo mật|rahasia|เป็นความลับ|سرية|محرمانه|חסוי|סודי|기밀|비밀|秘密|機密|保密|机密"
)
_DISCLAIMER = re.compile(
    rf"{CONFIDENTIAL}|수신인이 아닌|"
    r"intended (?:only|solely|recipient|for the)|legally privileged|consider the environment|unsubscribe|"
    r"you (?:are receiving|(?:have )?received) this (?:message|e-?mail) because|"
    r"google (?:group|gruppe|grup|グループ|그룹|网上论坛|網上論壇|групп|skupin)|antivir|антивир",
    re.IGNORECASE,
)


def is_sentence(text: str, *, apart: bool, first: bool = False) -> bool:
    """Whether somebody says something in this line. `apart`: it stands below an empty line, so less is needed.

    `first`: it opens what a client marked as a signature; many write into that, on phones often without a full stop.
    """
    text = text[:JUDGED_CHARS].strip(" \t*_")
    if _POSTSCRIPT.match(text):
        return len(text) > 8
    ended = bool(_END.search(text))
    signs = len(_CJK.findall(text))
    if signs >= 6 and signs * 2 >= len(text.replace(" ", "")):
        if ended:
            return apart or signs >= 10
        return (apart or first) and bool(_SAYS_CHINESE.search(text))
    words = [word for word in text.split() if word[:1].isalpha()]
    small = sum(not word[0].isupper() for word in words)  # most scripts have no capitals
    if "://" in text or "@" in text or small * 2 < len(words):
        return ended and len(words) >= 8
    if len(words) > _MAX_NAME_WORDS and (ended or len(text) >= _LONG):
        return True
    if (apart or first) and not ended and _goes_on(text, words, small):
        return True
    return apart and ended and len(words) >= 3 and not (len(words) <= _MAX_NAME_WORDS and _COMPANY.search(text))


def _goes_on(text: str, words: list[str], small: int) -> bool:
    """Whether a line without a full stop is too long for a name, and too full of small words for a post or a slogan."""
    if not words:
        return False
    if not text.isascii() and _POLITE_THAI.search(text):
        return True
    if text[0] in "\"'“„«":
        return False  # what somebody else said
    return len(words) > _MAX_NAME_WORDS and small * 3 >= len(words) * 2 and "|" not in text and not text[-1:].isdigit()


def is_disclaimer(text: str) -> bool:
    """What companies and programs put below a mail: for whom it is, that it is secret, what looked for viruses."""
    return len(text) >= 40 and bool(_DISCLAIMER.search(text, 0, JUDGED_CHARS))
