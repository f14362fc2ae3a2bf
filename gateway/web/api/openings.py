"""In charge of: `/openings`. Not in charge of: what an opening is (`usecases.applicants`)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.usecases import applicants
from gateway.usecases.versions import version_of
from gateway.web.api.answers import answer
from gateway.web.api.auth import Reader, Writer
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import ExternalId
from gateway.web.api.schemas_in import OpeningIn
from gateway.web.api.schemas_out import OpeningOut

router = APIRouter(tags=["Openings"])


@router.put(
    "/openings/{external_id}",
    response_model=OpeningOut,
    responses={201: {"model": OpeningOut, "description": "Created"}},
    summary="Create or change an opening",
)
def put_opening(external_id: ExternalId, body: OpeningIn, caller: Writer, seen: Condition) -> Response:
    opening, created = applicants.put_opening(
        caller.ctx,
        caller.viewer,
        external_id,
        title=body.title,
        notify_emails=body.notify_emails,
        public_contact=body.public_contact,
        locale=body.locale,
        seen=seen,
    )
    return answer(OpeningOut.of(opening), 201 if created else 200, version=version_of(opening))


@router.get("/openings/{external_id}", response_model=OpeningOut, summary="Read an opening")
def get_opening(external_id: ExternalId, caller: Reader) -> Response:
    opening = applicants.find_opening(caller.ctx, caller.viewer, external_id)
    return answer(OpeningOut.of(opening), version=version_of(opening))
