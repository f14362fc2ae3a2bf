"""In charge of: the DKIM signatures and the ARC chain of one mail — reading them, and verifying them with keys at hand
(RFC 6376, 8617).

Not in charge of: DNS or what follows (`senderauth`). `verify_signatures` and `verify_chain` cost processor time for
each byte of the mail, so they run in the parsing process (`sandbox`); all else here looks at headers only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dkim
from dkim.canonicalization import CanonicalizationPolicy
from dkim.util import parse_tag_value

from gateway.inbound.authresults import Headers, split_head
from gateway.threads.addresses import token_subject
from gateway.threads.policies.identity import ascii_domain

MOST_SIGNATURES = 5  # aligned ones that are tried
MOST_SEALS = 10  # of one ARC chain; RFC 8617 §4.2.1 allows 50, real ones have one to three
LARGEST_HEAD = 262_144  # bytes; dkimpy needs quadratic time for folded headers
MOST_HEADERS = 2_000
LARGEST_SIGNATURE = 8_192  # bytes of one header that holds a signature

PASS = "pass"
_ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})  # rsa-sha1 proves nothing any more (RFC 8301 §3.1)
# A second one of these, outside the signature, changes what a reader sees (RFC 6376 §8.15)
_SINGLE = frozenset(
    (
        b"from sender reply-to to cc date subject message-id in-reply-to references "
        b"mime-version content-type content-transfer-encoding"
    ).split()
)

Keys = Mapping[bytes, bytes | None]
"""DNS name of a key, as `key_name` writes it → the one record there, or None."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature, ARC-Message-Signature or ARC-Seal."""

    index: int  # among the headers of its name, from the top
    tags: dict[bytes, bytes]

    @property
    def signer(self) -> str:
        """Its d= as A-labels."""
        return ascii_domain(self.tags.get(b"d", b"").decode("latin-1"))

    @property
    def instance(self) -> int:
        """Its i= in an ARC set; 0 if that is no number."""
        value = self.tags.get(b"i", b"")
        return int(value) if re.fullmatch(rb"[0-9]{1,2}", value) else 0

    @property
    def key_name(self) -> bytes:
        """Where its key lies, exactly as dkimpy asks."""
        return self.tags.get(b"s", b"") + b"._domainkey." + self.tags.get(b"d", b"") + b"."


def is_too_big(head: bytes, headers: Headers) -> bool:
    """Has it more headers than a mail that is meant seriously?"""
    return len(head) > LARGEST_HEAD or len(headers) > MOST_HEADERS


def find_signatures(headers: Headers, name: bytes) -> list[Signature]:
    """The signatures in the headers of this name, from the top; those that cannot be read are left out."""
    found = list[Signature]()
    for index, value in enumerate(value for n, value in headers if n == name):
        if len(value) > LARGEST_SIGNATURE:
            continue
        try:
            found.append(Signature(index, parse_tag_value(value)))
        except Exception:
            continue
    return found


def find_fault(tags: Mapping[bytes, bytes], headers: Headers, *, recipients: Iterable[str], at: float) -> str:
    """Why a signature proves nothing to us even if it is valid, or "". `at`: when the mail came, seconds.

    A signature proves who wrote a mail, not to whom: one that does not name every reply address in `recipients` may be
    a copy of another mail.
    """
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
    if not _names_recipients(headers, signed, recipients):
        return "valid or not, it was signed for another recipient"
    return ""


def _names_recipients(headers: Headers, signed: Counter[bytes], recipients: Iterable[str]) -> bool:
    personal = [address.lower() for address in recipients if _is_reply_address(address)]
    fields = b" ".join(value for name, value in headers if name in (b"to", b"cc") and signed[name])
    text = fields.decode("latin-1").lower()
    return all(re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w.-])", text) for address in personal)


def _is_reply_address(address: str) -> bool:
    local = address.rpartition("@")[0].lower()
    return local[:2] in ("r+", "r-") and token_subject(local[2:]) is not None


def verify_signatures(raw: bytes, signatures: Sequence[Signature], keys: Keys) -> str:
    """What the best of these DKIM-Signatures is worth: "pass", or why the first is not valid."""
    head, body = split_head(raw)
    try:
        verifier = dkim.DKIM(head)
    except dkim.DKIMException:
        return "not checked: broken headers"
    results = list[str]()
    for signature in signatures:
        results.append(_verify(verifier, body, signature, keys))
        if results[-1] == PASS:
            return PASS
    return results[0]


def _verify(verifier: Any, body: bytes, signature: Signature, keys: Keys) -> str:
    try:
        verifier.body = _prepare_body(body, signature.tags)
        valid = verifier.verify(idx=signature.index, dnsfunc=_answer(keys))
        if valid and _has_unsigned_tail(verifier.body, signature.tags):
            return "fail: text was added below the signed part"
    except Exception:  # dkimpy raises many kinds for hostile signatures and keys; none of them is a proof
        return "fail"
    return PASS if valid else "fail"


def verify_chain(raw: bytes, keys: Keys) -> str:
    """What the ARC chain is worth: "pass" if every seal and the newest message signature hold (RFC 8617 §5.2)."""
    head, body = split_head(raw)
    try:
        chain = dkim.ARC(head)
        tags = [parse_tag_value(y) for x, y in chain.headers if x.lower() == b"arc-message-signature"]
        relaxed = all(x.get(b"c", b"relaxed/relaxed").partition(b"/")[2].strip() == b"relaxed" for x in tags)
        chain.body = _prepare_body(body, {b"c": b"/relaxed"} if relaxed else {})
        result, _, why = chain.verify(dnsfunc=_answer(keys))
    except Exception:
        return "fail"
    return PASS if result == dkim.CV_Pass else f"fail: {why}"[:200]


def _answer(keys: Keys) -> Any:
    def answer(name: bytes, timeout: float = 0) -> bytes | None:
        return keys.get(name)

    return answer


def _prepare_body(body: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """The body with CRLF line ends, as dkimpy keeps it, and for relaxed bodies with runs of spaces compressed.

    That changes no result (RFC 6376 §3.4.4), but dkimpy needs quadratic time for long runs, and this does not.
    """
    body = re.sub(rb"(?<!\r)\n", b"\r\n", body)
    if tags.get(b"c", b"").partition(b"/")[2].strip() == b"relaxed":
        body = re.sub(rb"[\t ]{2,}|\t", b" ", body)
    return body


def _has_unsigned_tail(body: bytes, tags: Mapping[bytes, bytes]) -> bool:
    if b"l" not in tags:
        return False
    canonical = CanonicalizationPolicy.from_c_value(tags.get(b"c", b"simple/simple")).canonicalize_body(body)
    return len(canonical) > int(tags[b"l"])
