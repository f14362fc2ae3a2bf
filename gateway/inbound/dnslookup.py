"""In charge of: asking DNS with time limits, and giving each library the answer in the type that it wants.

Not in charge of: what the answers mean (`senderauth`, `authresults`, `domaincheck`).

Everything here takes and gives a `LookupFunction`, a plain callable, so that tests answer from a dict. "There
is no such record" is an empty list; "DNS did not answer" is `TemporaryFailure`. The two must never be mixed
up: the first may prove that a domain has no policy, the second proves nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import dns.exception
import dns.name
import dns.resolver
from authheaders.dmarc_lookup import get_org_domain

Record = bytes | str | tuple[int, str]
"""TXT: bytes, its strings joined · A, AAAA, PTR: str · MX: (preference, host). Hosts have no trailing dot."""

LookupFunction = Callable[[str, str], Sequence[Record]]
"""(name, type) → records. Raises TemporaryFailure."""

LARGEST_TXT = 16_384  # bytes; the largest SPF records seen in earnest are below 4,000
LARGEST_KEY = 2_048  # bytes; an RSA key of 8,192 bits needs 1,400. Larger ones would only burn our CPU


class TemporaryFailure(Exception):
    """DNS did not answer (time-out, SERVFAIL, no server): the same question may be answered later."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Asks the given nameservers (none: those of the system). Plain data, so it can be sent to another
    process.

    `timeout`: seconds for one try; `lifetime`: seconds for one question with all its tries.
    """

    nameservers: tuple[str, ...] = ()
    port: int = 53
    timeout: float = 2.0
    lifetime: float = 5.0

    def __call__(self, name: str, rdtype: str) -> Sequence[Record]:
        """The records of `name`, aliases followed; [] if there are none. Raises TemporaryFailure."""
        try:
            question = dns.name.from_text(name.rstrip(".") + ".")
        except (dns.exception.DNSException, UnicodeError):
            return []  # not a name that DNS can hold
        try:
            answer = _make_resolver(self).resolve(question, rdtype, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise TemporaryFailure(f"{rdtype} {name}: {type(error).__name__}") from error
        return [record for rdata in answer if (record := _read_record(rdata, rdtype)) is not None]


@lru_cache(maxsize=8)
def _make_resolver(lookup: Lookup) -> dns.resolver.Resolver:
    try:
        resolver = dns.resolver.Resolver(configure=not lookup.nameservers)
    except dns.resolver.NoResolverConfiguration:
        resolver = dns.resolver.Resolver(configure=False)  # every question is then a temporary failure
    if lookup.nameservers:
        resolver.nameservers = list(lookup.nameservers)
        resolver.port = lookup.port
    resolver.timeout, resolver.lifetime = lookup.timeout, lookup.lifetime
    resolver.cache = dns.resolver.LRUCache(max_size=512)  # answers only, each for its own time to live
    return resolver


def _read_record(rdata: Any, rdtype: str) -> Record | None:
    match rdtype:
        case "TXT":
            text = b"".join(rdata.strings)
            return text if len(text) <= LARGEST_TXT else None
        case "MX":
            return rdata.preference, rdata.exchange.to_text(omit_final_dot=True)
        case "PTR" | "CNAME" | "NS":
            return str(rdata.target.to_text(omit_final_dot=True))
        case _:
            return str(rdata.to_text())


def stop_after(lookup: LookupFunction, seconds: float) -> LookupFunction:
    """The same lookup, which fails temporarily at every question asked more than `seconds` from now."""
    until = time.monotonic() + seconds

    def ask(name: str, rdtype: str) -> Sequence[Record]:
        if time.monotonic() > until:
            raise TemporaryFailure(f"{rdtype} {name}: no time left")
        return lookup(name, rdtype)

    return ask


def find_texts(lookup: LookupFunction, name: str) -> list[bytes]:
    """The TXT records of a name. Those too large to be meant seriously are left out."""
    texts = (x if isinstance(x, bytes) else str(x).encode() for x in lookup(name.rstrip("."), "TXT"))
    return [x for x in texts if len(x) <= LARGEST_TXT]


def answer_dkimpy(lookup: LookupFunction) -> Callable[..., bytes | None]:
    """The `dnsfunc` of dkimpy: asked with a bytes name, answers with the one key record as bytes.

    Several records at one name are an undefined key (RFC 6376 §3.6.2.2); a key in testing mode (`t=y`) must
    be treated like no key (§3.6.1). TemporaryFailure passes through dkimpy, so that it is not taken for a
    wrong key.
    """

    def ask(name: bytes, timeout: float = 0) -> bytes | None:
        records = find_texts(lookup, name.decode("ascii"))
        if len(records) != 1 or len(records[0]) > LARGEST_KEY or _is_testing(records[0]):
            return None
        return records[0]

    return ask


def _is_testing(record: bytes) -> bool:
    found = re.search(rb"(?:^|;)[ \t]*t[ \t]*=([^;]*)", record)
    return found is not None and b"y" in [flag.strip() for flag in found[1].split(b":")]


def answer_pyspf(lookup: LookupFunction, name: str, qtype: str) -> list[tuple[tuple[str, str], Any]]:
    """What `spf.DNSLookup` answers: ((name, type), value) pairs; a TXT value is a list of bytes."""
    if qtype == "TXT":
        return [((name, qtype), [text]) for text in find_texts(lookup, name)]
    return [((name, qtype), record) for record in lookup(name, qtype)]


def answer_authheaders(lookup: LookupFunction) -> Callable[[str], str]:
    """The `dnsfunc` of authheaders: asked with a str name, answers with the one DMARC record as str, or "".

    Two DMARC records count as none (RFC 7489 §6.6.3). Fragments that are not tag=value are dropped, because
    authheaders raises at them while §6.3 asks to ignore them.
    """

    def ask(name: str) -> str:
        texts = (text.decode("utf-8", "replace").strip() for text in find_texts(lookup, name))
        records = [x for x in texts if re.match(r"v\s*=\s*DMARC1\s*(;|\Z)", x)]
        if len(records) != 1:
            return ""
        tags = [tag.strip() for tag in records[0].split(";")[1:] if "=" in tag]
        return "; ".join(["v=DMARC1", *tags])

    return ask


@lru_cache(maxsize=4096)
def find_org_domain(domain: str) -> str:
    """The organisational domain of A-labels by the public suffix list: mail.a.co.kr → a.co.kr (RFC 7489 §3.2).

    Below a top-level domain that the list does not know (a.internal), the library answers with that top-level
    domain alone, which would make all of its domains one organisation. The list's own rule is one label more.
    """
    domain = domain.strip(".").lower()
    found = str(get_org_domain(domain) or "")
    return found if "." in found else ".".join(domain.split(".")[-2:])
