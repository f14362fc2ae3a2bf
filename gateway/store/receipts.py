"""In charge of: what becomes of handed-over deliveries, as rows — look-ups that are due, providers' ids, fall-backs,
opt-outs, and whose a phone number is.

Not in charge of: attempts (`outbox`) or which state comes next (`threads.delivery`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from gateway.store import tables as t
from gateway.store.listing import is_there
from gateway.store.outbox import delivery_of, suppression_key
from gateway.store.session import Session
from gateway.threads.delivery import CLAIMABLE, Move
from gateway.threads.model import Delivery, DeliveryState

_LOOKABLE = [s.value for s in (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)]


class Receipts:
    """Handed-over deliveries within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due_looks(self, *, now: datetime, limit: int) -> list[str]:
        """Ids of the deliveries whose provider is to be asked now."""
        c = t.deliveries.c
        query = select(c.id).where(c.look_at <= now, c.state.in_(_LOOKABLE)).order_by(c.look_at).limit(limit)
        return list(self._session.execute(query).scalars())

    def claim_look(self, delivery_id: str, *, now: datetime, until: datetime) -> Delivery | None:
        """Take a due look-up; nobody else takes it before `until`."""
        c = t.deliveries.c
        where = (c.id == delivery_id, c.look_at <= now, c.state.in_(_LOOKABLE))
        row = self._session.execute(update(t.deliveries).where(*where).values(look_at=until).returning(*c)).first()
        return delivery_of(row) if row else None

    def set_times(self, delivery_id: str, *, look_at: datetime | None, fallback_at: datetime | None) -> None:
        """When the provider is asked next, and until when this channel has time."""
        values = {"look_at": look_at, "fallback_at": fallback_at}
        self._session.execute(update(t.deliveries).where(t.deliveries.c.id == delivery_id).values(values))

    def hold(self, delivery_id: str) -> Delivery | None:
        """The delivery, its row locked until the commit, so that two reports of it are recorded one after the other."""
        query = select(t.deliveries).where(t.deliveries.c.id == delivery_id).with_for_update()
        row = self._session.execute(query).first()
        return delivery_of(row) if row else None

    def find_by_provider_id(self, channel: str, provider_id: str) -> str | None:
        """The id of the delivery that the provider knows by this id."""
        c = t.deliveries.c
        query = select(c.id).where(c.provider_id == provider_id, c.channel == channel).limit(1)
        return self._session.execute(query).scalar_one_or_none()

    def end_with_fallback(self, delivery_id: str, *, reason: str, now: datetime) -> None:
        """The next channel takes over: state `fell_back`, its code kept."""
        values = {"state": DeliveryState.FELL_BACK.value, "reason": reason, "next_attempt_at": None, "look_at": None}
        row = update(t.deliveries).where(t.deliveries.c.id == delivery_id)
        self._session.execute(row.values(**values, updated_at=now))

    def note_late(self, delivery_id: str, move: Move, *, reason: str, now: datetime) -> None:
        """It arrived after all, after the fall-back."""
        row = update(t.deliveries).where(t.deliveries.c.id == delivery_id)
        self._session.execute(row.values(reason=reason, code=move.code, updated_at=now))

    def cancel_replacement(self, delivery_id: str, *, reason: str, now: datetime) -> Delivery | None:
        """Stop the delivery that replaces this one if it has not gone out; what was stopped."""
        c = t.deliveries.c
        where = (c.fallback_of == delivery_id, c.state.in_([s.value for s in CLAIMABLE]), c.tries == 0)
        values = {"state": DeliveryState.CANCELLED.value, "reason": reason, "next_attempt_at": None, "updated_at": now}
        row = self._session.execute(update(t.deliveries).where(*where).values(values).returning(*c)).first()
        return delivery_of(row) if row else None

    def opt_outs(self, workspace_id: str, addresses: Iterable[str], *, code: str) -> dict[str, datetime]:
        """Which of these addresses asked for no more messages, as against those that do not work, and since when."""
        c = t.suppressions.c
        wanted = {suppression_key(workspace_id, a): a.lower() for a in addresses if a}
        asked = (c.workspace_id == workspace_id, c.address.in_(list(wanted)), c.code == code)
        rows = self._session.execute(select(c.address, c.created_at).where(*asked)) if wanted else ()
        return {wanted[row.address]: row.created_at for row in rows}

    def threads_by_phone(self, phone: str, *, workspace_ids: Iterable[str]) -> list[tuple[str, str]]:
        """(workspace id, thread id) of the applicants with this number, not erased, newest first."""
        query = (
            select(t.threads.c.workspace_id, t.threads.c.id)
            .join(t.applicants, t.applicants.c.id == t.threads.c.applicant_id)
            .where(
                t.applicants.c.phone == phone,
                is_there(),
                t.threads.c.workspace_id.in_(list(workspace_ids)),
            )
            .order_by(t.threads.c.id.desc())
        )
        return [(r.workspace_id, r.id) for r in self._session.execute(query)]

    def last_thread_told(self, address: str, *, channel: str, thread_ids: Iterable[str]) -> str | None:
        """Of these threads, the one whose message went to this number last: what an answer is about."""
        c = t.deliveries.c
        sent = (c.address == address, c.channel == channel, c.thread_id.in_(list(thread_ids)), c.tries > 0)
        query = select(c.thread_id).where(*sent).order_by(c.id.desc()).limit(1)
        return self._session.execute(query).scalar_one_or_none()
