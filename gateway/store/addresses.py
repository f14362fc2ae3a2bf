"""In charge of: a participant's further addresses, and the one-time questions "did you write this mail?".

Not in charge of: who may add an address (`usecases.admit_sender`, `usecases.confirm_sender`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from gateway.store import tables as t
from gateway.store.search_index import SearchIndex
from gateway.store.session import Session


class Addresses:
    """Within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, participant_id: str) -> dict[str, datetime | None]:
        """Further addresses, each with the time when the person last confirmed a mail from there."""
        rows = self._session.execute(_OF, {"person": participant_id})
        return {row.email: row.confirmed_at for row in rows}

    def add(
        self, participant_id: str, email: str, *, now: datetime, added_by: str = "", confirmed: bool = False
    ) -> None:
        """Remember an address; one that is known stays, and is confirmed anew if it was."""
        email = email.lower()
        values = {"confirmed_at": now} if confirmed else {}
        if email in self.of(participant_id):
            c = t.addresses.c
            if values:
                where = (c.participant_id == participant_id, c.email == email)
                self._session.execute(update(t.addresses).where(*where).values(values))
            return
        row = {"participant_id": participant_id, "email": email, "added_by": added_by, "created_at": now, **values}
        self._session.execute(insert(t.addresses), row)
        SearchIndex(self._session).note_person_of(participant_id)

    def remove(self, participant_id: str, email: str) -> None:
        """Forget a further address; the person's own stays."""
        c = t.addresses.c
        self._session.execute(delete(t.addresses).where(c.participant_id == participant_id, c.email == email.lower()))
        SearchIndex(self._session).note_person_of(participant_id)

    def ask(self, link_hash: str, entry_id: str, participant_id: str, *, now: datetime, until: datetime) -> None:
        """A new question about an entry; older ones about it die."""
        self._session.execute(delete(t.confirmations).where(t.confirmations.c.entry_id == entry_id))
        row = {"hash": link_hash, "entry_id": entry_id, "participant_id": participant_id}
        self._session.execute(insert(t.confirmations), {**row, "created_at": now, "expires_at": until})

    def asked_at(self, entry_id: str) -> datetime | None:
        """When the person was asked about this entry."""
        query = select(t.confirmations.c.created_at).where(t.confirmations.c.entry_id == entry_id)
        return self._session.execute(query).scalar_one_or_none()

    def find_question(self, link_hash: str, *, now: datetime) -> tuple[str, str] | None:
        """(entry id, participant id) of a question that still may be answered."""
        c = t.confirmations.c
        query = select(c.entry_id, c.participant_id).where(c.hash == link_hash, c.used_at.is_(None), c.expires_at > now)
        row = self._session.execute(query).first()
        return (row.entry_id, row.participant_id) if row else None

    def use_question(self, link_hash: str, *, now: datetime) -> tuple[str, str] | None:
        """The same, once: of a hundred at a time exactly one gets it."""
        c = t.confirmations.c
        where = (c.hash == link_hash, c.used_at.is_(None), c.expires_at > now)
        used = update(t.confirmations).where(*where).values(used_at=now).returning(c.entry_id, c.participant_id)
        row = self._session.execute(used).first()
        return (row.entry_id, row.participant_id) if row else None


_OF = select(t.addresses.c.email, t.addresses.c.confirmed_at).where(t.addresses.c.participant_id == bindparam("person"))
