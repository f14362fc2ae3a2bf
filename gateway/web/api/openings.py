"""In charge of: `/openings`. Not in charge of: what an opening is (`usecases.applicants`)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from gateway.usecases import applicants
from gateway.web.api.answers import answer
from gateway.web.api.auth import CallerDep
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
def put_opening(external_id: ExternalId, body: OpeningIn, caller: CallerDep) -> Response:
    opening, created = applicants.put_opening(
        caller.ctx,
        caller.viewer,
        external_id,
        title=body.title,
        notify_emails=body.notify_emails,
        public_contact=body.public_contact,
    )
    return answer(OpeningOut.of(opening), 201 if created else 200)
