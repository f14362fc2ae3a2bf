"""In charge of: `/threads` and their messages.

Not in charge of: who may see what (the use cases' one door).
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.errors import Invalid
from gateway.threads.organising import Organised
from gateway.usecases.merge import find_kept
from gateway.usecases.organise import Wanted, arrange
from gateway.usecases.post_message import find_posted, post_message
from gateway.usecases.read_thread import messages_after, read_file, read_page, reply_addresses
from gateway.usecases.versions import version_of
from gateway.usecases.waiting import cancel
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import IdempotencyKey, Reader, Writer
from gateway.web.api.drafts import client_key, draft_for, named_as_sent
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import Id
from gateway.web.api.schemas_in import MessageIn, MessagesQuery, OrderIn
from gateway.web.api.schemas_out import MessageOut, MessagePage, OrderOut, PostedOut, ThreadOut
from gateway.web.files import as_download

router = APIRouter(tags=["Threads"])
_CURSOR = "seq:"


@router.get("/threads/{id}", response_model=ThreadOut, summary="Read a thread")
def get_thread(id: Id, caller: Reader) -> Response:
    page = read_page(caller.ctx, caller.viewer, find_kept(caller.ctx, caller.viewer, id), limit=1)
    addresses = reply_addresses(caller.ctx, page.conversation)
    return answer(ThreadOut.of(page.conversation, portal_url=page.portal_url, addresses=addresses))


@router.get("/threads/{id}/order", response_model=OrderOut, summary="Who has a thread, its tags, whether it is done")
def get_order(id: Id, caller: Reader) -> Response:
    kept = find_kept(caller.ctx, caller.viewer, id)
    return _answer_order(read_page(caller.ctx, caller.viewer, kept, limit=1).organised)


@router.put("/threads/{id}/order", response_model=OrderOut, summary="Assign, tag and finish a thread")
def put_order(id: Id, body: OrderIn, caller: Writer, seen: Condition) -> Response:
    wanted = Wanted(assignee=body.assignee, tags=body.tags, done=body.done)
    kept = find_kept(caller.ctx, caller.viewer, id)
    return _answer_order(arrange(caller.ctx, caller.viewer, kept, wanted, seen=seen))


@router.post(
    "/threads/{id}/messages",
    status_code=202,
    response_model=PostedOut,
    summary="Post a message",
    description="The message is stored when the answer comes; its deliveries go out after that. "
    "The company can write to a rejected candidate, too.",
)
def post_thread_message(
    request: Request, id: Id, body: MessageIn, caller: Writer, key: IdempotencyKey = None
) -> Response:
    def run() -> PostedOut:
        kept = find_kept(caller.ctx, caller.viewer, id)
        posted = find_posted(caller.ctx, caller.viewer, kept, client_key(key))
        if posted is None:
            with named_as_sent():
                posted = post_message(caller.ctx, caller.viewer, kept, draft_for(caller, kept, body, key=key))
        return PostedOut.of(posted.message, posted.deliveries)

    return answer_once(request, caller, key=key, body=body, status=202, run=run)


@router.post(
    "/threads/{id}/messages/{message_id}/cancel",
    response_model=PostedOut,
    summary="Take a message back before it goes out",
    description="For one with a later `send_at`, whoever wrote it: its deliveries are `cancelled`, the candidate never "
    "sees it. A rejection that was to take force with it is taken back, too. 409 `gone_out` when it is too late.",
)
def post_message_cancel(
    request: Request, id: Id, message_id: Id, caller: Writer, key: IdempotencyKey = None
) -> Response:
    def run() -> PostedOut:
        kept = find_kept(caller.ctx, caller.viewer, id)
        posted = cancel(caller.ctx, caller.viewer, kept, message_id)
        return PostedOut.of(posted.message, posted.deliveries)

    return answer_once(request, caller, key=key, body=None, status=200, run=run)


@router.get("/threads/{id}/messages", response_model=MessagePage, summary="List messages")
def list_thread_messages(id: Id, query: Annotated[MessagesQuery, Query()], caller: Reader) -> Response:
    after = _read_cursor(query.cursor) if query.cursor else query.after
    kept = find_kept(caller.ctx, caller.viewer, id)
    found = messages_after(caller.ctx, caller.viewer, kept, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    more = _cursor(shown[-1].message.seq) if len(found) > query.limit else None
    return answer(MessagePage(items=[MessageOut.of(s) for s in shown], next=more))


@router.get(
    "/attachments/{id}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
    summary="The bytes of an attachment",
)
def get_attachment(id: Id, caller: Reader) -> Response:
    return as_download(read_file(caller.ctx, caller.viewer, id))


def _answer_order(order: Organised) -> Response:
    return answer(OrderOut.of(order), version=version_of(order))


def _cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(f"{_CURSOR}{seq}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> int:
    """The seq of a cursor that we gave. Raises Invalid for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    number = text.removeprefix(_CURSOR)
    if not text.startswith(_CURSOR) or not number.isdecimal() or len(number) > 9:
        raise Invalid("cursor", "is not one of ours: send `next` of the page before, or leave it out")
    return int(number)
