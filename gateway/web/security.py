"""In charge of: what every answer must carry, how large a request may be, and which posts are ours.

Not in charge of: who is signed in (`auth`). Pure ASGI: nothing here buffers, so streams stay streams.
"""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HSTS = "max-age=63072000; includeSubDomains"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OWN_GUARD = "/api/"  # no cookie there, so nothing to forge; its bodies have their own bounds and words


class SecureHeaders:
    """Puts the headers on every answer that does not bring its own, and says how long we took (Server-Timing)."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"Strict-Transport-Security": HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers["Server-Timing"] = f"app;dur={(time.perf_counter() - began) * 1000:.1f}"
            await send(message)

        await self.app(scope, receive, send_secured)


class Guard:
    """Refuses forged posts (403) and oversized ones (413), by Content-Length first, then by what really came."""

    def __init__(self, app: ASGIApp, *, public_url: str, max_bytes: int) -> None:
        self.app = app
        self.public_host = urlsplit(public_url).netloc
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or scope["path"].startswith(OWN_GUARD):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if is_forged(headers, self.public_host):
            raise HTTPException(403, "forged")
        if int_or_zero(headers.get("content-length", "")) > self.max_bytes:
            raise HTTPException(413)
        taken = 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.max_bytes:
                raise HTTPException(413)
            return message

        await self.app(scope, receive_counted, send)


def is_forged(headers: Headers, public_host: str) -> bool:
    """Does a POST come from somebody else's page? By Sec-Fetch-Site (Fetch Metadata), else by Origin (RFC 6454 §7).

    Under `Referrer-Policy: no-referrer` browsers send `Origin: null` even with our own forms, so null says nothing.
    """
    site = headers.get("sec-fetch-site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = headers.get("origin", "")
    if not origin or origin == "null":
        return False
    return urlsplit(origin).netloc not in (headers.get("host", ""), public_host)


def int_or_zero(value: str) -> int:
    """A header's or field's number, 0 when it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0
