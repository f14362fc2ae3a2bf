"""In charge of: threads and participants; `open_for` is the one door by which a viewer reaches a thread.

Not in charge of: the rules (`policies.visibility`, `policies.rejection`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.store import tables as t
from gateway.store.people import applicant_of, opening_of, workspace_of
from gateway.threads.matching import Candidate
from gateway.threads.model import (
    Conversation,
    Participant,
    Role,
    Thread,
    ThreadState,
    Viewer,
)
from gateway.threads.policies.visibility import may_open


class Threads:
    """Threads within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_for(self, viewer: Viewer, thread_id: str, *, lock: bool = False) -> Conversation | None:
        """The conversation, if this viewer may know of it. `lock` holds its row until the commit: the gate's
        serialisation.

        SQLite needs no row lock: every transaction that may write holds the only write lock (BEGIN IMMEDIATE).
        """
        conversation = self.load(thread_id, lock=lock)
        if conversation is None or not may_open(viewer, conversation.thread):
            return None
        return conversation

    def load(self, thread_id: str, *, lock: bool = False) -> Conversation | None:
        """The conversation for the gateway's own work (a mail, a delivery): no viewer, so never for an edge."""
        query = select(t.threads).where(t.threads.c.id == thread_id)
        row = self._connection.execute(query.with_for_update() if lock else query).first()
        if row is None:
            return None
        thread = _thread(row)
        one = self._connection.execute
        applicant = one(select(t.applicants).where(t.applicants.c.id == thread.applicant_id)).one()
        opening = one(select(t.openings).where(t.openings.c.id == thread.opening_id)).one()
        workspace = one(select(t.workspaces).where(t.workspaces.c.id == thread.workspace_id)).one()
        people = one(
            select(t.participants).where(t.participants.c.thread_id == thread_id).order_by(t.participants.c.id)
        )
        return Conversation(
            thread,
            applicant_of(applicant),
            opening_of(opening),
            workspace_of(workspace),
            tuple(participant_of(p) for p in people),
        )

    def add(self, thread: Thread) -> None:
        row = {
            "id": thread.id,
            "workspace_id": thread.workspace_id,
            "applicant_id": thread.applicant_id,
            "opening_id": thread.opening_id,
            "state": thread.state.value,
            "last_seq": thread.last_seq,
            "last_event": thread.last_event,
            "last_at": thread.created_at,
            "unanswered_since": thread.created_at,
            "created_at": thread.created_at,
        }
        self._connection.execute(insert(t.threads).values(row))

    def update(self, thread_id: str, **values: Any) -> None:
        self._connection.execute(update(t.threads).where(t.threads.c.id == thread_id).values(values))

    def next_seq(self, thread_id: str) -> int:
        """Take the next message number. The row stays locked until the commit, so commit order is the order."""
        c = t.threads.c
        step = update(t.threads).where(c.id == thread_id).values(last_seq=c.last_seq + 1).returning(c.last_seq)
        seq: int = self._connection.execute(step).scalar_one()
        return seq

    def is_unanswered(self, thread_id: str) -> bool:
        query = select(t.threads.c.unanswered_since).where(t.threads.c.id == thread_id)
        return self._connection.execute(query).scalar_one() is not None

    def add_failed(self, thread_id: str, by: int) -> None:
        """Count deliveries of the thread that need attention up or down."""
        c = t.threads.c
        self._connection.execute(update(t.threads).where(c.id == thread_id).values(failed=c.failed + by))

    def find_by_applicant(self, applicant_id: str) -> str | None:
        query = select(t.threads.c.id).where(t.threads.c.applicant_id == applicant_id)
        return self._connection.execute(query).scalar_one_or_none()

    # -- participants ----------------------------------------------------------------------------------------

    def add_participant(self, participant: Participant) -> None:
        row = {
            "id": participant.id,
            "thread_id": participant.thread_id,
            "role": participant.role.value,
            "name": participant.name,
            "email": participant.email.lower(),
            "member_id": participant.member_id,
            "link_version": participant.link_version,
            "locale": participant.locale,
        }
        self._connection.execute(insert(t.participants).values(row))

    def update_participant(self, participant_id: str, **values: Any) -> None:
        self._connection.execute(update(t.participants).where(t.participants.c.id == participant_id).values(values))

    def find_participant(self, participant_id: str) -> tuple[Participant, ThreadState] | None:
        """A participant with the state of their thread."""
        query = (
            select(t.participants, t.threads.c.state)
            .join(t.threads, t.threads.c.id == t.participants.c.thread_id)
            .where(t.participants.c.id == participant_id)
        )
        row = self._connection.execute(query).first()
        return (participant_of(row), ThreadState(row.state)) if row else None

    def find_candidates(self, email: str, *, workspace_id: str | None = None) -> list[Participant]:
        """Candidate participants with this address in threads that are not erased, newest thread first."""
        query = (
            select(t.participants)
            .join(t.threads, t.threads.c.id == t.participants.c.thread_id)
            .where(
                t.participants.c.email == email.lower(),
                t.participants.c.role == Role.CANDIDATE.value,
                t.threads.c.state != ThreadState.ERASED.value,
            )
            .order_by(t.threads.c.id.desc())
        )
        if workspace_id:
            query = query.where(t.threads.c.workspace_id == workspace_id)
        return [participant_of(r) for r in self._connection.execute(query)]

    # -- matching (GW-1) -------------------------------------------------------------------------------------

    def by_sender(self, email: str, workspace_id: str) -> list[Candidate]:
        """Threads of the workspace that are open or blocked, in which this address is a candidate's."""
        return [Candidate(p.thread_id, p.id) for p in self.find_candidates(email, workspace_id=workspace_id)]

    def by_message_ids(self, message_ids: Sequence[str], workspace_id: str) -> list[Candidate]:
        """Threads of the workspace that one of these Message-IDs belongs to, in the order of the ids given."""
        if not message_ids:
            return []
        found: dict[str, str] = {}
        for table in (t.messages, t.deliveries):
            query = (
                select(table.c.rfc_message_id, table.c.thread_id)
                .join(t.threads, t.threads.c.id == table.c.thread_id)
                .where(table.c.rfc_message_id.in_(list(message_ids)), t.threads.c.workspace_id == workspace_id)
            )
            found.update({r.rfc_message_id: r.thread_id for r in self._connection.execute(query)})
        return [Candidate(found[m]) for m in message_ids if m in found]


def _thread(row: Row[Any]) -> Thread:
    return Thread(
        id=row.id,
        workspace_id=row.workspace_id,
        applicant_id=row.applicant_id,
        opening_id=row.opening_id,
        state=ThreadState(row.state),
        last_seq=row.last_seq,
        last_event=row.last_event,
        created_at=row.created_at,
        blocked_at=row.blocked_at,
        blocked_tries=row.blocked_tries,
        blocked_notice_at=row.blocked_notice_at,
    )


def participant_of(row: Row[Any]) -> Participant:
    return Participant(
        id=row.id,
        thread_id=row.thread_id,
        role=Role(row.role),
        name=row.name,
        email=row.email,
        member_id=row.member_id,
        link_version=row.link_version,
        locale=row.locale,
    )
