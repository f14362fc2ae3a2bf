"""In charge of: `/webhooks`, the endpoints that are told of events.

Not in charge of: posting (`usecases.push_events`).
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.threads.webhooks import HookState, PostState, event_name, read_event_name
from gateway.usecases import webhooks
from gateway.usecases.versions import version_of
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import Caller, IdempotencyKey, Manager
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import Id, check_cursor
from gateway.web.api.schemas_hooks import (
    EVENT_ID,
    PostOut,
    PostPage,
    PostsQuery,
    ReplayIn,
    ReplayOut,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
)

router = APIRouter(tags=["Webhooks"])
CURSOR = re.compile(EVENT_ID)


@router.get("/webhooks", response_model=WebhookPage, summary="List webhooks")
def list_webhooks(caller: Manager) -> Response:
    return answer(WebhookPage(items=[WebhookOut.of(s) for s in webhooks.list_webhooks(caller.ctx, caller.viewer)]))


@router.post(
    "/webhooks",
    status_code=201,
    response_model=WebhookOut,
    summary="Add a webhook",
    description="The answer has the `secret` that signs every post (Standard Webhooks); it is not shown again. "
    "Events from now on are posted, those of one thread in order.",
)
def post_webhook(request: Request, body: WebhookIn, caller: Manager, key: IdempotencyKey = None) -> Response:
    def run() -> WebhookOut:
        hook, secret = webhooks.create_webhook(
            caller.ctx, caller.viewer, url=body.url, types=body.types, description=body.description
        )
        return WebhookOut.of(webhooks.HookStatus(hook, 0, 0), secret=secret)

    return answer_once(request, caller, key=key, body=body, status=201, run=run, secret=True)


@router.get("/webhooks/{id}", response_model=WebhookOut, summary="Read a webhook")
def get_webhook(id: Id, caller: Manager) -> Response:
    return _answer_webhook(caller, id)


@router.patch("/webhooks/{id}", response_model=WebhookOut, summary="Change a webhook, or switch it off and on")
def patch_webhook(id: Id, body: WebhookPatch, caller: Manager, seen: Condition) -> Response:
    webhooks.update_webhook(
        caller.ctx,
        caller.viewer,
        id,
        url=body.url,
        types=body.types,
        description=body.description,
        state=HookState(body.state) if body.state else None,
        seen=seen,
    )
    return _answer_webhook(caller, id)


@router.delete("/webhooks/{id}", status_code=204, response_class=Response, summary="Delete a webhook")
def delete_webhook(id: Id, caller: Manager, seen: Condition) -> Response:
    webhooks.delete_webhook(caller.ctx, caller.viewer, id, seen=seen)
    return Response(status_code=204)


def _answer_webhook(caller: Caller, webhook_id: str) -> Response:
    found = webhooks.find_webhook(caller.ctx, caller.viewer, webhook_id)
    return answer(WebhookOut.of(found), version=version_of(webhooks.as_set(found.hook)))


@router.post(
    "/webhooks/{id}/rotate-secret",
    response_model=WebhookOut,
    summary="Make a new secret",
    description="For 24 hours every post carries the signatures of both, so that nothing is missed.",
)
def post_webhook_rotation(request: Request, id: Id, caller: Manager, key: IdempotencyKey = None) -> Response:
    def run() -> WebhookOut:
        _hook, secret = webhooks.rotate_secret(caller.ctx, caller.viewer, id)
        return WebhookOut.of(webhooks.find_webhook(caller.ctx, caller.viewer, id), secret=secret)

    return answer_once(request, caller, key=key, body=None, status=200, run=run, secret=True)


@router.get("/webhooks/{id}/posts", response_model=PostPage, summary="What became of each event")
def list_webhook_posts(id: Id, query: Annotated[PostsQuery, Query()], caller: Manager) -> Response:
    check_cursor(query.cursor, CURSOR)
    before = read_event_name(query.cursor) if query.cursor else None
    state = PostState(query.state) if query.state else None
    found, more = webhooks.list_posts(caller.ctx, caller.viewer, id, state=state, before=before, limit=query.limit)
    return answer(PostPage(items=[PostOut.of(p) for p in found], next=event_name(more) if more else None))


@router.post("/webhooks/{id}/replay", response_model=ReplayOut, summary="Send events again")
def post_webhook_replay(
    request: Request, id: Id, body: ReplayIn, caller: Manager, key: IdempotencyKey = None
) -> Response:
    def run() -> ReplayOut:
        number = webhooks.replay_posts(
            caller.ctx,
            caller.viewer,
            id,
            since=body.since,
            event=body.event or "",
            everything=body.everything,
        )
        return ReplayOut(queued=number)

    return answer_once(request, caller, key=key, body=body, status=200, run=run)
