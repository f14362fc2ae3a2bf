"""In charge of: proving that the From domain vouches for a mail — SPF, DKIM, DMARC (RFC 7208, 6376, 7489).

Not in charge of: what follows from it (`gateway.threads.policies.identity`), nor DNS itself (`dnslookup`).

Only what is aligned with the From domain can prove anything, so other domains are not even asked: a sending
service's own signature on top never hides the company's below it, and nobody can send us to look up domains
of their choice. A DKIM signature proves who wrote a mail, not to whom: one that does not cover the reply
address to which the mail came may be a copy of another mail, so it proves nothing here.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import dkim
import spf
from authheaders.dmarc_lookup import receiver_record
from dkim.canonicalization import CanonicalizationPolicy
from dkim.util import parse_tag_value

from gateway.inbound.authresults import is_host_name, read_headers, split_head
from gateway.inbound.dnslookup import (
    LookupFunction,
    TemporaryFailure,
    answer_authheaders,
    answer_dkimpy,
    answer_pyspf,
    find_org_domain,
    stop_after,
)
from gateway.threads.addresses import token_subject
from gateway.threads.incoming import Envelope, Proof, SenderProof
from gateway.threads.policies.identity import address_domain, ascii_domain, is_aligned

log = logging.getLogger("gateway.inbound.senderauth")

LOOKUP_SECONDS = 6.0  # no question to DNS is begun later; with the 5 s that one may take, 11 s in all
MOST_SIGNATURES = 5
LARGEST_HEAD = 262_144  # bytes; dkimpy needs quadratic time for folded headers
MOST_HEADERS = 2_000
LARGEST_SIGNATURE = 8_192  # bytes of one DKIM-Signature header

_ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})  # rsa-sha1 proves nothing any more (RFC 8301 §3.1)
# A second one of these, outside the signature, changes what a reader sees (RFC 6376 §8.15)
_SINGLE = frozenset(
    (
        b"from sender reply-to to cc date subject message-id in-reply-to references "
        b"mime-version content-type content-transfer-encoding"
    ).split()
)
_spf_lookup: ContextVar[LookupFunction] = ContextVar("spf_lookup")


def _ask_for_spf(name: str, qtype: str, strict: object = True, timeout: float = 0) -> list[Any]:
    return answer_pyspf(_spf_lookup.get(), name, qtype)


spf.DNSLookup = _ask_for_spf  # pyspf knows only this module-wide door; the context variable makes it safe for threads


@dataclass(frozen=True, slots=True)
class _Policy:
    """What matters of a DMARC record. `action`: none, quarantine, reject; "" if the domain publishes none."""

    action: str = ""
    strict_spf: bool = False
    strict_dkim: bool = False


def prove_sender(raw: bytes, envelope: Envelope, from_address: str, *, lookup: LookupFunction) -> SenderProof:
    """How well the domain of `from_address` vouches for this mail. Never raises; waits for DNS at most 11 s.

    `from_address` is the one From address as we read it. An empty `envelope.peer` leaves SPF out: give it so
    when the peer is our own upstream. Slow for large mails (about 0.04 s per MB), so call it in a capped
    process.
    """
    domain = address_domain(from_address)
    try:
        return _prove(raw, envelope, domain, stop_after(lookup, LOOKUP_SECONDS))
    except TemporaryFailure:
        return SenderProof(Proof.TEMPERROR, domain, "DNS did not answer")
    except Exception:  # three libraries read hostile bytes here; no mail may stop the others
        log.exception("sender proof failed")
        return SenderProof(Proof.NONE, domain, "The proof could not be judged")


def _prove(raw: bytes, envelope: Envelope, domain: str, lookup: LookupFunction) -> SenderProof:
    if not is_host_name(domain):
        return SenderProof(Proof.NONE, domain, "The sender's domain is not a domain name")
    head, body = split_head(raw)
    headers = list(read_headers(head))
    if sum(name == b"from" for name, _ in headers) != 1:
        return SenderProof(Proof.FAIL, domain, "The mail has not exactly one From header")
    policy = find_policy(domain, lookup=lookup)
    spf_result = _check_spf(envelope, domain, policy, lookup)
    dkim_result = ""
    if spf_result != "pass":
        dkim_result = _check_dkim(head, body, headers, envelope, domain=domain, policy=policy, lookup=lookup)
    return _judge(domain, policy, spf_result=spf_result, dkim_result=dkim_result)


def _judge(domain: str, policy: _Policy, *, spf_result: str, dkim_result: str) -> SenderProof:
    """All results are those of aligned domains only: "pass", "fail", "temperror", …, or why there is none."""
    results = (spf_result, dkim_result)
    if "pass" in results:
        proof = Proof.ALIGNED if policy.action else Proof.UNPROTECTED
    elif "temperror" in results:
        proof = Proof.TEMPERROR
    elif policy.action in ("quarantine", "reject") or spf_result == "fail":
        proof = Proof.FAIL
    else:
        proof = Proof.NONE
    parts = [f"DMARC {policy.action or 'not published'}", f"SPF {spf_result}"]
    if dkim_result:
        parts.append(f"DKIM {dkim_result}")
    return SenderProof(proof, domain, f"{domain}: {', '.join(parts)}")


def find_policy(domain: str, *, lookup: LookupFunction) -> _Policy:
    """The domain's DMARC policy, or that of its organisation (RFC 7489 §6.6.3). Raises TemporaryFailure."""
    ask = answer_authheaders(lookup)
    tags: Mapping[str, str]
    tags, inherited = receiver_record(domain, ask)
    if not tags:  # below a top-level domain that its list does not know, the library asks that one only
        tags, inherited = receiver_record(find_org_domain(domain), ask)[0], True
    action = tags.get("p", "")
    if action not in ("none", "quarantine", "reject"):
        if not tags.get("rua"):
            return _Policy()
        action = "none"
    if inherited and tags.get("sp") in ("none", "quarantine", "reject"):
        action = tags["sp"]
    return _Policy(action, strict_spf=tags.get("aspf") == "s", strict_dkim=tags.get("adkim") == "s")


