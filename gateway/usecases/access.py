"""In charge of: who in the company somebody is that does not ask from the desk just now: who writes by mail, who is
told. They see and do what they would see and do there.

Not in charge of: what a role allows (`threads.policies.roles`), sessions (`sign_in`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gateway.store.database import Transaction
from gateway.threads.model import Conversation, Delivery, Participant, Viewer
from gateway.threads.policies.roles import sees_opening
from gateway.usecases.sign_in import viewer_of_member


def find_viewers(tx: Transaction, workspace_id: str, names: Collection[str]) -> dict[str, Viewer | None]:
    """Those of these member ids and addresses that have an account: who they are in the desk, None once they were put
    out. Asked once for a batch.
    """
    found = tx.team.standings(workspace_id, names) if names else {}
    return {
        name: viewer_of_member(s.member, s.roles, own_openings_only=s.own_openings_only) if s.member.active else None
        for name, s in found.items()
    }


def account_of(person: Participant) -> str:
    """By what the account of somebody of the company is found: an address may have got one after the conversation had
    begun.
    """
    return person.member_id or person.email.lower()


def may_see(viewer: Viewer | None, conversation: Conversation) -> bool:
    """Does the member still see the conversation? None: they were put out."""
    return viewer is not None and sees_opening(viewer, conversation.opening.id)


def is_shut_out(person: Participant, conversation: Conversation, viewers: Mapping[str, Viewer | None]) -> bool:
    """Has somebody of the company an account that does not see the conversation? `viewers`: of `find_viewers`. One
    without an account has no access to lose (SJ-12).
    """
    account = account_of(person)
    return account in viewers and not may_see(viewers[account], conversation)


def find_shut_out(tx: Transaction, deliveries: Sequence[Delivery]) -> set[str]:
    """The ids of those that are copies for colleagues who see the conversation no more."""
    people = tx.threads.find_participants([d.participant_id for d in deliveries if d.participant_id])
    found = [(d, people[d.participant_id][0]) for d in deliveries if d.participant_id in people]
    copies = [(d, person) for d, person in found if person.role.is_company]
    tx.threads.look_for({d.thread_id for d, _ in copies if d.thread_id})
    accounts: dict[str, set[str]] = {}
    for delivery, person in copies:
        accounts.setdefault(delivery.workspace_id, set()).add(account_of(person))
    viewers = {workspace_id: find_viewers(tx, workspace_id, names) for workspace_id, names in accounts.items()}
    shown = [(d, person, tx.threads.load(d.thread_id or "")) for d, person in copies]
    return {d.id for d, person, where in shown if where and is_shut_out(person, where, viewers[d.workspace_id])}
