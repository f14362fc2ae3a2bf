"""Who may speak in a thread: the table of proofs and roles, and what one mailbox is (GW-4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.decisions import ALLOW, Decision, Reason, Verdict
from gateway.threads.incoming import Address, IncomingMail, Proof, SenderProof
from gateway.threads.policies.identity import Sameness, ascii_domain, check_sender, is_aligned, same_mailbox

JANA = "jana@post.example"
ROLES = ["candidate", "member", "notified", "client"]
EXACT, ALIAS, OTHER = Sameness.EXACT, Sameness.ALIAS, Sameness.OTHER


def mail(*senders: str, headers: tuple[tuple[str, str], ...] = (), **fields: tuple[Address, ...]) -> IncomingMail:
    return IncomingMail(from_=tuple(Address("", a) for a in senders), headers=headers, **fields)


def check(
    sender: str = JANA,
    proof: Proof = Proof.ALIGNED,
    *,
    role: str = "candidate",
    envelope_from: str = JANA,
    trust: bool = False,
    known: tuple[str, ...] = (JANA,),
    domain: str = "post.example",
) -> Decision:
    return check_sender(
        mail(sender),
        envelope_from,
        role=role,
        known=known,
        proof=SenderProof(proof, domain, "why"),
        trust_matching=trust,
    )


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (JANA, JANA, EXACT),
        (JANA, "Jana@POST.Example", EXACT),
        (JANA, '"jana"@post.example', EXACT),
        (JANA, " jana@post.example ", EXACT),
        ("jana@straße.example", "jana@xn--strae-oqa.example", EXACT),
        ("jana@STRAẞE.example", "jana@straße.example", EXACT),
        ("jana@straße.example", "jana@strasse.example", OTHER),  # two domains that two people can own
        ("jana@ｐost.example", JANA, OTHER),  # a full-width letter
        ("jana@pоst.example", JANA, OTHER),  # a Cyrillic letter
        ("jana@po\u200dst.example", JANA, OTHER),  # a joiner that cannot be seen
        ("좋은@한국.example", "좋은@xn--3e0b707e.example", EXACT),
        ("h\u00e9l\u00e8ne@post.example", "he\u0301le\u0300ne@post.example", EXACT),  # NFC and NFD
        (JANA, "jana+jobs@post.example", ALIAS),
        ("jana+a@post.example", "jana+b@post.example", ALIAS),
        ("+a@post.example", "+b@post.example", OTHER),
        ("j.ana@gmail.com", "jana@gmail.com", ALIAS),
        ("j.ana+x@googlemail.com", "jana@gmail.com", ALIAS),
        ("j.ana@post.example", JANA, OTHER),
        (JANA, "jana@mail.post.example", OTHER),
        (JANA, "jane@post.example", OTHER),
        (JANA, "jana@post.example.", OTHER),
        ("", "", OTHER),
        ("jana", "jana", OTHER),
        ("@post.example", "@post.example", OTHER),
        ("jana@", "jana@", OTHER),
        ("a@b@post.example", "b@post.example", OTHER),
    ],
)
def test_what_one_mailbox_is(a: str, b: str, expected: Sameness) -> None:
    assert same_mailbox(a, b) is expected
    assert same_mailbox(b, a) is expected
    assert bool(same_mailbox(a, b)) is (expected is not OTHER)


@pytest.mark.parametrize("role", ROLES)
def test_a_proven_sender_speaks_for_every_role(role: str) -> None:
    assert check(role=role) == ALLOW
    unprotected = check(proof=Proof.UNPROTECTED, role=role)
    assert unprotected == Decision(Verdict.ALLOW, Reason.OK, "unprotected_domain")


@pytest.mark.parametrize("trust", [True, False])
@pytest.mark.parametrize("role", ROLES)
def test_a_disowned_mail_is_always_held(role: str, trust: bool) -> None:
    assert check(proof=Proof.FAIL, role=role, trust=trust) == Decision(Verdict.HOLD, Reason.FAILED_PROOF, "why")


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.TEMPERROR])
@pytest.mark.parametrize(
    ("role", "trust", "envelope_from", "reason"),
    [
        ("candidate", False, JANA, Reason.UNPROVEN_SENDER),
        ("candidate", True, JANA, Reason.OK),
        ("candidate", True, "JANA@post.example", Reason.OK),
        ("candidate", True, "", Reason.UNPROVEN_SENDER),
        ("candidate", True, "jana@evil.example", Reason.UNPROVEN_SENDER),
        ("member", True, JANA, Reason.UNPROVEN_RECRUITER),
        ("notified", True, JANA, Reason.UNPROVEN_RECRUITER),
        ("client", True, JANA, Reason.UNPROVEN_RECRUITER),
        ("client", False, JANA, Reason.UNPROVEN_RECRUITER),
        ("somebody new", True, JANA, Reason.UNPROVEN_RECRUITER),
    ],
)
def test_an_unproven_mail(proof: Proof, role: str, trust: bool, envelope_from: str, reason: Reason) -> None:
    decision = check(proof=proof, role=role, trust=trust, envelope_from=envelope_from)
    assert decision.reason is reason
    assert decision.allowed is (reason is Reason.OK)


@pytest.mark.parametrize("role", ROLES)
def test_an_alias_is_taken_with_a_mark(role: str) -> None:
    for proof in (Proof.ALIGNED, Proof.UNPROTECTED):
        decision = check("jana+jobs@post.example", proof, role=role)
        assert decision == Decision(Verdict.ALLOW, Reason.OK, "other_address:jana+jobs@post.example")
    assert not check("jana+jobs@post.example", Proof.NONE, role=role).allowed


@pytest.mark.parametrize("role", ROLES)
def test_somebody_else_is_held_however_well_proven(role: str) -> None:
    decision = check("eve@post.example", role=role, trust=True, envelope_from="eve@post.example")
    assert decision == Decision(Verdict.HOLD, Reason.OTHER_SENDER, "eve@post.example")
    assert check(known=()).reason is Reason.OTHER_SENDER


def test_any_of_the_known_addresses_will_do() -> None:
    assert check(known=("old@elsewhere.example", "jana+x@post.example", JANA)) == ALLOW


def test_a_proof_for_another_domain_says_nothing() -> None:
    assert check(domain="evil.example").reason is Reason.UNPROVEN_SENDER
    assert check(domain="evil.example", role="member").reason is Reason.UNPROVEN_RECRUITER
    assert check(domain="").allowed


TWO_HEADERS = (("From", JANA), ("Subject", "x"), ("FROM", "eve@evil.example"))


@pytest.mark.parametrize(
    "ambiguous",
    [mail(), mail(JANA, JANA), mail(JANA, "eve@evil.example"), mail(""), mail("jana"), mail(JANA, headers=TWO_HEADERS)],
)
def test_no_single_sender_is_held(ambiguous: IncomingMail) -> None:
    """Reliability 23."""
    decision = check_sender(
        ambiguous, JANA, role="candidate", known=(JANA,), proof=SenderProof(Proof.ALIGNED), trust_matching=True
    )
    assert (decision.verdict, decision.reason) == (Verdict.HOLD, Reason.AMBIGUOUS_SENDER)


@pytest.mark.parametrize("field", ["reply_to", "cc", "sender", "to"])
def test_other_headers_never_matter(field: str) -> None:
    """Reliability 43, 44."""
    jana, eve = (Address("", JANA),), (Address("", "eve@evil.example"),)
    proven = SenderProof(Proof.ALIGNED)
    for sender, other in ((JANA, eve), ("eve@evil.example", jana)):
        decisions = {
            check_sender(m, JANA, role="member", known=(JANA,), proof=proven, trust_matching=True)
            for m in (mail(sender), mail(sender, **{field: other}))
        }
        assert len(decisions) == 1


@pytest.mark.parametrize(
    ("proven", "strict", "expected"),
    [
        ("a.example", True, True),
        ("m.a.example", True, False),
        ("m.a.example", False, True),
        ("b.example", False, False),
        ("xa.example", False, False),
        ("", False, False),
    ],
)
def test_alignment(proven: str, strict: bool, expected: bool) -> None:
    def org(domain: str) -> str:
        return ".".join(domain.split(".")[-2:])

    assert is_aligned("a.example", proven, strict=strict, org_domain=org) is expected


any_text = st.text(st.characters(), max_size=30)
addresses = st.one_of(any_text, st.builds("{}@{}".format, any_text, any_text))


@given(addresses, addresses)
def test_sameness_is_total_and_symmetric(a: str, b: str) -> None:
    assert same_mailbox(a, b) is same_mailbox(b, a)
    assert same_mailbox(a, a) in (EXACT, OTHER)


@given(any_text)
def test_an_ascii_domain_stays_as_it_is(domain: str) -> None:
    first = ascii_domain(domain)
    assert first.isascii()
    assert ascii_domain(first) in (first, "")


@given(
    st.lists(st.one_of(st.just(JANA), addresses), max_size=3),
    st.one_of(st.just(JANA), addresses),
    st.sampled_from([*ROLES, ""]),
    st.lists(st.one_of(st.just(JANA), addresses), max_size=3),
    st.sampled_from(Proof),
    st.booleans(),
)
def test_every_mail_gets_a_decision_and_only_known_senders_an_allowance(
    senders: list[str], envelope_from: str, role: str, known: list[str], proof: Proof, trust: bool
) -> None:
    decision = check_sender(
        mail(*senders), envelope_from, role=role, known=known, proof=SenderProof(proof), trust_matching=trust
    )
    assert decision.verdict in (Verdict.ALLOW, Verdict.HOLD)
    if decision.allowed:
        assert len(senders) == 1
        assert any(same_mailbox(senders[0], address) for address in known)
        assert proof is not Proof.FAIL
        assert proof in (Proof.ALIGNED, Proof.UNPROTECTED) or (role == "candidate" and trust)
