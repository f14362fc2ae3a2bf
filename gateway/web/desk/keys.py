"""In charge of: the settings' page of API keys: made, shown once, rotated, revoked.

Not in charge of: what a key may do (`usecases.api_keys`).
"""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from gateway.errors import Invalid, NotFound
from gateway.threads.keys import EVERY_SCOPE
from gateway.threads.model import Viewer
from gateway.usecases import api_keys
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, say_error

DAYS = (30, 90, 365)  # for how long a new key may be in force; else until it is revoked


def keys_page(visit: Visit, viewer: Viewer) -> Response:
    """API keys of the workspace, and a form for a new one, whose secret the answer shows this once. Admins only."""
    if not visit.is_post:
        return _show(visit, viewer)
    days = visit.number("days")
    try:
        _key, secret = api_keys.make_api_key(
            visit.site.ctx,
            viewer.workspace_id,
            name=visit.text("name"),
            scopes=tuple(s for s in EVERY_SCOPE if f"scopes.{s}" in visit.fields),
            expires_at=visit.site.ctx.now + timedelta(days=days) if days in DAYS else None,
            by=viewer,
        )
    except Invalid as fault:
        return _show(visit, viewer, problems={fault.field: say_error(visit, fault)})
    return _show(visit, viewer, shown=secret)


def change_key(visit: Visit, viewer: Viewer) -> Response:
    """Revoke a key, or rotate it: the answer shows the new one this once."""
    ctx, key_id = visit.site.ctx, visit.path("key_id")
    match visit.text("do"):
        case "rotate":
            return _show(visit, viewer, shown=api_keys.rotate_api_key(ctx, viewer.workspace_id, key_id, by=viewer)[1])
        case "revoke":
            api_keys.revoke_api_key(ctx, viewer.workspace_id, key_id, by=viewer)
            return go_to("/desk/settings/keys")
    raise NotFound("no such button")


def _show(visit: Visit, viewer: Viewer, *, shown: str = "", problems: dict[str, str] | None = None) -> Response:
    now = visit.site.ctx.now
    keys = api_keys.list_api_keys(visit.site.ctx, viewer.workspace_id, by=viewer)
    asked_again = bool(problems)
    return setup_page(
        visit,
        viewer,
        "desk_keys.html",
        entry="keys",
        status=422 if problems else 200,
        keys=sorted(keys, key=lambda k: (not k.in_force(now), k.created_at)),
        shown=shown,
        scopes=EVERY_SCOPE,
        days=DAYS,
        form=visit.fields if asked_again else {},
        chosen=[s for s in EVERY_SCOPE if f"scopes.{s}" in visit.fields] if asked_again else EVERY_SCOPE[:2],
        problems=problems or {},
    )
