"""ARC: a forwarder's word counts only if the operator named it and the chain holds (reliability 47; RFC 8617)."""

from __future__ import annotations

import re

import dkim
import pytest
from signing_kit import MAIL, DictDNS, make_dns, rsa_key

from gateway.inbound.senderauth import prove_sender
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Envelope, Proof, SenderProof

JANA = "jana@post.example"
FORWARDED = Envelope(
    "list-bounce@relay.example", ("reply@gateway.example",), peer="203.0.113.9", helo="mx.relay.example"
)
PASSED = "dmarc=pass header.from=post.example"
THREAD_A, THREAD_B = (
    reply_address(b"k" * 32, ulid, "gateway.example")
    for ulid in ("01arz3ndektsv4rrffq69g5fav", "01arz3ndektsv4rrffq69g5fax")
)


def seal(raw: bytes, results: str = PASSED, *, by: str = "relay.example") -> bytes:
    """The mail as this forwarder passes it on, with what it found out about the sender."""
    host = f"mx.{by}"
    noted = f"Authentication-Results: {host}; {results}\r\n".encode() + raw
    headers = dkim.arc_sign(noted, b"s1", by.encode(), rsa_key()[0], host.encode())
    assert headers
    return b"".join(headers) + noted


def dns(*sealers: str) -> DictDNS:
    made = make_dns()
    for domain in sealers or ("relay.example",):
        made.txt(f"s1._domainkey.{domain}", rsa_key()[1])
    return made


def prove(raw: bytes, *sealers: str, lookup: DictDNS | None = None, envelope: Envelope = FORWARDED) -> SenderProof:
    return prove_sender(raw, envelope, JANA, lookup=lookup or dns(), sealers=sealers)


def test_a_trusted_forwarder_vouches_for_what_it_saw() -> None:
    proof = prove(seal(MAIL), "relay.example")
    assert (proof.proof, proof.domain) == (Proof.ALIGNED, "post.example")
    assert "relay.example" in proof.detail


@pytest.mark.parametrize("sealers", [(), ("other.example",), ("elay.example",), ("",)])
def test_a_forwarder_whom_nobody_named_vouches_for_nothing(sealers: tuple[str, ...]) -> None:
    lookup = dns()
    assert prove(seal(MAIL), *sealers, lookup=lookup).proof is Proof.FAIL
    assert not [name for name, _ in lookup.asked if name.endswith("relay.example")]


def test_a_subdomain_of_a_trusted_forwarder_is_theirs() -> None:
    assert (
        prove(seal(MAIL, by="arc.relay.example"), "relay.example", lookup=dns("arc.relay.example")).proof
        is Proof.ALIGNED
    )


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("dmarc=fail header.from=post.example", Proof.FAIL),
        ("dmarc=pass header.from=evil.example", Proof.FAIL),
        ("spf=pass smtp.mailfrom=post.example", Proof.FAIL),  # no DMARC result
        ("dmarc=none header.from=post.example; spf=pass smtp.mailfrom=jana@post.example", Proof.UNPROTECTED),
        ("dmarc=none header.from=post.example; spf=fail smtp.mailfrom=jana@post.example", Proof.FAIL),
    ],
)
def test_only_what_the_forwarder_says_counts(results: str, expected: Proof) -> None:
    assert prove(seal(MAIL, results), "relay.example").proof is expected


def test_the_first_forwarder_of_a_chain_is_heard_and_all_must_be_trusted() -> None:
    second = seal(seal(MAIL), "arc=pass; dmarc=fail header.from=post.example", by="list.example")
    lookup = dns("relay.example", "list.example")
    assert prove(second, "relay.example", "list.example", lookup=lookup).proof is Proof.ALIGNED
    assert prove(second, "relay.example", lookup=lookup).proof is Proof.FAIL
    assert prove(second, "list.example", lookup=lookup).proof is Proof.FAIL
    lying = seal(seal(MAIL, "dmarc=fail header.from=post.example"), f"arc=pass; {PASSED}", by="list.example")
    assert prove(lying, "relay.example", "list.example", lookup=lookup).proof is Proof.FAIL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Tuesday", b"Friday"),
        (b"Subject: Re: Interview", b"Subject: Invoice"),
        (b"cv=none", b"cv=pass"),
        (b"dmarc=fail", b"dmarc=pass"),
    ],
)
def test_a_broken_chain_proves_nothing(old: bytes, new: bytes) -> None:
    results = PASSED if old != b"dmarc=fail" else PASSED.replace("pass", "fail")
    sealed = seal(MAIL, results)
    assert old in sealed
    assert prove(sealed.replace(old, new), "relay.example").proof is Proof.FAIL


def test_a_set_too_many_or_too_few_is_no_chain() -> None:
    sealed = seal(MAIL)
    whole = re.search(rb"ARC-Seal:.*?\r\n(?=\S)", sealed, re.DOTALL)
    assert whole
    assert prove(whole[0] + sealed, "relay.example").proof is Proof.FAIL
    assert prove(sealed.replace(whole[0], b""), "relay.example").proof is Proof.FAIL
    assert prove(whole[0] * 60 + sealed, "relay.example").proof is Proof.FAIL


def test_a_sealed_reply_counts_only_for_the_address_that_it_names() -> None:
    """A sealed mail replayed to another thread (reliability 47)."""
    sealed = seal(MAIL.replace(b"reply@gateway.example", THREAD_A.encode()))
    to_a = Envelope("x@relay.example", (THREAD_A,), peer="203.0.113.9", helo="mx.relay.example")
    to_b = Envelope("x@relay.example", (THREAD_B,), peer="203.0.113.9", helo="mx.relay.example")
    assert prove(sealed, "relay.example", envelope=to_a).proof is Proof.ALIGNED
    assert prove(sealed, "relay.example", envelope=to_b).proof is Proof.FAIL


def test_a_sealers_key_that_dns_withholds_is_asked_for_again() -> None:
    lookup = dns()
    lookup.broken = {"s1._domainkey.relay.example"}
    assert prove(seal(MAIL), "relay.example", lookup=lookup).proof is Proof.TEMPERROR
