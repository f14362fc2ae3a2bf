"""Who may write in a thread, as people meet it: reliability tests 41, 44, 45, 48, 49; GW-4, SJ-12."""

from __future__ import annotations

from cast import MINA, Company, make_mail
from fakes import FakeClock, FakeProver
from running import Pump

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from flows.test_mail_rules import entries
from gateway.threads.incoming import Proof
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView


def test_48_dns_that_does_not_answer_is_asked_again_and_then_held(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, prover: FakeProver, clock: FakeClock
) -> None:
    address = address_of(ctx, mina)
    prover.proof = Proof.TEMPERROR
    for text in ("answered at the second time", "never answered"):
        receive(ctx, make_mail(text, to=address), to=address, from_=MINA)
        pump()
        assert entries(ctx, company) == []
        clock.move(seconds=31)
        if text.startswith("answered"):
            prover.proof = Proof.ALIGNED
            pump()
            prover.proof = Proof.TEMPERROR
    pump()
    clock.move(minutes=6)
    pump()
    assert texts(ctx, company, mina) == ["answered at the second time"]
    assert entries(ctx, company) == [("held", "unproven_sender")]
