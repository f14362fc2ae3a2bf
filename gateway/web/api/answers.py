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
from gateway.web.api.auth import Caller

JSON = "application/json"


def answer(model: BaseModel, status: int = 200) -> Response:
    """The model as JSON."""
    return Response(model.model_dump_json(by_alias=True), status, media_type=JSON)


def answer_once(
    request: Request,
    caller: Caller,
    *,
    key: str | None,
    body: BaseModel | None,
    status: int,
    run: Callable[[], BaseModel],
) -> Response:
    """Runs `run` at most once for this key and request; a repeat gets that answer, marked `Idempotent-Replayed`."""
    said = body.model_dump_json() if body is not None else ""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n{said}".encode()).hexdigest()
    status, text, replayed = run_once(
        caller.ctx,
        caller.viewer,
        key or "",
        request_digest=digest,
        run=lambda: (status, run().model_dump_json(by_alias=True)),
    )
    headers = {"Idempotent-Replayed": "true"} if replayed else None
    return Response(text, status, headers=headers, media_type=JSON)
