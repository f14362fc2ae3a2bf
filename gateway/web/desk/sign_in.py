"""In charge of: signing in and out — with a password, or with a link that works once.

Not in charge of: sessions.
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Conflict
from gateway.usecases import sign_in
from gateway.web.auth import clear_session, safe_next, session_token, set_session
from gateway.web.visits import Visit, go_to, show


def sign_in_page(visit: Visit) -> Response:
    """GET shows the form. POST with `do=link` mails a link and says the same whoever asks; else checks the password."""
    if not visit.is_post:
        return _form(visit, after=visit.asked("next"))
    if visit.text("do") == "link":
        return _mail_link(visit)
    return _check_password(visit)


def _check_password(visit: Visit) -> Response:
    email, password = visit.text("email")[:320], visit.fields.get("password", "")[:1000]
    client = visit.request.client.host if visit.request.client else ""
    try:
        token = sign_in.sign_in(visit.site.ctx, email, password, client=client)
    except Conflict:
        return _form(visit, status=429, email=email, problem="sign_in.too_many")
    if token is None:
        return _form(visit, status=422, email=email, problem="sign_in.wrong")
    return _signed_in(visit, token)


def _mail_link(visit: Visit) -> Response:
    email = visit.text("email")[:320]
    if not email:
        return _form(visit, status=422, problem="sign_in.no_email")
    sign_in.ask_login_link(visit.site.ctx, email)
    return _form(visit, email=email, asked=True)


def link_page(visit: Visit) -> Response:
    """GET only shows a button, because mail scanners open links; the POST uses the link up."""
    if not visit.is_post:
        return show(visit, "sign_in_link.html")
    token = sign_in.redeem_login_link(visit.site.ctx, visit.path("token"))
    if token is None:
        return _form(visit, status=422, problem="sign_in.link_dead")
    return _signed_in(visit, token)


def sign_out(visit: Visit) -> Response:
    """POST: the session is dead at once, in every tab."""
    if token := session_token(visit.request, visit.site.ctx):
        sign_in.sign_out(visit.site.ctx, token)
    response = go_to("/sign-in")
    clear_session(response, visit.site.ctx)
    return response


def _signed_in(visit: Visit, token: str) -> Response:
    response = go_to(safe_next(visit.text("next")))
    set_session(response, visit.site.ctx, token)
    return response


def _form(
    visit: Visit,
    *,
    status: int = 200,
    email: str = "",
    problem: str = "",
    asked: bool = False,
    after: str = "",
) -> Response:
    after = after or visit.text("next")
    return show(visit, "sign_in.html", status=status, email=email, problem=problem, asked=asked, after=after)