def _check_spf(envelope: Envelope, domain: str, policy: _Policy, lookup: LookupFunction) -> str:
    """SPF of the return path, or of HELO when that is empty (RFC 7489 §3.1.2), if it is aligned."""
    local, _, sender_host = envelope.mail_from.strip("<> ").rpartition("@")
    sender_domain, helo = ascii_domain(sender_host), ascii_domain(envelope.helo.rstrip("."))
    spf_domain = sender_domain or helo
    try:
        peer = str(ipaddress.ip_address(envelope.peer.partition("%")[0]))
    except ValueError:
        return "not checked"
    if not is_host_name(spf_domain):
        return "not checked"
    if not is_aligned(domain, spf_domain, strict=policy.strict_spf, org_domain=find_org_domain):
        return f"for another domain ({spf_domain})"
    token = _spf_lookup.set(lookup)
    try:
        sender = f"{local}@{sender_domain}" if sender_domain else ""
        result, _ = spf.check2(i=peer, s=sender, h=helo, timeout=5, querytime=LOOKUP_SECONDS)
    except TemporaryFailure:
        return "temperror"
    except Exception:  # pyspf meets records that others wrote; whatever breaks it is a broken record
        return "permerror"
    finally:
        _spf_lookup.reset(token)
    return str(result)


@dataclass(frozen=True, slots=True)
class _Signature:
    index: int  # among the DKIM-Signature headers, from the top
    tags: dict[bytes, bytes]


def _check_dkim(
    head: bytes,
    body: bytes,
    headers: list[tuple[bytes, bytes]],
    envelope: Envelope,
    *,
    domain: str,
    policy: _Policy,
    lookup: LookupFunction,
) -> str:
    """The best result among the aligned signatures, of which at most five are tried."""
    if len(head) > LARGEST_HEAD or len(headers) > MOST_HEADERS:
        return "not checked: too many headers"
    signatures = _read_signatures(headers)
    aligned = [
        signature
        for signature in signatures
        if is_aligned(domain, _signer(signature), strict=policy.strict_dkim, org_domain=find_org_domain)
    ]
    if not aligned:
        return "only of another domain" if signatures else "no signature"
    try:
        verifier = dkim.DKIM(head)
    except dkim.DKIMException:
        return "not checked: broken headers"
    at = envelope.received_at.timestamp() if envelope.received_at else time.time()
    results = list[str]()
    for signature in aligned[:MOST_SIGNATURES]:
        result = _find_fault(signature.tags, headers, envelope, at=at)
        result = result or _verify(verifier, body, signature, lookup)
        if result == "pass":
            return result
        results.append(result)
    return "temperror" if "temperror" in results else results[0]


