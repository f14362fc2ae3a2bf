"""In charge of: what the team is told about a mail beside its words — signed, encrypted, no more advertising — and what
follows from it.

Not in charge of: taking the mail in (`take_mail`): such a mail stays a message in any case.
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.incoming import ReadMail
from gateway.threads.model import Conversation, InboxEntry, Participant, Role
from gateway.threads.policies.loops import may_answer
from gateway.threads.policies.unsubscribe import asks_to_unsubscribe
from gateway.usecases.answer_blocked import queue_answer
from gateway.usecases.consents import refuse_advertising
from gateway.usecases.context import Context

UNREADABLE_NOTICE = "candidate.encrypted_mail"


def remark_mail(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    conversation: Conversation,
    speaker: Participant,
    read: ReadMail,
) -> None:
    """Write the remarks on a mail that has become a message, and act on them."""
    thread, mail = conversation.thread, read.mail
    if mail.protection:
        told = {"entry_id": entry.id, "how": mail.protection}
        tx.events.append(thread.id, thread.workspace_id, events.INBOX_PROTECTED, now=ctx.now, **told)
    if speaker.role is not Role.CANDIDATE:
        return
    if mail.protection == "encrypted":
        _ask_for_plain_text(ctx, tx, entry, conversation=conversation, read=read)
    if asks_to_unsubscribe(mail.subject, read.split.reply):
        refuse_advertising(ctx, tx, conversation, how="mail")


def _ask_for_plain_text(
    ctx: Context, tx: Transaction, entry: InboxEntry, *, conversation: Conversation, read: ReadMail
) -> None:
    """Once in a thread, and never to a machine or a list (RFC 3834 §2)."""
    told = any(notice.key == UNREADABLE_NOTICE for notice, _ in tx.outbox.notices_of(conversation.thread.id))
    if not told and may_answer(read.mail, entry.envelope_from, last_answer_at=None, now=ctx.now):
        queue_answer(ctx, tx, conversation, read.mail, key=UNREADABLE_NOTICE)
