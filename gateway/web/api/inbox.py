"""In charge of: `/inbox`, the mails as received and what a person decides about them.

Not in charge of: deciding (use cases).
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.usecases import review_inbox
from gateway.usecases.admit_sender import SenderIs
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import IdempotencyKey, Reader, Reviewer
from gateway.web.api.schemas import Id
from gateway.web.api.schemas_in import InboxQuery, ReleaseIn
from gateway.web.api.schemas_inbox import EntryOut, EntryPage

router = APIRouter(tags=["Inbox"])
NOWHERE = ReleaseIn(thread_id=None, as_note=False, sender_is=None, sender_name="")
SENDERS = {"candidate": SenderIs.CANDIDATE, "guest": SenderIs.GUEST, "colleague": SenderIs.COLLEAGUE}
RAW_HEADERS = {"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"}


@router.get("/inbox", response_model=EntryPage, summary="List mails as received")
def list_inbox(query: Annotated[InboxQuery, Query()], caller: Reader) -> Response:
    entries, cursor = review_inbox.list_entries(
        caller.ctx, caller.viewer, state=query.state or "", cursor=query.cursor, limit=query.limit
    )
    return answer(EntryPage(items=[EntryOut.of(e) for e in entries], next=cursor))


@router.get(
    "/inbox/{id}/raw",
    response_class=Response,
    responses={200: {"content": {"message/rfc822": {"schema": {"type": "string", "format": "binary"}}}}},
    summary="The bytes of a mail, as received",
)
def get_inbox_raw(id: Id, caller: Reviewer) -> Response:
    raw = review_inbox.read_raw(caller.ctx, caller.viewer, id)
    name = {"Content-Disposition": 'attachment; filename="mail.eml"'}
    return Response(raw, headers=RAW_HEADERS | name, media_type="message/rfc822")


@router.post(
    "/inbox/{id}/release",
    response_model=EntryOut,
    summary="Put a mail into a thread",
    description="409 when it is there already, when the gate of the thread to which it came is closed, or when it "
    "names a colleague as its sender but came to somebody else's address (`names_colleague`): when a person has made "
    "sure that it is theirs, send `sender_is`.",
)
def post_inbox_release(
    request: Request, id: Id, caller: Reviewer, body: ReleaseIn | None = None, key: IdempotencyKey = None
) -> Response:
    where = body or NOWHERE

    def run() -> EntryOut:
        entry = review_inbox.release(
            caller.ctx,
            caller.viewer,
            id,
            thread_id=where.thread_id,
            as_note=where.as_note,
            sender_is=SENDERS.get(where.sender_is or ""),
            name=where.sender_name,
        )
        return EntryOut.of(entry)

    return answer_once(request, caller, key=key, body=where, status=200, run=run)


@router.post("/inbox/{id}/replay", response_model=EntryOut, summary="Understand a mail again from its bytes")
def post_inbox_replay(request: Request, id: Id, caller: Reviewer, key: IdempotencyKey = None) -> Response:
    def run() -> EntryOut:
        return EntryOut.of(review_inbox.replay(caller.ctx, caller.viewer, id))

    return answer_once(request, caller, key=key, body=None, status=200, run=run)


@router.post("/inbox/{id}/discard", response_model=EntryOut, summary="Decide to ignore a mail; it is kept")
def post_inbox_discard(request: Request, id: Id, caller: Reviewer, key: IdempotencyKey = None) -> Response:
    def run() -> EntryOut:
        return EntryOut.of(review_inbox.discard(caller.ctx, caller.viewer, id))

    return answer_once(request, caller, key=key, body=None, status=200, run=run)
