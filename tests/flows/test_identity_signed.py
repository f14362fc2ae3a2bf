"""Who may write, with mails really signed, forged and replayed, and DNS that answers or does not.

Reliability 41 – 43 and 46 – 48 from the SMTP edge to the thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from cast import JUN, MINA, Company, as_candidate, make_applicant, make_mail
from fakes import FakeClock
from inbound.dns_kit import FaultyServer
from inbound.signing_kit import DictDNS, ed25519_key, rsa_key, sign
from running import Pump

from flows.test_conversation import texts
from flows.test_gate import address_of
from flows.test_mail_rules import entries
from gateway.inbound.dnslookup import Lookup
from gateway.inbound.proving import SenderProver
from gateway.inbound.senderauth import DirectVerifier
from gateway.store.writer import MailWriter
from gateway.threads.incoming import Envelope
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.receive_email import RecipientVerdict, accept_mail, check_recipients
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.views import ApplicantView

HOME, ELSEWHERE, RELAY = "192.0.2.7", "203.0.113.9", "192.0.2.50"
SIGNED = [b"from", b"to", b"subject", b"date"]


@pytest.fixture
def dns() -> DictDNS:
    """mail.example and moalabs.example protect themselves; open.example has SPF only; bare.example has nothing."""
    dns = DictDNS()
    for domain in ("mail.example", "moalabs.example"):
        dns.txt(f"_dmarc.{domain}", b"v=DMARC1; p=reject").txt(domain, b"v=spf1 ip4:192.0.2.7 -all")
        dns.txt(f"s1._domainkey.{domain}", rsa_key()[1]).txt(f"ed._domainkey.{domain}", ed25519_key()[1])
    return dns.txt("open.example", b"v=spf1 ip4:192.0.2.7 -all")


@pytest.fixture
def real(ctx: Context, dns: DictDNS) -> Iterator[Context]:
    """A context that proves senders for real, over that DNS, with one trusted relay."""
    prover = SenderProver(
        dns, DirectVerifier(), trusted_relays=[RELAY], authserv_id="mx.ours.example", sealers=["trusted.example"]
    )
    yield replace(ctx, prove_senders=prover)
    prover.close()


def arrive(ctx: Context, raw: bytes, *, to: str, path: str = MINA, peer: str = ELSEWHERE) -> None:
    """The mail comes in from this host and is processed."""
    writer = MailWriter(ctx.database)
    accept_mail(ctx, writer, Envelope(path, (to,), peer=peer, helo="mx.sender.example"), raw).result(10)
    writer.close()
    Pump(ctx)()


def reply(text: str, to: str, *, domain: str = "mail.example", from_: str = MINA, **more: object) -> bytes:
    return sign(make_mail(text, from_=from_, to=to), domain, headers=SIGNED, **more)  # type: ignore[arg-type]


def test_41_aligned_mail_enters_and_a_spoofed_one_is_held(real: Context, company: Company, mina: ApplicantView) -> None:
    """Reliability 41."""
    to = address_of(real, mina)
    arrive(real, reply("signed by my own server", to), to=to)
    arrive(real, make_mail("from my own server", to=to), to=to, peer=HOME)
    arrive(real, make_mail("from a stranger's server", to=to), to=to)
    arrive(real, reply("signed by another domain", to, domain="evil.example"), to=to)
    arrive(real, make_mail("a stranger's envelope", to=to), to=to, path="x@evil.example")
    assert texts(real, company, mina) == ["signed by my own server", "from my own server"]
    assert entries(real, company) == [("held", "failed_proof")] * 3


def test_a_domain_without_protection_enters_with_a_mark_or_waits(
    real: Context, company: Company, mina: ApplicantView
) -> None:
    marked = make_applicant(real, company, external_id="o", email="o@open.example")
    bare = make_applicant(real, company, external_id="b", email="b@bare.example")
    for view, email in ((marked, "o@open.example"), (bare, "b@bare.example")):
        to = address_of(real, view)
        arrive(real, make_mail("hello", from_=email, to=to), to=to, path=email, peer=HOME)
    assert texts(real, company, marked) == ["hello"]
    assert texts(real, company, bare) == []
    assert entries(real, company) == [("held", "unproven_sender")]


def test_42_another_candidates_token_is_no_door(real: Context, company: Company, mina: ApplicantView) -> None:
    """Reliability 42: the right From with somebody else's address is held; a token that was never made is refused
    like any other.
    """
    other = make_applicant(real, company, external_id="eve", name="Eve", email="eve@mail.example")
    to = address_of(real, other)
    arrive(real, reply("into another's thread", to), to=to)
    assert texts(real, company, other) == texts(real, company, mina) == []
    assert entries(real, company) == [("held", "other_sender")]
    own = address_of(real, mina)
    wrong = [
        own.replace("@", "a@"),
        own[:10] + ("b" if own[10] != "b" else "c") + own[11:],
        f"r+{'a' * 52}@reply.example.test",
    ]
    assert set(check_recipients(real, wrong)) == {RecipientVerdict.UNKNOWN}
    assert check_recipients(real, [own.upper()]) == [RecipientVerdict.ACCEPTED]


@pytest.mark.parametrize("header", ["In-Reply-To", "References", "Subject", "Thread-Index", "X-Thread-Id"])
def test_43_a_guessed_thread_is_never_joined(real: Context, company: Company, mina: ApplicantView, header: str) -> None:
    """Reliability 43: A proven recruiter who names a thread by guessing, and a forged one, reach nobody."""
    post_message(real, as_candidate(real, mina), mina.thread_id, NewMessage(text="hello"))
    to = f"{company.workspace.slug}@reply.example.test"
    before = texts(real, company, mina)
    guesses = [
        f"<{mina.thread_id}@reply.example.test>",
        f"<thread-{mina.thread_id}@reply.example.test>",
        f"[#{mina.thread_id}] Re: New message",
    ]
    for number, guess in enumerate(guesses):
        for signer in ("moalabs.example", "evil.example"):
            headers = {} if header == "Subject" else {header: guess}
            subject = guess if header == "Subject" else "Re: hello"
            raw = make_mail(f"{number} {signer}", from_=JUN, to=to, headers=headers, subject=subject)
            arrive(real, sign(raw, signer, headers=SIGNED), to=to, path=JUN)
    assert texts(real, company, mina) == before
    assert {state for state, _ in entries(real, company)} == {"unmatched"}
    assert len(entries(real, company)) == 6


def test_46_a_forged_verdict_counts_only_from_the_trusted_relay(
    real: Context, company: Company, mina: ApplicantView
) -> None:
    """Reliability 46."""
    to = address_of(real, mina)
    verdict = b"Authentication-Results: mx.ours.example; dmarc=pass header.from=mail.example\r\n"
    arrive(real, verdict + make_mail("forged verdict", to=to), to=to)
    arrive(real, verdict + make_mail("relayed verdict", to=to), to=to, peer=RELAY)
    below = b"Authentication-Results: mx.ours.example; dmarc=fail header.from=mail.example\r\n" + verdict
    arrive(real, below + make_mail("an older verdict below", to=to), to=to, peer=RELAY)
    assert texts(real, company, mina) == ["relayed verdict"]
    assert entries(real, company) == [("held", "failed_proof")] * 2


def test_47_signed_mail_that_was_changed_widened_or_replayed_is_held(
    real: Context, company: Company, mina: ApplicantView
) -> None:
    """Reliability 47."""
    second = make_applicant(real, company, external_id="mina-2")
    to, other = address_of(real, mina), address_of(real, second)
    whole = reply("I accept", to)
    arrive(real, whole.replace(b"I accept", b"I refuse"), to=to)
    arrive(real, reply("short", to, length=True) + b"<p>and pay here</p>\r\n", to=to)
    arrive(real, b"Subject: Pay now\r\n" + whole, to=to)
    arrive(real, whole, to=other)
    arrive(real, b"From: jun@moalabs.example\r\n" + whole, to=to)
    assert texts(real, company, mina) == texts(real, company, second) == []
    reasons = [reason for _, reason in entries(real, company)]
    assert sorted(reasons) == ["ambiguous_sender", *["failed_proof"] * 4]
    arrive(real, whole, to=to)
    assert texts(real, company, mina) == ["I accept"]


def test_48_dns_in_trouble_never_delays_reception_and_ends_in_the_queue(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    """Reliability 48."""
    server = FaultyServer()
    server.start()
    prover = SenderProver(Lookup(("127.0.0.1",), port=server.port, timeout=0.1, lifetime=0.2), DirectVerifier())
    broken = replace(ctx, prove_senders=prover)
    people = [
        make_applicant(ctx, company, external_id=name, email=f"x@{name}.example") for name in ("servfail", "silent")
    ]
    for view in people:
        to = address_of(ctx, view)
        raw = make_mail("hello", from_=view.applicant.email, to=to)
        arrive(broken, raw, to=to, path=view.applicant.email)
    assert len(list_entries(ctx, company.as_jun, state="processing")[0]) in (0, 2)  # not yet anybody's: asked again
    for wait in (31, 301):
        clock.move(seconds=wait)
        Pump(broken)()
    assert entries(ctx, company) == [("held", "unproven_sender")] * 2
    assert len([name for name in server.asked if "silent" in name]) >= 3
    prover.close()
    server.close()
