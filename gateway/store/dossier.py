"""In charge of: what else is stored about an applicant, as rows for a copy (GDPR Art. 15, 20).

Not in charge of: what the desk shows of it (siblings), or the copy's form (`usecases.export`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from gateway.store import tables as t
from gateway.store.outbox import delivery_of, suppression_key
from gateway.store.session import Session
from gateway.threads.model import Attempt, Delivery

Rows = list[dict[str, Any]]


class Dossier:
    """Within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def deliveries(self, thread_ids: Collection[str]) -> list[Delivery]:
        """All that went out of these conversations or is to go, with every attempt, the oldest first."""
        d, a = t.deliveries.c, t.attempts.c
        here = d.thread_id.in_(list(thread_ids))
        lines: dict[str, list[Attempt]] = {}
        tried = (
            select(t.attempts).join(t.deliveries, d.id == a.delivery_id).where(here).order_by(a.delivery_id, a.number)
        )
        for row in self._session.execute(tried):
            line = Attempt(row.number, row.started_at, row.ended_at, row.outcome, row.code, row.detail)
            lines.setdefault(row.delivery_id, []).append(line)
        rows = self._session.execute(select(t.deliveries).where(here).order_by(d.id))
        return [delivery_of(row, tuple(lines.get(row.id, ()))) for row in rows]

    def copies(self, thread_ids: Collection[str]) -> list[tuple[str, bytes, datetime]]:
        """(delivery, content, when) of what they said, word for word."""
        d, c = t.deliveries.c, t.copies.c
        query = select(c.delivery_id, c.content, c.at).join(t.deliveries, d.id == c.delivery_id)
        rows = self._session.execute(query.where(d.thread_id.in_(list(thread_ids))).order_by(d.id))
        return [(row.delivery_id, bytes(row.content), row.at) for row in rows]

    def notices(self, thread_ids: Collection[str]) -> Rows:
        """Automatic messages; what they are filled with may hold a sealed link, and stands in their copies."""
        return self._rows(t.notices, t.notices.c.thread_id.in_(list(thread_ids)), but=("variables",))

    def confirmations(self, thread_ids: Collection[str]) -> Rows:
        """Questions whether a mail is theirs."""
        return self._rows(t.confirmations, self._of_people(t.confirmations, thread_ids), but=("hash",))

    def further_addresses(self, thread_ids: Collection[str]) -> Rows:
        return self._rows(t.addresses, self._of_people(t.addresses, thread_ids))

    def drafts(self, thread_ids: Collection[str]) -> Rows:
        """What members have begun to write to them."""
        return self._rows(t.drafts, t.drafts.c.thread_id.in_(list(thread_ids)))

    def draft_files(self, thread_ids: Collection[str]) -> Rows:
        return self._rows(t.draft_files, t.draft_files.c.thread_id.in_(list(thread_ids)))

    def bulks(self, thread_ids: Collection[str]) -> Rows:
        """Messages to many that they were among."""
        return self._rows(t.bulk_recipients, t.bulk_recipients.c.thread_id.in_(list(thread_ids)))

    def audit(self, thread_ids: Collection[str]) -> Rows:
        return self._rows(t.audit, t.audit.c.thread_id.in_(list(thread_ids)))

    def suppressions(self, workspace_id: str, addresses: Collection[str]) -> Rows:
        """To which of these no mail or text message goes, and why."""
        c = t.suppressions.c
        keys = {suppression_key(workspace_id, address): address for address in sorted(addresses)}
        rows = self._rows(t.suppressions, (c.workspace_id == workspace_id) & c.address.in_(list(keys)))
        return [{**row, "address": keys[row["address"]]} for row in rows]

    def _of_people(self, table: Table, thread_ids: Collection[str]) -> ColumnElement[bool]:
        people = select(t.participants.c.id).where(t.participants.c.thread_id.in_(list(thread_ids)))
        return table.c.participant_id.in_(people)

    def _rows(self, table: Table, where: ColumnElement[bool], *, but: tuple[str, ...] = ()) -> Rows:
        columns = [c for c in table.c if c.name not in but]
        query = select(*columns).where(where).order_by(*table.primary_key.columns)
        return [dict(row._mapping) for row in self._session.execute(query)]
