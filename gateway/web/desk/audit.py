"""In charge of: the settings' page of the audit log.

Not in charge of: what is written down (`usecases.note_act`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.threads.audit import AREAS, AuditFilter
from gateway.threads.model import Viewer
from gateway.usecases import accounts, read_audit
from gateway.web.desk.settings import setup_page
from gateway.web.security import int_or_zero
from gateway.web.visits import Visit


def audit_page(visit: Visit, viewer: Viewer) -> Response:
    """Who did what, newest first; by person, kind of action and conversation. Admins only."""
    which = _asked(visit)
    cursor = int_or_zero(visit.asked("cursor")) or None
    lines, more = read_audit.read_audit(visit.site.ctx, viewer, which, cursor=cursor, locale=visit.locale)
    asked = {"who": which.actor_id, "action": which.action, "conversation": which.thread_id}
    return setup_page(
        visit,
        viewer,
        "desk_audit.html",
        entry="audit",
        lines=lines,
        more=more,
        asked={name: value for name, value in asked.items() if value},
        members=accounts.list_members(visit.site.ctx, viewer),
        areas=AREAS,
    )


def audit_csv(visit: Visit, viewer: Viewer) -> Response:
    """The same as CSV: the newest 10,000 lines. Admins only."""
    text = read_audit.export_audit(visit.site.ctx, viewer, _asked(visit), locale=visit.locale)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _asked(visit: Visit) -> AuditFilter:
    return AuditFilter(visit.asked("who")[:64], visit.asked("action")[:64], visit.asked("conversation")[:26])
