"""In charge of: `/bulk-messages`, one message to many applicants. Not in charge of: posting it (`usecases.bulk`)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, StrictBool, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from gateway.threads.bulk import Bulk, BulkMessage, BulkState, Recipient, RecipientState, Trouble
from gateway.usecases import bulk, plan_bulk
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import IdempotencyKey, Reader, Writer
from gateway.web.api.drafts import client_key
from gateway.web.api.schemas import Body, ExternalId, Id, Input, PageQuery, check_cursor
from gateway.web.api.schemas_in import SEND_AT, TEMPLATE, AuthorIn, SendAt, Variables
from gateway.web.api.schemas_templates import WordsOut

router = APIRouter(tags=["Bulk messages"])
BULK_CURSOR = re.compile(r"[0-9a-z]{26}")
RECIPIENT_CURSOR = re.compile(r"[0-9]{1,8}")


def _ask_for_one_content(schema: dict[str, Any]) -> None:
    names = ("text", "html", "template")
    text = {"type": "string"}
    schema["anyOf"] = [{"required": [name], "properties": {name: text}} for name in names]


class BulkIn(Input, json_schema_extra=_ask_for_one_content):
    """A message to many: a `template`, or else the same `text` or `html` for all, never a template beside them. Each
    gets it alone, in their own thread.
    """

    applicants: list[ExternalId] = Field(min_length=1, max_length=plan_bulk.MOST, description="Your ids; each once.")
    text: Body | None = None
    html: Body | None = None
    template: Annotated[str, StringConstraints(pattern=TEMPLATE)] | None = None
    variables: Variables = Field(default_factory=dict)
    channels: list[Literal["email", "alimtalk", "sms"]] | None = Field(None, min_length=1, max_length=10)
    send_at: SendAt | None = Field(None, description=SEND_AT)
    author: AuthorIn | None = None
    dry_run: StrictBool = Field(False, description="Send nothing: answer with the words of the first five.")

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        if self.template is None and self.text is None and self.html is None:
            raise PydanticCustomError("no_content", "has no content: send `template`, `text` or `html`")
        if self.template is not None and (self.text is not None or self.html is not None):
            raise PydanticCustomError("two_contents", "has two contents: send `template`, or `text` and `html`")
        if self.template is None and self.variables:
            raise PydanticCustomError("no_template", "has `variables` without a `template`: leave them out")
        return self

    def to_message(self) -> BulkMessage:
        return BulkMessage(
            text=self.text or "",
            html=self.html or "",
            template=self.template or "",
            variables=dict(self.variables),
            channels=tuple(self.channels or ()),
            send_at=self.send_at.isoformat() if self.send_at else "",
            author_name=self.author.name if self.author else "",
            author_email=(self.author.email or "") if self.author else "",
        )


def _detail(trouble: Trouble | None) -> str | None:
    if trouble is None:
        return None
    return f"{trouble.applicant}: {trouble.detail}" if trouble.applicant else trouble.detail


def _code(trouble: Trouble | None) -> str | None:
    return (trouble.code or None) if trouble else None


class SampleOut(BaseModel):
    """What one person would get; `problem` says what lacks, `problem_code` names it for programs."""

    applicant: str
    words: WordsOut | None
    problem: str | None
    problem_code: str | None


class BulkOut(BaseModel):
    """How far it is. Why it is stopped: `reason` in English, `reason_code` for programs, `stopped_at` the applicant.
    `samples` only after a dry run, whose `id` is null.
    """

    id: str | None
    state: BulkState | Literal["dry_run"]
    reason: str | None
    reason_code: str | None = None
    stopped_at: str | None = None
    total: int
    posted: int
    failed: int
    created_at: datetime
    send_at: datetime | None = None
    samples: list[SampleOut] = Field(default_factory=list)

    @classmethod
    def of(cls, found: Bulk) -> Self:
        return cls(
            id=found.id,
            state=found.state,
            reason=_detail(found.trouble),
            reason_code=_code(found.trouble),
            stopped_at=(found.trouble.applicant or None) if found.trouble else None,
            total=found.total,
            posted=found.posted,
            failed=found.failed,
            created_at=found.created_at,
            send_at=found.send_at,
        )


class BulkPage(BaseModel):
    """The newest first."""

    items: list[BulkOut]
    next: str | None


class RecipientOut(BaseModel):
    """One person of it."""

    applicant: str
    thread_id: str
    state: RecipientState
    message_id: str | None
    problem: str | None
    problem_code: str | None

    @classmethod
    def of(cls, found: Recipient) -> Self:
        return cls(
            applicant=found.applicant,
            thread_id=found.thread_id,
            state=found.state,
            message_id=found.message_id or None,
            problem=_detail(found.trouble),
            problem_code=_code(found.trouble),
        )


class RecipientPage(BaseModel):
    """In the order in which they were given."""

    items: list[RecipientOut]
    next: str | None


@router.post(
    "/bulk-messages",
    status_code=202,
    response_model=BulkOut,
    summary="Write to many applicants",
    description="Accepted at once and posted in the background, each person alone in their own thread. It stops at "
    "the first person for whom a value lacks: mend it and resume.",
)
def post_bulk(request: Request, body: BulkIn, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> BulkOut:
        message = body.to_message()
        if not body.dry_run:
            own_key = client_key(key)
            return BulkOut.of(bulk.start_bulk(caller.ctx, caller.viewer, body.applicants, message, client_key=own_key))
        samples = plan_bulk.try_bulk(caller.ctx, caller.viewer, body.applicants, message, samples=5)
        return BulkOut(
            id=None,
            state="dry_run",
            reason=None,
            total=len(set(body.applicants)),
            posted=0,
            failed=0,
            created_at=caller.ctx.now,
            samples=[
                SampleOut(
                    applicant=s.applicant,
                    words=WordsOut.of(s.words) if s.words else None,
                    problem=_detail(s.trouble),
                    problem_code=_code(s.trouble),
                )
                for s in samples
            ],
        )

    return answer_once(request, caller, key=key, body=body, status=202, run=run)


@router.get("/bulk-messages", response_model=BulkPage, summary="List messages to many")
def list_bulks(query: Annotated[PageQuery, Query()], caller: Reader) -> Response:
    check_cursor(query.cursor, BULK_CURSOR)
    found = bulk.list_bulks(caller.ctx, caller.viewer, before=query.cursor, limit=query.limit + 1)
    more = found[query.limit - 1].id if len(found) > query.limit else None
    return answer(BulkPage(items=[BulkOut.of(b) for b in found[: query.limit]], next=more))


@router.get("/bulk-messages/{id}", response_model=BulkOut, summary="How far a message to many is")
def get_bulk(id: Id, caller: Reader) -> Response:
    return answer(BulkOut.of(bulk.find_bulk(caller.ctx, caller.viewer, id)))


@router.get("/bulk-messages/{id}/recipients", response_model=RecipientPage, summary="What became of each person")
def list_bulk_recipients(id: Id, query: Annotated[PageQuery, Query()], caller: Reader) -> Response:
    check_cursor(query.cursor, RECIPIENT_CURSOR)
    after = int(query.cursor or 0)
    found = bulk.list_recipients(caller.ctx, caller.viewer, id, after=after, limit=query.limit + 1)
    more = str(found[query.limit - 1].position) if len(found) > query.limit else None
    return answer(RecipientPage(items=[RecipientOut.of(r) for r in found[: query.limit]], next=more))


@router.post(
    "/bulk-messages/{id}/cancel",
    response_model=BulkOut,
    summary="Write to nobody more",
    description="Messages that were posted and have not gone out (for a later `send_at`, the recipient's morning, or "
    "because their turn has not come) are taken back, in the background: `cancelling`, then "
    "`cancelled`. What went out stays, and counts as `posted`.",
)
def post_bulk_cancel(request: Request, id: Id, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> BulkOut:
        return BulkOut.of(bulk.cancel_bulk(caller.ctx, caller.viewer, id))

    return answer_once(request, caller, key=key, body=None, status=200, run=run)


@router.post("/bulk-messages/{id}/resume", response_model=BulkOut, summary="Go on where it stopped")
def post_bulk_resume(request: Request, id: Id, caller: Writer, key: IdempotencyKey = None) -> Response:
    def run() -> BulkOut:
        return BulkOut.of(bulk.resume_bulk(caller.ctx, caller.viewer, id))

    return answer_once(request, caller, key=key, body=None, status=200, run=run)
