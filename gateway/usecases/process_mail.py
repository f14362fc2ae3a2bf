"""In charge of: what becomes of stored mails — claimed together, read in another process, settled together.

Not in charge of: reading bytes (`inbound`), deciding (`settle_mail`), storing before 250 (`receive_email`).

    claim ─▶ locate ─▶ read (another process) ─▶ prove sender ─▶ settle ─┬▶ threaded
                                                                        ├▶ held · unmatched · failed
                                                                        └▶ refused · ignored

Mails that wait are taken many at a time, so that one commit serves many; a mail that spoils a batch is settled alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.crashpoints import reach
from gateway.errors import Unavailable
from gateway.store.database import Transaction
from gateway.threads.addresses import Purpose, read_address
from gateway.threads.incoming import Automatic, Envelope, IncomingMail, ReadMail, SenderProof
from gateway.threads.model import InboxEntry, InboxState
from gateway.usecases.context import Context
from gateway.usecases.receive_email import ROLE_NAMES
from gateway.usecases.settle_mail import Located, fail_mail, from_address, settle

LEASE = timedelta(minutes=2)
MAX_TRIES = 8  # a mail that was under way when a worker ended is tried alone, so often
BATCH = 24  # mails
BATCH_BYTES = 8_000_000  # raw bytes held at a time; a bigger mail goes alone
log = logging.getLogger("gateway.process_mail")


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


def process_mail(ctx: Context, entry_id: str) -> None:
    """Process this entry before others, if it waits. Raises only Unavailable: it will be tried again."""
    with ctx.database.read() as tx:
        waits = tx.inbox.is_due(entry_id, now=ctx.now)
    if waits:
        process_waiting(ctx, first=entry_id)


def process_waiting(ctx: Context, *, first: str = "") -> int:
    """Process a batch of waiting mails, the oldest and `first` among them; how many. Raises only Unavailable."""
    claimed = _claim(ctx, first)
    if not claimed:
        return 0
    reach("mail.claimed")
    understood = _read(ctx, claimed)
    reach("mail.read")
    _settle_all(ctx, understood)
    return len(claimed)


def _claim(ctx: Context, first: str) -> list[Claimed]:
    now = ctx.now
    with ctx.database.read() as tx:
        if not tx.inbox.due(now=now, limit=1):
            return []
    with ctx.database.begin() as tx:
        entries = tx.inbox.claim_many(first=first, limit=BATCH, most_bytes=BATCH_BYTES, now=now, until=now + LEASE)
    return [claimed for entry in entries if (claimed := _fetch(ctx, entry))]


def _fetch(ctx: Context, entry: InboxEntry) -> Claimed | None:
    """The claimed mail with its bytes; None when it was set aside, or given back because the blob store is away."""
    with ctx.database.read() as tx:
        located = locate(ctx, tx, entry)
        try:
            raw = tx.blobs.read(entry.digest)
        except FileNotFoundError:
            why = "its raw bytes are gone"
        except Unavailable:
            why = ""
        else:
            if entry.tries <= MAX_TRIES:
                return Claimed(entry, located, raw)
            why = "processing it ended a worker several times"
    with ctx.database.begin() as tx:
        if why:
            _give_up(tx, entry, located, why)
        else:
            tx.inbox.finish(entry.id, InboxState.RECEIVED, tries=entry.tries - 1)
    return None


def locate(ctx: Context, tx: Transaction, entry: InboxEntry) -> Located:
    """Whose address it was written to."""
    issued = read_address(ctx.settings.keys, entry.rcpt, ctx.settings.reply_domain)
    if issued and issued.purpose == Purpose.REPLY and (found := tx.threads.find_participant(issued.id)):
        person, _, workspace_id = found
        return Located(issued, workspace_id, person, person.thread_id, tuple(tx.messages.texts(person.thread_id)))
    if issued and issued.purpose == Purpose.BOUNCE and (delivery := tx.outbox.find(issued.id)):
        return Located(issued, delivery.workspace_id, thread_id=delivery.thread_id)
    named = tx.people.find_workspace_by_slug(issued.name) if issued and issued.name not in ROLE_NAMES else None
    workspace = named or tx.people.first_workspace()  # what belongs to nobody waits where the operator looks
    return Located(issued, workspace.id if workspace else None)


def _read(ctx: Context, claimed: Sequence[Claimed]) -> list[Understood]:
    reads = ctx.reader.read_mails([(c.raw, c.located.known) for c in claimed])
    return [
        Understood(c, read, _prove(ctx, c.raw, entry=c.entry, mail=read.mail))
        for c, read in zip(claimed, reads, strict=True)
    ]


def _settle_all(ctx: Context, understood: Sequence[Understood]) -> None:
    """All in one transaction; if one of them fails, each in its own, so that it spoils nothing for the others."""
    if not understood:
        return
    try:
        with ctx.database.begin() as tx:
            _settle_held(ctx, tx, understood)
            reach("mail.before_commit")
        reach("mail.settled")
        return
    except Unavailable:
        if len(understood) == 1:
            raise
    except Exception:
        log.exception("a batch of %d mails could not be settled together", len(understood))
    for one in understood:
        _settle_alone(ctx, one)


def _settle_alone(ctx: Context, one: Understood) -> None:
    try:
        with ctx.database.begin() as tx:
            _settle_held(ctx, tx, (one,))
    except Unavailable:
        raise
    except Exception as error:  # our own fault: visible at once, with the raw mail, to be replayed after a mend
        log.exception("entry %s could not be settled", one.claimed.entry.id)
        with ctx.database.begin() as tx:
            _give_up(tx, one.claimed.entry, one.claimed.located, f"settling it failed: {type(error).__name__}")


def _settle_held(ctx: Context, tx: Transaction, understood: Sequence[Understood]) -> None:
    """Settle what we still hold. Reading may outlast the lease; then another worker has done, or does, the work."""
    tx.threads.lock_many({u.claimed.located.thread_id for u in understood if u.claimed.located.thread_id})
    held = tx.inbox.hold([u.claimed.entry for u in understood], until=ctx.now + LEASE)
    for one in understood:
        entry = one.claimed.entry
        if entry.id in held:
            settle(ctx, tx, entry, located=one.claimed.located, read=one.read, proof=one.proof)
        else:
            log.warning("entry %s: somebody else took it over first", entry.id)


def _prove(ctx: Context, raw: bytes, *, entry: InboxEntry, mail: IncomingMail) -> SenderProof:
    if not mail.from_ or mail.automatic is not Automatic.NO:
        return SenderProof()
    envelope = Envelope(
        mail_from=entry.envelope_from, rcpt_tos=(entry.rcpt,), peer=entry.peer, helo=entry.helo, tls=entry.tls
    )
    return ctx.prove_sender(raw, envelope, from_address(mail))


def _give_up(tx: Transaction, entry: InboxEntry, located: Located, why: str) -> None:
    log.error("entry %s set aside: %s", entry.id, why)
    fail_mail(tx, entry, IncomingMail(defects=(f"unreadable: {why}",)), located=located)
