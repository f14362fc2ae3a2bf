"""In charge of: what machines ask — alive, ready, figures.

Not in charge of: deciding readiness (`usecases.health`).
"""

from __future__ import annotations

import logging

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway.usecases import health

log = logging.getLogger("gateway.web.health")


async def healthz(request: Request) -> Response:
    """200 as long as the process answers."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """200 when every part that we need works, else 503; the body says which."""
    try:
        parts = await run_in_threadpool(health.check_ready, request.app.state.site.ctx)
    except Exception:
        log.exception("readiness could not be checked")
        parts = {"check": False}
    return JSONResponse(parts, 200 if all(parts.values()) else 503)


async def metrics(request: Request) -> Response:
    """Figures in the Prometheus text format."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
