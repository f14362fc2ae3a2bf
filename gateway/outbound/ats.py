"""In charge of: posting events to the ATS's endpoints — signed by Standard Webhooks 1.0, and never to an inner address.

Not in charge of: what is told, or trying again (`usecases.push_events`).

The address is somebody else's text: how it is reached is `pinned`'s.
"""

from __future__ import annotations

import email.utils
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import httpcore2
from standardwebhooks import Webhook

from gateway.outbound.pinned import AGENT, WRONG_ADDRESS, AddressRefused, PinnedClient
from gateway.threads.webhooks import Answered

MOST_BYTES = 64 * 1024  # of an answer that are read


class WebhookClient(PinnedClient):
    """Posts events; one client for all endpoints, shared between threads."""

    def __call__(self, url: str, *, name: str, body: str, secrets: Sequence[str], now: datetime) -> Answered:
        """Post `body` once, signed with each of the secrets (`whsec_…`). Never raises for the other side's sake."""
        return self.post(url, headers=signed_headers(name, body, secrets=secrets, now=now), body=body.encode())

    def post(self, url: str, *, headers: dict[str, str], body: bytes) -> Answered:
        """The same with these headers, unsigned."""
        try:
            answer = self.request("POST", url, headers=headers, content=body, most_bytes=MOST_BYTES)
        except AddressRefused:
            return Answered(0, "address_refused")
        except (httpcore2.TimeoutException, TimeoutError):
            return Answered(0, "timeout")
        except (ssl.SSLError, httpcore2.ConnectError, OSError, UnicodeError) as error:
            return Answered(0, "tls" if _is_of_tls(error) else "no_connection")
        except WRONG_ADDRESS:
            return Answered(0, "address_refused")
        except (httpcore2.NetworkError, httpcore2.ProtocolError):
            return Answered(0, "broken_answer")
        return Answered(answer.status, after=_seconds(answer.headers.get(b"retry-after")))


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
