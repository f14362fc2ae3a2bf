"""In charge of: `/rejections`, rejecting many applicants at once (SJ-P1). Not in charge of: rejecting one
(`applicants`).
"""

from __future__ import annotations

from functools import partial
from typing import Self

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.usecases.post_message import NewMessage
from gateway.usecases.reject import MOST, Rejection, is_begun, reject_many
from gateway.usecases.waiting import check_send_at
from gateway.web.api.answers import answer_once
from gateway.web.api.auth import Caller, IdempotencyKey, Writer
from gateway.web.api.drafts import client_key, draft_for, named_as_sent
from gateway.web.api.problems import code_of
from gateway.web.api.schemas import ExternalId, Input
from gateway.web.api.schemas_in import MessageIn, Notify

router = APIRouter(tags=["Applicants"])


class RejectionsIn(Input):
    """Many applicants to reject, each personally."""

    applicants: list[ExternalId] = Field(min_length=1, max_length=MOST, description="Their external ids.")
    notify: Notify = Field(
        True, description="`true`: our own kind message in each one's language; `false`: silently; or your message."
    )


class RejectionOut(BaseModel):
    """What became of one applicant; `problem` says why it did not work, `problem_code` names it for programs."""

    applicant: str
    thread_id: str | None
    problem: str | None
    problem_code: str | None


class RejectionsOut(BaseModel):
    """What became of each."""

    items: list[RejectionOut]

    @classmethod
    def of(cls, done: list[Rejection]) -> Self:
        return cls(
            items=[
                RejectionOut(
                    applicant=r.external_id,
                    thread_id=r.thread_id or None,
                    problem=r.problem or None,
                    problem_code=code_of(r.error) if r.error else None,
                )
                for r in done
            ]
        )


@router.post(
    "/rejections",
    response_model=RejectionsOut,
    summary="Reject many applicants",
    description="Each gets their own message in their own language, or none. One that fails does not stop the others.",
)
def post_rejections(request: Request, body: RejectionsIn, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> RejectionsOut:
        message = body.notify
        own_key = client_key(key)
        timed = isinstance(message, MessageIn) and message.send_at
        if timed and not is_begun(caller.ctx, caller.viewer, body.applicants, own_key):  # else each says so itself
            with named_as_sent("notify."):
                check_send_at(caller.ctx, timed)
        notify = partial(_draft, caller, message, key) if isinstance(message, MessageIn) else None
        done = reject_many(
            caller.ctx,
            caller.viewer,
            body.applicants,
            notify=notify,
            suggest=message is True,
            client_key=own_key,
        )
        return RejectionsOut.of(done)

    return answer_once(request, caller, key=key, body=body, status=200, run=run)


def _draft(caller: Caller, message: MessageIn, key: str | None, thread_id: str) -> NewMessage:
    return draft_for(caller, thread_id, message, key=key)
