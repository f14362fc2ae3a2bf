"""In charge of: how an endpoint answers — once for each key, in JSON. Not in charge of: what it answers.

Endpoints return a ready `Response`: FastAPI would otherwise validate and serialise the answer again in a second thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from gateway.usecases.idempotency import run_once
from gateway.usecases.sealing import seal, unseal
from gateway.web.api.auth import Caller
from gateway.web.api.etags import etag_of

JSON = "application/json"


def answer(model: BaseModel, status: int = 200, *, version: str = "") -> Response:
    """The model as JSON. `version` becomes its tag, for a later If-Match."""
    body = _dump(model)
    headers = {"ETag": etag_of(version, body)} if version else None
    return Response(body, status, headers=headers, media_type=JSON)


def _dump(model: BaseModel) -> str:
    return model.model_dump_json(by_alias=True)


def answer_once(
    request: Request,
    caller: Caller,
    *,
    key: str | None,
    body: BaseModel | None,
    status: int,
    run: Callable[[], BaseModel],
    secret: bool = False,
) -> Response:
    """Runs `run` at most once for this key and request; a repeat gets that answer, marked `Idempotent-Replayed`.

    `secret`: the answer holds a secret, so it is kept sealed, and only the key that asked first gets it again: another
    one of the company may be allowed less.
    """
    ctx = caller.ctx
    asked_by = f" {caller.viewer.id}" if secret else ""
    said = body.model_dump_json() if body is not None else ""
    digest = hashlib.sha256(f"{request.method} {request.url.path}{asked_by}\n{said}".encode()).hexdigest()
    status, text, replayed = run_once(
        ctx,
        caller.viewer,
        key or "",
        request_digest=digest,
        run=lambda: (status, seal(ctx, _dump(run())) if secret else _dump(run())),
    )
    text = unseal(ctx, text) if secret else text
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(text, status, headers=headers, media_type=JSON)
