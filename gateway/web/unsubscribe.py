"""In charge of: the page behind the link in advertising mail, by which a person takes their consent back.

Not in charge of: what follows (`usecases.consents`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.usecases.consents import find_unsubscriber, unsubscribe
from gateway.web.visits import Visit, show


def unsubscribe_page(visit: Visit) -> Response:
    """GET asks, because mail scanners open links; POST does it, from the page or from the mail program (RFC 8058)."""
    token = visit.path("token")
    found = find_unsubscriber(visit.site.ctx, token)
    done = found is not None and visit.is_post and unsubscribe(visit.site.ctx, token)
    company = found.workspace.name if found else ""
    return show(visit, "unsubscribe.html", status=200 if found else 404, found=bool(found), done=done, company=company)
