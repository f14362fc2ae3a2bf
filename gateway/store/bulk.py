"""In charge of: rows of messages to many and of their recipients. Not in charge of: posting (`usecases.bulk`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, or_, select, update

from gateway.store import tables as t
from gateway.store.listing import is_there
from gateway.store.moving import kept_of
from gateway.store.session import ASKED_AT_ONCE, Session
from gateway.store.waiting import is_unsent
from gateway.threads.bulk import WORKED_ON, Bulk, BulkMessage, BulkState, Recipient, RecipientState, Trouble
from gateway.threads.model import ThreadState


class Bulks:
    """Messages to many within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def threads_of(self, workspace_id: str, external_ids: Sequence[str]) -> dict[str, str]:
        """The thread in which each applicant that there is is spoken with, by the ATS's own id."""
        found: dict[str, str] = {}
        c, th = t.applicants.c, t.threads.c
        query = select(c.external_id, th.id).join(t.threads, th.applicant_id == c.id)
        for start in range(0, len(external_ids), ASKED_AT_ONCE):
            ids = list(external_ids[start : start + ASKED_AT_ONCE])
            rows = self._session.execute(query.where(c.workspace_id == workspace_id, c.external_id.in_(ids)))
            own = {row.external_id: row.id for row in rows}
            kept = kept_of(self._session, own.values())
            found |= {applicant: kept.get(thread_id, thread_id) for applicant, thread_id in own.items()}
        return found

    def people_of(self, workspace_id: str, *, opening_id: str, stage: str, limit: int) -> list[str]:
        """The ATS's ids of applicants at an opening and a stage, each "" for any; at any stage only those whose
        conversation is open. The oldest first.
        """
        c, th = t.applicants.c, t.threads.c
        where = [c.workspace_id == workspace_id, is_there()]
        where.append(c.stage == stage if stage else th.state == ThreadState.OPEN.value)
        if opening_id:
            where.append(c.opening_id == opening_id)
        query = select(c.external_id).join(t.threads, th.applicant_id == c.id).where(*where)
        return list(self._session.execute(query.order_by(c.id).limit(limit)).scalars())

    def add(self, bulk: Bulk, recipients: Sequence[Recipient], *, client_key: str) -> None:
        row = {
            "id": bulk.id,
            "workspace_id": bulk.workspace_id,
            "actor_id": bulk.actor_id,
            "actor_name": bulk.actor_name,
            "message": asdict(bulk.message),
            "state": bulk.state.value,
            "reason": "",
            "client_key": client_key or None,
            "total": bulk.total,
            "created_at": bulk.created_at,
        }
        self._session.execute(insert(t.bulks), row)
        people = [
            {
                "bulk_id": bulk.id,
                "position": r.position,
                "applicant": r.applicant,
                "thread_id": r.thread_id,
                "state": r.state.value,
            }
            for r in recipients
        ]
        self._session.execute(insert(t.bulk_recipients), people)

    def find(self, workspace_id: str, bulk_id: str) -> Bulk | None:
        return self._find(t.bulks.c.workspace_id == workspace_id, t.bulks.c.id == bulk_id)

    def find_by_client_key(self, workspace_id: str, client_key: str) -> Bulk | None:
        return self._find(t.bulks.c.workspace_id == workspace_id, t.bulks.c.client_key == client_key)

    def _find(self, *where: ColumnElement[bool]) -> Bulk | None:
        row = self._session.execute(select(t.bulks).where(*where)).first()
        return _bulk(row) if row else None

    def of_workspace(self, workspace_id: str, *, before: str, limit: int) -> list[Bulk]:
        """The newest first."""
        c = t.bulks.c
        query = select(t.bulks).where(c.workspace_id == workspace_id).order_by(c.id.desc()).limit(limit)
        return [_bulk(r) for r in self._session.execute(query.where(c.id < before) if before else query)]

    def begun_since(self, workspace_id: str, at: datetime) -> list[Bulk]:
        """The newest first."""
        c = t.bulks.c
        query = select(t.bulks).where(c.workspace_id == workspace_id, c.created_at >= at).order_by(c.id.desc())
        return [_bulk(r) for r in self._session.execute(query)]

    def reached(self, bulk: Bulk) -> set[str]:
        """The threads of those who have it, or are to get it."""
        c = t.bulk_recipients.c
        states = [RecipientState.POSTED.value]
        if bulk.state not in (BulkState.CANCELLING, BulkState.CANCELLED):
            states.append(RecipientState.WAITING.value)
        query = select(c.thread_id).where(c.bulk_id == bulk.id, c.state.in_(states))
        return set(self._session.execute(query).scalars())

    def recipients(
        self, bulk_id: str, *, after: int, limit: int, state: RecipientState | None = None
    ) -> list[Recipient]:
        c = t.bulk_recipients.c
        query = select(t.bulk_recipients).where(c.bulk_id == bulk_id, c.position > after)
        if state is not None:
            query = query.where(c.state == state.value)
        return [_recipient(r) for r in self._session.execute(query.order_by(c.position).limit(limit))]

    def claim(self, bulk_id: str, *, now: datetime, until: datetime) -> Bulk | None:
        """Take it for this process; None if another one has it or it does not run."""
        c = t.bulks.c
        free = (c.id == bulk_id, c.state.in_(WORKED_ON), or_(c.lease_until.is_(None), c.lease_until <= now))
        row = self._session.execute(update(t.bulks).where(*free).values(lease_until=until).returning(*c)).first()
        return _bulk(row) if row else None

    def hold(self, bulk_id: str) -> BulkState:
        """Its state, which nobody changes until the commit."""
        query = select(t.bulks.c.state).where(t.bulks.c.id == bulk_id).with_for_update()
        return BulkState(self._session.execute(query).scalar_one())

    def update(self, bulk_id: str, **values: Any) -> None:
        self._session.execute(update(t.bulks).where(t.bulks.c.id == bulk_id).values(values))

    def stop(self, bulk_id: str, trouble: Trouble) -> None:
        """It waits for a person, who is told why."""
        self.update(bulk_id, state=BulkState.STOPPED.value, trouble=asdict(trouble))

    def is_waiting(self, bulk_id: str, recipient: Recipient) -> bool:
        """Has nobody written yet what became of this one? Asked while the bulk is held."""
        c = t.bulk_recipients.c
        query = select(c.state).where(c.bulk_id == bulk_id, c.position == recipient.position)
        return self._session.execute(query).scalar_one_or_none() == RecipientState.WAITING.value

    def settle(self, bulk_id: str, recipient: Recipient) -> None:
        """Write what became of one person who waited, and count it."""
        c, b = t.bulk_recipients.c, t.bulks.c
        trouble = recipient.trouble
        values = {
            "state": recipient.state.value,
            "message_id": recipient.message_id,
            "trouble": asdict(trouble) if trouble else None,
        }
        where = (c.bulk_id == bulk_id, c.position == recipient.position)
        self._session.execute(update(t.bulk_recipients).where(*where).values(values))
        counted = b.posted if recipient.state is RecipientState.POSTED else b.failed
        self._session.execute(update(t.bulks).where(b.id == bulk_id).values({counted: counted + 1}))

    def unsent(self, bulk_id: str, *, after: int, limit: int, now: datetime) -> list[Recipient]:
        """Those to whom something was posted that has not gone out, in order."""
        c = t.bulk_recipients.c
        posted = (c.bulk_id == bulk_id, c.position > after, c.state == RecipientState.POSTED.value)
        query = select(t.bulk_recipients).join(t.messages, t.messages.c.id == c.message_id)
        query = query.where(*posted, *is_unsent(now)).order_by(c.position).limit(limit)
        return [_recipient(r) for r in self._session.execute(query)]

    def has_unsent(self, bulk_id: str, *, now: datetime) -> bool:
        """Is there anybody like that?"""
        return bool(self.unsent(bulk_id, after=0, limit=1, now=now))

    def take_back(self, bulk_id: str, recipient: Recipient) -> None:
        """This one's message was posted and will not go out."""
        c, b = t.bulk_recipients.c, t.bulks.c
        where = (c.bulk_id == bulk_id, c.position == recipient.position)
        values = {"state": RecipientState.CANCELLED.value}
        self._session.execute(update(t.bulk_recipients).where(*where).values(values))
        self._session.execute(update(t.bulks).where(b.id == bulk_id).values(posted=b.posted - 1))

    def due(self, *, now: datetime) -> list[str]:
        """Those that are to be worked on although nobody does."""
        c = t.bulks.c
        free = (c.state.in_(WORKED_ON), or_(c.lease_until.is_(None), c.lease_until <= now))
        return list(self._session.execute(select(c.id).where(*free).order_by(c.id)).scalars())


def _bulk(row: Row[Any]) -> Bulk:
    message = {**row.message, "channels": tuple(row.message["channels"])}
    return Bulk(
        id=row.id,
        workspace_id=row.workspace_id,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        message=BulkMessage(**message),
        state=BulkState(row.state),
        trouble=_trouble(row.trouble, row.reason),
        total=row.total,
        posted=row.posted,
        failed=row.failed,
        created_at=row.created_at,
    )


def _recipient(row: Row[Any]) -> Recipient:
    state, trouble = RecipientState(row.state), _trouble(row.trouble, row.problem)
    return Recipient(row.position, row.applicant, row.thread_id, state, row.message_id, trouble)


def _trouble(found: Mapping[str, Any] | None, detail: str) -> Trouble | None:
    """Rows from before there were codes have English words alone."""
    if found:
        return Trouble(**found)
    return Trouble(detail) if detail else None
