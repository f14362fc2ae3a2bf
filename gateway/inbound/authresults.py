"""In charge of: reading the verdict that our own upstream wrote into Authentication-Results (RFC 8601), and
raw headers.

Not in charge of: knowing whether the mail came from that upstream. The caller checks the peer; without that
check anybody can write this header. The upstream must remove such headers from mail of others (§5).

Only the topmost header counts, whoever wrote it: a header below it is older, so it may be the sender's own
work. Whatever is not plainly well-formed says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import authres

from gateway.inbound.dnslookup import find_org_domain
from gateway.threads.incoming import Proof, SenderProof
from gateway.threads.policies.identity import ascii_domain, is_aligned

LARGEST_HEADER = 16_384  # bytes of one Authentication-Results header; a longer one is not read
Headers = Sequence[tuple[bytes, bytes]]
"""Header fields from the top: (name in lower case, value without folds)."""

_BLANK_LINE = re.compile(rb"\A\r?\n|\n\r?\n")
_PLAIN = re.compile(r"[\t\x20-\x7e]*\Z")
_HOST = re.compile(r"([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?\Z")


def split_head(raw: bytes) -> tuple[bytes, bytes]:
    """A mail's header block and body, without the empty line between them (RFC 5322 §2.1; bare LF is taken as
    well).
    """
    found = _BLANK_LINE.search(raw)
    return (raw[: found.start() + 1], raw[found.end() :]) if found else (raw, b"")


def read_headers(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each header field from the top: (name in lower case without spaces, value with its folds removed)."""
    name, parts = b"", list[bytes]()
    for line in head.split(b"\n"):
        line = line.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t"):
            parts.append(line)
            continue
        if name:
            yield name, b"".join(parts)
        before, colon, after = line.partition(b":")
        name, parts = (before.strip().lower() if colon else b""), [after]
    if name:
        yield name, b"".join(parts)


def is_host_name(domain: str) -> bool:
    """Is this a full domain name in A-labels? (No address literal, no single label: nobody can vouch for
    those.)
    """
    return len(domain) <= 253 and _HOST.match(domain) is not None


def read_verdict(headers_raw: bytes, *, authserv_id: str) -> SenderProof | None:
    """What the upstream named `authserv_id` found out about the sender. Only for mail whose peer is that
    upstream.

    None: its header is not on top, cannot be read, or has no DMARC result; then judge by other means. Never
    raises.
    """
    value = next((v for n, v in read_headers(split_head(headers_raw)[0]) if n == b"authentication-results"), None)
    header = _parse_header(value) if value is not None and authserv_id else None
    if header is None or header.authserv_id.lower() != authserv_id.strip().lower():
        return None
    return _judge_results(header, authserv_id)


def read_sealed_verdict(value: bytes, *, sealer: str) -> SenderProof | None:
    """What an ARC-Authentication-Results says (RFC 8617 §4.1.1), once its chain holds. `sealer` is for the words only.

    None: it cannot be read or has no DMARC result.
    """
    found = re.match(rb"\s*i\s*=\s*\d+\s*;", value)
    header = _parse_header(value[found.end() :]) if found else None
    return _judge_results(header, sealer) if header else None


def _judge_results(header: Any, authserv_id: str) -> SenderProof | None:
    results = [result for result in header.results if hasattr(result, "method")]
    dmarc = [result for result in results if result.method == "dmarc"]
    if not dmarc:
        return None
    domains = _domains(dmarc, "header", "from")
    if len(dmarc) > 1 or len(domains) != 1:
        return SenderProof(Proof.NONE, "", f"{authserv_id}: no single DMARC result")
    return _judge(dmarc[0], results, domain=domains[0], authserv_id=authserv_id)


def _parse_header(value: bytes) -> Any | None:
    text = value.decode("latin-1").strip()
    if len(text) > LARGEST_HEADER or not _PLAIN.match(text):
        return None
    try:
        return authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {text}")
    except Exception:  # a hostile header may break the parser in any way; broken says nothing
        return None


def _domains(results: list[Any], kind: str, name: str) -> list[str]:
    """The domains that a property names; those that are no host names are left out."""
    values = [p.value or "" for result in results for p in result.properties if (p.type, p.name) == (kind, name)]
    domains = [ascii_domain(str(value).rpartition("@")[2]) for value in values]
    return [domain for domain in domains if is_host_name(domain)]


def _judge(dmarc: Any, results: list[Any], *, domain: str, authserv_id: str) -> SenderProof:
    proof = Proof.NONE
    match dmarc.result:
        case "pass":
            proof = Proof.ALIGNED
        case "fail":
            proof = Proof.FAIL
        case "temperror":
            proof = Proof.TEMPERROR
        case "none" if _vouches(results, domain):
            proof = Proof.UNPROTECTED
    return SenderProof(proof, domain, f"{authserv_id} says dmarc={dmarc.result}")


def _vouches(results: list[Any], domain: str) -> bool:
    """Is there an SPF or DKIM pass for the From domain itself or its organisation?"""
    passed = [result for result in results if result.result == "pass"]
    proven = [
        *_domains([r for r in passed if r.method == "spf"], "smtp", "mailfrom"),
        *_domains([r for r in passed if r.method == "dkim"], "header", "d"),
    ]
    return any(is_aligned(domain, x, strict=False, org_domain=find_org_domain) for x in proven)
