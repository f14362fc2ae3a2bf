"""In charge of: `/api-keys`. Not in charge of: who calls (`auth`)."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.usecases import api_keys
from gateway.usecases.versions import version_of
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import IdempotencyKey, Manager
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import Id
from gateway.web.api.schemas_hooks import ApiKeyIn, ApiKeyOut, ApiKeyPage, RotateIn

router = APIRouter(tags=["API keys"])
USUAL_ROTATION = RotateIn(overlap_days=api_keys.OVERLAP.days)


@router.get("/api-keys", response_model=ApiKeyPage, summary="List API keys")
def list_keys(caller: Manager) -> Response:
    found = api_keys.list_api_keys(caller.ctx, caller.viewer.workspace_id, by=caller.viewer)
    return answer(ApiKeyPage(items=[ApiKeyOut.of(k, now=caller.ctx.now) for k in found]))


@router.post("/api-keys", status_code=201, response_model=ApiKeyOut, summary="Make an API key; it is shown once")
def post_key(request: Request, body: ApiKeyIn, caller: Manager, key: IdempotencyKey = None) -> Response:
    def run() -> ApiKeyOut:
        made, secret = api_keys.make_api_key(
            caller.ctx,
            caller.viewer.workspace_id,
            name=body.name,
            scopes=body.scopes,
            expires_at=body.expires_at,
            by=caller.viewer,
        )
        return ApiKeyOut.of(made, now=caller.ctx.now, secret=secret)

    return answer_once(request, caller, key=key, body=body, status=201, run=run, secret=True)


@router.post(
    "/api-keys/{id}/rotate",
    status_code=201,
    response_model=ApiKeyOut,
    summary="Make a key that takes another one's place",
    description="Same name, same scopes. The old key works on for `overlap_days`, so that nothing stands still. A key "
    "that is out of force is 404.",
)
def post_key_rotation(
    request: Request, id: Id, caller: Manager, body: RotateIn | None = None, key: IdempotencyKey = None
) -> Response:
    how = body or USUAL_ROTATION

    def run() -> ApiKeyOut:
        made, secret = api_keys.rotate_api_key(
            caller.ctx,
            caller.viewer.workspace_id,
            id,
            overlap=timedelta(days=how.overlap_days),
            by=caller.viewer,
        )
        return ApiKeyOut.of(made, now=caller.ctx.now, secret=secret)

    return answer_once(request, caller, key=key, body=how, status=201, run=run, secret=True)


@router.get("/api-keys/{id}", response_model=ApiKeyOut, summary="Read an API key, without its secret")
def get_key(id: Id, caller: Manager) -> Response:
    found = api_keys.find_api_key(caller.ctx, caller.viewer.workspace_id, id, by=caller.viewer)
    return answer(ApiKeyOut.of(found, now=caller.ctx.now), version=version_of(found))


@router.delete(
    "/api-keys/{id}",
    status_code=204,
    response_class=Response,
    summary="Put an API key out of force",
    description="At once and for good. One that was revoked before is 404.",
)
def delete_key(id: Id, caller: Manager, seen: Condition) -> Response:
    api_keys.revoke_api_key(caller.ctx, caller.viewer.workspace_id, id, by=caller.viewer, seen=seen)
    return Response(status_code=204)
