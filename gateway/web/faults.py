"""In charge of: what a person reads when something is wrong — what it is, and one way on.

Not in charge of: deciding it.

Every fault becomes a page in the reader's language, with the status of `gateway.errors`; ours (500, 503) carry a trace
id that stands in the log beside the stack.
"""

from __future__ import annotations

import logging
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import Conflict, Invalid, NotFound, Refused, Unavailable
from gateway.threads.decisions import MEANINGS
from gateway.web.api.problems import answer_fault as answer_problem
from gateway.web.security import OWN_GUARD
from gateway.web.visits import Visit, language_of, say_error, show

log = logging.getLogger("gateway.web")

WORDED = (400, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)  # statuses with words of their own


class Faults:
    """Turns whatever escapes a page into an answer, unless the answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:
            if begun:
                raise
            response = await answer_fault(Request(scope), error)
            await response(scope, receive, send)


async def answer_fault(request: Request, error: Exception) -> Response:
    """The page for a fault. Also Starlette's handler for its own HTTPException (no such route, wrong method)."""
    status = status_of(error)
    trace = ""
    if status >= 500:
        trace = secrets.token_hex(6)
        log.error("request failed, trace %s", trace, exc_info=error)
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 503:
        headers["Retry-After"] = "5"
    if request.url.path.startswith(OWN_GUARD):
        return answer_problem(error, trace=trace or secrets.token_hex(6))
    response = await run_in_threadpool(_page, request, error, status, trace)
    response.headers.update(headers)
    return response


def _page(request: Request, error: Exception, status: int, trace: str) -> Response:
    visit = Visit(request.app.state.site, request, language_of(request, getattr(request.state, "locale", "")))
    key = str(status if status in WORDED else 500 if status >= 500 else 400)
    try:
        said = _say(visit, error)
        if visit.by_script:  # it stands in a line of the page that is open: a page within that page could not be used
            title = said or visit.site.pages.text(visit.locale, f"error.{key}.title")
            return PlainTextResponse(f"{title} {trace}".strip(), status)
        return show(visit, "error.html", status=status, key=key, said=said, trace=trace, back=_way_on(request))
    except Exception:
        log.exception("the error page itself failed, trace %s", trace)
        return PlainTextResponse(f"Something went wrong on our side. {trace}", status)


def _say(visit: Visit, error: Exception) -> str:
    """What is wrong, where more can be said than the status does."""
    if isinstance(error, Refused):
        pages, key = visit.site.pages, f"error.{error.decision.reason.value}"
        return pages.text(visit.locale, key) if pages.has_text(key) else ""
    return say_error(visit, error) if isinstance(error, (Invalid, Conflict)) else ""


def _way_on(request: Request) -> str:
    """One way on: the candidate's own page, or the desk. Never a page that would fail in the same way at once."""
    path = request.url.path
    if path.startswith("/c/"):
        return "/".join(path.split("/")[:3])
    return "/desk"


def status_of(error: Exception) -> int:
    """The HTTP status of a fault."""
    match error:
        case HTTPException():
            return error.status_code
        case NotFound():
            return 404
        case Invalid():
            return 422
        case Conflict():
            return 409
        case Refused():
            return MEANINGS[error.decision.reason].http
        case Unavailable():
            return 503
    return 500
