"""In charge of: `/threads/{id}/moves`, `/merges` and `/splits`: messages and whole threads that go to another thread.

Not in charge of: moving and merging (`usecases.move_messages`, `usecases.merge`).
"""

from __future__ import annotations

from typing import Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StrictBool
from starlette.responses import Response

from gateway.usecases.merge import find_kept, merge, split
from gateway.usecases.move_messages import MOST, Moved, move_messages
from gateway.web.api.answers import answer_once
from gateway.web.api.auth import IdempotencyKey, Writer
from gateway.web.api.schemas import Id, Input

router = APIRouter(tags=["Threads"])


class MoveIn(Input):
    """Messages of this thread, and the thread that they belong into."""

    message_ids: list[Id] = Field(min_length=1, max_length=MOST, description="Ids of messages of this thread.")
    to: Id = Field(description="The other thread's id.")
    as_notes: StrictBool = Field(
        False,
        description="Say `true` when the other thread belongs to another person: the messages become notes for the "
        "team there, which that person never sees. Without it such a move is refused.",
    )


class MovedOut(BaseModel):
    """The messages with the next numbers of their new thread; `notes` of them became notes."""

    thread_id: str
    message_ids: list[str]
    notes: int

    @classmethod
    def of(cls, moved: Moved) -> Self:
        return cls(thread_id=moved.thread_id, message_ids=list(moved.message_ids), notes=moved.notes)


@router.post(
    "/threads/{id}/moves",
    response_model=MovedOut,
    summary="Move messages to another thread",
    description="They keep their ids, files and deliveries, and get the next `seq` there; their numbers here are not "
    "given again. Later mails that answer them follow. Neither thread's gate changes.",
)
def post_move(request: Request, id: Id, body: MoveIn, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> MovedOut:
        here, to = (find_kept(caller.ctx, caller.viewer, i) for i in (id, body.to))
        moved = move_messages(caller.ctx, caller.viewer, here, body.message_ids, to=to, sure=body.as_notes)
        return MovedOut.of(moved)

    return answer_once(request, caller, key=key, body=body, status=200, run=run)


class MergeIn(Input):
    """The other thread: of the same person, in the same opening."""

    thread_id: Id


class MergedOut(BaseModel):
    """The thread that is kept, and how many messages changed their thread."""

    thread_id: str
    messages: int


@router.post(
    "/threads/{id}/merges",
    response_model=MergedOut,
    summary="Merge an application that is there twice",
    description="The other thread becomes part of this one. Its reply addresses, its candidate's page, its thread id "
    "and its applicant's `external_id` lead here from then on. Both must have the same gate.",
)
def post_merge(request: Request, id: Id, body: MergeIn, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> MergedOut:
        return MergedOut(thread_id=id, messages=merge(caller.ctx, caller.viewer, id, body.thread_id))

    return answer_once(request, caller, key=key, body=body, status=200, run=run)


@router.post(
    "/threads/{id}/splits",
    response_model=MergedOut,
    summary="Take a merge back",
    description="The other thread is there again, with the messages that it brought; what came since stays here.",
)
def post_split(request: Request, id: Id, body: MergeIn, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> MergedOut:
        return MergedOut(thread_id=id, messages=split(caller.ctx, caller.viewer, id, body.thread_id))

    return answer_once(request, caller, key=key, body=body, status=200, run=run)
