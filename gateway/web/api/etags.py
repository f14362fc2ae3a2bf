"""In charge of: entity tags (RFC 9110 §8.8.3) — on every JSON answer to a GET, and 304 for a caller who has it already;
and what `If-Match` and `If-None-Match` ask of a change.

Not in charge of: comparing it with what is stored (use cases, in the same transaction).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import MutableSequence
from typing import Annotated, Any

from fastapi import Depends, Header
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.usecases.versions import ANY, Seen

_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_AND = "-"  # parts a version from the digest of the answer
_TAGS = rf"^(\*|{_TAG}([ \t]*,[ \t]*{_TAG})*)$"


def _check_tags(header: str) -> str:
    if not re.fullmatch(_TAGS, header):
        raise PydanticCustomError("tags", "is no list of tags: send an `ETag` as you got it, with its quotes, or *")
    return header


def _tags_in(header: str, description: str) -> Any:
    return Header(alias=header, max_length=1000, description=description)


_Tags = Annotated[str, Field(json_schema_extra={"pattern": _TAGS}), AfterValidator(_check_tags)]
_If = Annotated[
    _Tags | None,
    _tags_in("If-Match", "The `ETag` that you read. Somebody else changed it meanwhile: 412, and nothing is done."),
]
_IfNone = Annotated[
    _Tags | None, _tags_in("If-None-Match", "`*`: only create it. If it is there already: 412, and nothing is done.")
]


def _read_condition(if_match: _If = None, if_none_match: _IfNone = None) -> Seen | None:
    """What the caller asks of the thing that they change (RFC 9110 §13.1.1, §13.1.2); None for nothing."""
    if if_match is None and if_none_match is None:
        return None
    wanted = None if if_match is None else _versions(if_match, weak=False)
    return Seen(wanted, _versions(if_none_match or "", weak=True))


def _versions(header: str, *, weak: bool) -> frozenset[str]:
    """The versions that a list of tags names: what a change is compared by."""
    if header == ANY:
        return frozenset({ANY})
    return frozenset(tag.partition(_AND)[0] for tag in _tags(header, weak=weak)) - {ANY}


def _tags(header: str, *, weak: bool) -> frozenset[str]:
    """The tags in a list, less what is none of ours: `*` in quotes; a weak one, if not `weak`."""
    tags = re.findall(_TAG, header)
    return frozenset(tag.removeprefix("W/").strip('"') for tag in tags if weak or tag.startswith('"')) - {ANY}


def etag_of(version: str, body: str) -> str:
    """The tag of a stored thing: its version (`usecases.versions`), by which a change is compared, and a digest of the
    answer, which may also say what changes by itself: a webhook's posts that wait, a key whose time is over.
    """
    return f'"{version}{_AND}{hashlib.sha256(body.encode()).hexdigest()[:16]}"'


Condition = Annotated[Seen | None, Depends(_read_condition)]


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
    """Does the caller have the answer with this tag (RFC 9110 §13.1.2: weak comparison)?"""
    known = known.strip()
    return known == ANY or not _tags(known, weak=True).isdisjoint(_tags(etag, weak=True))
