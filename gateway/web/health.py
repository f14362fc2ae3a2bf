"""In charge of: what machines ask — alive, ready, figures.

Not in charge of: deciding readiness (`usecases.health`).
"""

from __future__ import annotations

import logging

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from gateway.errors import Unavailable
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
    """Figures in the Prometheus text format: this process, and what waits for workers."""
    figures = generate_latest()
    try:
        figures += _write_backlog(await run_in_threadpool(health.measure_backlog, request.app.state.site.ctx))
    except Unavailable:
        log.warning("no figures of what waits: the database does not answer")
    return Response(figures, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _write_backlog(backlog: health.Backlog) -> bytes:
    registry = CollectorRegistry()
    number = Gauge("gateway_waiting", "What waits for a worker.", ["what"], registry=registry)
    oldest = Gauge("gateway_oldest_waiting_seconds", "How long the oldest has waited.", ["what"], registry=registry)
    number.labels("mails").set(backlog.mails)
    number.labels("deliveries").set(backlog.deliveries)
    oldest.labels("mails").set(backlog.oldest_mail)
    oldest.labels("deliveries").set(backlog.oldest_delivery)
    return generate_latest(registry)
