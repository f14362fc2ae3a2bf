"""In charge of: reading JSON from an address that somebody typed in, such as a company's identity provider.

Not in charge of: what it means. The address is treated as an ATS's endpoint is (`ats`): every address of the name must
be public, the connection goes to that very address, redirects are not followed, time and size are bounded.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlencode

import httpcore2
import httpx2

from gateway.outbound.ats import AGENT, AddressRefused, PinnedBackend, Resolve, resolve

MOST_BYTES = 512 * 1024  # of an answer
_FAULTS = (AddressRefused, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError)
_WRONG = (httpx2.InvalidURL, httpcore2.UnsupportedProtocol, UnicodeError, ValueError)


class JsonClient:
    """Reads objects in JSON; shared between threads."""

    def __init__(
        self,
        *,
        seconds: float,
        allow_private: bool = False,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`seconds` for one call; `allow_private` for closed networks and tests."""
        self._seconds = seconds
        self._backend = PinnedBackend(resolve, allow_private=allow_private)
        self._tls = tls or ssl.create_default_context()

    def __call__(
        self, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, object] | None:
        """The object of a 200 answer to a GET, or to a POST of `form`; None for anything else. Never raises for the
        other side's sake.
        """
        deadline = time.monotonic() + self._seconds
        try:
            with httpcore2.ConnectionPool(
                ssl_context=self._tls, max_keepalive_connections=0, network_backend=self._backend.until(deadline)
            ) as pool:
                return _read(pool, url, form, headers or {})
        except (*_FAULTS, *_WRONG):
            return None


def _read(
    pool: httpcore2.ConnectionPool, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
) -> Mapping[str, object] | None:
    content = urlencode(form).encode() if form is not None else None
    about = {"user-agent": AGENT, "accept": "application/json", **headers}
    if content is not None:
        about["content-type"] = "application/x-www-form-urlencoded"
    request = httpx2.Request("GET" if content is None else "POST", url, headers=about, content=content)
    target = httpcore2.URL(
        scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
    )
    with pool.stream(request.method, target, headers=request.headers.raw, content=content) as response:
        taken = b""
        for chunk in response.iter_stream():
            taken += chunk
            if len(taken) > MOST_BYTES:
                return None
        found = json.loads(taken) if response.status == 200 else None
    return found if isinstance(found, dict) else None
