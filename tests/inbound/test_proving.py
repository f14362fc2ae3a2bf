"""Proofs of many mails (reliability 48): none waits for another's DNS, a big mail's arithmetic happens elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from signing_kit import MAIL, DictDNS, make_dns, rsa_key, sign

from gateway.inbound.dnslookup import Record
from gateway.inbound.proving import SenderProver
from gateway.inbound.sandbox import ParsingPool
from gateway.inbound.senderauth import DirectVerifier
from gateway.threads.incoming import Claim, Envelope, Proof

JANA = "jana@post.example"
ELSEWHERE = Envelope(JANA, ("reply@gateway.example",), peer="203.0.113.9", helo="mx.relay.example")
RELAYED = Envelope(JANA, ("reply@gateway.example",), peer="192.0.2.50", helo="relay.example")


@pytest.fixture(scope="module")
def pool() -> Iterator[ParsingPool]:
    with ParsingPool(1, timeout=10) as pool:
        yield pool


def test_a_signature_is_verified_in_the_parsing_process(pool: ParsingPool) -> None:
    prover = SenderProver(make_dns(), pool)
    good, forged = sign(MAIL), sign(MAIL).replace(b"Tuesday", b"Friday")
    found = prover([Claim(good, ELSEWHERE, JANA), Claim(forged, ELSEWHERE, JANA)])
    assert [p.proof for p in found] == [Proof.ALIGNED, Proof.FAIL]
    prover.close()


def test_a_big_signed_mail_costs_this_process_little(pool: ParsingPool) -> None:
    """6 MB: its hash is the parsing process's work. As CPU time of this process, against verifying it here."""
    raw = sign(MAIL + b"QWxsIHdvcmsgYW5kIG5vIHBsYXkgbWFrZXMgYSBkdWxsIGNhbmRpZGF0ZSwgc2F5cyB0aGUgbGV0\r\n" * 80_000)
    apart, here = SenderProver(make_dns(), pool), SenderProver(make_dns(), DirectVerifier())
    costs = []
    for prover in (apart, here):
        started = time.process_time()
        assert prover([Claim(raw, ELSEWHERE, JANA)])[0].proof is Proof.ALIGNED
        costs.append(time.process_time() - started)
        prover.close()
    assert costs[0] < costs[1] / 3


def test_a_mail_that_kills_the_verifying_process_is_not_proven() -> None:
    with ParsingPool(1, timeout=0.3) as impatient:
        impatient.warm()
        raw = sign(MAIL + b"x\t \t y\r\n" * 1_500_000)
        (proof,) = SenderProver(make_dns(), impatient)([Claim(raw, ELSEWHERE, JANA)])
        assert proof.proof is Proof.FAIL
        assert "not checked" in proof.detail


def test_one_slow_domain_holds_nobody_up() -> None:
    dns, answer = make_dns(), threading.Event()

    def lookup(name: str, rdtype: str) -> Sequence[Record]:
        if "slow" in name:
            answer.wait(20)
        return dns(name, rdtype)

    prover = SenderProver(lookup, DirectVerifier(), together_seconds=0.5)
    slow = Claim(MAIL.replace(b"post.example", b"slow.example"), ELSEWHERE, "jana@slow.example")
    found = prover([slow, *[Claim(sign(MAIL), ELSEWHERE, JANA)] * 5])
    assert [p.proof for p in found] == [Proof.TEMPERROR] + [Proof.ALIGNED] * 5
    answer.set()
    prover.close()


def test_a_relays_verdict_counts_only_from_the_relay() -> None:
    """Reliability 46: the same header from anybody else says nothing."""
    raw = b"Authentication-Results: mx.ours.example; dmarc=pass header.from=post.example\r\n" + MAIL
    prover = SenderProver(make_dns(), DirectVerifier(), trusted_relays=["192.0.2.50"], authserv_id="mx.ours.example")
    relayed, direct = prover([Claim(raw, RELAYED, JANA), Claim(raw, ELSEWHERE, JANA)])
    assert relayed.proof is Proof.ALIGNED
    assert direct.proof is Proof.FAIL
    prover.close()


def test_spf_never_judges_our_own_relay() -> None:
    dns = make_dns(spf=b"v=spf1 ip4:192.0.2.50 -all")
    prover = SenderProver(dns, DirectVerifier(), trusted_relays=["192.0.2.50"])
    assert prover([Claim(MAIL, RELAYED, JANA)])[0].proof is Proof.FAIL
    prover.close()


def test_switched_off_checks_prove_nothing_and_ask_nobody() -> None:
    prover = SenderProver(None, DirectVerifier())
    assert prover([Claim(sign(MAIL), ELSEWHERE, JANA)])[0].proof is Proof.NONE
    assert prover([]) == []
    prover.close()


def test_keys_of_two_mails_are_not_mixed_up(pool: ParsingPool) -> None:
    dns: DictDNS = make_dns().txt("_dmarc.other.example", b"v=DMARC1; p=reject")
    dns.txt("s1._domainkey.other.example", rsa_key()[1].replace(b"p=", b"p=AAAA"))
    other = sign(MAIL.replace(b"jana@post.example", b"jana@other.example"), "other.example")
    prover = SenderProver(dns, pool)
    found = prover([Claim(sign(MAIL), ELSEWHERE, JANA), Claim(other, ELSEWHERE, "jana@other.example")])
    assert [p.proof for p in found] == [Proof.ALIGNED, Proof.FAIL]
    prover.close()
