"""In charge of: what a stored mail was read as, beside what it would be read as today — without changing anything.

Not in charge of: doing it (`review_inbox.replay`).

Today's outcome is found by settling the mail for real in a transaction that is then given up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from gateway.errors import NotFound
from gateway.store.database import Transaction
from gateway.threads.model import InboxEntry, InboxState, Viewer
from gateway.threads.policies.rejection import hides_words
from gateway.threads.policies.tries import MAX_TRIES
from gateway.usecases.context import Context
from gateway.usecases.process_mail import locate
from gateway.usecases.review_inbox import REPLAYABLE, find_home, open_entry, read_raw
from gateway.usecases.settle_mail import settle
from gateway.usecases.understand_mail import Claimed, understand


@dataclass(frozen=True, slots=True)
class Reading:
    """What became, or would become, of a mail."""

    state: str
    reason: str
    sender: str
    subject: str
    words: str
    files: tuple[str, ...] = ()
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`now` is None when the raw mail is no longer kept. `changed`: the fields in which the two differ."""

    entry: InboxEntry
    then: Reading
    now: Reading | None

    @property
    def changed(self) -> tuple[str, ...]:
        now = self.now
        if now is None:
            return ()
        return tuple(f.name for f in fields(Reading) if getattr(self.then, f.name) != getattr(now, f.name))


class _GivenUp(Exception):
    """Ends the transaction without keeping anything of it."""


def compare_reading(ctx: Context, viewer: Viewer, entry_id: str) -> Comparison:
    """Then and now. Raises NotFound. What a rejected candidate wrote is not shown."""
    with ctx.database.read() as tx:
        entry = open_entry(tx, viewer, entry_id)
        hidden = hides_words(entry, find_home(tx, entry))
        then, is_threaded = _read_then(tx, entry, hidden=hidden)
        (located,) = locate(ctx, tx, [entry])
    try:
        raw = read_raw(ctx, viewer, entry_id)
    except NotFound:
        return Comparison(entry, then, None)
    (understood,) = understand(ctx, [Claimed(entry, located, raw)])
    after = entry
    try:
        with ctx.database.begin() as tx:
            if not is_threaded and entry.state in REPLAYABLE:
                # as at the last try: DNS that does not answer is not waited for
                tx.inbox.finish(entry.id, InboxState.PROCESSING, tries=MAX_TRIES)
                claimed = tx.inbox.find(entry.id) or entry
                settle(ctx, tx, claimed, located=located, read=understood.read, proof=understood.proof)
                after = tx.inbox.find(entry.id) or entry
            hidden = hidden or hides_words(after, find_home(tx, after))
            raise _GivenUp
    except _GivenUp:
        pass
    mail = understood.read.mail
    now = Reading(
        after.state.value,
        after.reason,
        mail.from_[0].address.lower() if mail.from_ else "",
        "" if hidden else mail.subject,
        "" if hidden else understood.read.split.reply,
        () if hidden else tuple(a.filename for a in mail.attachments),
        f"{understood.proof.proof.value}: {understood.proof.detail}" if not is_threaded else entry.proof,
    )
    return Comparison(entry, then, now)


def _read_then(tx: Transaction, entry: InboxEntry, *, hidden: bool) -> tuple[Reading, bool]:
    message_id = tx.messages.find_by_inbox(entry.id)
    message = tx.messages.find(message_id) if message_id else None
    words, files = entry.words, tuple[str, ...]()
    if message is not None:
        words, files = message.text, tuple(a.filename for a in message.attachments)
    state, reason = entry.state.value, entry.reason
    subject, words = ("", "") if hidden else (entry.subject, words)
    then = Reading(state, reason, entry.from_address, subject, words, files, entry.proof)
    return then, message is not None
