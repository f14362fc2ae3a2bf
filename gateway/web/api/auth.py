"""In charge of: who calls — the API key of the header — before anything of the request is read, and its scopes.

Not in charge of: keys themselves (`usecases.accounts`), nor what a caller may see (every use case asks its one door).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.threads.keys import KeyScope
from gateway.threads.model import Viewer
from gateway.usecases.api_keys import viewer_for_api_key
from gateway.usecases.context import Context
from gateway.web.api.problems import MissingScope, unauthorized

OPEN_PATHS = frozenset({"/openapi.json"})
LONGEST_KEY = 200

bearer = HTTPBearer(auto_error=False, scheme_name="ApiKey", description="An API key of your workspace.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever calls, with the context to serve them."""

    ctx: Context
    viewer: Viewer


async def current_caller(
    request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)]
) -> Caller:
    """The caller that `RequireKey` has let in; the scheme stands here for the OpenAPI document only."""
    return Caller(request.app.state.ctx, request.state.viewer)


def _with(scope: KeyScope) -> Callable[[Caller], Awaitable[Caller]]:
    async def check(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
        if scope.value not in caller.viewer.scopes:
            raise MissingScope(scope)
        return caller

    return check


# What an endpoint asks of the key. Each names one, so that none is open by mistake.
Reader = Annotated[Caller, Depends(_with(KeyScope.READ))]
Writer = Annotated[Caller, Depends(_with(KeyScope.WRITE))]
Reviewer = Annotated[Caller, Depends(_with(KeyScope.REVIEW))]
Manager = Annotated[Caller, Depends(_with(KeyScope.MANAGE))]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own. The same request with the same key has one effect and one answer.",
    ),
]


class RequireKey:
    """Answers 401 to everybody without a valid key: no route and no body is looked at before."""

    def __init__(self, app: ASGIApp, *, ctx: Context) -> None:
        self.app = app
        self.ctx = ctx

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or route_path(scope) in OPEN_PATHS:
            await self.app(scope, receive, send)
            return
        viewer = await self._viewer_of(Headers(scope=scope).get("authorization", ""))
        if viewer is None:
            await unauthorized()(scope, receive, send)
            return
        scope.setdefault("state", {})["viewer"] = viewer
        await self.app(scope, receive, send)

    async def _viewer_of(self, header: str) -> Viewer | None:
        scheme, _, key = header.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key or len(key) > LONGEST_KEY:
            return None
        return await run_in_threadpool(viewer_for_api_key, self.ctx, key)


def route_path(scope: Scope) -> str:
    """The path below the place where this app is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
