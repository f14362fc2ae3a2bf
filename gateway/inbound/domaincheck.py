"""In charge of: what must stand in DNS for our own reply domain, what does, and what to change (`gateway doctor`, the
desk's set-up).

Not in charge of: mail of others (`senderauth`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dkim
import dns.exception
import dns.inet
import dns.reversename

from gateway.inbound.dnslookup import LookupFunction, TemporaryFailure, answer_dkimpy, find_texts
from gateway.inbound.senderauth import find_policy
from gateway.threads.own_domain import Check, DnsRecord

SMALLEST_KEY = 1024  # bits (RFC 8301 §3.2)


@dataclass(frozen=True, slots=True)
class ReplyDomain:
    """Our own domain, with all that its records follow from.

    `smtp_host`: the public name of the SMTP listener; without it PTR is left out. `relay_host`: the smarthost, "" when
    there is none. `dkim_value`: the record of our key, "" when the relay signs, or nobody.
    """

    name: str
    lookup: LookupFunction
    dkim_selector: str = ""
    smtp_host: str = ""
    relay_host: str = ""
    dkim_value: str = ""

    def records(self) -> list[DnsRecord]:
        """What to publish."""
        spf = " ".join(["v=spf1 mx", *([_name_sender(self.relay_host)] if self.relay_host else []), "-all"])
        key = f"{self.dkim_selector}._domainkey.{self.name}" if self.dkim_selector else ""
        return [
            DnsRecord("mx", self.name, "MX", f"10 {self.smtp_host or self.name}."),
            DnsRecord("spf", self.name, "TXT", spf),
            DnsRecord("dkim", key, "TXT", self.dkim_value if key else ""),
            DnsRecord("dmarc", f"_dmarc.{self.name}", "TXT", "v=DMARC1; p=reject"),
        ]

    def check(self) -> list[Check]:
        """MX, SPF, DKIM, DMARC and PTR, each with what was found and what to do. Never raises."""
        mx, spf, dkim_key, dmarc = self.records()
        host, lookup = self.smtp_host, self.lookup
        checks: list[tuple[str, Callable[[], Check]]] = [
            ("mx", lambda: _check_mx(mx, host, lookup)),
            ("spf", lambda: _check_spf(spf, lookup)),
            ("dkim", lambda: _check_dkim(dkim_key, lookup)),
            ("dmarc", lambda: _check_dmarc(self.name, dmarc, lookup)),
        ]
        if host:
            checks.append(("ptr", lambda: _check_ptr(host, lookup)))
        return [_run(name, check) for name, check in checks]


def _run(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except TemporaryFailure as error:
        return Check(name, None, f"DNS did not answer ({error})", "Check the nameservers and try again.", "unanswered")


def _name_sender(host: str) -> str:
    """The mechanism for a host that sends for us, by name or by address (RFC 7208 §5.3, §5.6)."""
    if not dns.inet.is_address(host):
        return f"a:{host}"
    return f"ip6:{host}" if ":" in host else f"ip4:{host}"


def _check_mx(wanted: DnsRecord, smtp_host: str, lookup: LookupFunction) -> Check:
    records = sorted(r for r in lookup(wanted.host, "MX") if isinstance(r, tuple))
    found = ", ".join(f"{preference} {host or '.'}" for preference, host in records) or "no MX record"
    remedy = f"Add the record: {wanted.line}"
    if not records:
        return Check("mx", False, found, remedy, "missing")
    if smtp_host and smtp_host.lower() not in {host.lower() for _, host in records}:
        return Check("mx", False, found, f"Replies go elsewhere. {remedy}", "elsewhere")
    return Check("mx", True, found)


def _check_spf(wanted: DnsRecord, lookup: LookupFunction) -> Check:
    every = find_texts(lookup, wanted.host)
    records = [t for t in every if t.lower() == b"v=spf1" or t.lower().startswith(b"v=spf1 ")]
    found = " | ".join(t.decode("ascii", "replace") for t in records) or "no SPF record"
    if not records:
        return Check("spf", False, found, f"Add the record: {wanted.line} (name who sends your mail).", "missing")
    if len(records) > 1:
        remedy = "Two SPF records count as an error. Keep one, with all senders in it."
        return Check("spf", False, found, remedy, "several")
    if b"+all" in records[0].lower().split() or b"all" in records[0].lower().split():
        return Check("spf", False, found, "It lets everybody send as you. End it with -all or ~all.", "open")
    return Check("spf", True, found)


def _check_dkim(wanted: DnsRecord, lookup: LookupFunction) -> Check:
    name = wanted.host
    if not name:
        remedy = "Set the selector of the key that signs outgoing mail."
        return Check("dkim", None, "no selector is set", remedy, "unset")
    if not find_texts(lookup, name):
        line = wanted.line if wanted.value else f'{name}. TXT "v=DKIM1; k=rsa; p=…"'
        return Check("dkim", False, f"no record at {name}", f"Add the record: {line}.", "missing")
    record = answer_dkimpy(lookup)(name.encode("idna"))
    try:
        _, bits, kind, _ = dkim.evaluate_pk(name, record)
    except Exception:  # a record that dkimpy cannot read fails in many ways, and all mean the same here
        remedy = "Publish exactly one key there, whole, without t=y."
        return Check("dkim", False, f"no usable key at {name}", remedy, "unusable")
    found = f"{kind.decode()} key, {bits} bits"
    if kind == b"rsa" and bits < SMALLEST_KEY:
        return Check("dkim", False, found, "The key is too short to be believed. Make one of 2048 bits.", "short")
    return Check("dkim", True, found)


def _check_dmarc(domain: str, wanted: DnsRecord, lookup: LookupFunction) -> Check:
    policy = find_policy(domain, lookup=lookup)
    if not policy.action:
        remedy = f"Add the record: {wanted.line} (begin with p=none to try)."
        return Check("dmarc", False, "no DMARC record", remedy, "missing")
    return Check("dmarc", True, f"policy {policy.action}")


def _check_ptr(host: str, lookup: LookupFunction) -> Check:
    addresses = [str(x) for kind in ("A", "AAAA") for x in lookup(host, kind)]
    if not addresses:
        return Check("ptr", False, f"{host} has no address", f"Add an A or AAAA record for {host}.", "no_address")
    wrong = [a for a in addresses if host.lower() not in {n.lower() for n in _find_names(a, lookup)}]
    if wrong:
        remedy = f"Ask the provider of the address to set its reverse name to {host}."
        return Check("ptr", False, f"no way back to the name from {', '.join(wrong)}", remedy, "no_way_back")
    return Check("ptr", True, ", ".join(addresses))


def _find_names(address: str, lookup: LookupFunction) -> list[str]:
    try:
        name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
    except dns.exception.DNSException:
        return []
    return [str(x) for x in lookup(name, "PTR")]
