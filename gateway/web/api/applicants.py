"""In charge of: `/applicants` and their stage. Not in charge of: the gate (`threads.policies.rejection`)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.threads.policies.rejection import REJECTED_STAGE
from gateway.usecases import applicants
from gateway.usecases.change_stage import change_stage, thread_of_applicant
from gateway.usecases.erase import erase_applicant
from gateway.usecases.post_message import find_posted
from gateway.usecases.read_thread import read_page
from gateway.usecases.reject import reject_applicant
from gateway.usecases.versions import version_of
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import IdempotencyKey, Manager, Reader, Writer
from gateway.web.api.drafts import client_key, draft_for, named_as_sent
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import ExternalId
from gateway.web.api.schemas_in import ApplicantIn, MessageIn, StageIn
from gateway.web.api.schemas_out import ApplicantDetailOut, ApplicantOut, StageOut

router = APIRouter(tags=["Applicants"])


@router.put(
    "/applicants/{external_id}",
    response_model=ApplicantOut,
    responses={201: {"model": ApplicantOut, "description": "Created, with a thread"}},
    summary="Create or change an applicant",
)
def put_applicant(external_id: ExternalId, body: ApplicantIn, caller: Writer, seen: Condition) -> Response:
    view = applicants.put_applicant(
        caller.ctx,
        caller.viewer,
        external_id,
        opening=body.opening,
        name=body.name,
        email=body.email or "",
        phone=body.phone or "",
        locale=body.locale or "",
        source=body.source,
        fields=body.fields,
        seen=seen,
    )
    return answer(ApplicantOut.of(view), 201 if view.created else 200, version=version_of(view.applicant))


@router.get("/applicants/{external_id}", response_model=ApplicantDetailOut, summary="Read an applicant")
def get_applicant(external_id: ExternalId, caller: Reader) -> Response:
    view = applicants.find_applicant(caller.ctx, caller.viewer, external_id)
    return answer(ApplicantDetailOut.from_view(view), version=version_of(view.applicant))


@router.post(
    "/applicants/{external_id}/stage",
    response_model=StageOut,
    summary="Move an applicant to a stage",
    description="`rejected` closes the gate: the candidate can read but no longer write. `restored` opens it. "
    "With a scheduled `notify` the gate closes when that message goes out.",
)
def post_stage(
    request: Request, external_id: ExternalId, body: StageIn, caller: Writer, key: IdempotencyKey = None
) -> Response:
    def run() -> StageOut:
        ctx, viewer, own_key = caller.ctx, caller.viewer, client_key(key)
        thread_id = thread_of_applicant(ctx, viewer, external_id)
        if find_posted(ctx, viewer, thread_id, own_key):  # the stage was written with the message
            return StageOut.of(read_page(ctx, viewer, thread_id, limit=1).conversation)
        notify = None
        with named_as_sent("notify." if isinstance(body.notify, MessageIn) else ""):
            if isinstance(body.notify, MessageIn):
                notify = draft_for(caller, thread_id, body.notify, key=key)
            if body.notify is True and body.stage == REJECTED_STAGE:
                moved = reject_applicant(ctx, viewer, thread_id, notify=None, suggest=True, client_key=own_key)
            else:
                moved = change_stage(ctx, viewer, thread_id, body.stage, notify=notify)
        return StageOut.of(moved)

    return answer_once(request, caller, key=key, body=body, status=200, run=run)


@router.delete(
    "/applicants/{external_id}",
    status_code=204,
    response_class=Response,
    summary="Erase an applicant",
    description="Wipes the thread, its files, addresses and links. Cannot be undone.",
)
def delete_applicant(external_id: ExternalId, caller: Manager, seen: Condition) -> Response:
    thread_id = thread_of_applicant(caller.ctx, caller.viewer, external_id)
    erase_applicant(caller.ctx, caller.viewer, thread_id, external_id=external_id, seen=seen)
    return Response(status_code=204)
