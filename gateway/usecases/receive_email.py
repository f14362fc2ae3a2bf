"""In charge of: what the SMTP edge asks — may this recipient be written to, and store this mail before 250.

Not in charge of: understanding it (`process_mail`), which comes after the 250.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from enum import StrEnum
from functools import partial

from gateway.store.writer import MailWriter
from gateway.threads.addresses import IssuedAddress, Purpose, read_address
from gateway.threads.incoming import Envelope
from gateway.threads.model import InboxEntry, InboxState
from gateway.usecases.context import Context

ROLE_NAMES = ("postmaster", "abuse")  # RFC 2142 §3, RFC 5321 §4.5.1


class RecipientVerdict(StrEnum):
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"  # no such address here, or no longer
    RELAY = "relay"  # another domain: we never pass mail on


def check_recipients(ctx: Context, addresses: Sequence[str]) -> list[RecipientVerdict]:
    """May these envelope recipients be written to? Only addresses that we issued, postmaster and abuse
    (docs/reliability.md, promise 4). What can be told from the address alone costs no query.

    Raises Unavailable when the database is away: the edge answers 451.
    """
    domain, keys = ctx.settings.reply_domain, ctx.settings.keys
    issued = [read_address(keys, address, domain) for address in addresses]
    alive = _find_alive(ctx, [i for i in issued if i and i.name not in ROLE_NAMES])
    return [_judge(address, i, alive=alive, domain=domain) for address, i in zip(addresses, issued, strict=True)]


def _judge(address: str, issued: IssuedAddress | None, *, alive: set[str], domain: str) -> RecipientVerdict:
    if issued is None:
        _, at, host = address.rpartition("@")
        return RecipientVerdict.RELAY if at and host.lower() != domain else RecipientVerdict.UNKNOWN
    known = issued.name in ROLE_NAMES or (issued.id or issued.name) in alive
    return RecipientVerdict.ACCEPTED if known else RecipientVerdict.UNKNOWN


def _find_alive(ctx: Context, issued: Sequence[IssuedAddress]) -> set[str]:
    """Ids of participants and deliveries, and names of workspaces, that still exist."""
    people = [i.id for i in issued if i.purpose == Purpose.REPLY]
    deliveries = [i.id for i in issued if i.purpose == Purpose.BOUNCE]
    names = [i.name for i in issued if i.purpose == "name"]
    if not issued:
        return set()
    with ctx.database.glance() as tx:
        alive = tx.threads.alive_participants(people) if people else set()
        alive |= tx.outbox.existing(deliveries) if deliveries else set()
        alive |= tx.people.existing_slugs(names) if names else set()
    return alive


def accept_mail(ctx: Context, writer: MailWriter, envelope: Envelope, raw: bytes) -> Future[str]:
    """Store a mail: raw bytes, envelope and one inbox row for each recipient, in one commit.

    The future gives the id to say in the 250 (the first 16 hex digits of the content's SHA-256: the same for a
    sender's retry). It fails with Unavailable when nothing was stored.
    """
    return writer.submit(raw, partial(_describe, ctx, envelope, len(raw)))


def _describe(ctx: Context, envelope: Envelope, size: int, digest: str) -> tuple[InboxEntry, ...]:
    now = envelope.received_at or ctx.now
    return tuple(
        InboxEntry(
            id=ctx.new_id(),
            workspace_id=None,
            state=InboxState.RECEIVED,
            reason="",
            detail="",
            digest=digest,
            size=size,
            rcpt=rcpt,
            envelope_from=envelope.mail_from,
            peer=envelope.peer,
            helo=envelope.helo[:255],
            tls=envelope.tls,
            received_at=now,
        )
        for rcpt in dict.fromkeys(r.lower() for r in envelope.rcpt_tos)
    )
