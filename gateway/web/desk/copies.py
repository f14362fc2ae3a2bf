"""In charge of: pages that show a message word for word — as sent, as received, as it would go out.

Not in charge of: what it says (`usecases.copies`).

HTML of a mail, ours or a stranger's, is only ever shown in a sandboxed frame of its own: nothing in it runs, loads or
leads away.
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.threads.decisions import Reason
from gateway.threads.model import Viewer
from gateway.usecases import copies, read_thread
from gateway.web.desk.conversations import desk_page
from gateway.web.security import CONTENT_POLICY
from gateway.web.visits import Visit, say_error

FRAME = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'self'; sandbox"
}


def sent_page(visit: Visit, viewer: Viewer) -> Response:
    """What went out by a delivery, word for word."""
    found = copies.read_sent(visit.site.ctx, viewer, visit.path("delivery_id"))
    delivery = found.delivery
    back = f"/desk/t/{delivery.thread_id}" + (f"#msg-{delivery.message_id}" if delivery.message_id else "")
    frame = f"/desk/deliveries/{delivery.id}/copy/html"
    page = desk_page(visit, viewer, "desk_copy.html", title="copy.sent", copy=found.copy, frame_url=frame, back=back)
    return _with_frame(page)


def sent_frame(visit: Visit, viewer: Viewer) -> Response:
    """The HTML of that mail, for the frame of its page."""
    copy = copies.read_sent(visit.site.ctx, viewer, visit.path("delivery_id")).copy
    return _frame(copy.html if copy else "")


def received_page(visit: Visit, viewer: Viewer) -> Response:
    """A mail as it was received; pictures from elsewhere are not loaded."""
    entry_id = visit.path("entry_id")
    copy, thread_id = copies.read_received(visit.site.ctx, viewer, entry_id)
    entry = f"/desk/review/{entry_id}"
    frame, back = f"{entry}/mail/html", f"/desk/t/{thread_id}" if thread_id else entry
    page = desk_page(visit, viewer, "desk_copy.html", title="copy.received", copy=copy, frame_url=frame, back=back)
    return _with_frame(page)


def received_frame(visit: Visit, viewer: Viewer) -> Response:
    """The HTML of that mail, made safe, for the frame of its page."""
    copy, _ = copies.read_received(visit.site.ctx, viewer, visit.path("entry_id"))
    return _frame(copy.html)


def preview_page(visit: Visit, viewer: Viewer) -> Response:
    """The member's draft as it would go out now, by each channel that is chosen."""
    ctx, thread_id = visit.site.ctx, visit.path("thread_id")
    (conversation,) = read_thread.read_conversations(ctx, viewer, [thread_id]) or (None,)
    if conversation is None:
        raise NotFound("conversation")
    found, problem = None, None
    try:
        found = copies.preview_draft(ctx, viewer, thread_id)
    except (Conflict, Invalid) as error:
        problem = ("", {"said": say_error(visit, error)})
    except Refused as error:
        problem = ("write.evaluator" if error.decision.reason is Reason.EVALUATOR else "write.refused", {})
    page = desk_page(
        visit,
        viewer,
        "desk_preview.html",
        found=found,
        problem=problem,
        name=conversation.candidate.name,
        back=f"/desk/t/{thread_id}#composer",
        frame_url=f"/desk/t/{thread_id}/preview/html",
    )
    return _with_frame(page)


def preview_frame(visit: Visit, viewer: Viewer) -> Response:
    """The HTML of the mail that the draft would become, for the frame of its page."""
    found = copies.preview_draft(visit.site.ctx, viewer, visit.path("thread_id"))
    return _frame(next((copy.html for copy in found.copies if copy.html), ""))


def _with_frame(page: Response) -> Response:
    page.headers["Content-Security-Policy"] = f"{CONTENT_POLICY}; frame-src 'self'"
    return page


def _frame(html: str) -> Response:
    if not html:
        raise NotFound("this message has no HTML")
    if not html.lstrip()[:9].lower().startswith("<!doctype"):  # a stranger's, of which only what is inside was kept
        html = f'<!doctype html><meta charset="utf-8">{html}'
    return HTMLResponse(html, headers=FRAME)
