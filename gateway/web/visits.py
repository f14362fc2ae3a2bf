"""In charge of: one request on its way to a page function and back — form, viewer, language, page.

Not in charge of: what a page says (`portal`, `desk/`), or how a form is read (`forms`). A page function is plain and
synchronous: it takes a `Visit`, calls use cases and answers; it runs in one thread hop.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.errors import Conflict, Invalid
from gateway.threads.bulk import Trouble
from gateway.threads.channel import OutgoingFile
from gateway.threads.model import Viewer
from gateway.web.auth import is_https, viewer_of
from gateway.web.forms import Form, read_form
from gateway.web.languages import COOKIE, LANGUAGES, choose_language, known_language
from gateway.web.security import int_or_zero
from gateway.web.site import Site

THEMES = ("light", "dark")

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request with all that a page function needs. `fields` holds a POST's text fields, the last of each name."""

    site: Site
    request: Request
    locale: str
    fields: Mapping[str, str] = field(default_factory=dict)
    files: tuple[OutgoingFile, ...] = ()

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    @property
    def by_script(self) -> bool:
        """Did htmx ask (it wants a fragment), or the browser itself (it wants a page)?"""
        return self.request.headers.get("hx-request", "") == "true"

    @property
    def is_prefetch(self) -> bool:
        return "prefetch" in self.request.headers.get("sec-purpose", "")

    def text(self, name: str) -> str:
        """A text field of the form, trimmed, line ends as LF, no NUL; "" when it was not sent."""
        return self.fields.get(name, "").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").strip()

    def number(self, name: str) -> int | None:
        """A whole number of the form, None when there is none."""
        value = self.fields.get(name, "")
        return int_or_zero(value) if value.isascii() and value.isdigit() else None

    def asked(self, name: str) -> str:
        """A value of the query string, "" when it is absent."""
        return self.request.query_params.get(name, "").strip()

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])


PublicPage = Callable[[Visit], Response]
MemberPage = Callable[[Visit, Viewer], Response]


def for_everyone(page: PublicPage) -> Endpoint:
    """An endpoint that needs no sign-in."""

    async def endpoint(request: Request) -> Response:
        visit = await _begin(request)
        return _remember_language(await run_in_threadpool(page, visit), visit)

    return endpoint


def for_members(page: MemberPage) -> Endpoint:
    """An endpoint of the desk: who is not signed in is asked to, and comes back."""

    async def endpoint(request: Request) -> Response:
        visit = await _begin(request)
        return _remember_language(await run_in_threadpool(_with_member, page, visit), visit)

    return endpoint


def _with_member(page: MemberPage, visit: Visit) -> Response:
    viewer = viewer_of(visit.request, visit.site.ctx)
    if viewer is None:
        if visit.by_script:
            return Response("", 401, media_type="text/plain")
        target = visit.request.url.path if not visit.is_post else "/desk"
        return go_to("/sign-in", next=target)
    return page(in_language_of(visit, viewer), viewer)


def in_language_of(visit: Visit, viewer: Viewer) -> Visit:
    """The visit in the language of the person who turned out to ask; error pages follow it too."""
    locale = language_of(visit.request, viewer.locale)
    visit.request.state.locale = locale
    return replace(visit, locale=locale)


async def _begin(request: Request) -> Visit:
    site: Site = request.app.state.site
    form = Form()
    if request.method == "POST":
        form = await read_form(request, most_files=site.ctx.settings.max_upload_files * 5)
    return Visit(site, request, language_of(request, ""), form.fields, form.files)


def language_of(request: Request, own: str) -> str:
    """The language of the answer; `own` is what we know of the person."""
    return choose_language(
        query=request.query_params,
        cookies=request.cookies,
        own=own,
        accept=request.headers.get("accept-language", ""),
    )


def _remember_language(response: Response, visit: Visit) -> Response:
    if wish := known_language(visit.request.query_params.get("lang", "")):
        secure = is_https(visit.site.ctx)
        response.set_cookie(COOKIE, wish, max_age=31_536_000, path="/", samesite="lax", secure=secure, httponly=True)
    return response


def render(visit: Visit, template: str, **variables: object) -> str:
    """A template of `templates/pages` with what every page needs."""
    theme = visit.request.cookies.get("theme", "")
    shared: dict[str, object] = {
        "asset": {name: file.url for name, file in visit.site.assets.items()},
        "icons": visit.site.assets["icons.svg"].url,
        "languages": LANGUAGES,
        "locale": visit.locale,
        "theme": theme if theme in THEMES else "",
        "now": visit.site.ctx.now,
        "demo": visit.site.mailbox is not None,
        "limits": {
            "files": visit.site.ctx.settings.max_upload_files,
            "bytes": visit.site.ctx.settings.max_upload_bytes,
            "chars": visit.site.ctx.settings.max_text_chars,
        },
    }
    return visit.site.pages.page(template, visit.locale, shared | variables)


def show(visit: Visit, template: str, *, status: int = 200, **variables: object) -> Response:
    """A whole page."""
    return HTMLResponse(render(visit, template, **variables), status)


def say_error(visit: Visit, error: Invalid | Conflict) -> str:
    """What is wrong and what to do, in the visitor's language; in English when the catalogues lack `error.<code>`."""
    pages, key = visit.site.pages, f"error.{error.code}"
    if not pages.has_text(key):
        return error.message
    return pages.text(visit.locale, key, **(error.params if isinstance(error, Invalid) else {}))


def say_trouble(visit: Visit, trouble: Trouble) -> str:
    """Why somebody got nothing of a message to many, in the visitor's language; in English without a sentence."""
    pages = visit.site.pages
    for key in (f"error.{trouble.code}", f"reason.{trouble.code}"):
        if pages.has_text(key):
            return pages.text(visit.locale, key, **trouble.values)
    return trouble.detail


def go_to(path: str, *, anchor: str = "", **query: str) -> Response:
    """Redirect after a POST (303), to a path of ours."""
    asked = {name: value for name, value in query.items() if value}
    url = quote(path, safe="/%") + (f"?{urlencode(asked)}" if asked else "") + (f"#{anchor}" if anchor else "")
    return RedirectResponse(url, 303)


def digest_of(visit: Visit, names: Iterable[str]) -> str:
    """Of what a form says in these fields."""
    said = json.dumps([(name, visit.text(name)) for name in names])
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def post_key(visit: Visit, *how: str) -> str:
    """The idempotency key of a web post: the form's own key and what it carries.

    A double click sends both twice and is stored once; the same form sent again with other words is a new message, and
    so it is if it says otherwise `how` they are meant: a note and a reply of the same words are two.
    """
    key = visit.text("key")[:64]
    if not key:
        return ""
    digest = hashlib.sha256(visit.text("text").encode("utf-8", "replace"))
    for one in how:
        digest.update(b"\0" + one.encode("utf-8", "replace"))
    for file in visit.files:
        digest.update(b"\0" + file.filename.encode("utf-8", "replace") + b"\0" + file.content)
    return f"{key}-{digest.hexdigest()[:32]}"
