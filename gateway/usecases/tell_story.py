"""In charge of: gathering all that belongs to one mail, message, delivery or thread, for `gateway trace`. Not in
charge of: printing.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.store.database import Transaction
from gateway.threads.model import Delivery, InboxEntry, InboxState, Message, Thread
from gateway.usecases.context import Context

MOST = 500


@dataclass(frozen=True, slots=True)
class Story:
    """Entries, messages and deliveries that hang together."""

    entries: tuple[InboxEntry, ...] = ()
    thread: Thread | None = None
    messages: tuple[Message, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


def tell_story(ctx: Context, subject: str) -> Story | None:
    """The story of an id: inbox entry, message, delivery, thread (with the mails to it that are no messages), or the id
    that a 250 said. None if nothing has it.
    """
    with ctx.database.read() as tx:
        entries = tx.inbox.find_by_digest(subject) or [e for e in [tx.inbox.find(subject)] if e]
        if entries:
            return _of_entries(tx, tuple(entries))
        if message := tx.messages.find(subject):
            return _of_message(tx, message)
        if delivery := tx.outbox.find(subject, attempts=True):
            message = tx.messages.find(delivery.message_id or "")
            return _of_message(tx, message) if message else Story(deliveries=(delivery,))
        conversation = tx.threads.load(subject)
        if conversation is None:
            return None
        messages = tx.messages.newest(subject, limit=MOST)
        others = tx.inbox.of_thread(subject, [s for s in InboxState if s is not InboxState.THREADED], limit=MOST)
        return Story(tuple(others[::-1]), conversation.thread, tuple(messages), _deliveries(tx, messages))


def _of_entries(tx: Transaction, entries: tuple[InboxEntry, ...]) -> Story:
    ids = [tx.messages.find_by_inbox(e.id) for e in entries]
    messages = [m for m in (tx.messages.find(i) for i in ids if i) if m]
    thread_id = next((e.thread_id for e in entries if e.thread_id), None)
    conversation = tx.threads.load(thread_id) if thread_id else None
    return Story(entries, conversation.thread if conversation else None, tuple(messages), _deliveries(tx, messages))


def _of_message(tx: Transaction, message: Message) -> Story:
    conversation = tx.threads.load(message.thread_id)
    entry = tx.inbox.find(message.inbox_id) if message.inbox_id else None
    thread = conversation.thread if conversation else None
    return Story((entry,) if entry else (), thread, (message,), _deliveries(tx, [message]))


def _deliveries(tx: Transaction, messages: list[Message]) -> tuple[Delivery, ...]:
    found = tx.outbox.by_message([m.id for m in messages], attempts=True)
    return tuple(d for m in messages for d in found.get(m.id, ()))
