"""In charge of: what DNS says about our own reply domain, and what the operator should change (`gateway
doctor`).

Not in charge of: mail of others (`senderauth`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dkim
import dns.exception
import dns.reversename

from gateway.inbound.dnslookup import LookupFunction, TemporaryFailure, answer_dkimpy, find_texts
from gateway.inbound.senderauth import find_policy

SMALLEST_KEY = 1024  # bits (RFC 8301 §3.2)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report. `ok` is None when it could not be judged; `remedy` is "" when all is
    well.
    """

    name: str  # mx | spf | dkim | dmarc | ptr
    ok: bool | None
    found: str
    remedy: str = ""


def check_domain(
    reply_domain: str, *, lookup: LookupFunction, dkim_selector: str = "", smtp_host: str = ""
) -> list[Check]:
    """MX, SPF, DKIM, DMARC and PTR of our own domain, each with what was found and what to do. Never raises.

    `smtp_host`: the public host name of the SMTP listener; without it PTR is left out. `dkim_selector`: of
    our key.
    """
    checks: list[tuple[str, Callable[[], Check]]] = [
        ("mx", lambda: _check_mx(reply_domain, smtp_host, lookup)),
        ("spf", lambda: _check_spf(reply_domain, lookup)),
        ("dkim", lambda: _check_dkim(reply_domain, dkim_selector, lookup)),
        ("dmarc", lambda: _check_dmarc(reply_domain, lookup)),
    ]
    if smtp_host:
        checks.append(("ptr", lambda: _check_ptr(smtp_host, lookup)))
    return [_run(name, check) for name, check in checks]


def _run(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except TemporaryFailure as error:
        return Check(name, None, f"DNS did not answer ({error})", "Check the nameservers and try again.")


def _check_mx(domain: str, smtp_host: str, lookup: LookupFunction) -> Check:
    records = sorted(r for r in lookup(domain, "MX") if isinstance(r, tuple))
    found = ", ".join(f"{preference} {host or '.'}" for preference, host in records) or "no MX record"
    target = smtp_host or "the public name of this host"
    remedy = f"Add the record: {domain}. MX 10 {target}."
    if not records:
        return Check("mx", False, found, remedy)
    if smtp_host and smtp_host.lower() not in {host.lower() for _, host in records}:
        return Check("mx", False, found, f"Replies go elsewhere. {remedy}")
    return Check("mx", True, found)


def _check_spf(domain: str, lookup: LookupFunction) -> Check:
    records = [t for t in find_texts(lookup, domain) if t.lower() == b"v=spf1" or t.lower().startswith(b"v=spf1 ")]
    found = " | ".join(t.decode("ascii", "replace") for t in records) or "no SPF record"
    if not records:
        return Check("spf", False, found, f'Add the record: {domain}. TXT "v=spf1 mx -all" (name who sends your mail).')
    if len(records) > 1:
        return Check("spf", False, found, "Two SPF records count as an error. Keep one, with all senders in it.")
    if b"+all" in records[0].lower().split() or b"all" in records[0].lower().split():
        return Check("spf", False, found, "It lets everybody send as you. End it with -all or ~all.")
    return Check("spf", True, found)


def _check_dkim(domain: str, selector: str, lookup: LookupFunction) -> Check:
    if not selector:
        return Check("dkim", None, "no selector is set", "Set the selector of the key that signs outgoing mail.")
    name = f"{selector}._domainkey.{domain}"
    if not find_texts(lookup, name):
        return Check("dkim", False, f"no record at {name}", f'Add the record: {name}. TXT "v=DKIM1; k=rsa; p=…".')
    record = answer_dkimpy(lookup)(name.encode("idna"))
    try:
        _, bits, kind, _ = dkim.evaluate_pk(name, record)
    except Exception:  # a record that dkimpy cannot read fails in many ways, and all mean the same here
        return Check("dkim", False, f"no usable key at {name}", "Publish exactly one key there, whole, without t=y.")
    found = f"{kind.decode()} key, {bits} bits"
    if kind == b"rsa" and bits < SMALLEST_KEY:
        return Check("dkim", False, found, "The key is too short to be believed. Make one of 2048 bits.")
    return Check("dkim", True, found)


def _check_dmarc(domain: str, lookup: LookupFunction) -> Check:
    policy = find_policy(domain, lookup=lookup)
    if not policy.action:
        record = f'_dmarc.{domain}. TXT "v=DMARC1; p=reject"'
        return Check("dmarc", False, "no DMARC record", f"Add the record: {record} (begin with p=none to try).")
    return Check("dmarc", True, f"policy {policy.action}")


def _check_ptr(host: str, lookup: LookupFunction) -> Check:
    addresses = [str(x) for kind in ("A", "AAAA") for x in lookup(host, kind)]
    if not addresses:
        return Check("ptr", False, f"{host} has no address", f"Add an A or AAAA record for {host}.")
    wrong = [a for a in addresses if host.lower() not in {n.lower() for n in _find_names(a, lookup)}]
    if wrong:
        remedy = f"Ask the provider of the address to set its reverse name to {host}."
        return Check("ptr", False, f"no way back to the name from {', '.join(wrong)}", remedy)
    return Check("ptr", True, ", ".join(addresses))


def _find_names(address: str, lookup: LookupFunction) -> list[str]:
    try:
        name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
    except dns.exception.DNSException:
        return []
    return [str(x) for x in lookup(name, "PTR")]
