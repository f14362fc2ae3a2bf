"""In charge of: proving the senders of several mails side by side, within a time limit, by the means that the operator
named: a trusted relay's verdict, else our own checks over DNS.

Not in charge of: the checks themselves (`senderauth`, `authresults`).

DNS of strangers may be slow on purpose. Each mail waits in a thread of its own, and no batch waits longer than the
limit: who has no answer by then is "temperror", and that mail alone is tried again later.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field, replace

from gateway.inbound.authresults import read_verdict, split_head
from gateway.inbound.dnslookup import LookupFunction
from gateway.inbound.senderauth import Verifier, prove_sender
from gateway.threads.incoming import Claim, Envelope, Proof, SenderProof
from gateway.threads.policies.identity import address_domain

ALONE_SECONDS = 30.0  # DNS at most 11 s, then a big mail's arithmetic
TOGETHER_SECONDS = 4.0  # for a whole batch: one slow domain must not hold up the others
THREADS = 32  # that wait for DNS


@dataclass(frozen=True, slots=True)
class SenderProver:
    """Answers claims "this mail is from this address". `lookup` None: our own checks are switched off."""

    lookup: LookupFunction | None
    verifier: Verifier
    trusted_relays: Sequence[str] = ()
    authserv_id: str = ""
    sealers: Sequence[str] = ()
    together_seconds: float = TOGETHER_SECONDS
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "prove"))

    def __call__(self, claims: Sequence[Claim]) -> list[SenderProof]:
        """How well each sender's domain vouches for its mail, in order. Never raises."""
        found = [self._without_dns(claim) for claim in claims]
        asked = [claim for claim, proof in zip(claims, found, strict=True) if proof is None]
        until = time.monotonic() + (ALONE_SECONDS if len(asked) == 1 else self.together_seconds)
        waiting = [self._threads.submit(self._ask, claim) for claim in asked]
        answers = iter([_wait(w, claim, until) for w, claim in zip(waiting, asked, strict=True)])
        return [proof or next(answers) for proof in found]

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _without_dns(self, claim: Claim) -> SenderProof | None:
        if claim.envelope.peer in self.trusted_relays and self.authserv_id:
            verdict = read_verdict(split_head(claim.raw)[0], authserv_id=self.authserv_id)
            if verdict is not None:
                return verdict
        return SenderProof(detail="sender checks are switched off") if self.lookup is None else None

    def _ask(self, claim: Claim) -> SenderProof:
        assert self.lookup is not None
        envelope: Envelope = claim.envelope
        if envelope.peer in self.trusted_relays:
            envelope = replace(envelope, peer="")  # SPF would judge the relay instead of the sender
        return prove_sender(
            claim.raw, envelope, claim.address, lookup=self.lookup, verifier=self.verifier, sealers=self.sealers
        )


def _wait(waiting: Future[SenderProof], claim: Claim, until: float) -> SenderProof:
    try:
        return waiting.result(max(0.0, until - time.monotonic()))
    except FutureTimeout:
        waiting.cancel()
        return SenderProof(Proof.TEMPERROR, address_domain(claim.address), "The checks took too long")
