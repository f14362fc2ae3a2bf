"""In charge of: who in the company somebody is that does not ask from the desk just now: who writes by mail, who is
told. They see and do what they would see and do there.

Not in charge of: what a role allows (`threads.policies.roles`), sessions (`sign_in`).
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.store.database import Transaction
from gateway.threads.model import Conversation, Participant, Viewer
from gateway.threads.policies.roles import sees_opening
from gateway.usecases.sign_in import viewer_of_member


def find_viewers(tx: Transaction, workspace_id: str, names: Collection[str]) -> dict[str, Viewer | None]:
    """Those of these member ids and addresses that have an account: who they are in the desk, None once they were put
    out. Asked once for a batch.
    """
    found = tx.team.standings(workspace_id, names)
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
