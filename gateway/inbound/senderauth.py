"""In charge of: proving that the From domain vouches for a mail — SPF, DKIM, DMARC, ARC (RFC 7208, 6376, 7489, 8617).

Not in charge of: what follows from it (`gateway.threads.policies.identity`), DNS (`dnslookup`), arithmetic on whole
mails (`signatures`).

Only what is aligned with the From domain can prove anything, so other domains are not even asked: a sending
service's own signature on top never hides the company's below it, and nobody can send us to look up domains
of their choice. A forwarder's seal counts only if the operator trusts every sealer of the chain.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import spf
from authheaders.dmarc_lookup import receiver_record

from gateway.inbound.authresults import Headers, is_host_name, read_headers, read_sealed_verdict, split_head
from gateway.inbound.dnslookup import (
    LookupFunction,
    TemporaryFailure,
    answer_authheaders,
    answer_dkimpy,
    answer_pyspf,
    find_org_domain,
    stop_after,
)
from gateway.inbound.signatures import (
    MOST_SEALS,
    MOST_SIGNATURES,
    PASS,
    Keys,
    Signature,
    find_fault,
    find_signatures,
    is_too_big,
    verify_chain,
    verify_signatures,
)
from gateway.threads.incoming import Envelope, Proof, SenderProof
from gateway.threads.policies.identity import address_domain, ascii_domain, is_aligned

log = logging.getLogger("gateway.inbound.senderauth")

LOOKUP_SECONDS = 6.0  # no question to DNS is begun later; with the 5 s that one may take, 11 s in all
_spf_lookup: ContextVar[LookupFunction] = ContextVar("spf_lookup")


def _ask_for_spf(name: str, qtype: str, strict: object = True, timeout: float = 0) -> list[Any]:
    return answer_pyspf(_spf_lookup.get(), name, qtype)


spf.DNSLookup = _ask_for_spf  # pyspf knows only this module-wide door; the context variable makes it safe for threads


class Verifier(Protocol):
    """Verifies with keys at hand; `sandbox.ParsingPool` does it in a capped process."""

    def verify_signatures(self, raw: bytes, signatures: Sequence[Signature], keys: Keys) -> str: ...

    def verify_chain(self, raw: bytes, keys: Keys) -> str: ...


class DirectVerifier:
    """Verifies in this process: for mail that is known to be harmless."""

    def verify_signatures(self, raw: bytes, signatures: Sequence[Signature], keys: Keys) -> str:
        return verify_signatures(raw, signatures, keys)

    def verify_chain(self, raw: bytes, keys: Keys) -> str:
        return verify_chain(raw, keys)


@dataclass(frozen=True, slots=True)
class _Policy:
    """What matters of a DMARC record. `action`: none, quarantine, reject; "" if the domain publishes none."""

    action: str = ""
    strict_spf: bool = False
    strict_dkim: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """One mail, as far as its headers go, with who shall have sent it and the means to find out."""

    raw: bytes
    headers: Headers
    envelope: Envelope
    domain: str
    lookup: LookupFunction
    verifier: Verifier

    def find_fault(self, signature: Signature) -> str:
        at = self.envelope.received_at.timestamp() if self.envelope.received_at else time.time()
        return find_fault(signature.tags, self.headers, recipients=self.envelope.rcpt_tos, at=at)


def prove_sender(
    raw: bytes,
    envelope: Envelope,
    from_address: str,
    *,
    lookup: LookupFunction,
    verifier: Verifier | None = None,
    sealers: Collection[str] = (),
) -> SenderProof:
    """How well the domain of `from_address` vouches for this mail. Never raises; waits for DNS at most 11 s.

    `from_address` is the one From address as we read it. An empty `envelope.peer` leaves SPF out: give it so
    when the peer is our own upstream. `sealers`: the domains whose ARC seals are believed, with what lies below
    them.
    """
    domain = address_domain(from_address)
    try:
        return _prove(
            raw, envelope, domain, stop_after(lookup, LOOKUP_SECONDS), verifier or DirectVerifier(), sealers=sealers
        )
    except TemporaryFailure:
        return SenderProof(Proof.TEMPERROR, domain, "DNS did not answer")
    except Exception:  # three libraries read hostile bytes here; no mail may stop the others
        log.exception("sender proof failed")
        return SenderProof(Proof.NONE, domain, "The proof could not be judged")


def _prove(
    raw: bytes,
    envelope: Envelope,
    domain: str,
    lookup: LookupFunction,
    verifier: Verifier,
    *,
    sealers: Collection[str],
) -> SenderProof:
    if not is_host_name(domain):
        return SenderProof(Proof.NONE, domain, "The sender's domain is not a domain name")
    head, _ = split_head(raw)
    headers = tuple(read_headers(head))
    if sum(name == b"from" for name, _ in headers) != 1:
        return SenderProof(Proof.FAIL, domain, "The mail has not exactly one From header")
    question = _Question(raw, headers, envelope, domain, lookup, verifier)
    policy = find_policy(domain, lookup=lookup)
    spf_result = _check_spf(question, policy)
    if spf_result == PASS:
        return _judge(domain, policy, spf_result=spf_result, dkim_result="")
    if is_too_big(head, headers):
        return _judge(domain, policy, spf_result=spf_result, dkim_result="not checked: too many headers")
    proof = _judge(domain, policy, spf_result=spf_result, dkim_result=_check_dkim(question, policy))
    if proof.proof in (Proof.ALIGNED, Proof.UNPROTECTED) or not sealers:
        return proof
    return _check_arc(question, frozenset(ascii_domain(x) for x in sealers)) or proof


def _judge(domain: str, policy: _Policy, *, spf_result: str, dkim_result: str) -> SenderProof:
    """All results are those of aligned domains only: "pass", "fail", "temperror", …, or why there is none."""
    results = (spf_result, dkim_result)
    if PASS in results:
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


def _check_spf(question: _Question, policy: _Policy) -> str:
    """SPF of the return path, or of HELO when that is empty (RFC 7489 §3.1.2), if it is aligned."""
    envelope, domain = question.envelope, question.domain
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
    token = _spf_lookup.set(question.lookup)
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


def _check_dkim(question: _Question, policy: _Policy) -> str:
    """The best result among the aligned signatures, of which at most five are tried."""
    signatures = find_signatures(question.headers, b"dkim-signature")
    aligned = [
        x
        for x in signatures
        if is_aligned(question.domain, x.signer, strict=policy.strict_dkim, org_domain=find_org_domain)
    ]
    if not aligned:
        return "only of another domain" if signatures else "no signature"
    faults = [(x, question.find_fault(x)) for x in aligned[:MOST_SIGNATURES]]
    sound = [x for x, fault in faults if not fault]
    keys, missing = _fetch_keys(question.lookup, sound)
    ready = [x for x in sound if x.key_name in keys]
    result = question.verifier.verify_signatures(question.raw, ready, keys) if ready else ""
    if result == PASS:
        return PASS
    return "temperror" if missing else result or faults[0][1]


def _check_arc(question: _Question, sealers: Collection[str]) -> SenderProof | None:
    """What the first forwarder saw, if the chain holds and the operator trusts everybody in it; else None.

    The first of them met the author's own server; whoever came later saw a forwarded mail.
    """
    seals = find_signatures(question.headers, b"arc-seal")
    signatures = find_signatures(question.headers, b"arc-message-signature")
    verdicts = [value for name, value in question.headers if name == b"arc-authentication-results"]
    if not seals or len(seals) > MOST_SEALS or len(seals) != len(signatures) or len(seals) != len(verdicts):
        return None
    if not all(_is_below(x.signer, sealers) for x in (*seals, *signatures)):
        return None
    newest = max(signatures, key=lambda x: x.instance)
    if b"l" in newest.tags or question.find_fault(newest):
        return None
    keys, missing = _fetch_keys(question.lookup, (*seals, *signatures))
    if missing:
        return SenderProof(Proof.TEMPERROR, question.domain, "DNS did not answer for the key of an ARC seal")
    if question.verifier.verify_chain(question.raw, keys) != PASS:
        return None
    first = next((x for x in verdicts if x.replace(b" ", b"").startswith(b"i=1;")), b"")
    verdict = read_sealed_verdict(first, sealer=f"The ARC seal of {newest.signer}")
    good = verdict and verdict.proof in (Proof.ALIGNED, Proof.UNPROTECTED) and verdict.domain == question.domain
    return verdict if good else None


def _is_below(domain: str, sealers: Collection[str]) -> bool:
    return any(domain == x or domain.endswith(f".{x}") for x in sealers if x)


def _fetch_keys(lookup: LookupFunction, signatures: Sequence[Signature]) -> tuple[dict[bytes, bytes | None], bool]:
    """The keys of these signatures, and whether DNS failed to answer for one of them."""
    ask, keys, missing = answer_dkimpy(lookup), dict[bytes, bytes | None](), False
    for name in dict.fromkeys(x.key_name for x in signatures):
        try:
            keys[name] = ask(name)
        except TemporaryFailure:
            missing = True
        except UnicodeError:
            keys[name] = None  # no name that DNS can hold
    return keys, missing
