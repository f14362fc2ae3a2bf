"""In charge of: signing in and out — with a password, a link that works once, or the company's account; second step.

Not in charge of: sessions.
"""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.usecases import company_sign_in, second_step, set_up, sign_in
from gateway.web.auth import (
    attempt_of,
    clear_attempt,
    clear_session,
    name_client,
    network_of,
    safe_next,
    session_token,
    set_attempt,
    set_session,
)
from gateway.web.desk import set_up as set_up_pages
from gateway.web.visits import Visit, go_to, say_error, show


def sign_in_page(visit: Visit) -> Response:
    """GET shows the form. POST with `do=link` mails a link and says the same whoever asks; else checks the password."""
    if not visit.is_post:
        return _form(visit, after=visit.asked("next"))
    if visit.text("do") == "link":
        return _mail_link(visit)
    return _check_password(visit)


def _check_password(visit: Visit) -> Response:
    email, password = visit.text("email")[:320], visit.fields.get("password", "")[:1000]
    client, network = name_client(visit.request), network_of(visit.request)
    try:
        token = sign_in.sign_in(visit.site.ctx, email, password, client=client, network=network)
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
    token = sign_in.redeem_login_link(visit.site.ctx, visit.path("token"), client=name_client(visit.request))
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


def code_page(visit: Visit) -> Response:
    """The second step: a code of the authenticator app, or a recovery code."""
    ctx = visit.site.ctx
    token = session_token(visit.request, ctx)
    if second_step.find_waiting(ctx, token) is None:
        return go_to("/sign-in")
    if not visit.is_post:
        return show(visit, "sign_in_code.html", after=visit.asked("next"), problem="")
    try:
        code = visit.text("code")[:100]
        made = second_step.finish_sign_in(ctx, token, code, client=name_client(visit.request))
    except NotFound:
        return go_to("/sign-in")
    except Invalid as fault:
        return show(visit, "sign_in_code.html", status=422, after=visit.text("next"), problem=say_error(visit, fault))
    except Conflict:
        words = visit.site.pages.text(visit.locale, "sign_in.too_many")
        return show(visit, "sign_in_code.html", status=429, after=visit.text("next"), problem=words)
    return _signed_in(visit, made)


def begin_company(visit: Visit) -> Response:
    """On to the company's own sign-in, if the workspace has one."""
    ctx = visit.site.ctx
    try:
        address, sealed = company_sign_in.begin_sign_in(ctx, visit.path("slug"), network=network_of(visit.request))
    except Conflict as fault:
        return _form(visit, status=status_of_conflict(fault), problem=_words_for(fault))
    response = RedirectResponse(address, 303)
    set_attempt(response, ctx, sealed)
    return response


def end_company(visit: Visit) -> Response:
    """Back from the company's sign-in: its answer counts in the browser that asked."""
    ctx = visit.site.ctx
    try:
        token = company_sign_in.finish_sign_in(
            ctx,
            attempt_of(visit.request, ctx),
            state=visit.asked("state")[:200],
            code=visit.asked("code")[:2000],
            client=name_client(visit.request),
        )
    except Conflict as fault:
        response = _form(visit, status=status_of_conflict(fault), problem=_words_for(fault))
        clear_attempt(response, ctx)
        return response
    response = _signed_in(visit, token)
    clear_attempt(response, ctx)
    return response


def _words_for(fault: Conflict) -> str:
    return "sign_in.too_many" if fault.code == "too_many" else f"error.{fault.code}"


def status_of_conflict(fault: Conflict) -> int:
    """429 for too many tries, else 403: who they are is not proven."""
    return 429 if fault.code == "too_many" else 403


def _signed_in(visit: Visit, token: str) -> Response:
    after = safe_next(visit.text("next"))
    waits = second_step.find_waiting(visit.site.ctx, token) is not None
    if not waits and set_up.begin(visit.site.ctx, token):
        after = set_up_pages.PATH
    response = go_to("/sign-in/code", next=after) if waits else go_to(after)
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
    company = company_sign_in.only_company(visit.site.ctx)
    return show(
        visit,
        "sign_in.html",
        status=status,
        email=email,
        problem=problem,
        asked=asked,
        after=after,
        company_slug=company,
    )
