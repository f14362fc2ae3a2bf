"""In charge of: an open page's word that its reader is still there. Not in charge of: showing it (`live`, `thread`)."""

from __future__ import annotations

from starlette.responses import Response

from gateway.threads.model import Viewer
from gateway.usecases.presence import note_presence
from gateway.web.visits import Visit


def note_here(visit: Visit, viewer: Viewer) -> Response:
    """POST by script: the conversation is open here (`typing=yes`: and being answered), or was left (`gone=yes`)."""
    typing, gone = visit.text("typing") == "yes", visit.text("gone") == "yes"
    note_presence(visit.site.ctx, viewer, visit.path("thread_id"), typing=typing, gone=gone)
    return Response(status_code=204)
