"""In charge of: the settings' page of a member's own sign-in: password, second step, sessions.

Not in charge of: checking any of it (`usecases.sessions`, `usecases.second_step`).
"""

from __future__ import annotations

import segno
from starlette.responses import Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.model import Viewer
from gateway.usecases import accounts, second_step, sessions
from gateway.web.auth import session_token
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, say_error

PATH = "/desk/settings/security"


def security_page(visit: Visit, viewer: Viewer) -> Response:
    """Password, second step and sessions of who is signed in; POST changes one of them."""
    if not visit.is_post:
        return _show(visit, viewer)
    try:
        return _change(visit, viewer)
    except Invalid as fault:
        return _show(visit, viewer, problems={fault.field: say_error(visit, fault)})
    except Conflict as fault:
        return _show(visit, viewer, problems={"code": say_error(visit, fault)})


def _change(visit: Visit, viewer: Viewer) -> Response:
    ctx, token = visit.site.ctx, session_token(visit.request, visit.site.ctx)
    code, typed = visit.text("code")[:100], visit.fields.get("current", "")[:1000]
    match visit.text("do"):
        case "password":
            new = visit.fields.get("new", "")[:1000]
            sessions.change_password(ctx, viewer, token, current=typed, new=new)
        case "end":
            sessions.end_session(ctx, viewer, visit.text("session")[:64])
        case "end_others":
            sessions.end_other_sessions(ctx, viewer, token)
        case "begin":
            return _show(visit, viewer, begun=True)
        case "finish":
            codes = second_step.finish_setup(ctx, viewer, sealed=visit.text("sealed")[:1000], code=code)
            return _show(visit, viewer, codes=codes)
        case "codes":
            return _show(visit, viewer, codes=second_step.make_codes_anew(ctx, viewer, code))
        case "off":
            second_step.turn_off(ctx, viewer, code)
        case _:
            raise NotFound("no such button")
    return go_to(PATH, anchor="saved")


def _show(
    visit: Visit,
    viewer: Viewer,
    *,
    begun: bool = False,
    codes: list[str] | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    ctx = visit.site.ctx
    sealed = visit.text("sealed")[:1000] if visit.text("do") == "finish" and problems else ""
    setup = None
    if begun or sealed:
        company = accounts.read_workspace(ctx, viewer).name
        setup = second_step.begin_setup(ctx, viewer, company=company, sealed=sealed)
    return setup_page(
        visit,
        viewer,
        "desk_security.html",
        entry="security",
        status=422 if problems else 200,
        sessions=sessions.list_sessions(ctx, viewer),
        this=sessions.session_key(session_token(visit.request, ctx)),
        has_password=sessions.has_password(ctx, viewer),
        codes_left=second_step.count_codes(ctx, viewer),
        setup=setup,
        picture=segno.make(setup.address, error="m").svg_data_uri(scale=5, light="#fff", border=3) if setup else "",
        codes=[" ".join(c[i : i + 4] for i in range(0, len(c), 4)) for c in codes or ()],
        problems=problems or {},
    )
