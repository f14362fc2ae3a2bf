"""A push service (RFC 8030) and the browsers behind it: it takes only what is signed for it with the key that the
subscription was made for (RFC 8292), and each browser decrypts what it was sent (RFC 8291), by our own reading of the
RFCs: the library that encrypts is not asked.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.threads.devices import Subscription
from simulators.server import Call, Reply, Simulator

MOST_BYTES = 4096  # RFC 8291 §4
DAY = 86_400  # seconds: no token may be good for longer (RFC 8292 §2)
_VAPID = re.compile(r"vapid t=(?P<token>[\w-]+\.[\w-]+\.[\w-]+), ?k=(?P<key>[\w-]+)\Z")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")  # RFC 8030 §5.4


@dataclass(frozen=True)
class Pushed:
    """What a browser was shown."""

    told: dict[str, Any]
    ttl: int
    topic: str
    contact: str


@dataclass
class Browser:
    """One subscription. `gone`: the person took back the permission."""

    path: str
    vapid: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"
    pushed: list[Pushed] = field(default_factory=list)
    gone: int = 0  # 404 or 410

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class PushService(Simulator):
    """All of one maker's browsers."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.browsers: list[Browser] = []

    def subscribe(self, vapid: str) -> tuple[Browser, Subscription]:
        """A new browser's subscription for who holds the key `vapid`."""
        browser = Browser(f"/push/{len(self.browsers)}", vapid)
        self.browsers.append(browser)
        return browser, Subscription(self.url + browser.path, text_of(browser.public), text_of(browser.auth), vapid)

    def answer(self, call: Call) -> Reply:
        browser = next((b for b in self.browsers if b.path == call.path), None)
        if browser is None or browser.gone:
            return (browser.gone if browser else 404), b"no such subscription"
        found = _VAPID.match(call.headers.get("authorization", ""))
        claims = read_token(found["token"], found["key"]) if found else None
        if found is None or claims is None:
            return 401, b"no valid signature"
        left = claims["exp"] - self.clock().timestamp()
        if found["key"] != browser.vapid or claims["aud"] != self.url or not 0 < left <= DAY:
            return 403, b"not for us"
        ttl, topic = call.headers.get("ttl", ""), call.headers.get("topic", "")
        if not ttl.isdigit() or not _TOPIC.match(topic) or call.headers.get("content-encoding") != "aes128gcm":
            return 400, b"headers"
        if len(call.raw) > MOST_BYTES:
            return 413, b"too large"
        told = json.loads(decrypt(call.raw, browser.key, browser.auth))
        browser.pushed.append(Pushed(told, int(ttl), topic, claims["sub"]))
        return 201, b""


def read_token(token: str, key: str) -> dict[str, Any] | None:
    """The claims, if this key signed them with ES256 (RFC 7515 §5.2, RFC 7518 §3.4)."""
    head, claims, signature = token.split(".")
    if json.loads(bytes_of(head)) != {"typ": "JWT", "alg": "ES256"}:
        return None
    signed = bytes_of(signature)
    r, s = (int.from_bytes(part, "big") for part in (signed[:32], signed[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(key))
    try:
        public.verify(utils.encode_dss_signature(r, s), f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return None
    found: dict[str, Any] = json.loads(bytes_of(claims))
    return found


def decrypt(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What the body says to who has the key and the secret: one record of aes128gcm (RFC 8188 §2, RFC 8291 §3.4)."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, record = body[21 : 21 + length], body[21 + length :]
    assert len(record) <= size, "a push is one record (RFC 8291 §4)"
    own = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
    secret = _derive(shared, auth, b"WebPush: info\0" + own + sender, 32)
    content_key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    padded = AESGCM(content_key).decrypt(nonce, record, None).rstrip(b"\0")
    assert padded.endswith(b"\x02"), "the last record ends with 2 (RFC 8188 §2)"
    return padded[:-1]


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
