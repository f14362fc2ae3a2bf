"""In charge of: the settings' page of the company's colour and logo.

Not in charge of: what is accepted (`usecases.branding`), or serving it (`web.brand`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Invalid, NotFound
from gateway.threads.model import Viewer
from gateway.usecases import accounts, branding
from gateway.web.brand import logo_url
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, say_error

PATH = "/desk/settings/look"


def look_page(visit: Visit, viewer: Viewer) -> Response:
    """Colour and logo, as candidates see them; POST changes one of them. Admins only."""
    if not viewer.admin:
        raise NotFound("look")
    ctx, do = visit.site.ctx, visit.text("do")
    problems: dict[str, str] = {}
    try:
        if do == "colour":
            wanted = visit.text("brand")
            used = branding.set_colour(ctx, viewer, wanted)
            return go_to(PATH, anchor="saved", wanted=wanted if used != wanted.upper() else "")
        if do == "logo":
            branding.set_logo(ctx, viewer, visit.files[0].content if visit.files else b"")
            return go_to(PATH, anchor="saved")
        if do == "remove":
            branding.remove_logo(ctx, viewer)
            return go_to(PATH, anchor="saved")
    except Invalid as fault:
        problems = {fault.field: say_error(visit, fault)}
    workspace = accounts.read_workspace(ctx, viewer)
    return setup_page(
        visit,
        viewer,
        "desk_look.html",
        entry="look",
        status=422 if problems else 200,
        logo=workspace.logo,
        logo_url=logo_url(workspace),
        used=workspace.brand,
        wanted=visit.asked("wanted")[:7],
        most=branding.LARGEST // 1000,
        side=branding.LARGEST_SIDE,
        form=visit.fields if problems else {},
        problems=problems,
    )
