"""In charge of: the page `/api/docs`: the OpenAPI document for people, made on the server, without scripts.

Not in charge of: the document itself (`app.describe_api`). The page brings its style along and its
Content-Security-Policy allows nothing else, so it needs no other address of ours and nobody else's.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.web.api.app import describe_api
from gateway.web.api.schemas_out import PREFIX

Schema = dict[str, Any]
Field = tuple[str, str, bool, str]  # path, type in words, required, description

STYLE = (Path(__file__).parent.parent / "static" / "api-docs.css").read_text()
STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{STYLE_DIGEST}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
INTRODUCTION = f"""
<h2 id="start">Start here</h2>
<pre><code>curl -X PUT https://YOUR-HOST{PREFIX}/openings/dev-1 \\
  -H 'Authorization: Bearer YOUR-API-KEY' -H 'Content-Type: application/json' \\
  -d '{{"title": "Developer", "notify_emails": []}}'</code></pre>
<dl>
<dt>Key</dt>
<dd>Every request carries <code>Authorization: Bearer KEY</code>. Make one with <code>gateway api-key</code>.</dd>
<dt>Safe to repeat</dt>
<dd>PUT by nature. POST with an <code>Idempotency-Key</code>: the same request with the same key has one effect
and one answer (a repeat is marked <code>Idempotent-Replayed: true</code>); another request with that key is 409.</dd>
<dt>Lists</dt>
<dd>A page is <code>{{items, next}}</code>. Ask on with <code>?cursor=</code> and the value of <code>next</code>
until it is null.</dd>
<dt>Errors</dt>
<dd>Always <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; <code>errors</code>
names each field and what to do. 400 not JSON · 401 no valid key · 403 not for this key ·
404 not there, or not yours · 409 something is in the way · 412 changed meanwhile · 413 too large ·
415 not JSON, or compressed · 422 a field is wrong · 429 too many ·
500, 503 our side: send it again, with the same key.</dd>
<dt>For programs</dt>
<dd><a href="{PREFIX}/openapi.json">openapi.json</a></dd>
</dl>"""


def api_docs_page(request: Request) -> Response:
    """The page for `GET /api/docs`."""
    return HTMLResponse(_render_page(), headers={"Content-Security-Policy": POLICY})


@cache
def _render_page() -> str:
    document = describe_api()
    title = escape(document["info"]["title"])
    operations = list(_operations(document))
    links = "".join(f'<li><a href="#{o["operationId"]}">{escape(o["summary"])}</a></li>' for _, _, o in operations)
    sections = "".join(_render_operation(document, *operation) for operation in operations)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API · {title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<header><h1>API v1</h1><p>{escape(document['info']['summary'])}</p></header>"
        f'<nav aria-label="Requests"><ul><li><a href="#start">Start here</a></li>{links}</ul></nav>'
        f"<main>{INTRODUCTION}{sections}</main></body></html>"
    )


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _render_operation(document: Schema, method: str, path: str, operation: Schema) -> str:
    parts = [
        f'<section id="{operation["operationId"]}"><h2>{escape(operation["summary"])}</h2>',
        f'<p class="address"><b>{method}</b> <code>{escape(PREFIX + path)}</code></p>',
        f"<p>{_prose(operation['description'])}</p>" if "description" in operation else "",
    ]
    parameters = [_parameter(document, p) for p in operation.get("parameters", [])]
    parts.append(_render_fields("Parameters", parameters))
    if body := operation.get("requestBody"):
        parts.append(_render_fields("Body", list(_fields(document, _json_schema(body)))))
    for status, response in operation["responses"].items():
        if status != "default" and (fields := list(_fields(document, _json_schema(response)))):
            parts.append(_render_fields(f"Answer {status}", fields, answers=True))
    return "".join(parts) + "</section>"


def _json_schema(holder: Schema) -> Schema:
    schema: Schema = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _parameter(document: Schema, parameter: Schema) -> Field:
    where = {"path": "in the address", "query": "query", "header": "header"}[parameter["in"]]
    words = f"{parameter.get('description', '')} ({where})".strip()
    return parameter["name"], _type_of(document, parameter["schema"]), parameter.get("required", False), words


def _fields(document: Schema, schema: Schema, prefix: str = "") -> Iterator[Field]:
    """Every field of an object, those of inner objects and lists by their full path."""
    schema = _resolve(document, schema)
    required = schema.get("required", [])
    for name, value in schema.get("properties", {}).items():
        inner = _resolve(document, value)
        path = f"{prefix}{name}"
        yield (
            path,
            _type_of(document, value),
            name in required,
            value.get("description", inner.get("description", "")),
        )
        if inner.get("type") == "array":
            yield from _fields(document, inner["items"], f"{path}[].")
        else:
            yield from _fields(document, inner, f"{path}.")


def _resolve(document: Schema, schema: Schema) -> Schema:
    """The schema behind a reference; of `X or null`, X."""
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null" and "properties" not in schema:
            return _resolve(document, choice)
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _type_of(document: Schema, schema: Schema) -> str:
    inner = _resolve(document, schema)
    orders = {
        "array": "list",
        "object": "object",
        "integer": "number",
        "string": "text",
        "boolean": "true or false",
    }
    words = str(orders.get(inner.get("type", ""), inner.get("type", "")))
    if "enum" in inner or "const" in inner:
        words = " | ".join(map(str, inner.get("enum", [inner.get("const")])))
    if inner.get("type") == "array":
        words = f"list of {_type_of(document, inner['items'])}"
    known = {"date-time": "time", "email": "address"}
    words = str(known.get(inner.get("format", ""), words))
    words = "base64" if inner.get("contentEncoding") == "base64" else words
    return f"{words} or null" if {"type": "null"} in schema.get("anyOf", []) else words


def _render_fields(title: str, fields: list[Field], *, answers: bool = False) -> str:
    if not fields:
        return ""
    rows = "".join(
        f"<tr><th scope=row><code>{escape(path)}</code>{'' if required or answers else ' <i>optional</i>'}</th>"
        f"<td>{escape(kind)}</td><td>{_prose(words)}</td></tr>"
        for path, kind, required, words in fields
    )
    return f"<h3>{title}</h3><table>{rows}</table>"


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
