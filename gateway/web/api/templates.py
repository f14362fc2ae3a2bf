"""In charge of: `/templates`, a company's texts for many people. Not in charge of: what they may say
(`usecases.templates`).
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.threads.purpose import Purpose
from gateway.usecases import templates
from gateway.usecases.versions import version_of
from gateway.web.api.answers import answer, answer_once
from gateway.web.api.auth import IdempotencyKey, Manager, Reader
from gateway.web.api.etags import Condition
from gateway.web.api.schemas import PageQuery, check_cursor
from gateway.web.api.schemas_in import TEMPLATE
from gateway.web.api.schemas_templates import Key, PreviewIn, PreviewOut, TemplateIn, TemplateOut, TemplatePage

router = APIRouter(tags=["Templates"])
CURSOR = re.compile(TEMPLATE)


@router.get("/templates", response_model=TemplatePage, summary="List templates")
def list_templates(query: Annotated[PageQuery, Query()], caller: Reader) -> Response:
    check_cursor(query.cursor, CURSOR)
    found = templates.list_templates(caller.ctx, caller.viewer, after=query.cursor, limit=query.limit + 1)
    more = found[query.limit - 1].key if len(found) > query.limit else None
    return answer(TemplatePage(items=[TemplateOut.of(t) for t in found[: query.limit]], next=more))


@router.put(
    "/templates/{key}",
    response_model=TemplateOut,
    responses={201: {"model": TemplateOut, "description": "Created"}},
    summary="Create or change a template",
    description="Refused with the field and line when it names a variable that is not known. Only `{{ names }}`, "
    "`{% if %}` and the filters upper, lower, capitalize, trim and default can be used.",
)
def put_template(key: Key, body: TemplateIn, caller: Manager, seen: Condition) -> Response:
    template, created = templates.put_template(
        caller.ctx,
        caller.viewer,
        key,
        purpose=Purpose(body.purpose),
        variables=body.variables,
        bodies=body.to_bodies(),
        seen=seen,
    )
    return answer(TemplateOut.of(template), 201 if created else 200, version=version_of(template))


@router.get("/templates/{key}", response_model=TemplateOut, summary="Read a template")
def get_template(key: Key, caller: Reader) -> Response:
    template = templates.find_template(caller.ctx, caller.viewer, key)
    return answer(TemplateOut.of(template), version=version_of(template))


@router.delete("/templates/{key}", status_code=204, response_class=Response, summary="Delete a template")
def delete_template(key: Key, caller: Manager, seen: Condition) -> Response:
    templates.delete_template(caller.ctx, caller.viewer, key, seen=seen)
    return Response(status_code=204)


@router.post(
    "/templates/{key}/preview",
    response_model=PreviewOut,
    summary="Show a template as one applicant would get it",
    description="Nothing is sent. 422 names a variable without a value.",
)
def post_template_preview(
    request: Request, key: Key, body: PreviewIn, caller: Reader, once: IdempotencyKey = None
) -> Response:
    def run() -> PreviewOut:
        preview = templates.preview_template(
            caller.ctx,
            caller.viewer,
            key,
            applicant=body.applicant,
            locale=body.locale or "",
            variables=body.variables,
        )
        return PreviewOut.of(preview)

    return answer_once(request, caller, key=once, body=body, status=200, run=run)
