"""In charge of: what becomes of stored mails — claimed together, read in another process, settled together.

Not in charge of: reading bytes (`inbound`, through `understand_mail`), deciding (`settle_mail`), storing before 250
(`receive_email`).

    claim ─▶ locate ─▶ read (another process) ─▶ prove sender ─▶ settle ─┬▶ threaded
                                                                        ├▶ held · unmatched · failed
                                                                        └▶ refused · ignored

Mails that wait are taken many at a time, so that one statement and one commit serve many; a mail that spoils a batch
is settled alone.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from gateway.crashpoints import reach
from gateway.errors import Unavailable
from gateway.store.database import Transaction
from gateway.threads.addresses import IssuedAddress, Purpose, read_address
from gateway.threads.incoming import Automatic, IncomingMail
from gateway.threads.model import Conversation, InboxEntry, InboxState, Role
from gateway.threads.policies.tries import is_hopeless, is_suspect
from gateway.usecases.access import account_of, find_viewers
from gateway.usecases.context import Context
from gateway.usecases.follow_moved import follow_moved
from gateway.usecases.receive_email import ROLE_NAMES
from gateway.usecases.settle_mail import RATE_WINDOW, Located, fail_mail, from_address, settle
from gateway.usecases.tell_members import look_for_concerned
from gateway.usecases.understand_mail import Claimed, Understood, understand

LEASE = timedelta(minutes=2)
BATCH = 50  # mails
BATCH_BYTES = 4_000_000  # raw bytes of a batch; a bigger mail goes alone
CROWDED_BATCH = 12  # mails settled together while the front door waits for its turn to write
AHEAD = 2  # batches that are read, or wait to be, while another is settled
log = logging.getLogger("gateway.process_mail")


def process_mail(ctx: Context, entry_id: str) -> None:
    """Process this entry before others, if it waits. Raises only Unavailable: it will be tried again."""
    with ctx.database.read() as tx:
        waits = tx.inbox.is_due(entry_id, now=ctx.now)
    if waits:
        process_waiting(ctx, first=entry_id)


def process_waiting(ctx: Context, *, first: str = "") -> None:
    """Process all waiting mails, `first` before the others. While one batch is settled, the next is read (in another
    process, so both really go on at once); the transaction that settles also claims the one after that, so that the
    reading never waits for it. Raises only Unavailable.
    """
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="mail-reader") as readers:
        reading = _Reading(ctx, readers)
        reading.begin(_claim(ctx, first))
        while (understood := reading.next()) is not None:
            if not understood:
                continue  # claimed again at once it would be no better
            if is_suspect(understood[0].claimed.entry):
                _settle_all(ctx, understood, room=0)
                reading.fill()
            else:
                reading.fill()
                rest = _settle_while_crowded(ctx, understood)
                reading.begin(_settle_all(ctx, rest, room=reading.room(AHEAD + 1)))


class _Reading:
    """The claimed batches that are being read, in their order."""

    def __init__(self, ctx: Context, readers: ThreadPoolExecutor) -> None:
        self._ctx = ctx
        self._readers = readers
        self._batches: deque[tuple[Sequence[InboxEntry], Future[list[Understood]]]] = deque()

    def room(self, most: int) -> int:
        """Raw bytes that may be claimed for one more batch, so that at most so many are held; 0 if they are, or if one
        is suspect.
        """
        entries = [entry for batch, _ in self._batches for entry in batch]
        if len(self._batches) >= most or any(map(is_suspect, entries)):
            return 0
        return max(0, most * BATCH_BYTES - sum(entry.size for entry in entries))

    def begin(self, entries: Sequence[InboxEntry]) -> None:
        if entries:
            self._batches.append((entries, self._readers.submit(_understand, self._ctx, entries)))

    def fill(self) -> None:
        """Claim and begin as many as may be held."""
        while (room := self.room(AHEAD)) and (claimed := _claim(self._ctx, room=room)):
            self.begin(claimed)

    def next(self) -> list[Understood] | None:
        """The oldest batch, once it is read; None if there is none."""
        return self._batches.popleft()[1].result() if self._batches else None


def _understand(ctx: Context, entries: Sequence[InboxEntry]) -> list[Understood]:
    """A claimed batch, read."""
    reach("mail.claimed")
    claimed = _fetch(ctx, entries)
    if not claimed:  # set aside, or the blob store is away: the sweep comes again
        return []
    understood = understand(ctx, claimed)
    reach("mail.read")
    written = _write_files(ctx, understood)
    return [replace(one, written=written) for one in understood] if written else understood


def _write_files(ctx: Context, understood: Sequence[Understood]) -> frozenset[str]:
    """Put the big files of mails that will probably enter their threads on stable storage now: written later, they
    would keep everybody else from writing to the database. Those of a mail that does not enter lie there unnamed.
    """
    probable = [one.read.mail.attachments for one in understood if _will_probably_enter(one)]
    try:
        return ctx.database.blobs.write_many(file.content for files in probable for file in files)
    except (OSError, Unavailable):
        return frozenset()  # settling tries again, and says so


def _will_probably_enter(one: Understood) -> bool:
    person, mail = one.claimed.located.participant, one.read.mail
    return person is not None and from_address(mail) == person.email and mail.automatic is Automatic.NO


def _claim(ctx: Context, first: str = "", *, room: int = BATCH_BYTES) -> list[InboxEntry]:
    with ctx.database.read() as tx:
        if not tx.inbox.due(now=ctx.now, limit=1):
            return []
    with ctx.database.begin() as tx:
        return _claim_within(ctx, tx, first=first, room=room)


def _claim_within(ctx: Context, tx: Transaction, *, first: str = "", room: int) -> list[InboxEntry]:
    if not room:
        return []
    now, most_bytes = ctx.now, min(room, BATCH_BYTES)
    return tx.inbox.claim_many(first=first, limit=BATCH, most_bytes=most_bytes, now=now, until=now + LEASE)


def _fetch(ctx: Context, entries: Sequence[InboxEntry]) -> list[Claimed]:
    """The claimed mails with their bytes, less those that are set aside, or given back as the blob store is away."""
    with ctx.database.read() as tx:
        located = locate(ctx, tx, entries)
        found = tx.blobs.read_many([e.digest for e in entries])
    claimed = []
    for entry, place in zip(entries, located, strict=True):
        raw, why = _read_raw(ctx, entry, found)
        if raw is not None and not why:
            claimed.append(Claimed(entry, place, raw))
            continue
        with ctx.database.begin() as tx:
            if why:
                _give_up(tx, entry, place, why)
            else:
                tx.inbox.finish(entry.id, InboxState.RECEIVED, tries=entry.tries - 1)
    return claimed


def _read_raw(ctx: Context, entry: InboxEntry, found: Mapping[str, bytes | None]) -> tuple[bytes | None, str]:
    """(its bytes, why it is set aside); (None, "") when the blob store is away."""
    if is_hopeless(entry):
        return None, "processing it ended a worker several times"
    if entry.digest not in found:
        return None, "its raw bytes are gone"
    raw = found[entry.digest]
    if raw is not None:
        return raw, ""
    try:
        return ctx.database.blobs.read(entry.digest), ""
    except FileNotFoundError:
        return None, "its raw bytes are gone"
    except Unavailable:
        return None, ""


def locate(ctx: Context, tx: Transaction, entries: Sequence[InboxEntry]) -> list[Located]:
    """Whose address each was written to, with the thread's texts."""
    issued = [read_address(ctx.settings.keys, e.rcpt, ctx.settings.reply_domain) for e in entries]
    people = tx.threads.find_participants([i.id for i in issued if i and i.purpose == Purpose.REPLY])
    bounced = tx.outbox.find_many([i.id for i in issued if i and i.purpose == Purpose.BOUNCE])
    texts = tx.messages.texts(sorted({person.thread_id for person, _, _ in people.values()}))
    located = []
    for i in issued:
        if i and i.purpose == Purpose.REPLY and i.id in people:
            person, _, workspace_id = people[i.id]
            located.append(Located(i, workspace_id, person, person.thread_id, texts[person.thread_id]))
        elif i and i.purpose == Purpose.BOUNCE and i.id in bounced:
            delivery = bounced[i.id]
            located.append(Located(i, delivery.workspace_id, thread_id=delivery.thread_id))
        else:
            located.append(_locate_workspace(tx, i))
    return located


