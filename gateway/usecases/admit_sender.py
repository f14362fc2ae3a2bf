"""In charge of: making the sender of a mail known in a thread, because one of the team says so — never a header.

Not in charge of: putting the mail in (`review_inbox`), or what they may write later (`threads.policies.identity`).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from gateway.errors import Invalid
from gateway.store.database import Transaction
from gateway.threads.incoming import IncomingMail
from gateway.threads.model import Conversation, Participant, Role, Viewer
from gateway.threads.policies.identity import Sameness, address_domain, find_sender, same_mailbox
from gateway.usecases.context import Context


class SenderIs(StrEnum):
    """What the team knows of a mail's sender."""

    CANDIDATE = "address"  # the candidate, from another address of theirs
    GUEST = "guest"  # another person on the candidate's side: a parent, a referrer
    COLLEAGUE = "colleague"  # one of the company: what they write goes on to the candidate


def admit_sender(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    *,
    viewer: Viewer,
    mail: IncomingMail,
    sender_is: SenderIs,
    name: str = "",
) -> tuple[Conversation, Participant]:
    """The conversation with the sender in it, and who they are there. Raises Invalid when the mail names no one sender.

    Their later mails still have to be proven: being known opens no door to whoever writes in their name.
    """
    sender = (find_sender(mail) or "").lower()
    if not sender or address_domain(sender) == ctx.settings.reply_domain:
        raise Invalid("sender", "The mail names no sender, or several: put it in as a note.", code="sender_unclear")
    known = next((p for p in conversation.participants if same_mailbox(p.email, sender) is Sameness.EXACT), None)
    if known is not None:
        return conversation, known
    if sender_is is SenderIs.CANDIDATE:
        tx.addresses.add(conversation.candidate.id, sender, now=ctx.now, added_by=viewer.id)
        return conversation, conversation.candidate
    member = None
    if sender_is is SenderIs.COLLEAGUE:
        members = tx.people.list_members(conversation.workspace.id)
        member = next((m for m in members if same_mailbox(m.email, sender) is Sameness.EXACT), None)
    roles = {SenderIs.GUEST: Role.GUEST, SenderIs.COLLEAGUE: Role.MEMBER if member else Role.NOTIFIED}
    written = mail.from_[0].name
    person = Participant(
        id=ctx.new_id(),
        thread_id=conversation.thread.id,
        role=roles[sender_is],
        name=(member.name if member else name.strip() or written.strip())[:200],
        email=sender,
        member_id=member.id if member else None,
        locale=member.locale if member else conversation.workspace.locale,
    )
    tx.threads.add_participant(person)
    return replace(conversation, participants=(*conversation.participants, person)), person
