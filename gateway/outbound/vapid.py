"""In charge of: the keys by which push services know this installation (RFC 8292), and which subscriptions fit them.

Not in charge of: sending (`push`).

A subscription takes pushes only from who signs with the key that it was made for (RFC 8292 §4). That key follows from
the installation's secret key, so there is nothing to set and nothing to lose; a subscription remembers which key it was
made for, so that an earlier one is used for it as long as it is known.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.threads.devices import Subscription, from_text, to_text

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)
AUTH_BYTES = 16  # RFC 8291 §3.2


class PushKeys:
    """One key for each of the installation's secret keys, the present one first."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        made = [_derive(secret) for secret in secrets]
        self._keys = {_text_of(key): key for key in made}

    @property
    def public(self) -> str:
        """The present public key, as browsers and push services take it (RFC 8292 §3.2)."""
        return next(iter(self._keys))

    def find(self, public: str) -> EllipticCurvePrivateKey | None:
        """The signing key with this public key, present or earlier."""
        return self._keys.get(public)

    def fit(self, subscription: Subscription) -> bool:
        """Was it made for one of these, and can something be encrypted for it (RFC 8291 §3)?"""
        try:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), from_text(subscription.p256dh))
            whole = len(from_text(subscription.auth)) == AUTH_BYTES
        except ValueError:
            return False
        return whole and subscription.vapid in self._keys


def _derive(secret: bytes) -> EllipticCurvePrivateKey:
    """FIPS 186-5 A.2.1: 64 bits more than needed, then modulo."""
    bits = HKDF(algorithm=hashes.SHA256(), length=40, salt=None, info=b"gateway web push").derive(secret)
    return derive_private_key(int.from_bytes(bits, "big") % (ORDER - 1) + 1, SECP256R1())


def _text_of(key: EllipticCurvePrivateKey) -> str:
    return to_text(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
