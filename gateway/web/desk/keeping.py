"""In charge of: the settings' page of how long things are kept.

Not in charge of: the rule (`usecases.keeping`), or erasing (`usecases.erase`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Conflict, Invalid
from gateway.threads.model import Viewer
from gateway.usecases import keeping
from gateway.web.desk.settings import setup_page
from gateway.web.security import int_or_zero
from gateway.web.visits import Visit, go_to, say_error

PATH = "/desk/settings/keeping"


def keeping_page(visit: Visit, viewer: Viewer) -> Response:
    """How long conversations are kept: POST first shows how many that would erase, then saves. Admins only."""
    ctx, kept = visit.site.ctx, keeping.read_keep_days(visit.site.ctx, viewer)
    if not visit.is_post:
        return _show(visit, viewer, kept=kept, asked=str(kept or ""))
    asked = visit.text("days")[:9]
    days = int_or_zero(asked) if asked else None
    problems: dict[str, str] = {}
    try:
        if visit.text("do") == "save":
            keeping.set_keep_days(ctx, viewer, days, counted=visit.number("counted") or 0)
            return go_to(PATH, anchor="saved")
    except Conflict as fault:
        problems = {"days": say_error(visit, fault)}
    except Invalid:
        pass  # counting says the same of these days
    try:
        counted = keeping.count_ended(ctx, viewer, days)
    except Invalid as fault:
        return _show(visit, viewer, kept=kept, asked=asked, problems={fault.field: say_error(visit, fault)})
    return _show(visit, viewer, kept=kept, asked=asked, counted=counted, problems=problems)


def _show(
    visit: Visit,
    viewer: Viewer,
    *,
    kept: int | None,
    asked: str,
    counted: int | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    return setup_page(
        visit,
        viewer,
        "desk_keeping.html",
        entry="keeping",
        status=422 if problems else 200,
        kept=kept,
        asked=asked,
        counted=counted,
        mail_days=visit.site.ctx.settings.retention_days,
        problems=problems or {},
    )
