"""Mails signed as the test likes, and a DNS made of a dict, with its faults."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import dkim
import nacl.signing
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.inbound.dnslookup import Record, TemporaryFailure

MAIL = b"".join(
    line + b"\r\n"
    for line in (
        b"From: Jana <jana@post.example>",
        b"To: reply@gateway.example",
        b"Subject: Re: Interview",
        b"Message-ID: <1@post.example>",
        b"Content-Type: text/plain",
        b"",
        b"Yes, Tuesday suits me.",
        b"",
        b"Jana",
    )
)


@cache
def rsa_key(bits: int = 2048) -> tuple[bytes, bytes]:
    """A private key as PEM and its DNS record."""
    key = rsa.generate_private_key(65537, bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@cache
def ed25519_key() -> tuple[bytes, bytes]:
    key = nacl.signing.SigningKey.generate()
    public = base64.b64encode(key.verify_key.encode())
    return base64.b64encode(key.encode()), b"v=DKIM1; k=ed25519; p=" + public


@cache
def short_key() -> tuple[bytes, bytes]:
    """An RSA key of 768 bits, put together by hand because cryptography makes none so short."""
    chance = random.Random(7)

    def find_prime() -> int:
        while True:
            n = chance.getrandbits(384) | (3 << 382) | 1
            if n % 65537 != 1 and all(pow(a, n - 1, n) == 1 for a in (2, 3, 5, 7, 11, 13)):
                return n

    def der(tag: int, data: bytes) -> bytes:
        size = bytes([len(data)]) if len(data) < 128 else b"\x82" + len(data).to_bytes(2, "big")
        return bytes([tag]) + size + data

    def der_sequence(*numbers: int) -> bytes:
        return der(0x30, b"".join(der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers))

    p, q = find_prime(), find_prime()
    d = pow(65537, -1, (p - 1) * (q - 1))
    private = der_sequence(0, p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    pem = b"-----BEGIN-----\n" + base64.b64encode(private) + b"\n-----END-----"
    return pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(der_sequence(p * q, 65537))


def sign(
    raw: bytes,
    domain: str = "post.example",
    *,
    selector: str = "s1",
    key: bytes = b"",
    algorithm: bytes = b"rsa-sha256",
    headers: Sequence[bytes] = (b"from", b"to", b"subject", b"content-type"),
    length: bool = False,
    extra: bytes = b"",
) -> bytes:
    """The mail with a signature on top. `extra` (b"x=1") is put into the tags and signed with them."""
    signer = dkim.DKIM(raw, signature_algorithm=algorithm)
    if extra:
        plain = signer.gen_header
        name, _, value = extra.partition(b"=")

        def with_tag(fields: list[tuple[bytes, bytes]], *rest: object, **more: object) -> bytes:
            return plain([fields[0], (name, value), *fields[1:]], *rest, **more)

        signer.gen_header = with_tag
    pem = key or (ed25519_key() if algorithm == b"ed25519-sha256" else rsa_key())[0]
    header = signer.sign(
        selector.encode(),
        domain.encode(),
        pem,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(headers),
        length=length,
    )
    return bytes(header) + raw


@dataclass
class DictDNS:
    """Answers from `records`; names in `broken` fail temporarily. Notes what it was asked."""

    records: dict[tuple[str, str], Sequence[Record]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, name: str, rdtype: str) -> Sequence[Record]:
        name = name.lower().rstrip(".")
        self.asked.append((name, rdtype))
        if name in self.broken:
            raise TemporaryFailure(name)
        return self.records.get((name, rdtype), [])

    def txt(self, name: str, *texts: bytes) -> DictDNS:
        self.records[name, "TXT"] = list(texts)
        return self


def make_dns(dmarc: bytes = b"v=DMARC1; p=reject", spf: bytes = b"v=spf1 ip4:192.0.2.0/24 -all") -> DictDNS:
    """post.example as an orderly domain: DMARC, SPF for 192.0.2.0/24, keys s1 (RSA) and ed (ed25519)."""
    dns = DictDNS()
    if dmarc:
        dns.txt("_dmarc.post.example", dmarc)
    if spf:
        dns.txt("post.example", b"some-verification=1", spf)
    dns.txt("s1._domainkey.post.example", rsa_key()[1])
    dns.txt("ed._domainkey.post.example", ed25519_key()[1])
    return dns.txt("s1._domainkey.esp.example", rsa_key()[1])
