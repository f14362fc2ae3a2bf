"""In charge of: the ATS's JSON API as one application, mounted at `/api/v1`, and its OpenAPI document.

Not in charge of: the endpoints (siblings), other pages (`web`), or rules (`usecases`). The only home of fastapi.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, compile_path

import gateway
from gateway.errors import GatewayError
from gateway.usecases.context import Context
from gateway.web.api import (
    applicants,
    bulk,
    consents,
    deliveries,
    events,
    imports,
    inbox,
    keys,
    moving,
    openings,
    rejections,
    templates,
    threads,
    webhooks,
)
from gateway.web.api.auth import RequireKey, route_path
from gateway.web.api.bodies import TakeJson, largest_body
from gateway.web.api.etags import TagAnswers
from gateway.web.api.heads import AnswerHead
from gateway.web.api.problems import MEDIA_TYPE, AnswerFaults, Problem, answer_fault
from gateway.web.api.rates import LimitRate
from gateway.web.api.schemas_out import PREFIX

ROUTERS = (
    openings.router,
    applicants.router,
    imports.router,
    consents.router,
    rejections.router,
    threads.router,
    deliveries.router,
    inbox.router,
    events.router,
    templates.router,
    bulk.router,
    webhooks.router,
    keys.router,
    moving.router,
)
SILENT: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
TEXT: dict[str, Any] = {"schema": {"type": "string"}}
SUMMARY = "Post messages into conversations with applicants, read them, and follow their deliveries."


def mount_api(ctx: Context) -> Mount:
    """The API at its place in the whole site. Starlette's own pattern lets paths with a line break slip past a mount,
    and they would get a page's 404 instead of a problem."""
    mount = Mount(PREFIX, build_api(ctx))
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def build_api(ctx: Context) -> FastAPI:
    """The API for one context; `mount_api` puts it at `/api/v1`."""
    api = _make_app(
        middleware=[
            Middleware(AnswerHead),
            Middleware(AnswerFaults, new_trace=ctx.new_id),
            Middleware(RequireKey, ctx=ctx),
            Middleware(LimitRate, per_minute=ctx.settings.api_requests_per_minute),
            Middleware(TagAnswers),
            Middleware(TakeJson, max_bytes=largest_body(ctx.settings)),
        ]
    )
    api.state.ctx = ctx
    for fault in (RequestValidationError, HTTPException, GatewayError):
        api.add_exception_handler(fault, _answer)
    return api


@cache
def describe_api() -> dict[str, Any]:
    """The OpenAPI document; it does not depend on settings."""
    return _make_app(middleware=[]).openapi()


def _make_app(*, middleware: list[Middleware]) -> FastAPI:
    api = FastAPI(
        title="Candidate conversation gateway",
        summary=SUMMARY,
        version=gateway.__version__,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=_operation_id,
        middleware=middleware,
        telemetry=SILENT,
        responses={"default": {"model": Problem, "description": "What went wrong, and what to do (RFC 9457)"}},
    )
    for router in ROUTERS:
        api.include_router(router)
    _complete_document(api)
    return api


def _operation_id(route: APIRoute) -> str:
    return route.name


def _complete_document(api: FastAPI) -> None:
    """What FastAPI cannot know: problems are `application/problem+json`, every JSON answer to a GET has a tag, and so
    has one to a change that asks for the tag of what it changes.
    """
    describe = api.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        for operations in document["paths"].values():
            for method, operation in operations.items():
                content = operation["responses"]["default"]["content"]
                if "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
                if method == "get" and "application/json" in operation["responses"]["200"]["content"]:
                    _describe_tags(operation)
                if any(p["name"] == "If-Match" for p in operation.get("parameters", [])):
                    _describe_conditions(operation)
        return document

    api.openapi = openapi  # type: ignore[method-assign]


def _describe_tags(operation: dict[str, Any]) -> None:
    _describe_tag(operation["responses"]["200"])
    operation["responses"]["304"] = {"description": "You have it already."}
    known = TEXT | {"in": "header", "name": "If-None-Match", "description": "An `ETag` that you have: 304 if it holds."}
    if known not in (parameters := operation.setdefault("parameters", [])):
        parameters.append(known)


def _describe_conditions(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for status in answers.keys() & {"200", "201"}:
        _describe_tag(answers[status])
    words = "It is not as `If-Match` or `If-None-Match` asks: nothing was done."
    answers["412"] = {"description": words, "content": answers["default"]["content"]}


def _describe_tag(answer: dict[str, Any]) -> None:
    answer.setdefault("headers", {})["ETag"] = TEXT | {"description": "The answer's tag."}


async def _answer(request: Request, fault: Exception) -> Response:
    if isinstance(fault, HTTPException) and fault.status_code == 405:
        allow = {"Allow": ", ".join(allowed_methods(route_path(request.scope)))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        fault = HTTPException(405, headers=allow)
    return answer_fault(fault, trace=request.app.state.ctx.new_id())


def allowed_methods(path: str) -> list[str]:
    """Every method that the API knows for a path (RFC 9110 §10.2.1); FastAPI names only one of them."""
    patterns = describe_api()["paths"].items()
    found = {m.upper() for p, methods in patterns if compile_path(p)[0].match(path) for m in methods}
    found = found or {"GET"}  # the document itself is the only address that it does not list
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()))
