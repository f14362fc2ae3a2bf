"""In charge of: what claimed mails say and who wrote them, found out in processes and threads apart.

Not in charge of: claiming them or what follows (`process_mail`); nothing is decided or written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.threads.incoming import Automatic, Claim, Envelope, IncomingMail, ReadMail, Scan, ScanResult, SenderProof
from gateway.threads.model import InboxEntry
from gateway.usecases.context import Context, Scanner
from gateway.usecases.settle_mail import Located, from_address


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that this worker holds, with what its envelope recipient tells."""

    entry: InboxEntry
    located: Located
    raw: bytes


@dataclass(frozen=True, slots=True)
class Understood:
    """A claimed mail with what the parsing process read and how well its sender is proven."""

    claimed: Claimed
    read: ReadMail
    proof: SenderProof
    written: frozenset[str] = frozenset()  # digests of files that are on stable storage already


def understand(ctx: Context, claimed: Sequence[Claimed]) -> list[Understood]:
    """What each says and who it is from."""
    reads = ctx.reader.read_mails([(c.raw, c.located.known) for c in claimed])
    if ctx.scan:
        scans = _scan(ctx.scan, [c.raw for c in claimed])
        reads = [replace(read, scan=scan) for read, scan in zip(reads, scans, strict=True)]
    proofs = _prove(ctx, claimed, reads)
    return [Understood(*one) for one in zip(claimed, reads, proofs, strict=True)]


def _scan(scan: Scanner, raws: Sequence[bytes]) -> list[ScanResult]:
    """Each in turn; a scanner that failed twice is not waited for again in this batch."""
    results = list[ScanResult]()
    for raw in raws:
        failed = [r for r in results if r.scan is Scan.FAILED]
        results.append(failed[-1] if len(failed) >= 2 else scan(raw))
    return results


def _prove(ctx: Context, claimed: Sequence[Claimed], reads: Sequence[ReadMail]) -> list[SenderProof]:
    """Of those that a person seems to have written; a machine's mail needs no proof."""
    people = [r.mail.automatic in (Automatic.NO, Automatic.CALENDAR) and bool(r.mail.from_) for r in reads]
    claims = [_claim_of(c, read.mail) for c, read, person in zip(claimed, reads, people, strict=True) if person]
    proofs = iter(ctx.prove_senders(claims) if claims else ())
    return [next(proofs) if person else SenderProof() for person in people]


def _claim_of(claimed: Claimed, mail: IncomingMail) -> Claim:
    entry = claimed.entry
    envelope = Envelope(
        mail_from=entry.envelope_from,
        rcpt_tos=(entry.rcpt,),
        peer=entry.peer,
        helo=entry.helo,
        tls=entry.tls,
        received_at=entry.received_at,
    )
    return Claim(claimed.raw, envelope, from_address(mail))
