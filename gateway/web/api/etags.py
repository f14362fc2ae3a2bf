"""In charge of: entity tags (RFC 9110 §8.8.3) — on every JSON answer to a GET, and 304 for a caller who has it already;
and what `If-Match` asks. Not in charge of: comparing it with what is stored (use cases, in the same transaction).
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from typing import Annotated

from fastapi import Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        pattern=r'^(\*|"[\x21\x23-\x7e]+")$',
        description="The `ETag` that you read. Somebody else changed it meanwhile: 412, and nothing is done.",
    ),
]


def etag_of(version: str) -> str:
    """The tag of a stored thing, by its version (`usecases.versions`)."""
    return f'"{version}"'


def version_in(if_match: str | None) -> str | None:
    """The version that the caller saw; None when they do not care, "*" when any will do."""
    return if_match if if_match in (None, "*") else if_match.strip('"')


class TagAnswers:
    """Puts an `ETag` on answers to GET that have none, and answers 304 when the caller has that one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        start: Message = {}
        parts: MutableSequence[bytes] = []

        async def send_tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                if not _is_json(message):
                    await send(message)
                return
            if not _is_json(start):
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            body = b"".join(parts)
            headers = MutableHeaders(raw=start["headers"])
            headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            if _has(known, headers["etag"]):
                start["status"], body = 304, b""
                del headers["content-length"], headers["content-type"]
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, send_tagged)


def _is_json(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "") == "application/json"


def _has(known: str, etag: str) -> bool:
    """Weak comparison (RFC 9110 §13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return known.strip() == "*" or etag.removeprefix("W/") in tags
