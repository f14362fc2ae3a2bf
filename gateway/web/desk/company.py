"""In charge of: the settings' page of the company's own sign-in (OpenID Connect).

Not in charge of: the sign-in itself (`usecases.company_sign_in`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Invalid
from gateway.threads.model import Viewer
from gateway.usecases import accounts, company_sign_in
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, say_error

PATH = "/desk/settings/company"


def company_page(visit: Visit, viewer: Viewer) -> Response:
    """Where members sign in with their company's account; POST sets or removes it. Admins only."""
    ctx = visit.site.ctx
    if not visit.is_post:
        return _show(visit, viewer)
    if visit.text("do") == "remove":
        company_sign_in.remove_provider(ctx, viewer)
        return go_to(PATH, anchor="saved")
    try:
        company_sign_in.set_provider(
            ctx, viewer, issuer=visit.text("issuer"), client_id=visit.text("client_id"), secret=visit.text("secret")
        )
    except Invalid as fault:
        return _show(visit, viewer, problems={fault.field: say_error(visit, fault)})
    return go_to(PATH, anchor="saved")


def _show(visit: Visit, viewer: Viewer, *, problems: dict[str, str] | None = None) -> Response:
    ctx = visit.site.ctx
    provider, public = company_sign_in.read_provider(ctx, viewer), ctx.settings.public_url
    kept = {"issuer": provider.issuer, "client_id": provider.client_id} if provider else {}
    return setup_page(
        visit,
        viewer,
        "desk_company.html",
        entry="company",
        status=422 if problems else 200,
        is_on=provider is not None,
        back=public + company_sign_in.BACK,
        address=f"{public}/sign-in/company/{accounts.read_workspace(ctx, viewer).slug}",
        form=visit.fields if problems else kept,
        problems=problems or {},
    )
