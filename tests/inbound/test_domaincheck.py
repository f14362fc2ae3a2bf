"""What `gateway doctor` says about our own domain."""

from __future__ import annotations

import pytest
from signing_kit import DictDNS, ed25519_key, rsa_key, short_key

from gateway.inbound.domaincheck import ReplyDomain
from gateway.threads.own_domain import Check

DOMAIN, HOST = "gateway.example", "mx.gateway.example"


def make_good_dns() -> DictDNS:
    dns = DictDNS().txt(DOMAIN, b"v=spf1 mx -all").txt(f"_dmarc.{DOMAIN}", b"v=DMARC1; p=reject")
    dns.txt(f"s1._domainkey.{DOMAIN}", rsa_key()[1]).txt(f"ed._domainkey.{DOMAIN}", ed25519_key()[1])
    dns.txt(f"short._domainkey.{DOMAIN}", short_key()[1]).txt(f"test._domainkey.{DOMAIN}", rsa_key()[1] + b"; t=y")
    dns.records[DOMAIN, "MX"] = [(10, HOST)]
    dns.records[HOST, "A"] = ["192.0.2.1"]
    dns.records["1.2.0.192.in-addr.arpa", "PTR"] = [HOST]
    return dns


def run(dns: DictDNS, selector: str = "s1", host: str = HOST) -> dict[str, Check]:
    checks = ReplyDomain(DOMAIN, dns, dkim_selector=selector, smtp_host=host).check()
    return {check.name: check for check in checks}


@pytest.mark.parametrize("selector", ["s1", "ed"])
def test_an_orderly_domain_needs_nothing(selector: str) -> None:
    checks = run(make_good_dns(), selector)
    assert list(checks) == ["mx", "spf", "dkim", "dmarc", "ptr"]
    assert all(check.ok and check.found and not check.remedy for check in checks.values())


@pytest.mark.parametrize(
    ("relay", "sender"),
    [
        ("smtp.relay.example", "a:smtp.relay.example"),
        ("192.0.2.9", "ip4:192.0.2.9"),
        ("2001:db8::9", "ip6:2001:db8::9"),
    ],
)
def test_a_relay_may_send_for_us_by_its_name_or_its_address(relay: str, sender: str) -> None:
    """RFC 7208 §5.3, §5.6: `a:` takes names only."""
    spf = next(r for r in ReplyDomain(DOMAIN, DictDNS(), relay_host=relay).records() if r.name == "spf")
    assert spf.value == f"v=spf1 mx {sender} -all"


def test_an_empty_domain_is_told_what_to_add() -> None:
    checks = run(DictDNS())
    assert [check.ok for check in checks.values()] == [False] * 5
    assert f"{DOMAIN}. MX 10 {HOST}." in checks["mx"].remedy
    assert "v=spf1" in checks["spf"].remedy
    assert f"s1._domainkey.{DOMAIN}" in checks["dkim"].remedy
    assert f"_dmarc.{DOMAIN}" in checks["dmarc"].remedy
    assert HOST in checks["ptr"].remedy


@pytest.mark.parametrize(
    ("name", "records", "check", "words"),
    [
        ((DOMAIN, "MX"), [(10, "other.example")], "mx", "elsewhere"),
        ((DOMAIN, "TXT"), [b"v=spf1 mx -all", b"v=spf1 -all"], "spf", "Two"),
        ((DOMAIN, "TXT"), [b"v=spf1 +all"], "spf", "everybody"),
        ((f"s1._domainkey.{DOMAIN}", "TXT"), [b"v=DKIM1; p="], "dkim", "Publish"),
        ((f"_dmarc.{DOMAIN}", "TXT"), [b"v=DMARC1; p=none", b"v=DMARC1; p=none"], "dmarc", "_dmarc"),
        (("1.2.0.192.in-addr.arpa", "PTR"), ["host1.provider.example"], "ptr", "reverse name"),
    ],
)
def test_each_fault_has_its_remedy(name: tuple[str, str], records: list[object], check: str, words: str) -> None:
    dns = make_good_dns()
    dns.records[name] = records  # type: ignore[assignment]
    found = run(dns)
    assert (found[check].ok, words in found[check].remedy) == (False, True)
    assert [other for other, value in found.items() if not value.ok] == [check]


@pytest.mark.parametrize(("selector", "ok"), [("short", False), ("test", False), ("none", False), ("", None)])
def test_keys_that_nobody_would_believe(selector: str, ok: bool | None) -> None:
    check = run(make_good_dns(), selector)["dkim"]
    assert (check.ok, bool(check.remedy)) == (ok, True)


def test_dns_that_does_not_answer_is_said_to_be_so() -> None:
    dns = make_good_dns()
    dns.broken = {f"_dmarc.{DOMAIN}"}
    check = run(dns)["dmarc"]
    assert check.ok is None
    assert "did not answer" in check.found


def test_without_a_host_name_its_address_is_not_judged() -> None:
    assert "ptr" not in run(make_good_dns(), host="")
