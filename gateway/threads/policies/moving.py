"""In charge of: what a message becomes when a person moves it to another conversation.

Not in charge of: moving it (`usecases.move_messages`).

A candidate never reads another applicant's words, nor what the company wrote to one: between two people a message
arrives as a note of the team. Back in a conversation of the person it belongs to, it is again what it was.
"""

from __future__ import annotations

from gateway.threads.model import Conversation, MessageKind, Participant


def is_same_person(one: Conversation, other: Conversation) -> bool:
    """Do both conversations belong to one person, by e-mail address or by phone number?"""
    if one.thread.id == other.thread.id:
        return True
    emails = {one.candidate.email.lower(), other.candidate.email.lower()}
    phones = {one.applicant.phone, other.applicant.phone}
    return any(len(known) == 1 and "" not in known for known in (emails, phones))


def kind_there(first_kind: MessageKind, *, home: Conversation | None, target: Conversation) -> MessageKind:
    """What it is in `target`. `home`: where it was first written, and as what; None if that was erased."""
    if home is not None and is_same_person(home, target):
        return first_kind
    return MessageKind.NOTE


def counterpart(person: Participant, conversation: Conversation) -> Participant | None:
    """The same person among a conversation's participants, on the same side of it; None if they take no part."""
    theirs = [p for p in conversation.participants if p.role.is_company == person.role.is_company]
    if not person.role.is_company:
        theirs = [p for p in theirs if p.role is person.role]
    return next((p for p in theirs if _is_one(p, person)), None)


def _is_one(one: Participant, other: Participant) -> bool:
    by_member = one.member_id is not None and one.member_id == other.member_id
    return by_member or (one.email != "" and one.email.lower() == other.email.lower())
