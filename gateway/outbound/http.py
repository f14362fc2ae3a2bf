"""In charge of: one HTTP call to a provider — time, size, and what a broken one means.

Not in charge of: what an answer means (`providers/`), or trying again (`threads.delivery`).
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2

import gateway
from gateway.threads.channel import Retry, Unknown

MOST_BYTES = 4_000_000  # of an answer
_NOT_HANDED_OVER = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is an object in JSON; {} when it is not readable as one."""

    status: int
    body: Mapping[str, Any]
    readable: bool
    retry_after: float | None = None  # seconds


class _TooSlow(Exception):
    """The answer trickled in for longer than a call may last: a time-out per read never ends that."""


class Api:
    """A provider's HTTP interface over kept connections; shared between threads."""

    def __init__(self, url: str, *, seconds: float, auth: tuple[str, str] | None = None) -> None:
        self._seconds = seconds
        self._client = httpx2.Client(
            base_url=url,
            timeout=seconds,
            auth=auth,
            trust_env=False,
            verify=_trust(),
            headers={"User-Agent": f"candidate-conversation-gateway/{gateway.__version__}"},
        )

    def close(self) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        handing_over: Callable[[], None] | None = None,
    ) -> Answer | Retry | Unknown:
        """One call, once. Retry: it surely never reached the provider. Unknown: it may have. Redirects are not
        followed: a signed message must not wander.
        """
        if handing_over:
            handing_over()
        until = time.monotonic() + self._seconds
        try:
            request = self._client.build_request(method, path, headers=headers, params=params, json=body, data=form)
            response = self._client.send(request, stream=True)
            try:
                raw = _read(response, until)
            finally:
                response.close()
        except _NOT_HANDED_OVER as error:
            return Retry("connect", f"The provider cannot be reached ({type(error).__name__}).")
        except (httpx2.TransportError, httpx2.DecodingError, _TooSlow) as error:
            return Unknown(f"The line broke before the provider's answer was complete ({type(error).__name__}).")
        return _answer(response, raw)


def troubled(answer: Answer) -> Retry | Unknown | None:
    """What HTTP itself says about an answer, for every provider: rate, keys, a provider in trouble. None: read it."""
    if answer.status == 429:
        return Retry("rate", "The provider takes no more for now.", answer.retry_after)
    if answer.status in (401, 403):
        return Retry("auth", "The provider does not take our keys: check them.")
    if answer.status == 503:
        return Retry("away", "The provider is out of service.", answer.retry_after)
    if answer.status >= 500:
        return Unknown(f"The provider failed with HTTP {answer.status}; it may have taken the message.")
    if not answer.readable:
        return Unknown(f"The provider's answer (HTTP {answer.status}) could not be read.")
    return None


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that are trusted, read once for all providers: it takes longer than a call."""
    return ssl.create_default_context()


def _read(response: httpx2.Response, until: float) -> bytes:
    parts, size = [], 0
    for part in response.iter_bytes():
        size += len(part)
        if size > MOST_BYTES or time.monotonic() > until:
            raise _TooSlow
        parts.append(part)
    return b"".join(parts)


def _answer(response: httpx2.Response, raw: bytes) -> Answer:
    after = response.headers.get("retry-after", "")
    wait = float(after) if after.isascii() and after.isdigit() and len(after) < 7 else None
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    readable = isinstance(body, dict)
    return Answer(response.status_code, body if isinstance(body, dict) else {}, readable, wait)


def list_objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list in an answer; [] when it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
