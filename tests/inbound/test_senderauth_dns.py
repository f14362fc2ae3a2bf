"""The sender proof while DNS is in trouble: over a real resolver and socket, and over a dict with faults."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from dns_kit import FaultyServer
from dnslib import MX, PTR, TXT, A
from signing_kit import MAIL, DictDNS, make_dns, sign

from gateway.inbound import senderauth
from gateway.inbound.dnslookup import Lookup, TemporaryFailure, stop_after
from gateway.inbound.senderauth import prove_sender
from gateway.threads.incoming import Envelope, Proof

JANA = "jana@post.example"
HOME = Envelope(JANA, ("reply@gateway.example",), peer="192.0.2.7", helo="mail.post.example")
ELSEWHERE = replace(HOME, peer="203.0.113.9")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def lookup(server: FaultyServer) -> Lookup:
    return Lookup(("127.0.0.1",), port=server.port, timeout=0.1, lifetime=0.3)


def test_records_come_in_plain_types(server: FaultyServer, lookup: Lookup) -> None:
    server.zone = {
        ("a.example", "TXT"): [TXT([b"v=spf1 ", b"-all"])],
        ("a.example", "MX"): [MX("mx.a.example", 10)],
        ("a.example", "A"): [A("192.0.2.1")],
        ("1.2.0.192.in-addr.arpa", "PTR"): [PTR("mx.a.example")],
    }
    assert lookup("a.example", "TXT") == [b"v=spf1 -all"]
    assert lookup("A.example.", "MX") == [(10, "mx.a.example")]
    assert lookup("a.example", "A") == ["192.0.2.1"]
    assert lookup("1.2.0.192.in-addr.arpa", "PTR") == ["mx.a.example"]


@pytest.mark.parametrize(
    "name", ["nowhere.example", "a.example", "", "a..b", "x" * 64 + ".example", "ü.example", "\ud800.x"]
)
def test_not_there_is_an_empty_answer(server: FaultyServer, lookup: Lookup, name: str) -> None:
    server.zone = {("a.example", "TXT"): [TXT("x")]}
    assert lookup(name, "MX") == []


@pytest.mark.parametrize("name", ["servfail.example", "silent.example"])
def test_no_answer_is_a_temporary_failure_in_time(lookup: Lookup, name: str) -> None:
    started = time.monotonic()
    with pytest.raises(TemporaryFailure):
        lookup(name, "TXT")
    assert time.monotonic() - started < 2


def test_an_answer_is_kept_for_its_time_to_live(server: FaultyServer, lookup: Lookup) -> None:
    server.zone = {("a.example", "A"): [A("192.0.2.1")]}
    assert lookup("a.example", "A") == lookup("a.example", "A")
    assert server.asked == ["a.example"]


def test_a_lookup_can_go_to_another_process(lookup: Lookup) -> None:
    assert pickle.loads(pickle.dumps(lookup)) == lookup


def test_a_proof_over_a_real_resolver(server: FaultyServer, lookup: Lookup) -> None:
    server.zone = {
        ("_dmarc.post.example", "TXT"): [TXT("v=DMARC1; p=reject")],
        ("post.example", "TXT"): [TXT("v=spf1 a:out.post.example -all")],
        ("out.post.example", "A"): [A("192.0.2.7")],
    }
    assert prove_sender(MAIL, HOME, JANA, lookup=lookup).proof is Proof.ALIGNED
    server.zone["post.example", "TXT"] = [TXT("v=spf1 a:silent.post.example -all")]
    again = replace(lookup, lifetime=0.2)  # another cache
    assert prove_sender(MAIL, HOME, JANA, lookup=again).proof is Proof.TEMPERROR


@pytest.mark.parametrize(
    ("broken", "envelope", "signed", "expected"),
    [
        ("_dmarc.post.example", HOME, True, Proof.TEMPERROR),  # without the policy nothing can be said
        ("post.example", HOME, True, Proof.ALIGNED),  # SPF is out, the signature proves it
        ("post.example", HOME, False, Proof.TEMPERROR),
        ("s1._domainkey.post.example", ELSEWHERE, True, Proof.TEMPERROR),
        ("s1._domainkey.post.example", HOME, True, Proof.ALIGNED),
    ],
)
def test_what_did_not_answer_is_never_taken_for_no(
    broken: str, envelope: Envelope, signed: bool, expected: Proof
) -> None:
    """Reliability 48."""
    dns = make_dns()
    dns.broken = {broken}
    proof = prove_sender(sign(MAIL) if signed else MAIL, envelope, JANA, lookup=dns)
    assert proof.proof is expected


def _spf(dns: DictDNS, record: bytes) -> DictDNS:
    return dns.txt("post.example", record)


@pytest.mark.parametrize(
    "record",
    [
        b"v=spf1 " + b" ".join(b"a:void%d.example" % n for n in range(9)) + b" +all",  # void lookups: at most two
        b"v=spf1 " + b" ".join(b"exists:%%{i}.e%d.example" % n for n in range(30)) + b" +all",  # lookups: at most ten
        b"v=spf1 include:post.example +all",
        b"v=spf1 redirect=post.example",
        b"v=spf1 " + b"ip4:192.0.2.7 " * 5_000,  # 64 KiB
        b"v=spf1 ip4:192.0.2.7 nonsense",
        b"v=spf1 ip4:192.0.2.7 \xff",
        b"\xff\xfe",
    ],
)
def test_bombs_and_broken_records_are_no_pass(record: bytes) -> None:
    """Reliability 48."""
    dns = make_dns()
    for n in range(30):
        dns.records[f"7.2.0.192.e{n}.example", "A"] = []
    started = time.monotonic()
    assert prove_sender(MAIL, HOME, JANA, lookup=_spf(dns, record)).proof is Proof.FAIL
    assert len(dns.asked) < 20
    assert time.monotonic() - started < 2


def test_a_key_too_large_to_be_one_is_not_computed_with() -> None:
    dns = make_dns().txt("s1._domainkey.post.example", b"v=DKIM1; k=rsa; p=" + b"QUJD" * 16_000)
    assert prove_sender(sign(MAIL), ELSEWHERE, JANA, lookup=dns).proof is Proof.FAIL


def test_slow_dns_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reliability 48."""
    clock = [1000.0]
    monkeypatch.setattr("gateway.inbound.dnslookup.time.monotonic", lambda: clock[0])
    dns = _spf(make_dns(), b"v=spf1 mx:b.example mx:c.example mx:d.example mx:e.example -all")

    def slow(name: str, rdtype: str) -> object:
        clock[0] += 5  # seconds: the longest that one question may take
        return dns(name, rdtype)

    proof = prove_sender(sign(MAIL), ELSEWHERE, JANA, lookup=slow)  # type: ignore[arg-type]
    assert proof.proof is Proof.TEMPERROR
    assert clock[0] - 1000 <= senderauth.LOOKUP_SECONDS + 5


def test_a_stopped_lookup_asks_no_more() -> None:
    dns = make_dns()
    with pytest.raises(TemporaryFailure):
        stop_after(dns, -1)("post.example", "TXT")
    assert dns.asked == []


def test_proofs_in_several_threads_keep_their_own_dns() -> None:
    good, bad = make_dns(), _spf(make_dns(), b"v=spf1 -all")

    def prove(number: int) -> Proof:
        return prove_sender(MAIL, HOME, JANA, lookup=good if number % 2 else bad).proof

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(prove, range(40))) == [Proof.FAIL, Proof.ALIGNED] * 20
