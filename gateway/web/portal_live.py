"""In charge of: what arrives on an open candidate's page by itself.

Not in charge of: the page (`portal`), the wire (`stream`).
"""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.threads.model import ThreadState, Viewer
from gateway.usecases import applicants, read_thread
from gateway.usecases.views import FeedEvent
from gateway.web.portal import what_it_shows
from gateway.web.stream import Piece, Source, last_seen, send_stream
from gateway.web.visits import Visit, in_language_of, language_of, render

GATE_EVENTS = ("thread.blocked", "thread.restored")


async def candidate_stream(request: Request) -> Response:
    """Messages as they come, and the gate when it closes or opens. 404 for a dead link."""
    site = request.app.state.site
    token = str(request.path_params["token"])
    visit = Visit(site, request, language_of(request, ""))
    viewer = await run_in_threadpool(applicants.candidate_viewer, site.ctx, token)
    if viewer is None:
        raise NotFound("no such link")
    visit = in_language_of(visit, viewer)

    def still_valid() -> bool:
        return applicants.candidate_viewer(site.ctx, token) is not None

    def read(after: int) -> list[Piece]:
        return candidate_pieces(visit, viewer, after)

    source = Source(viewer.thread_id, last_seen(request), read, still_valid)
    return send_stream(site.feed, source)


def candidate_pieces(visit: Visit, viewer: Viewer, after: int) -> list[Piece]:
    """The events after a number, with HTML where the candidate may see what happened."""
    events = read_thread.events_of_thread(visit.site.ctx, viewer, viewer.thread_id, after=after)
    return [Piece(event.seq, _html_of(visit, viewer, event)) for event in events]


def _html_of(visit: Visit, viewer: Viewer, event: FeedEvent) -> str:
    if event.name in ("message.created", "message.released"):
        return _message(visit, viewer, event)
    if event.name == "messages.moved_in":
        return _arrived(visit, viewer, event)
    if event.name == "messages.moved_out":
        gone = event.data.get("message_ids", "").split(",")
        return render(visit, "candidate_live.html", part="gone", gone=gone)
    if event.name in GATE_EVENTS:
        return _gate(visit, viewer)
    return ""


def _message(visit: Visit, viewer: Viewer, event: FeedEvent) -> str:
    try:
        shown = read_thread.read_message(visit.site.ctx, viewer, viewer.thread_id, event.data.get("message_id", ""))
    except NotFound:
        return ""  # a note, or a message that has not gone out yet: nothing for this viewer
    page = read_thread.read_page(visit.site.ctx, viewer, viewer.thread_id, limit=1)
    facts = what_it_shows(visit, page.conversation)
    return render(visit, "candidate_live.html", part="message", shown=replace(shown, deliveries=()), **facts)


def _arrived(visit: Visit, viewer: Viewer, event: FeedEvent) -> str:
    """What the company moved here from another conversation of this person."""
    ids = event.data.get("message_ids", "").split(",")
    found = read_thread.read_messages(visit.site.ctx, viewer, viewer.thread_id, ids)
    page = read_thread.read_page(visit.site.ctx, viewer, viewer.thread_id, limit=1)
    facts = what_it_shows(visit, page.conversation)
    return "".join(render(visit, "candidate_live.html", part="message", shown=shown, **facts) for shown in found)


def _gate(visit: Visit, viewer: Viewer) -> str:
    page = read_thread.read_page(visit.site.ctx, viewer, viewer.thread_id, limit=1)
    closed = page.conversation.thread.state is not ThreadState.OPEN
    return render(visit, "candidate_live.html", part="gate", closed=closed, **what_it_shows(visit, page.conversation))
