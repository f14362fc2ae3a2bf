"""In charge of: web push — one message, encrypted for one browser, handed to its push service (RFC 8030, 8291, 8292).

Not in charge of: the words (`usecases.push_words`), or trying again (`threads.delivery`).

The address is somebody else's text: it is posted to as an ATS's endpoint is (`ats`), never to an inner address, and
without following redirects. The push service sees where to, when, how long, and nothing of what it says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import http_ece
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.outbound.ats import WebhookClient
from gateway.outbound.pinned import AGENT
from gateway.outbound.vapid import PushKeys
from gateway.threads.channel import Accepted, Capabilities, Failed, Fault, Outgoing, Retry, SendResult, Unknown
from gateway.threads.devices import ENDED, Subscription, from_text
from gateway.threads.notifying import PUSH
from gateway.threads.webhooks import Answered

TOKEN_LIFE = timedelta(hours=12)  # at most 24 are allowed (RFC 8292 §2)
_NOT_TAKEN = ("no_connection", "tls")  # it surely never arrived


class PushChannel:
    """Pushes to browsers; shared between threads."""

    name = PUSH
    capabilities = Capabilities(stable_key=True)  # a repeat has the same topic: the device shows it once

    def __init__(self, client: WebhookClient, *, keys: PushKeys, contact: str, clock: Callable[[], datetime]) -> None:
        """`contact`: whom a push service writes to about us, a mailto: address."""
        self._client = client
        self._keys = keys
        self._contact = contact
        self._clock = clock

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = lambda: None) -> SendResult:
        """Push once."""
        subscription = outgoing.subscription
        key = self._keys.find(subscription.vapid) if subscription else None
        if subscription is None or key is None:
            return Failed(ENDED, "The key that this device was registered with is no longer known.", Fault.CONFIG)
        headers = {
            "ttl": str(outgoing.seconds),  # RFC 8030 §5.2
            "topic": outgoing.topic,  # RFC 8030 §5.4
            "urgency": "normal",  # RFC 8030 §5.3: a message of a chat
            "authorization": self._authorization(subscription, key),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "user-agent": AGENT,
        }
        body = encrypt(outgoing.text.encode(), subscription)
        handing_over()
        return _read(self._client.post(subscription.endpoint, headers=headers, body=body))

    def close(self) -> None:
        return None

    def _authorization(self, subscription: Subscription, key: EllipticCurvePrivateKey) -> str:
        """Who sends, in a signed token for this push service alone (RFC 8292 §2, §3)."""
        to = urlsplit(subscription.endpoint)
        claims = {
            "aud": f"{to.scheme}://{to.netloc}",
            "exp": int((self._clock() + TOKEN_LIFE).timestamp()),
            "sub": self._contact,
        }
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, ECKey.import_key(key))
        return f"vapid t={token}, k={subscription.vapid}"


def encrypt(content: bytes, subscription: Subscription) -> bytes:
    """For the eyes of this browser alone, with a key pair for this once (RFC 8291 §3, §4)."""
    encrypted: bytes = http_ece.encrypt(
        content,
        private_key=generate_private_key(SECP256R1()),
        dh=from_text(subscription.p256dh),
        auth_secret=from_text(subscription.auth),
        version="aes128gcm",
    )
    return encrypted


def _read(answer: Answered) -> SendResult:
    if answer.arrived:
        return Accepted()
    if answer.code == "address_refused":
        return Failed("address_refused", "The push service's address is not on the public internet.")
    if answer.code in _NOT_TAKEN:
        return Retry("connect", "The push service cannot be reached.")
    if answer.status == 0:
        return Unknown("The push service's answer was lost; it may have taken the message.")
    if answer.status in (404, 410):  # RFC 8030 §7.3
        return Failed(ENDED, "The device does not take pushes any more.")
    if answer.status == 413:
        return Failed("too_large", "The push service takes nothing of this length.")
    if answer.status == 429:
        return Retry("rate", "The push service takes no more for now.", answer.after)
    if answer.status >= 500:
        return Retry("away", "The push service is out of service.", answer.after)
    return Failed("refused", f"The push service does not take this (HTTP {answer.status}).", Fault.CONFIG)
