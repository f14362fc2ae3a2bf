"""In charge of: which of the five languages a page speaks.

Not in charge of: the words (`gateway/locales`).
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES: dict[str, str] = {
    "ko": "한국어",
    "en": "English",
    "cs": "Čeština",
    "ru": "Русский",
    "sv": "Svenska",
}
FALLBACK = "en"
COOKIE = "lang"


def known_language(tag: str) -> str:
    """The language of ours that a tag such as `ko-KR` means, or "" if there is none."""
    language = tag.strip().replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else ""


def accepted_language(header: str) -> str:
    """The best of ours for an Accept-Language header (RFC 9110 §12.5.4), or "" if none fits."""
    wishes: list[tuple[float, int, str]] = []
    for place, item in enumerate(header[:1000].split(",")):
        tag, _, weight = item.partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            quality = 0.0
        if (language := known_language(tag)) and quality > 0:
            wishes.append((-quality, place, language))
    return min(wishes)[2] if wishes else ""


def choose_language(*, query: Mapping[str, str], cookies: Mapping[str, str], own: str, accept: str) -> str:
    """What the person asked for (`?lang=`, then the cookie), else what we know of them, else their browser's wish."""
    for wish in (query.get("lang", ""), cookies.get(COOKIE, ""), own):
        if language := known_language(wish):
            return language
    return accepted_language(accept) or FALLBACK
