"""In charge of: the page on which a member records what a candidate agreed to, or takes it back.

Not in charge of: what follows from it (`usecases.consents`).
"""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from gateway.errors import Invalid, NotFound
from gateway.threads.consents import ConsentKind
from gateway.threads.model import Conversation, Viewer
from gateway.threads.schedule import read_local
from gateway.usecases import consents, read_thread
from gateway.web.desk.conversations import check_decides, desk_page
from gateway.web.log import zone_of
from gateway.web.visits import Visit, go_to, say_error


def consents_page(visit: Visit, viewer: Viewer) -> Response:
    """GET shows what the candidate agreed to and refused, by which way; POST records a consent, or withdraws one."""
    chats = read_thread.read_conversations(visit.site.ctx, viewer, [visit.path("thread_id")])
    if not chats:
        raise NotFound("conversation")
    check_decides(viewer, chats)
    chat = chats[0]
    if not visit.is_post:
        return _ask(visit, viewer, chat)
    try:
        _change(visit, viewer, chat)
    except Invalid as error:
        return _ask(visit, viewer, chat, status=422, said=say_error(visit, error))
    return go_to(f"/desk/t/{chat.thread.id}/consents")


def _change(visit: Visit, viewer: Viewer, chat: Conversation) -> None:
    ctx, external_id, kind = visit.site.ctx, chat.applicant.external_id, visit.text("kind")
    if kind not in list(ConsentKind):
        raise NotFound("kind of consent")
    match visit.text("do"):
        case "give":
            given_at = _day_of(visit, chat)
            consents.give_consent(
                ctx, viewer, external_id, ConsentKind(kind), words=visit.text("words"), given_at=given_at
            )
        case "withdraw":
            consents.withdraw_consent(ctx, viewer, external_id, ConsentKind(kind))
        case _:
            raise NotFound("no such button")


def _day_of(visit: Visit, chat: Conversation) -> datetime | None:
    """When the person agreed, by the workspace's clock; None: now. Raises Invalid."""
    said = visit.text("on")
    given_at = read_local(said, zone_of(chat.workspace.timezone)) if said else None
    if said and given_at is None:
        words = "This is no day: write it like 2026-11-01, or leave it empty for today."
        raise Invalid("given_at", words, code="consent_day")
    return given_at


def _ask(visit: Visit, viewer: Viewer, chat: Conversation, *, status: int = 200, said: str = "") -> Response:
    return desk_page(
        visit,
        viewer,
        "desk_consents.html",
        status=status,
        chat=chat,
        standing=consents.standing_of(visit.site.ctx, chat),
        said=said,
        form=visit.fields,
    )
