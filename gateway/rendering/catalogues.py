"""In charge of: the words of the product in every language, read from .po files at start.

Not in charge of: whole notices (`templates/notices`) or dates and sizes (`filters`). A message id is a key such as
"state.open"; parameters are written %(name)s. A key that a language lacks is taken from English.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from gateway.errors import Invalid, SettingsError

FALLBACK = "en"
log = logging.getLogger("gateway.rendering")


class MissingVariable(Invalid):
    """A template or a sentence needs a variable that was not given: nothing is sent (GW-9). `field` names it."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(name, f"The variable {name!r} is missing in {where}: give it a value.")


class Catalogues:
    """All languages, each with its own plural rule."""

    def __init__(self, locales_dir: Path) -> None:
        """Reads `<locale>/LC_MESSAGES/messages.po`. Raises SettingsError when there is no English catalogue."""
        found = {path.parts[-3]: _read(path) for path in sorted(locales_dir.glob("*/LC_MESSAGES/messages.po"))}
        if FALLBACK not in found:
            raise SettingsError(
                f"{locales_dir} holds no {FALLBACK}/LC_MESSAGES/messages.po: the installation is incomplete."
            )
        for locale, words in found.items():
            if locale != FALLBACK:
                words.add_fallback(found[FALLBACK])
        self._words = found
        self.locales = tuple(found)

    def best(self, locale: str) -> str:
        """The language in which a person who asked for `locale` (BCP 47 or POSIX, any case) is addressed."""
        return next(tag for tag in chain(locale) if tag in self._words)

    def has(self, key: str) -> bool:
        """Is there such a key, at least in English?"""
        return bool(self._words[FALLBACK].gettext(key) != key)

    def sentence(self, locale: str, key: str, n: int | None = None) -> str:
        """The words of `key`, parameters not yet filled in, in the form for `n`. A lost key shows as itself."""
        words = self._words[self.best(locale)]
        found = words.gettext(key) if n is None else words.ngettext(key, key, n)
        if found == key:
            log.error("no language has the key %s", key)
        return found


def fill(sentence: str, key: str, params: Mapping[str, object]) -> str:
    """A sentence with its parameters. Markup stays Markup and escapes what is none. Raises MissingVariable."""
    try:
        return sentence % params
    except KeyError as error:
        raise MissingVariable(str(error.args[0]), f"the sentence {key!r}") from None


def chain(locale: str) -> list[str]:
    """Languages to try, best first: the locale itself, its base language, English."""
    base, _, region = locale.replace("-", "_").partition("_")
    wanted = [f"{base.lower()}_{region.upper()}"] if region else []
    return [*wanted, base.lower(), FALLBACK]


def _read(path: Path) -> Translations:
    locale = path.parts[-3]
    with path.open("rb") as file:
        catalogue = read_po(file, locale=locale, abort_invalid=True)
    binary = io.BytesIO()
    write_mo(binary, catalogue)
    binary.seek(0)
    return Translations(binary)
