"""In charge of: entity tags (RFC 9110 §8.8.3) — on every JSON answer to a GET, and 304 for a caller who has it already;
and what `If-Match` and `If-None-Match` ask of a change.

Not in charge of: comparing it with what is stored (use cases, in the same transaction).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import MutableSequence
from typing import Annotated

from fastapi import Depends, Header
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_TAGS = rf"^(\*|{_TAG}([ \t]*,[ \t]*{_TAG})*)$"
_If = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=1000,
        pattern=_TAGS,
        description=("The `ETag` that you read. Somebody else changed it meanwhile: 412, and nothing is done."),
    ),
]
_IfNone = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=1000,
        pattern=_TAGS,
        description=("`*`: only create it. If it is there already: 412, and nothing is done."),
    ),
]


def _read_condition(if_match: _If = None, if_none_match: _IfNone = None) -> str | None:
    """What the caller asks of the thing that they change, as `check_version` takes it (RFC 9110 §13.1.1, §13.1.2)."""
    wanted = _versions(if_match or "", weak=False)
    unwanted = [f"!{version}" for version in _versions(if_none_match or "", weak=True)]
    return " ".join(wanted + unwanted) or None


def _versions(header: str, *, weak: bool) -> list[str]:
    """The versions in a list of tags. Where a tag must be strong, a weak one is like none that we gave."""
    if header == "*":
        return ["*"]
    tags = re.findall(_TAG, header)
    found = [tag.removeprefix("W/").strip('"') if weak or tag[0] == '"' else "" for tag in tags]
    return [version if version.isalnum() else "?" for version in found]  # ours are hexadecimal digits


def etag_of(version: str) -> str:
    """The tag of a stored thing, by its version (`usecases.versions`)."""
    return f'"{version}"'


Condition = Annotated[str | None, Depends(_read_condition)]


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
