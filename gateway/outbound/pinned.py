"""In charge of: one request to an address that somebody typed in, which must not make us reach into our own network.

Not in charge of: what is asked or answered (`ats`, `fetch`).

A name is resolved here, every one of its addresses must be public, and the connection goes to that very address (a
second answer of the name server cannot change it; reliability 58). Redirects are not followed, proxies of the
environment not used, the answer's body is not read beyond a bound, and one request has one time limit for everything.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2
from httpcore2 import SOCKET_OPTION

import gateway
from gateway.threads.webhooks import is_public_address

AGENT = f"candidate-conversation-gateway/{gateway.__version__}"
WRONG_ADDRESS = (httpx2.InvalidURL, httpcore2.UnsupportedProtocol)
Resolve = Callable[[str, int], list[str]]


class AddressRefused(Exception):
    """The name leads to an address that we do not connect to."""


@dataclass(frozen=True, slots=True)
class PinnedAnswer:
    """What the other side said. `whole` is false when its body was longer than was to be read."""

    status: int
    headers: Mapping[bytes, bytes]  # names in lower case
    body: bytes
    whole: bool


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name, however it is written (`127.1` is one, too). Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PinnedClient:
    """Makes single requests; shared between threads."""

    def __init__(
        self,
        *,
        seconds: float,
        allow_private: bool = False,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`seconds` for one request; `allow_private` for closed networks and tests."""
        self._seconds = seconds
        self._backend = PinnedBackend(resolve, allow_private=allow_private)
        self._tls = tls or ssl.create_default_context()

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None, most_bytes: int
    ) -> PinnedAnswer:
        """One request, its answer read up to `most_bytes`. Raises AddressRefused, TimeoutError, OSError (ssl.SSLError),
        UnicodeError, WRONG_ADDRESS and httpcore2's TimeoutException, NetworkError and ProtocolError.
        """
        request = httpx2.Request(method, url, headers=dict(headers), content=content)
        at = request.url
        target = httpcore2.URL(scheme=at.raw_scheme, host=at.raw_host, port=at.port, target=at.raw_path)
        backend = self._backend.until(time.monotonic() + self._seconds)
        with (
            httpcore2.ConnectionPool(
                ssl_context=self._tls, max_keepalive_connections=0, network_backend=backend
            ) as pool,
            pool.stream(method, target, headers=request.headers.raw, content=content) as response,
        ):
            body = b""
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > most_bytes:
                    break
            told = {name.lower(): value for name, value in response.headers}
            return PinnedAnswer(response.status, told, body[:most_bytes], whole=len(body) <= most_bytes)


class PinnedBackend(httpcore2.NetworkBackend):
    """Resolves a name once, looks at every address, and connects to the first of them that answers."""

    def __init__(self, resolve: Resolve, *, allow_private: bool, deadline: float = 0.0) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._deadline = deadline

    def until(self, deadline: float) -> PinnedBackend:
        """The same for one post that must end by this time (`time.monotonic`)."""
        return PinnedBackend(self._resolve, allow_private=self._allow_private, deadline=deadline)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._resolve(host, port)
        if not self._allow_private and not all(is_public_address(a) for a in addresses):
            raise AddressRefused(host)
        failure: Exception = OSError("no address")
        for address in addresses:
            try:
                left = _time_left(self._deadline)
                stream = httpcore2.SyncBackend().connect_tcp(address, port, timeout=left)
            except httpcore2.ConnectError as error:
                failure = error
            else:
                return BoundedStream(stream, self._deadline)
        raise failure


class BoundedStream(httpcore2.NetworkStream):
    """A stream on which everything together must end by a time, however slowly the other side drips."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_time_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_time_left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, timeout=_time_left(self._deadline))
        return BoundedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _time_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
