"""In charge of: how large a body may be and that it is JSON, or CSV where a file of applicants is taken (413, 415), and
that it is not compressed.

Not in charge of: its fields (`schemas_in`).

The whole body is read here, so a body that is too large is refused before a parser sees it.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import Settings
from gateway.web.api.auth import route_path

ROOM_FOR_WORDS = 4 * 1024 * 1024
CSV = "text/csv"
TAKES_CSV = frozenset({"/applicants/import"})


def largest_body(settings: Settings) -> int:
    """Bytes of the largest body that we read: all files of a post in base64 (4/3), and the words around them."""
    return settings.max_upload_bytes * 4 // 3 + ROOM_FOR_WORDS


class TakeJson:
    """Reads the body and hands it on in one piece."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared[:19]) > self.max_bytes:
            raise HTTPException(413)
        body = await self._read_body(receive)
        if body is None:
            return
        if body and headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise HTTPException(415, headers={"Accept-Encoding": "identity"})  # RFC 9110 §15.5.16
        media_type = media_type_of(headers.get("content-type", ""))
        if body and not _is_json(media_type) and not (media_type == CSV and route_path(scope) in TAKES_CSV):
            raise HTTPException(415)
        await self.app(scope, _replay(body, receive), send)

    async def _read_body(self, receive: Receive) -> bytes | None:
        """The whole body; None when the caller left before its end."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.max_bytes:
                raise HTTPException(413)
            more = message.get("more_body", False)
        return bytes(body)


def media_type_of(content_type: str) -> str:
    """`text/csv` of `Text/CSV; charset=utf-8`."""
    return content_type.partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