def _locate_workspace(tx: Transaction, issued: IssuedAddress | None) -> Located:
    named = tx.people.find_workspace_by_slug(issued.name) if issued and issued.name not in ROLE_NAMES else None
    workspace = named or tx.people.first_workspace()  # what belongs to nobody waits where the operator looks
    return Located(issued, workspace.id if workspace else None)


def _settle_while_crowded(ctx: Context, understood: Sequence[Understood]) -> Sequence[Understood]:
    """Settle some at a time while senders wait for their 250 behind us: the last of them, or all if nobody waits, are
    given back.
    """
    while ctx.database.crowded and len(understood) > CROWDED_BATCH:
        _settle_all(ctx, understood[:CROWDED_BATCH], room=0)
        understood = understood[CROWDED_BATCH:]
    return understood


def _settle_all(ctx: Context, understood: Sequence[Understood], *, room: int) -> list[InboxEntry]:
    """All in one transaction, which also claims a batch of up to `room` bytes and gives it; if one of them fails, each
    in its own, so that it spoils nothing for the others.
    """
    try:
        with ctx.database.begin() as tx:
            _settle_held(ctx, tx, understood)
            tx.flush()
            claimed = _claim_within(ctx, tx, room=room)
            reach("mail.before_commit")
        reach("mail.settled")
        return claimed
    except Unavailable:
        if len(understood) == 1:
            raise
    except Exception:
        log.exception("a batch of %d mails could not be settled together", len(understood))
    for one in understood:
        _settle_alone(ctx, one)
    return []


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
    located = [u.claimed.located for u in understood]
    tx.attempts.hold_many([w.issued.id for w in located if w.issued and w.issued.purpose == Purpose.BOUNCE])
    tx.threads.hold_many({where.thread_id for where in located if where.thread_id})
    located = follow_moved(tx, [(u.claimed.located, u.read.mail) for u in understood])
    held = tx.inbox.hold([u.claimed.entry for u in understood])
    people = [(where.thread_id, where.participant.id) for where in located if where.thread_id and where.participant]
    tx.inbox.count_ahead(people, since=ctx.now - RATE_WINDOW)
    threads = {where.thread_id for where in located if where.thread_id}
    conversations = [found for thread_id in threads if (found := tx.threads.load(thread_id))]
    _look_for_suppressed(tx, located, conversations)
    _look_for_colleagues(tx, conversations)
    mails = [(where.thread_id, u.read.mail.message_id) for where, u in zip(located, understood, strict=True)]
    tx.blobs.expect(digest for one in understood for digest in one.written)
    tx.messages.look_for_copies([(thread_id, name) for thread_id, name in mails if thread_id and name])
    for where, one in zip(located, understood, strict=True):
        entry = one.claimed.entry
        if entry.id in held:
            settle(ctx, tx, entry, located=where, read=one.read, proof=one.proof)
        else:
            log.warning("entry %s: somebody else took it over first", entry.id)


