"""In charge of: what the SMTP edge asks — may this recipient be written to, and store this mail before 250.

Not in charge of: understanding it (`process_mail`), which comes after the 250.
"""

from __future__ import annotations

from concurrent.futures import Future
from enum import StrEnum

from gateway.store.blobs import digest_of
from gateway.store.writer import MailWriter
from gateway.threads.addresses import IssuedAddress, Purpose, read_address
from gateway.threads.incoming import Envelope
from gateway.threads.model import InboxEntry, InboxState, ThreadState
from gateway.usecases.context import Context

ROLE_NAMES = ("postmaster", "abuse")  # RFC 2142 §3, RFC 5321 §4.5.1


class RecipientVerdict(StrEnum):
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"  # no such address here, or no longer
    RELAY = "relay"  # another domain: we never pass mail on


def check_recipient(ctx: Context, address: str) -> RecipientVerdict:
    """May this envelope recipient be written to? Only addresses that we issued, postmaster and abuse
    (docs/reliability.md, promise 4).

    Raises Unavailable when the database is away: the edge answers 451.
    """
    domain = ctx.settings.reply_domain
    issued = read_address(ctx.settings.keys, address, domain)
    if issued is None:
        _, at, host = address.rpartition("@")
        foreign = at and host.lower() != domain
        return RecipientVerdict.RELAY if foreign else RecipientVerdict.UNKNOWN
    return RecipientVerdict.ACCEPTED if _is_alive(ctx, issued) else RecipientVerdict.UNKNOWN


def _is_alive(ctx: Context, issued: IssuedAddress) -> bool:
    if issued.purpose == "name" and issued.name in ROLE_NAMES:
        return True
    with ctx.database.glance() as tx:
        if issued.purpose == Purpose.REPLY:
            found = tx.threads.find_participant(issued.id)
            return found is not None and found[1] is not ThreadState.ERASED
        if issued.purpose == Purpose.BOUNCE:
            return tx.outbox.find(issued.id) is not None
        return tx.people.find_workspace_by_slug(issued.name) is not None


def accept_mail(ctx: Context, writer: MailWriter, envelope: Envelope, raw: bytes) -> Future[str]:
    """Store a mail: raw bytes, envelope and one inbox row for each recipient, in one commit.

    The future gives the id to say in the 250 (the first 16 hex digits of the content's SHA-256: the same for a
    sender's retry). It fails with Unavailable when nothing was stored.
    """
    digest = digest_of(raw)
    now = envelope.received_at or ctx.now
    entries = tuple(
        InboxEntry(
            id=ctx.new_id(),
            workspace_id=None,
            state=InboxState.RECEIVED,
            reason="",
            detail="",
            digest=digest,
            size=len(raw),
            rcpt=rcpt,
            envelope_from=envelope.mail_from,
            peer=envelope.peer,
            helo=envelope.helo[:255],
            tls=envelope.tls,
            received_at=now,
        )
        for rcpt in dict.fromkeys(r.lower() for r in envelope.rcpt_tos)
    )
    stored = writer.submit(raw, entries)
    answer: Future[str] = Future()
    stored.add_done_callback(lambda f: _pass_on(f, answer, digest[:16]))
    return answer


def _pass_on(stored: Future[None], answer: Future[str], name: str) -> None:
    error = stored.exception()
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(name)
