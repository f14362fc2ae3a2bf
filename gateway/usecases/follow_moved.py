"""In charge of: mails that come to the address of one conversation but belong to another, because what they answer was
moved there.

Not in charge of: moving (`move_messages`), or deciding about the mail (`settle_mail`).

Only who takes part in the other conversation under the same address gets there: a reference grants nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.store.database import Transaction
from gateway.threads.incoming import IncomingMail
from gateway.threads.model import Role
from gateway.threads.policies.moving import counterpart
from gateway.usecases.settle_mail import NAMED, Located


def follow_moved(tx: Transaction, located: Sequence[tuple[Located, IncomingMail]]) -> list[Located]:
    """Each mail's place, in their order, once what it answers was looked for; it is held until the commit."""
    moved = tx.moving.where_to({where.thread_id for where, _ in located if where.thread_id and where.participant})
    targets = [_target(tx, where, mail, moved) for where, mail in located]
    tx.threads.hold_many({target for target in targets if target})
    return [_moved_to(tx, where, target) for (where, _), target in zip(located, targets, strict=True)]


def _target(tx: Transaction, where: Located, mail: IncomingMail, moved: Mapping[str, str]) -> str | None:
    """The thread that the mail's own became part of; else the one in which the nearest message is that the mail names,
    if it was moved there.
    """
    into = moved.get(where.thread_id or "")
    if where.participant is None or where.workspace_id is None or into is None:
        return None
    if into:
        return into
    named = (*mail.in_reply_to, *reversed(mail.references))[:NAMED]
    nearest = next(iter(tx.threads.by_message_ids(named, where.workspace_id)), None)
    source = where.participant.thread_id
    if nearest is None or nearest.thread_id == source or not tx.moving.is_now_in(source, nearest.thread_id):
        return None
    return nearest.thread_id


def _moved_to(tx: Transaction, where: Located, target: str | None) -> Located:
    conversation = tx.threads.load(target) if target else None
    if conversation is None or where.participant is None:
        return where
    person = counterpart(where.participant, conversation)
    if where.participant.role is Role.CANDIDATE and tx.moving.merged_into([where.participant.thread_id]):
        person = conversation.candidate
    return replace(where, participant=person, thread_id=conversation.thread.id) if person else where
