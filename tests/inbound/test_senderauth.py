"""The sender proof against forged, misaligned, mutated and replayed mail (GW-4; spoofing and DKIM traps)."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_kit import MAIL, DictDNS, ed25519_key, make_dns, rsa_key, short_key, sign

from gateway.inbound.dnslookup import find_org_domain
from gateway.inbound.senderauth import prove_sender
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Envelope, Proof, SenderProof

JANA = "jana@post.example"
# From a host that post.example does not name, so that only a signature can prove the mail
ELSEWHERE = Envelope(JANA, ("reply@gateway.example",), peer="203.0.113.9", helo="mx.relay.example")
AT_HOME = replace(ELSEWHERE, peer="192.0.2.7", helo="mail.post.example")
THREAD_A, THREAD_B = (
    reply_address(b"k" * 32, ulid, "gateway.example")
    for ulid in ("01arz3ndektsv4rrffq69g5fav", "01arz3ndektsv4rrffq69g5fax")
)


def prove(raw: bytes, dns: DictDNS | None = None, envelope: Envelope = ELSEWHERE, sender: str = JANA) -> SenderProof:
    return prove_sender(raw, envelope, sender, lookup=dns or make_dns())


@pytest.mark.parametrize(
    ("dmarc", "spf", "peer", "signed", "expected"),
    [
        (b"v=DMARC1; p=reject", b"v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.7", False, Proof.ALIGNED),
        (b"v=DMARC1; p=reject", b"v=spf1 ip4:192.0.2.0/24 -all", "203.0.113.9", True, Proof.ALIGNED),
        (b"v=DMARC1; p=none", b"v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.7", False, Proof.ALIGNED),
        (b"v=DMARC1; p=reject", b"v=spf1 ip4:192.0.2.0/24 -all", "203.0.113.9", False, Proof.FAIL),
        (b"v=DMARC1; p=quarantine", b"", "203.0.113.9", False, Proof.FAIL),
        (b"v=DMARC1; p=none", b"v=spf1 ip4:192.0.2.0/24 ~all", "203.0.113.9", False, Proof.NONE),
        (b"v=DMARC1; rua=mailto:a@b.example", b"", "203.0.113.9", False, Proof.NONE),
        (b"v=DMARC1; p=none", b"v=spf1 -all", "203.0.113.9", False, Proof.FAIL),
        (b"v=DMARC1", b"v=spf1 ip4:192.0.2.0/24 ?all", "192.0.2.7", False, Proof.UNPROTECTED),  # no policy: no record
        (b"", b"v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.7", False, Proof.UNPROTECTED),
        (b"", b"v=spf1 ip4:192.0.2.0/24 -all", "203.0.113.9", True, Proof.UNPROTECTED),
        (b"", b"v=spf1 ip4:192.0.2.0/24 -all", "203.0.113.9", False, Proof.FAIL),
        (b"", b"v=spf1 ip4:192.0.2.0/24 ~all", "203.0.113.9", False, Proof.NONE),
        (b"", b"", "203.0.113.9", False, Proof.NONE),
        (b"", b"v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", False, Proof.UNPROTECTED),
        (b"v=DMARC1; p=reject; ; broken", b"", "203.0.113.9", False, Proof.FAIL),
    ],
)
def test_what_a_domain_publishes_decides(dmarc: bytes, spf: bytes, peer: str, signed: bool, expected: Proof) -> None:
    """Reliability 41."""
    proof = prove(sign(MAIL) if signed else MAIL, make_dns(dmarc, spf), replace(ELSEWHERE, peer=peer))
    assert (proof.proof, proof.domain) == (expected, "post.example")
    assert proof.detail


@pytest.mark.parametrize("algorithm", [b"rsa-sha256", b"ed25519-sha256"])
def test_both_kinds_of_signature_are_believed(algorithm: bytes) -> None:
    selector = "ed" if algorithm == b"ed25519-sha256" else "s1"
    assert prove(sign(MAIL, selector=selector, algorithm=algorithm)).proof is Proof.ALIGNED


def test_a_changed_word_breaks_the_proof() -> None:
    assert prove(sign(MAIL).replace(b"Tuesday", b"Friday")).proof is Proof.FAIL


def test_a_stranger_with_a_good_name_of_their_own_proves_nothing() -> None:
    dns = make_dns().txt("evil.example", b"v=spf1 +all").txt("s1._domainkey.evil.example", rsa_key()[1])
    envelope = replace(ELSEWHERE, mail_from="x@evil.example")
    assert prove(sign(MAIL, "evil.example"), dns, envelope).proof is Proof.FAIL


def test_domains_of_others_are_not_even_asked() -> None:
    dns = make_dns()
    prove(sign(MAIL, "evil.example"), dns, replace(ELSEWHERE, mail_from="x@bomb.example"))
    assert not [name for name, _ in dns.asked if not name.endswith("post.example")]


@pytest.mark.parametrize("own_on_top", [True, False])
def test_a_sending_services_signature_does_not_hide_the_own_one(own_on_top: bool) -> None:
    raw = sign(sign(MAIL, "esp.example"), "post.example") if own_on_top else sign(sign(MAIL), "esp.example")
    assert prove(raw).proof is Proof.ALIGNED


def test_the_own_signature_is_found_below_many_others() -> None:
    raw = sign(MAIL)
    for number in range(9):
        raw = sign(raw, "esp.example", selector=f"x{number}")
    assert prove(raw).proof is Proof.ALIGNED


def test_only_five_signatures_are_tried() -> None:
    dns, raw = make_dns(), sign(MAIL)
    for number in range(6):
        raw = sign(raw, selector=f"none{number}")
    assert prove(raw, dns).proof is Proof.FAIL
    assert sum("_domainkey" in name for name, _ in dns.asked) == 5


@pytest.mark.parametrize(
    ("domain", "dmarc", "expected"),
    [
        ("mail.post.example", b"v=DMARC1; p=reject", Proof.ALIGNED),
        ("mail.post.example", b"v=DMARC1; p=reject; adkim=s", Proof.FAIL),
        ("post.example", b"v=DMARC1; p=reject; adkim=s", Proof.ALIGNED),
        ("notpost.example", b"v=DMARC1; p=reject", Proof.FAIL),
        ("example", b"v=DMARC1; p=reject", Proof.FAIL),
    ],
)
def test_alignment_of_signatures(domain: str, dmarc: bytes, expected: Proof) -> None:
    dns = make_dns(dmarc, b"").txt(f"s1._domainkey.{domain}", rsa_key()[1])
    assert prove(sign(MAIL, domain), dns).proof is expected


@pytest.mark.parametrize(("aspf", "expected"), [(b"r", Proof.ALIGNED), (b"s", Proof.FAIL)])
def test_alignment_of_the_return_path(aspf: bytes, expected: Proof) -> None:
    dns = make_dns(b"v=DMARC1; p=reject; aspf=" + aspf).txt("bounce.post.example", b"v=spf1 ip4:192.0.2.7 -all")
    envelope = replace(AT_HOME, mail_from="b-1@bounce.post.example")
    assert prove(MAIL, dns, envelope).proof is expected


def test_the_null_path_is_proven_by_helo() -> None:
    dns = make_dns().txt("mail.post.example", b"v=spf1 ip4:192.0.2.7 -all")
    assert prove(MAIL, dns, replace(AT_HOME, mail_from="")).proof is Proof.ALIGNED
    assert prove(MAIL, dns, replace(AT_HOME, mail_from="", helo="[192.0.2.7]")).proof is Proof.FAIL


@pytest.mark.parametrize(
    ("sub_policy", "expected"), [(b"", Proof.FAIL), (b"; sp=none", Proof.NONE), (b"; sp=reject", Proof.FAIL)]
)
def test_a_subdomain_inherits_the_policy(sub_policy: bytes, expected: Proof) -> None:
    raw = MAIL.replace(b"jana@post.example", b"jana@a.b.post.example")
    proof = prove(raw, make_dns(b"v=DMARC1; p=reject" + sub_policy, b""), sender="jana@a.b.post.example")
    assert proof.proof is expected


def test_names_below_a_public_suffix_are_strangers_to_each_other() -> None:
    assert find_org_domain("mail.a.co.kr") == "a.co.kr"
    assert find_org_domain("mail.a.internal") == "a.internal"
    assert find_org_domain("b.internal") != find_org_domain("a.internal")


# What must not count as a pass


def test_text_below_the_signed_length_is_not_believed() -> None:
    """Reliability 47."""
    signed = sign(MAIL, length=True)
    assert b"l=" in signed.split(b"\r\n\r\n")[0]
    assert prove(signed).proof is Proof.ALIGNED
    assert prove(signed + b"<p>Please pay here</p>\r\n").proof is Proof.FAIL


def test_an_expired_signature_counts_only_for_mail_that_came_in_time() -> None:
    """Reliability 47."""
    expiry = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    now = datetime.now(UTC)
    soon = sign(MAIL, extra=f"x={int((now + timedelta(hours=1)).timestamp())}".encode())
    assert prove(soon, envelope=replace(ELSEWHERE, received_at=now)).proof is Proof.ALIGNED
    assert prove(soon, envelope=replace(ELSEWHERE, received_at=now + timedelta(hours=2))).proof is Proof.FAIL
    assert prove(sign(MAIL, extra=f"x={int(expiry.timestamp()) - 10**8}".encode())).proof is Proof.FAIL


def test_a_short_key_is_not_believed() -> None:
    """Reliability 47."""
    weak = short_key()
    dns = make_dns().txt("weak._domainkey.post.example", weak[1])
    assert prove(sign(MAIL, selector="weak", key=weak[0]), dns).proof is Proof.FAIL


def test_sha1_is_not_believed() -> None:
    assert prove(sign(MAIL, algorithm=b"rsa-sha1")).proof is Proof.FAIL


def test_a_key_in_testing_mode_and_a_revoked_key_prove_nothing() -> None:
    assert (
        prove(sign(MAIL), make_dns().txt("s1._domainkey.post.example", rsa_key()[1] + b"; t=y:s")).proof is Proof.FAIL
    )
    assert prove(sign(MAIL), make_dns().txt("s1._domainkey.post.example", b"v=DKIM1; p=")).proof is Proof.FAIL


def test_two_keys_at_one_name_prove_nothing() -> None:
    dns = make_dns().txt("s1._domainkey.post.example", rsa_key()[1], ed25519_key()[1])
    assert prove(sign(MAIL), dns).proof is Proof.FAIL


@pytest.mark.parametrize(
    "second", [b"From: boss@post.example", b"FROM : boss@post.example", b"from:\r\n boss@post.example"]
)
def test_a_second_from_is_never_a_pass(second: bytes) -> None:
    """Reliability 23, 47."""
    assert prove(second + b"\r\n" + sign(MAIL), envelope=AT_HOME).proof is Proof.FAIL


@pytest.mark.parametrize("header", [b"Subject: Pay now", b"Content-Type: text/html", b"To: you@elsewhere.example"])
def test_a_second_unsigned_header_spoils_the_signature(header: bytes) -> None:
    assert prove(header + b"\r\n" + sign(MAIL)).proof is Proof.FAIL


def test_an_unsigned_from_spoils_the_signature() -> None:
    raw = re.sub(rb"h=from : ", b"h=", sign(MAIL))
    assert prove(raw).proof is Proof.FAIL


def test_a_mail_without_from_is_no_pass() -> None:
    assert prove(MAIL.replace(b"From:", b"X-From:"), envelope=AT_HOME).proof is Proof.FAIL


def test_an_arc_seal_of_a_stranger_is_ignored() -> None:
    """Reliability 47."""
    seal = b"ARC-Seal: i=1; cv=none; a=rsa-sha256; d=evil.example; s=s1; b=AAAA\r\n"
    result = b"ARC-Authentication-Results: i=1; mx.evil.example; dmarc=pass header.from=post.example\r\n"
    assert prove(seal + result + MAIL).proof is Proof.FAIL


# Replay: a signed mail to one address says nothing about another


@pytest.mark.parametrize(
    "header", ["To: {}", "To: Desk <{}>", "To: a@b.example,\r\n\t<{}>", "To: x@y.example\r\nCc: {}"]
)
def test_a_signed_reply_counts_for_the_address_it_names(header: str) -> None:
    line = header.format(THREAD_A.upper()).encode()
    raw = sign(re.sub(rb"To: .*?\r\n", line + b"\r\n", MAIL), headers=[b"from", b"to", b"cc"])
    assert prove(raw, envelope=replace(ELSEWHERE, rcpt_tos=(THREAD_A,))).proof is Proof.ALIGNED


@pytest.mark.parametrize("recipients", [(THREAD_B,), (THREAD_A, THREAD_B)])
def test_a_signed_reply_replayed_to_another_thread_proves_nothing(recipients: tuple[str, ...]) -> None:
    """Reliability 47."""
    raw = sign(MAIL.replace(b"reply@gateway.example", THREAD_A.encode()))
    assert prove(raw, envelope=replace(ELSEWHERE, rcpt_tos=recipients)).proof is Proof.FAIL


def test_an_unsigned_to_names_nobody() -> None:
    raw = sign(MAIL.replace(b"reply@gateway.example", THREAD_A.encode()), headers=[b"from", b"subject"])
    assert prove(raw, envelope=replace(ELSEWHERE, rcpt_tos=(THREAD_A,))).proof is Proof.FAIL


def test_a_blind_copy_from_the_own_server_still_counts() -> None:
    assert prove(sign(MAIL), envelope=replace(AT_HOME, rcpt_tos=(THREAD_B,))).proof is Proof.ALIGNED


# Bytes and cost


def test_an_international_domain_is_proven_by_its_ascii_form() -> None:
    dns = make_dns().txt("_dmarc.xn--strae-oqa.example", b"v=DMARC1; p=reject")
    dns.txt("s1._domainkey.xn--strae-oqa.example", rsa_key()[1])
    raw = sign(MAIL.replace(b"jana@post.example", "jana@straße.example".encode()), "xn--strae-oqa.example")
    proof = prove(raw, dns, sender="jana@straße.example")
    assert (proof.proof, proof.domain) == (Proof.ALIGNED, "xn--strae-oqa.example")


@pytest.mark.parametrize("sender", ["", "jana", "jana@localhost", "jana@[192.0.2.7]", "a@b@", "jana@post..example"])
def test_a_sender_without_a_real_domain_is_nobody(sender: str) -> None:
    assert prove(MAIL, envelope=AT_HOME, sender=sender).proof is Proof.NONE


@pytest.mark.parametrize("peer", ["", "unix", "fe80::1%eth0", "999.1.1.1"])
def test_odd_peers_leave_spf_out(peer: str) -> None:
    assert prove(MAIL, make_dns(b""), replace(ELSEWHERE, peer=peer)).proof in (Proof.NONE, Proof.FAIL)


@given(raw=st.binary(max_size=300), sender=st.text(max_size=40), path=st.text(max_size=40), peer=st.text(max_size=20))
def test_never_raises(raw: bytes, sender: str, path: str, peer: str) -> None:
    envelope = Envelope(path, (path,), peer=peer, helo=sender)
    for mail in (raw, b"From: jana@post.example\r\nDKIM-Signature: d=post.example; " + raw):
        assert prove(mail, make_dns(b""), envelope, sender).proof is not Proof.ALIGNED
        assert isinstance(prove(mail, envelope=envelope), SenderProof)


_HEAD = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=post.example; s=s1; h=%s; bh=AAAA; b=AAAA%s\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        _HEAD % (b"from", b"") + MAIL + b" " * 3_000_000 + b"x",
        _HEAD % (b"from", b"") + b"X: 1\r\n" + b" \r\n" * 200_000 + MAIL,
        _HEAD % (b"from", b"\r\n " * 2_500) + MAIL,
        _HEAD % (b"from:" + b":".join(b"%x" % n for n in range(1_500)), b"") + b"X: 1\r\n" * 1_900 + MAIL,
        b"X: 1\r\n" * 200_000 + _HEAD % (b"from", b"") + MAIL,
        (_HEAD % (b"from", b"")) * 1_500 + MAIL,
    ],
    ids=["spaces", "folds", "gap in b", "names", "headers", "signatures"],
)
def test_hostile_mail_costs_little(raw: bytes) -> None:
    started = time.monotonic()
    assert prove(raw).proof is Proof.FAIL
    assert time.monotonic() - started < 3
