"""In charge of: `/applicants/{external_id}/consents`, who agreed to advertising. Not in charge of: what follows from it
(`usecases.consents`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.threads.consents import Consent, ConsentKind
from gateway.usecases import consents
from gateway.usecases.versions import version_of
from gateway.web.api.answers import answer
from gateway.web.api.auth import Reader, Writer
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import NOT_BLANK, ExternalId, Input, Text
from gateway.web.api.schemas_in import SendAt

router = APIRouter(tags=["Consents"])


class ConsentIn(Input):
    """That a person agreed to advertising."""

    words: Annotated[Text, Field(min_length=1, max_length=consents.LONGEST_WORDS, pattern=NOT_BLANK)] = Field(
        description="To which words they agreed."
    )
    given_at: SendAt | None = Field(None, description="When (RFC 3339); left out: now.")


class ConsentOut(BaseModel):
    """A consent to advertising. `given_by`: `api`, or `member` at the desk. `withdrawn_by`: these, or the person, by
    `link` in such a mail, `mail`, `sms` (STOP), `080` (a call to the free number).
    """

    kind: ConsentKind
    in_force: bool
    given_at: datetime
    words: str
    given_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str | None

    @classmethod
    def of(cls, consent: Consent) -> Self:
        return cls(
            kind=consent.kind,
            in_force=consent.in_force,
            given_at=consent.given_at,
            words=consent.words,
            given_by=consent.given_by,
            withdrawn_at=consent.withdrawn_at,
            withdrawn_by=consent.withdrawn_by or None,
        )


class OptOutOut(BaseModel):
    """The person asked for no more advertising by this way, by `mail`, by the `link` in one, or by calling the free
    number (`080`); with `sms` (STOP) for no SMS at all. It holds for all their applications.
    """

    kind: ConsentKind
    by: str
    since: datetime


class ConsentList(BaseModel):
    """What the person agreed to and took back; `opt_outs` hold whether there was a consent or not."""

    items: list[ConsentOut]
    opt_outs: list[OptOutOut]


@router.get("/applicants/{external_id}/consents", response_model=ConsentList, summary="Read consents to advertising")
def list_consents(external_id: ExternalId, caller: Reader) -> Response:
    found = consents.read_standing(caller.ctx, caller.viewer, external_id)
    opt_outs = [OptOutOut(kind=o.kind, by=o.by, since=o.since) for s in found for o in s.opt_outs]
    return answer(ConsentList(items=[ConsentOut.of(s.consent) for s in found if s.consent], opt_outs=opt_outs))


@router.get(
    "/applicants/{external_id}/consents/{kind}",
    response_model=ConsentOut,
    summary="Read one consent to advertising",
    description="404 when the person never gave one; one that was taken back is there, not `in_force`.",
)
def get_consent(external_id: ExternalId, kind: ConsentKind, caller: Reader) -> Response:
    return _answer_consent(consents.find_consent(caller.ctx, caller.viewer, external_id, kind))


@router.put(
    "/applicants/{external_id}/consents/{kind}",
    response_model=ConsentOut,
    summary="Record a consent to advertising",
    description="Messages from templates for advertising go only to those who agreed, by the way they agreed to.",
)
def put_consent(
    external_id: ExternalId, kind: ConsentKind, body: ConsentIn, caller: Writer, seen: Condition
) -> Response:
    given = consents.give_consent(
        caller.ctx, caller.viewer, external_id, kind, words=body.words, given_at=body.given_at, seen=seen
    )
    return _answer_consent(given)


@router.delete(
    "/applicants/{external_id}/consents/{kind}",
    status_code=204,
    response_class=Response,
    summary="Withdraw a consent to advertising",
)
def delete_consent(external_id: ExternalId, kind: ConsentKind, caller: Writer, seen: Condition) -> Response:
    consents.withdraw_consent(caller.ctx, caller.viewer, external_id, kind, seen=seen)
    return Response(status_code=204)


def _answer_consent(consent: Consent) -> Response:
    return answer(ConsentOut.of(consent), version=version_of(consent))