def _read_signatures(headers: list[tuple[bytes, bytes]]) -> list[_Signature]:
    signatures = list[_Signature]()
    values = (value for name, value in headers if name == b"dkim-signature")
    for index, value in enumerate(values):
        if len(value) > LARGEST_SIGNATURE:
            continue
        try:
            signatures.append(_Signature(index, parse_tag_value(value)))
        except Exception:
            continue
    return signatures


def _signer(signature: _Signature) -> str:
    return ascii_domain(signature.tags.get(b"d", b"").decode("latin-1"))


def _find_fault(tags: dict[bytes, bytes], headers: list[tuple[bytes, bytes]], envelope: Envelope, *, at: float) -> str:
    """Why a signature proves nothing to us even if it is valid, or "". `at`: when the mail came."""
    if tags.get(b"a") not in _ALGORITHMS:
        return "fail: weak algorithm"
    expires = tags.get(b"x", b"")
    if expires and (not re.fullmatch(rb"[0-9]{1,12}", expires) or int(expires) < at):
        return "fail: expired"
    signed = Counter(name.strip().lower() for name in tags.get(b"h", b"").split(b":"))
    if not signed[b"from"]:
        return "fail: From is not signed"
    present = Counter(name for name, _ in headers if name in _SINGLE)
    if any(count > 1 and count > signed[name] for name, count in present.items()):
        return "fail: a header stands twice and is signed once"
    if not _names_recipients(headers, signed, envelope.rcpt_tos):
        return "valid or not, it was signed for another recipient"
    return ""


def _names_recipients(headers: list[tuple[bytes, bytes]], signed: Counter[bytes], recipients: tuple[str, ...]) -> bool:
    """Do the signed To and Cc name every reply address to which this copy came? Else it may be a replayed
    mail.
    """
    personal = [address.lower() for address in recipients if _is_reply_address(address)]
    fields = b" ".join(value for name, value in headers if name in (b"to", b"cc") and signed[name])
    text = fields.decode("latin-1").lower()
    return all(re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w.-])", text) for address in personal)


def _is_reply_address(address: str) -> bool:
    local = address.rpartition("@")[0].lower()
    return local[:2] in ("r+", "r-") and token_subject(local[2:]) is not None


def _verify(verifier: Any, body: bytes, signature: _Signature, lookup: LookupFunction) -> str:
    verifier.body = _prepare_body(body, signature.tags)
    try:
        valid = verifier.verify(idx=signature.index, dnsfunc=answer_dkimpy(lookup))
        if valid and _has_unsigned_tail(verifier.body, signature.tags):
            return "fail: text was added below the signed part"
    except TemporaryFailure:
        return "temperror"
    except Exception:  # dkimpy raises many kinds for hostile signatures and keys; none of them is a proof
        return "fail"
    return "pass" if valid else "fail"


def _prepare_body(body: bytes, tags: dict[bytes, bytes]) -> bytes:
    """The body with CRLF line ends, as dkimpy keeps it, and for relaxed bodies with runs of spaces
    compressed.

    That changes no result (RFC 6376 §3.4.4), but dkimpy needs quadratic time for long runs, and this does
    not.
    """
    body = re.sub(rb"(?<!\r)\n", b"\r\n", body)
    if tags.get(b"c", b"").partition(b"/")[2].strip() == b"relaxed":
        body = re.sub(rb"[\t ]+", b" ", body)
    return body


def _has_unsigned_tail(body: bytes, tags: dict[bytes, bytes]) -> bool:
    if b"l" not in tags:
        return False
    canonical = CanonicalizationPolicy.from_c_value(tags.get(b"c", b"simple/simple")).canonicalize_body(body)
    return len(canonical) > int(tags[b"l"])
