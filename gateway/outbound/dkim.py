"""In charge of: signing our mails (RFC 6376; Ed25519 by RFC 8463).

Not in charge of: checking others' signatures (`inbound`).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from gateway.errors import SettingsError

# Each is signed once more than it is present, so that nobody can add a second one (RFC 6376 §8.15).
_SIGNED = (
    *(b"from", b"to", b"cc", b"sender", b"reply-to", b"subject", b"date", b"message-id", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted"),
)
_SIGNED_IF_THERE = (b"list-unsubscribe", b"list-unsubscribe-post")  # RFC 8058 §4; lists may add their own


@dataclass(frozen=True, slots=True)
class Signer:
    """A signing key with its place in DNS: `<selector>._domainkey.<domain>`."""

    domain: str
    selector: str
    key: bytes
    algorithm: bytes

    def sign(self, raw: bytes) -> bytes:
        """The mail with a DKIM-Signature on top (relaxed/relaxed: survives what relays do to white space)."""
        maker = dkim.DKIM(raw)
        present = [name.lower() for name, _ in maker.headers if name.lower() in _SIGNED + _SIGNED_IF_THERE]
        signature: bytes = maker.sign(
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            signature_algorithm=self.algorithm,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*present, *_SIGNED],
        )
        return signature + raw


def public_record(pem: str) -> str:
    """The value of the TXT record that publishes the public half of a PEM key (RFC 6376 §3.6.1, RFC 8463 §4). Raises
    SettingsError.
    """
    key = _load_key(pem)
    if isinstance(key, Ed25519PrivateKey):
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(key.public_key().public_bytes_raw()).decode()}"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.DER, form)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def load_signer(domain: str, selector: str, pem: str) -> Signer:
    """A signer from a PEM key, RSA (2,048 bits or more) or Ed25519. Raises SettingsError that says what is wrong."""
    if not selector:
        raise SettingsError(
            "GATEWAY_DKIM_KEY is set, but GATEWAY_DKIM_SELECTOR is not: name the selector of its DNS record."
        )
    key = _load_key(pem)
    if isinstance(key, Ed25519PrivateKey):
        return Signer(domain, selector, base64.b64encode(key.private_bytes_raw()), b"ed25519-sha256")
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return Signer(
        domain,
        selector,
        key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()),
        b"rsa-sha256",
    )


def _load_key(pem: str) -> Ed25519PrivateKey | RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        raise SettingsError("GATEWAY_DKIM_KEY is no PEM private key without a password.") from None
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, RSAPrivateKey) and key.key_size >= 2048):
        return key
    raise SettingsError("GATEWAY_DKIM_KEY must be an RSA key of at least 2048 bits or an Ed25519 key.")
