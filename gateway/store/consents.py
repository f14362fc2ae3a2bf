"""In charge of: rows of consents to advertising. Not in charge of: what they allow (`usecases.reach`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.threads.consents import Consent, ConsentKind


class Consents:
    """Consents within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_applicant(self, applicant_id: str, *, lock: bool = False) -> list[Consent]:
        """Those given and those withdrawn. `lock`: nobody takes one of them back until the commit."""
        c = t.consents.c
        query = select(t.consents).where(c.applicant_id == applicant_id).order_by(c.kind)
        rows = self._session.execute(query.with_for_update() if lock else query)
        return [_consent(r) for r in rows]

    def replace(self, applicant_id: str, consent: Consent) -> None:
        """Write it in the place of an earlier one of its kind."""
        c = t.consents.c
        self._session.execute(delete(t.consents).where(c.applicant_id == applicant_id, c.kind == consent.kind.value))
        row = {
            "applicant_id": applicant_id,
            "kind": consent.kind.value,
            "given_at": consent.given_at,
            "words": consent.words,
            "given_by": consent.given_by,
        }
        self._session.execute(insert(t.consents), row)

    def withdraw(self, applicant_id: str, kind: ConsentKind, *, by: str, now: datetime) -> bool:
        """Whether there was one in force."""
        c = t.consents.c
        where = (c.applicant_id == applicant_id, c.kind == kind.value, c.withdrawn_at.is_(None))
        values = {"withdrawn_at": now, "withdrawn_by": by}
        return self._session.execute(update(t.consents).where(*where).values(values)).rowcount > 0


def _consent(row: Row[Any]) -> Consent:
    return Consent(ConsentKind(row.kind), row.given_at, row.words, row.given_by, row.withdrawn_at, row.withdrawn_by)
