"""In charge of: telling charsets of Latin letters from each other by the letters that the languages of Europe have.

Not in charge of: other scripts, or when to guess (`charset_guess`).

Read as windows-1252 a Czech text has letters of Denmark, Italy and Iceland side by side, as windows-1250 those of one
language.
"""

from __future__ import annotations

_WESTERN = "cp1252"
_CENTRAL = ("áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "čćđšž", "ăâîșțşţ", "äöüßé")
# The letters above 127 of one language each; iso-8859-2 has most where windows-1250 has them, and of equals the first
# is taken.
_ALPHABETS = {
    _WESTERN: (
        *("äöüßé", "àâæçèéêëîïôœùûüÿ", "áéíóúüñ", "àáâãçéêíóõôúü", "àèéìíîòóùú", "æøåéòô", "äåöé", "áðéíóúýþæö"),
        *("àçèéíïòóúü", "äëïöüéèêóáí", "äöõüšž"),
    ),
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1254": ("çğıiöşüâîû",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äöõüšž"),
}
_SIGNS = frozenset("\xa0–—‘’‚“”„…•€°§«»·¿¡")
_LEAST_LETTERS = 2  # different ones; a single one fits many languages


def find_alphabet(data: bytes) -> str:
    """The charset in which the bytes above 127 are letters of one language, "" if they are in windows-1252 as well."""
    strange = {codec: _count_strange(data, codec) for codec in _ALPHABETS}
    best = min(strange, key=lambda codec: strange[codec])
    return best if strange[best] < strange[_WESTERN] else ""


def _count_strange(data: bytes, codec: str) -> int:
    """How many of the letters are not of the language that fits best; all, if there are too few to tell."""
    high = [sign for sign in data.decode(codec, "replace").lower() if sign > "\x7f"]
    letters = [sign for sign in high if sign.isalpha()]
    broken = sum(sign == "\ufffd" or "\x80" <= sign <= "\x9f" for sign in high)
    kinds = set(letters)
    if len(kinds) < _LEAST_LETTERS:
        return len(data)
    odd = sum(not (sign.isalpha() or sign in _SIGNS) for sign in high) - broken
    return broken + odd + min(sum(sign not in language for sign in letters) for language in _ALPHABETS[codec])