def _look_for_suppressed(tx: Transaction, located: Sequence[Located], conversations: Sequence[Conversation]) -> None:
    """One question for all: a mail from an address lifts its suppression, and who is told of it may have one."""
    emails: dict[str, set[str]] = {}
    for where in located:
        if where.workspace_id and where.participant and where.participant.role is Role.CANDIDATE:
            emails.setdefault(where.workspace_id, set()).add(where.participant.email)
    for conversation in conversations:
        told = {person.email for person in conversation.participants if person.role.is_company}
        emails.setdefault(conversation.workspace.id, set()).update(told)
    for workspace_id, addresses in emails.items():
        tx.outbox.suppressed(workspace_id, addresses)


def _look_for_colleagues(tx: Transaction, conversations: Sequence[Conversation]) -> None:
    """One question for all: who of the company writes or is told, and what of it do they see? Asked only when the first
    mail is settled, it would send alone what was gathered for that one.
    """
    names: dict[str, set[str]] = {}
    for conversation in conversations:
        people = {account_of(p) for p in conversation.participants if p.role.is_company}
        names.setdefault(conversation.workspace.id, set()).update(people)
    for workspace_id, of in names.items():
        find_viewers(tx, workspace_id, of)
    for conversation in {one.opening.id: one for one in conversations}.values():
        look_for_concerned(tx, conversation)


def _give_up(tx: Transaction, entry: InboxEntry, located: Located, why: str) -> None:
    log.error("entry %s set aside: %s", entry.id, why)
    fail_mail(tx, entry, IncomingMail(defects=(f"unreadable: {why}",)), located=located)
