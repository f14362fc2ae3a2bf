"""In charge of: posting events to the ATS's endpoints — signed by Standard Webhooks 1.0, and never to an inner address.

Not in charge of: what is told, or trying again (`usecases.push_events`).

The address is somebody else's text, so it must not make us reach into our own network (test 58): a name is resolved
here, every one of its addresses must be public, and the connection goes to that very address (a second answer of the
name server cannot change it). Redirects are not followed, proxies of the environment not used, the answer's body is
not read beyond a bound, and one post has one time limit for everything together.
"""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpcore2
import httpx2
from httpcore2 import SOCKET_OPTION
from standardwebhooks import Webhook

import gateway
from gateway.threads.webhooks import Answered, is_public_address

MOST_BYTES = 64 * 1024  # of an answer that are read
AGENT = f"candidate-conversation-gateway/{gateway.__version__}"
Resolve = Callable[[str, int], list[str]]


class AddressRefused(Exception):
    """The name leads to an address that we do not connect to."""


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name, however it is written (`127.1` is one, too). Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class WebhookClient:
    """Posts events; one client for all endpoints, shared between threads."""

    def __init__(
        self,
        *,
        seconds: float,
        allow_private: bool = False,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`seconds` for one post; `allow_private` for closed networks and tests."""
        self._seconds = seconds
        self._backend = PinnedBackend(resolve, allow_private=allow_private)
        self._tls = tls or ssl.create_default_context()

    def __call__(self, url: str, *, name: str, body: str, secrets: Sequence[str], now: datetime) -> Answered:
        """Post `body` once, signed with each of the secrets (`whsec_…`). Never raises for the other side's sake."""
        return self.post(url, headers=signed_headers(name, body, secrets=secrets, now=now), body=body)

    def post(self, url: str, *, headers: dict[str, str], body: str) -> Answered:
        """The same with these headers, unsigned."""
        deadline = time.monotonic() + self._seconds
        try:
            with httpcore2.ConnectionPool(
                ssl_context=self._tls, max_keepalive_connections=0, network_backend=self._backend.until(deadline)
            ) as pool:
                return _post(pool, url, headers=headers, body=body)
        except AddressRefused:
            return Answered(0, "address_refused")
        except (httpcore2.TimeoutException, TimeoutError):
            return Answered(0, "timeout")
        except (ssl.SSLError, httpcore2.ConnectError, OSError, UnicodeError) as error:
            return Answered(0, "tls" if _is_of_tls(error) else "no_connection")
        except (httpx2.InvalidURL, httpcore2.UnsupportedProtocol):
            return Answered(0, "address_refused")
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            return Answered(0, "broken_answer")


def signed_headers(name: str, body: str, *, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks; several signatures while a secret is rotated."""
    signatures = (Webhook(secret).sign(name, now.astimezone(UTC), body) for secret in secrets)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
        "user-agent": AGENT,
    }


def _post(pool: httpcore2.ConnectionPool, url: str, *, headers: dict[str, str], body: str) -> Answered:
    request = httpx2.Request("POST", url, headers=headers, content=body.encode())
    with pool.stream(
        "POST",
        httpcore2.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        ),
        headers=request.headers.raw,
        content=body.encode(),
    ) as response:
        taken = 0
        for chunk in response.iter_stream():
            taken += len(chunk)
            if taken > MOST_BYTES:
                break
        after = dict(response.headers).get(b"retry-after") or dict(response.headers).get(b"Retry-After")
        return Answered(response.status, after=_seconds(after))


def _is_of_tls(error: BaseException | None) -> bool:
    """Is it, or what led to it, a failure of the TLS handshake?"""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None


def _seconds(retry_after: bytes | None) -> float | None:
    """Retry-After in seconds (RFC 9110 §10.2.3): a number or a date; None for neither."""
    if retry_after is None:
        return None
    text = retry_after.decode("ascii", "replace").strip()
    if text.isdigit():
        return float(text[:9])
    try:
        at = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, at.timestamp() - time.time())


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
