"""In charge of: a member's devices, to which news is pushed (NH-P3), and what a browser's subscription holds.

Not in charge of: whether something is pushed (`notifying`), what it says (`usecases.push_words`), or sending it
(`outbound.push`).
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime

ENDED = "subscription_ended"  # the code of a delivery that tells so
TOPIC_BYTES = 24  # 32 letters, the most that a topic may have (RFC 8030 §5.4)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser at its push service. The keys are base64url without padding, as browsers give them."""

    endpoint: str
    p256dh: str  # the browser's public key
    auth: str  # its authentication secret
    vapid: str  # our public key that it was made for


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that shows a member's news, as long as they are signed in there."""

    id: str
    member_id: str
    subscription: Subscription
    client: str  # what a person recognises it by
    since: datetime
    session: str  # the key of their session there


def topic_of(secret: bytes, about: str) -> str:
    """A name for what a push is about that says nothing to the push service. A later one replaces an earlier one that
    still waits there, and on the device (RFC 8030 §5.4).
    """
    return to_text(hmac.digest(secret, b"push topic:" + about.encode(), "sha256")[:TOPIC_BYTES])


def to_text(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The bytes again. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
