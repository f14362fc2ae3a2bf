"""In charge of: whether a mail comes from the person to whom the thread or reply address belongs.

Not in charge of: finding out how well a domain vouches (`gateway.inbound.senderauth`), nor who belongs to a
thread.

A right token is not enough (tokens leak by forwarding), and a right From is not enough (anybody can write
one): a mail counts only when its one From address is a known mailbox of the participant *and* the domain
vouches for it (GW-4). Reply-To, Cc, Sender and Subject never matter here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import lru_cache

from gateway.threads.decisions import ALLOW, Decision, Reason, Verdict, hold
from gateway.threads.incoming import IncomingMail, Proof, SenderProof
from gateway.threads.model import Conversation, InboxEntry, InboxState, Participant, Role

UNPROTECTED_MARK = "unprotected_domain"
OTHER_ADDRESS_MARK = "other_address:"  # followed by the address

_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_ASKABLE = frozenset({Reason.OTHER_SENDER, Reason.UNPROVEN_SENDER, Reason.FAILED_PROOF})
_PROVEN = frozenset({Proof.ALIGNED, Proof.UNPROTECTED})


class Sameness(IntEnum):
    """How alike two addresses are. OTHER is falsy."""

    OTHER = 0
    ALIAS = 1  # reaches the same mailbox under another spelling: jana+jobs@ and jana@
    EXACT = 2


def ascii_domain(domain: str) -> str:
    """A domain as its A-labels, in lower case (RFC 5890 §2.3.2.1). "" if it is longer than a domain can be.

    Labels are not mapped beyond lower case and NFC: the mappings of IDNA 2003 (ß to ss, full-width letters,
    dropped joiners) would make two domains equal that different people can own.
    """
    if len(domain) > 253:
        return ""
    if domain.isascii():
        return domain.strip().lower()
    lowered = unicodedata.normalize("NFC", unicodedata.normalize("NFC", domain).lower())
    labels = lowered.strip().split(".")
    return ".".join(x if x.isascii() else f"xn--{x.encode('punycode').decode('ascii')}" for x in labels)


def address_domain(address: str) -> str:
    """The domain of an address as A-labels, "" if there is none."""
    return ascii_domain(address.rpartition("@")[2]) if "@" in address else ""


def same_mailbox(a: str, b: str) -> Sameness:
    """Are these the same mailbox? Case and Unicode form never count; no local part is case-sensitive in
    practice.

    ALIAS: equal once a "+tag" is taken off (RFC 5233), or by Gmail's rule that dots do not count.
    """
    first, second = _read_mailbox(a), _read_mailbox(b)
    if first is None or second is None:
        return Sameness.OTHER
    if first == second:
        return Sameness.EXACT
    return Sameness.ALIAS if _base_mailbox(*first) == _base_mailbox(*second) else Sameness.OTHER


@lru_cache(256)  # the same few are asked about several times for each mail
def _read_mailbox(address: str) -> tuple[str, str] | None:
    local, at, host = address.strip().rpartition("@")
    domain = ascii_domain(host)
    if not at or not local or not domain:
        return None
    if len(local) > 2 and local[0] == local[-1] == '"':  # "jana"@x is jana@x (RFC 5321 §4.1.2)
        local = local[1:-1].replace("\\", "")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower()), domain


def _base_mailbox(local: str, domain: str) -> tuple[str, str]:
    base = local.partition("+")[0] or local
    if domain in _GMAIL:
        return base.replace(".", "") or base, "gmail.com"
    return base, domain


def find_sender(mail: IncomingMail) -> str | None:
    """The one address that the mail claims to be from. None if it names none, several, or has several From
    headers.

    RFC 5322 §3.6 allows exactly one From header; two readers that pick different ones can be played against
    each other.
    """
    headers = sum(name.strip().lower() == "from" for name, _ in mail.headers)
    if headers > 1 or len(mail.from_) != 1:
        return None
    address = mail.from_[0].address
    return address if _read_mailbox(address) else None


def is_aligned(from_domain: str, proven_domain: str, *, strict: bool, org_domain: Callable[[str], str]) -> bool:
    """May a proof for `proven_domain` vouch for a From of `from_domain`? (RFC 7489 §3.1)

    `org_domain` gives the organisational domain of a domain (public suffix list). Relaxed alignment compares
    those.
    """
    if not from_domain or not proven_domain:
        return False
    if from_domain == proven_domain:
        return True
    return not strict and bool(org := org_domain(from_domain)) and org == org_domain(proven_domain)


def check_sender(
    mail: IncomingMail,
    envelope_from: str,
    *,
    role: str,
    known: Sequence[str],
    proof: SenderProof,
    trust_matching: bool,
    confirmed: Sequence[str] = (),
) -> Decision:
    """May this mail speak for the participant whose addresses are `known`? Held in every case of doubt.

    `role`: "candidate", "guest", "member", "notified" or "client"; the company's people must be proven, because
    their words are passed on to the candidate. `confirmed`: addresses from which the candidate lately said, by a
    link sent to the address that we know, that a mail was theirs; those need no proof. `trust_matching`: without
    proof, believe a candidate whose envelope sender is the same mailbox as From (setting TRUST_MATCHING_SENDER).
    The detail of an allowance is the message's mark.

    proof \\ sender   known address      added address      nobody's
    aligned           in                 in                 held: other_sender
    unprotected       in, marked         in, marked         held: other_sender
    none, temperror   held, or confirmed held, or confirmed held: other_sender
    fail              held: failed       held: failed       held: other_sender
    """
    sender = find_sender(mail)
    if sender is None:
        return hold(Reason.AMBIGUOUS_SENDER, ", ".join(a.address for a in mail.from_ if a.address))
    sameness = max((same_mailbox(sender, address) for address in known), default=Sameness.OTHER)
    if not sameness:
        return hold(Reason.OTHER_SENDER, sender)
    if proof.proof is Proof.FAIL:
        return hold(Reason.FAILED_PROOF, proof.detail)
    proven = proof.proof in _PROVEN and _is_about(proof, sender)
    matching = trust_matching and role == Role.CANDIDATE and bool(same_mailbox(envelope_from, sender))
    fresh = role == Role.CANDIDATE and any(same_mailbox(sender, x) is Sameness.EXACT for x in confirmed)
    if not proven and not matching and not fresh:
        outside = role in (Role.CANDIDATE, Role.GUEST)
        return hold(Reason.UNPROVEN_SENDER if outside else Reason.UNPROVEN_RECRUITER, proof.detail)
    if sameness is Sameness.ALIAS:
        return Decision(Verdict.ALLOW, detail=f"{OTHER_ADDRESS_MARK}{sender}")
    if (proven and proof.proof is Proof.UNPROTECTED) or (fresh and not proven):
        return Decision(Verdict.ALLOW, detail=UNPROTECTED_MARK)
    return ALLOW


def find_speaker(conversation: Conversation, owner_id: str | None, sender: str) -> Participant:
    """Whose words a mail is: the owner's of the reply address that it came to, or of the colleague or guest whose
    address `sender`, its From, is (SJ-12). Without an owner they are the candidate's.

    The address still has to be proven, or a person to say so. The two sides do not mix: colleagues forward mails to
    each other, candidates to their guests.
    """
    owner = conversation.participant(owner_id or "") or conversation.candidate
    beside = (p for p in conversation.participants if p.role.is_company == owner.role.is_company)
    others = (p for p in beside if p.email and p.role is not Role.CANDIDATE)
    return next((p for p in others if same_mailbox(p.email, sender) is Sameness.EXACT), owner)


def names_colleague(conversation: Conversation, sender: str) -> bool:
    """Is this the address of somebody who takes part for the company?"""
    return any(p.role.is_company and same_mailbox(p.email, sender) for p in conversation.participants)


def may_be_asked(entry: InboxEntry, conversation: Conversation) -> bool:
    """Can the candidate be asked, at the address that we know, whether a held mail is theirs?"""
    person = conversation.participant(entry.participant_id or "")
    is_candidates = person is not None and person.role is Role.CANDIDATE and bool(person.email)
    is_candidates = is_candidates and not names_colleague(conversation, entry.from_address)
    return entry.state is InboxState.HELD and entry.reason in _ASKABLE and is_candidates


def _is_about(proof: SenderProof, sender: str) -> bool:
    """A proof for another domain says nothing: whoever proved it may have read another From than we did."""
    return not proof.domain or ascii_domain(proof.domain) == address_domain(sender)
