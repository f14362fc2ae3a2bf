"""In charge of: templates and words -> subject, text and HTML. Jinja2's, Babel's and css-inline's only home.

Not in charge of: who gets what (`usecases`), headers (`outbound.compose`), or cleaning foreign HTML (`inbound`). Only
our own files are templates; what people wrote is always data. Foreign HTML never passes through the CSS inliner: it
is put in afterwards (filter `apart`), because the inliner can crash on hostile HTML.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from gateway.errors import Invalid
from gateway.rendering import filters, skeletons
from gateway.rendering.catalogues import Catalogues, MissingVariable, chain, fill
from gateway.rendering.filters import VIEWPOINT, Viewpoint
from gateway.rendering.workspace import check_source, fill_source
from gateway.threads.attachment import split_at_pictures
from gateway.usecases.context import KakaoText, Rendered

__all__ = ["MissingVariable", "Rendering"]

SKELETONS = 256  # mails to many that are kept
_KAKAO_NAME = re.compile(r"#\{(\w+)\}")
_NAME_IN_ERROR = re.compile(r"'([^']+)' is undefined|has no (?:attribute|element) '?([^']+)'?")


class Rendering:
    """Turns templates into words; shared between threads."""

    def __init__(self, templates: Path, locales_dir: Path) -> None:
        """Raises SettingsError when the English catalogue is missing."""
        self._catalogues = Catalogues(locales_dir)
        self._templates = templates
        loader = FileSystemLoader(templates)
        self._html = self._environment(loader, html=True)
        self._plain = self._environment(loader, html=False)
        style = templates / "mail" / "mail.css"
        extra = style.read_text("utf-8") if style.is_file() else None
        self._skeletons = lru_cache(SKELETONS)(self._render_mail)
        self._notice_folder = lru_cache(None)(self._find_notice_folder)
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, extra_css=extra)

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages there are words for."""
        return self._catalogues.locales

    def text(self, locale: str, key: str, **params: object) -> str:
        """One sentence as plain text. Raises MissingVariable."""
        return fill(self._catalogues.sentence(locale, key), key, params)

    def has_text(self, key: str) -> bool:
        """Is there such a sentence, at least in English?"""
        return self._catalogues.has(key)

    def page(self, template: str, locale: str, variables: Mapping[str, object]) -> str:
        """A page of `templates/pages`. `timezone` among the variables is the viewer's IANA zone (UTC if none).

        Raises MissingVariable.
        """
        with self._seen_by(self._catalogues.best(locale), variables, where=template) as view:
            return self._html.get_template(f"pages/{template}").render({**variables, "locale": view.locale})

    def mail(
        self, key: str, locale: str, variables: Mapping[str, object], *, personal: Collection[str] = ()
    ) -> Rendered:
        """A notice as subject, text and complete HTML, in the best language there is (locale, base language, English).
        `personal`: variables that differ from person to person and that the templates only print; mails that differ
        in nothing else are rendered once.

        Raises MissingVariable that names the variable (GW-9), Invalid for a notice that does not exist.
        """
        folder = self._notice_folder(key, locale)
        shared, own = skeletons.part(skeletons.spell_out(variables), personal)
        try:
            frozen = skeletons.freeze(shared)
        except TypeError:
            return skeletons.put_in(self._render_mail(folder, tuple(shared.items())), own)
        skeleton = self._skeletons(folder, frozen) if own else self._render_mail(folder, frozen)
        return skeletons.put_in(skeleton, own)

    def _render_mail(self, folder: str, variables: Iterable[tuple[str, object]]) -> Rendered:
        _, key, language = folder.split("/")
        values = {**dict(variables), "locale": language}
        with self._seen_by(language, values, where=f"the notice {key}") as view:
            subject = self._plain.get_template(f"{folder}/subject.txt").render(values)
            text = self._plain.get_template(f"{folder}/body.txt").render(values)
            html = self._html.get_template(f"{folder}/body.html").render(
                {**values, "subject": filters.one_line(subject)}
            )
            return Rendered(filters.one_line(subject), text.strip("\n") + "\n", self._inline(html, view))

    def sms(self, key: str, locale: str, variables: Mapping[str, object]) -> str:
        """A notice as one SMS. Raises MissingVariable, Invalid for a notice without one."""
        folder = self._notice_folder(key, locale, file="sms.txt")
        with self._seen_by(folder.rpartition("/")[2], variables, where=f"the notice {key}"):
            return self._plain.get_template(f"{folder}/sms.txt").render(variables).strip()

    def kakao(self, key: str, locale: str, values: Mapping[str, str]) -> KakaoText:
        """A notice as the AlimTalk that was approved: `#{name}` filled in and nothing else changed, for one letter that
        differs is refused. Raises MissingVariable, Invalid for a notice without one.
        """
        folder = self._notice_folder(key, locale, file="kakao.txt")
        body, _, button = (self._templates / folder / "kakao.txt").read_text("utf-8").partition("\n---\n")
        names = dict.fromkeys(_KAKAO_NAME.findall(body + button))
        missing = next((name for name in names if not values.get(name)), None)
        if missing:
            raise MissingVariable(missing, f"the AlimTalk {key}")
        words, _, link = _KAKAO_NAME.sub(lambda found: values[found[1]], button).strip().partition(" | ")
        text = _KAKAO_NAME.sub(lambda found: filters.one_line(values[found[1]]), body).strip()
        return KakaoText(text, {name: filters.one_line(values[name]) for name in names}, words, link)

    def check_source(self, source: str, *, known: Collection[str], groups: Collection[str]) -> None:
        """A company's own template. Raises Invalid (`rendering.workspace.check_source`)."""
        check_source(source, known=known, groups=groups)

    def fill(self, source: str, values: Mapping[str, str | Mapping[str, str]], *, html: bool) -> str:
        """A company's own template for one person. Raises MissingVariable that names the variable."""
        return fill_source(source, values, html=html)

    def _find_notice_folder(self, key: str, locale: str, *, file: str = "subject.txt") -> str:
        for tag in chain(locale):
            folder = f"notices/{key}/{tag}"
            if (self._templates / folder / file).is_file():
                return folder
        raise Invalid("key", f"There is no notice {key!r} with a {file} in templates/notices.")

    def _inline(self, html: str, view: Viewpoint) -> str:
        inlined = self._inliner.inline(html).replace(' data-css-inline="keep"', "")
        for token, kept in view.apart.items():
            inlined = inlined.replace(token, kept)
        return inlined

    @contextmanager
    def _seen_by(self, locale: str, variables: Mapping[str, object], *, where: str) -> Iterator[Viewpoint]:
        view = Viewpoint(locale, filters.zone_named(variables.get("timezone") or "UTC"))
        token = VIEWPOINT.set(view)
        try:
            yield view
        except UndefinedError as error:
            found = _NAME_IN_ERROR.search(error.message or "")
            raise MissingVariable((found[1] or found[2]) if found else str(error), where) from None
        finally:
            VIEWPOINT.reset(token)

    def _environment(self, loader: FileSystemLoader, *, html: bool) -> Environment:
        environment = Environment(
            loader=loader,
            autoescape=html,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.globals |= {
            "_": self._say_html if html else self._say,
            "_n": self._say_html if html else self._say,
            "locales": self._catalogues.locales,
        }
        environment.filters |= _FILTERS | {"warning": self._warn, "stage": self._stage}
        return environment

    def _say(self, key: str, n: int | str | None = None, **params: Any) -> str:
        """A sentence for the text part. With `n` it takes that plural form, and %(n)s is known."""
        sentence, values = self._look_up(key, n, params)
        return fill(sentence, key, values)

    def _say_html(self, key: str, n: int | str | None = None, **params: Any) -> Markup:
        """The same for HTML: words and parameters are escaped, except for parameters that are Markup already."""
        sentence, values = self._look_up(key, n, params)
        return Markup(fill(escape(sentence), key, values))

    def _look_up(self, key: str, n: int | str | None, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        number = None if n is None else int(n)
        sentence = self._catalogues.sentence(VIEWPOINT.get().locale, key, number)
        return sentence, params if number is None else {"n": number, **params}

    def _warn(self, mark: str) -> str:
        """A message's mark (`other_address:<addr>`, `unprotected_domain`) in words; other text as it is."""
        name, _, address = mark.partition(":")
        if name == "other_address":
            return self._say("warning.other_address", address=address)
        return self._say("warning.unprotected_domain") if name == "unprotected_domain" else mark

    def _stage(self, name: str) -> str:
        """A stage as people read it: those that we name ourselves (`application`, `rejected`) in their language."""
        return self._say(f"stage.{name}") if self.has_text(f"stage.{name}") else name


def _keep_apart(html: str) -> str:
    """A token in place of finished HTML, exchanged after the styles were inlined."""
    token = f"apart-{secrets.token_hex(12)}"
    VIEWPOINT.get().apart[token] = html
    return token


_FILTERS: dict[str, Callable[..., Any]] = {
    "date": filters.show_date,
    "day_end": filters.end_of_day,
    "time": filters.show_time,
    "datetime": filters.show_datetime,
    "filesize": filters.show_filesize,
    "duration": filters.show_duration,
    "ago": filters.show_ago,
    "share": filters.show_share,
    "initials": filters.initials,
    "avatar": filters.avatar,
    "lang_of": filters.guess_language,
    "linkify": filters.linkify,
    "paragraphs": filters.paragraphs,
    "pieces": split_at_pictures,
    "with_mentions": filters.with_mentions,
    "one_line": filters.one_line,
    "colour": filters.colour,
    "on_colour": filters.on_colour,
    "apart": _keep_apart,
}
