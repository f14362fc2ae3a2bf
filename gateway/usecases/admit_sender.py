"""In charge of: making the sender of a mail known in a thread, because one of the team says so — never a header.

Not in charge of: putting the mail in (`review_inbox`), or what they may write later (`threads.policies.identity`).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from gateway.errors import Conflict, Invalid
from gateway.store.database import Transaction
from gateway.threads.incoming import IncomingMail
from gateway.threads.model import Conversation, Participant, Role, Viewer
from gateway.threads.policies.identity import Sameness, address_domain, find_sender, names_colleague, same_mailbox
from gateway.usecases.access import find_viewers
from gateway.usecases.context import Context


class SenderIs(StrEnum):
    """What the team knows of a mail's sender."""

    CANDIDATE = "address"  # the candidate, from another address of theirs
    GUEST = "guest"  # another person on the candidate's side: a parent, a referrer
    COLLEAGUE = "colleague"  # one of the company: what they write goes on to the candidate


def is_colleagues(tx: Transaction, workspace_id: str, sender: str, conversation: Conversation | None) -> bool:
    """Is it the address of somebody of the company: of a member, or in this conversation?"""
    takes_part = conversation is not None and names_colleague(conversation, sender)
    return takes_part or bool(find_viewers(tx, workspace_id, [sender]))


def check_named(tx: Transaction, conversation: Conversation, sender: str) -> None:
    """What names somebody of the company is never taken for the other side's words, nor passed on as theirs by the way.
    Raises Conflict.
    """
    if is_colleagues(tx, conversation.workspace.id, sender, conversation):
        raise Conflict(
            "names_colleague",
            "It names a colleague as its sender: say that it is theirs (`sender_is` in the API), "
            "or put it in as a note.",
        )


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
    """The conversation with the sender in it, and who they are there. Raises Invalid when the mail names no one sender,
    Conflict (`names_colleague`) when somebody of the company is to be on the candidate's side.

    Their later mails still have to be proven: being known opens no door to whoever writes in their name.
    """
    sender = (find_sender(mail) or "").lower()
    if not sender or address_domain(sender) == ctx.settings.reply_domain:
        raise Invalid("sender", "The mail names no sender, or several: put it in as a note.", code="sender_unclear")
    same = [p for p in conversation.participants if same_mailbox(p.email, sender) is Sameness.EXACT]
    is_ours = sender_is is SenderIs.COLLEAGUE
    theirs = [p for p in same if not p.role.is_company]
    ours = [p for p in same if p.role.is_company] if is_ours else []
    if known := ours + theirs:
        return conversation, known[0]
    if not is_ours:
        check_named(tx, conversation, sender)
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
