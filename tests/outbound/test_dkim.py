"""In charge of: our signatures as a receiver checks them. Not in charge of: checking others' (`tests/inbound`)."""

from __future__ import annotations

import base64
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from mail_servers import DOMAIN, NOW, OUTGOING

from gateway.errors import SettingsError
from gateway.outbound.compose import compose_mail
from gateway.outbound.dkim import load_signer


def as_pem(key: Any) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def as_record(key: Any) -> bytes:
    """The TXT record of the key's public half."""
    public = key.public_key()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public.public_bytes_raw())
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


@pytest.fixture(scope="module", params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest) -> Any:
    if request.param == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ed25519.Ed25519PrivateKey.generate()


def is_valid(raw: bytes, key: Any) -> bool:
    def look_up(name: bytes, timeout: float = 5) -> bytes | None:
        return as_record(key) if name == f"s1._domainkey.{DOMAIN}.".encode() else None

    return bool(dkim.DKIM(raw).verify(dnsfunc=look_up))


def test_a_receiver_finds_the_signature_valid(key: Any, sink: Any, connect: Any, outgoing: Any) -> None:
    connect(sink.port, signer=load_signer(DOMAIN, "s1", as_pem(key))).send(outgoing(text=".\n..\n끝  \n\n"))
    raw = sink.mails[0].original_content
    assert raw.startswith(b"DKIM-Signature: ")
    assert is_valid(raw, key)


@pytest.mark.parametrize("added", ["From", "To", "Subject", "Reply-To", "Cc", "Date"])
def test_a_field_added_on_the_way_breaks_the_signature(key: Any, added: str) -> None:
    """Each is signed once more than it is there (RFC 6376 §8.15)."""
    raw = load_signer(DOMAIN, "s1", as_pem(key)).sign(compose_mail(OUTGOING, date=NOW, domain=DOMAIN))
    assert is_valid(raw, key)
    assert not is_valid(f"{added}: someone@else.example\r\n".encode() + raw, key)


def test_a_key_that_cannot_sign_is_named_at_start() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    for pem in ("nonsense", as_pem(small), as_pem(curve)):
        with pytest.raises(SettingsError, match="GATEWAY_DKIM_KEY"):
            load_signer(DOMAIN, "s1", pem)
    with pytest.raises(SettingsError, match="GATEWAY_DKIM_SELECTOR"):
        load_signer(DOMAIN, "", "x")
