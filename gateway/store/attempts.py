"""In charge of: deliveries taken for an attempt, and what came of it — leases, moves, lines.

Not in charge of: planning deliveries (`outbox`) or which state comes next (`threads.delivery`).

A batch is claimed by one statement and recorded by a few: `hold` locks what a lease still holds and reads ahead what
`save_move` asks, which then gathers its rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, select, update

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.outbox import delivery_of
from gateway.store.session import Session
from gateway.threads.delivery import CLAIMABLE, Move
from gateway.threads.model import Delivery, DeliveryState

REPORTS_FROM = 1000  # the number of the first line about what was reported later


class Attempts:
    """Claims and outcomes within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(self, delivery_id: str, *, lease_id: str, now: datetime, until: datetime) -> Delivery | None:
        """Take a due delivery for one attempt and open the attempt's row; None if it is not due or somebody has it."""
        claimed = self._take([delivery_id], lease_id=lease_id, now=now, until=until)
        return claimed[0] if claimed else None

    def claim_next(self, *, lease_id: str, now: datetime, until: datetime) -> Delivery | None:
        """Take the delivery that has been due longest, of those that nobody is taking at this moment."""
        ids = self._waiting(_DUE, limit=1, now=now, channel="", workspace="")
        claimed = self._take(ids, lease_id=lease_id, now=now, until=until) if ids else []
        return claimed[0] if claimed else None

    def claim_others(
        self, first: Delivery, *, alike: bool, limit: int, lease_id: str, now: datetime, until: datetime
    ) -> list[Delivery]:
        """Take others that are due by the same channel, longest first. `alike`: only those of its workspace that were
        not tried before, which a provider takes in one call.
        """
        query = _DUE_ALIKE if alike else _DUE_BY_CHANNEL
        ids = self._waiting(query, limit=limit, now=now, channel=first.channel, workspace=first.workspace_id)
        return self._take(ids, lease_id=lease_id, now=now, until=until) if ids else []

    def _waiting(self, query: Any, *, limit: int, now: datetime, channel: str, workspace: str) -> list[str]:
        """Ids that may be claimed, locked: state by state, for so the index gives them in their order."""
        asked = {"now": now, "most": limit, "channel": channel, "workspace": workspace}
        states = (DeliveryState.QUEUED,) if query is _DUE_ALIKE else CLAIMABLE
        rows = [row for s in states for row in self._session.execute(query, {**asked, "wanted": s.value})]
        return [row.id for row in sorted(rows, key=lambda row: (row.next_attempt_at, row.id))[:limit]]

    def _take(self, ids: Sequence[str], *, lease_id: str, now: datetime, until: datetime) -> list[Delivery]:
        taken = {"ids": list(ids), "now": now, "lease": lease_id, "until": until}
        order = {delivery_id: place for place, delivery_id in enumerate(ids)}
        claimed = [delivery_of(row) for row in self._session.execute(_TAKE, taken)]
        for delivery in claimed:
            self._session.gather(_BEGIN, {"delivery_id": delivery.id, "number": delivery.tries, "started_at": now})
        return sorted(claimed, key=lambda delivery: order[delivery.id])

    def hold(self, delivery_ids: Sequence[str], *, lease_id: str) -> None:
        """Lock those that this lease still holds until the commit, so that their moves can be gathered."""
        rows = self._session.execute(_HOLD, {"ids": list(delivery_ids), "lease": lease_id}).all()
        self._session.read_ahead(_HELD, {(row.id, lease_id): row.tries for row in rows})

    def hold_many(self, delivery_ids: Sequence[str]) -> None:
        """Lock these deliveries until the commit, before the rows of their conversations (see `hold_threads`)."""
        if delivery_ids:
            self._session.execute(_HOLD_MANY, {"ids": list(delivery_ids)}).all()

    def hold_threads(self, thread_ids: Sequence[str]) -> None:
        """Lock all deliveries of these conversations until the commit. Whoever needs both locks these before the
        conversations' own rows, as workers do: the other way round, each would hold what the other waits for.
        """
        self._session.execute(_HOLD_THREADS, {"ids": list(thread_ids)}).all()

    def save_move(self, delivery_id: str, move: Move, *, lease_id: str | None, now: datetime) -> bool:
        """Write the outcome of an attempt; False when the lease is no longer ours (somebody wrote another outcome).

        Without a lease (`None`) it is a report from outside and closes no attempt but adds its own line.
        """
        held: int | None = self._session.find_ahead(_HELD, (delivery_id, lease_id))
        if held is not None and move.counted:
            self._gather_move(delivery_id, move, number=held, now=now)
            return True
        where = [t.deliveries.c.id == delivery_id]
        if lease_id is not None:
            where += [t.deliveries.c.lease_id == lease_id, t.deliveries.c.state == DeliveryState.SENDING.value]
        values: dict[str, Any] = {
            "state": move.state.value,
            "code": move.code,
            "lease_id": None,
            "lease_until": None,
            "next_attempt_at": move.next_attempt_at,
            "look_at": move.look_at,
            "updated_at": now,
        }
        values |= {"provider_id": move.provider_id} if move.provider_id else {}
        values |= {} if move.counted else {"tries": t.deliveries.c.tries - 1}
        values |= {"reason": move.reason} if move.reason else {}
        saved = update(t.deliveries).where(*where).values(values).returning(t.deliveries.c.tries)
        tries = self._session.execute(saved).scalar_one_or_none()
        if tries is None:
            return False
        a = t.attempts.c
        if not move.counted:
            self._session.execute(delete(t.attempts).where(a.delivery_id == delivery_id, a.number == tries + 1))
        elif lease_id is not None:
            self._session.gather(_END, _ending(delivery_id, move, number=tries, now=now))
        else:
            self.add_report(delivery_id, move, now=now)
        return True

    def _gather_move(self, delivery_id: str, move: Move, *, number: int, now: datetime) -> None:
        row: dict[str, Any] = {"of": delivery_id, "to_state": move.state.value, "told": move.code, "now": now}
        row |= {"next": move.next_attempt_at, "look": move.look_at, "provider": move.provider_id}
        self._session.gather(_MOVE, row)
        self._session.gather(_END, _ending(delivery_id, move, number=number, now=now))

    def add_report(self, delivery_id: str, move: Move, *, now: datetime) -> None:
        """A line about what was reported later, after all attempts."""
        lines = select(t.attempts.c.number).where(t.attempts.c.delivery_id == delivery_id)
        number = REPORTS_FROM + len(self._session.execute(lines).all())
        line = {"delivery_id": delivery_id, "number": number, "started_at": now, "ended_at": now}
        line |= {"outcome": move.outcome, "code": move.code, "detail": move.detail[:500]}
        self._session.execute(insert(t.attempts), line)

    def newest_start(self, delivery_id: str) -> datetime:
        """When the newest attempt began."""
        c = t.attempts.c
        tried = (c.delivery_id == delivery_id, c.number < REPORTS_FROM)
        newest = select(c.started_at).where(*tried).order_by(c.number.desc()).limit(1)
        start: datetime = self._session.execute(newest).scalar_one()
        return start

    def backlog(self, *, now: datetime) -> tuple[int, datetime | None]:
        """How many deliveries should have been sent by now, and since when the oldest."""
        c = t.deliveries.c
        overdue = (c.state.in_([s.value for s in CLAIMABLE]), c.next_attempt_at <= now)
        query = select(func.count(), func.min(c.next_attempt_at)).where(*overdue)
        number, oldest = self._session.execute(query).one()
        return number, oldest

    def due(self, *, now: datetime, limit: int) -> list[str]:
        """Ids that may be claimed now."""
        c = t.deliveries.c
        query = (
            select(c.id)
            .where(c.state.in_([s.value for s in CLAIMABLE]), c.next_attempt_at <= now)
            .order_by(c.next_attempt_at)
            .limit(limit)
        )
        return list(self._session.execute(query).scalars())

    def is_due(self, *, now: datetime) -> bool:
        """Does any delivery wait?"""
        return self._session.execute(_ANY, {"now": now}).first() is not None

    def expired(self, *, now: datetime, limit: int) -> list[tuple[Delivery, str]]:
        """Deliveries whose worker died in mid-send, each with its lease."""
        c = t.deliveries.c
        query = select(t.deliveries).where(c.state == DeliveryState.SENDING.value, c.lease_until < now).limit(limit)
        return [(delivery_of(r), r.lease_id) for r in self._session.execute(query)]

    def take_back(self, *, now: datetime) -> None:
        """End the leases of deliveries under way: when nobody else can be sending them."""
        sending = t.deliveries.c.state == DeliveryState.SENDING.value
        self._session.execute(update(t.deliveries).where(sending).values(lease_until=now))

    def extend(self, lease_ids: Sequence[str], *, until: datetime) -> None:
        c = t.deliveries.c
        held = (c.lease_id.in_(list(lease_ids)), c.state == DeliveryState.SENDING.value)
        self._session.execute(update(t.deliveries).where(*held).values(lease_until=until))


# Built once: building a statement costs more than running it, and these run for every batch.
_HELD = "held attempts"
_D = t.deliveries.c
_DUE = (
    select(_D.id, _D.next_attempt_at)
    .where(_D.state == bindparam("wanted"), _D.next_attempt_at <= bindparam("now"))
    .order_by(_D.next_attempt_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ANY = select(_D.id).where(_D.state.in_([s.value for s in CLAIMABLE]), _D.next_attempt_at <= bindparam("now")).limit(1)
_DUE_BY_CHANNEL = _DUE.where(_D.channel == bindparam("channel"))
_DUE_ALIKE = _DUE_BY_CHANNEL.where(_D.workspace_id == bindparam("workspace"))
_TAKE = (
    update(t.deliveries)
    .where(
        is_among(_D.id, "ids"),
        _D.state.in_([s.value for s in CLAIMABLE]),
        _D.next_attempt_at <= bindparam("now"),
    )
    .values(
        state=DeliveryState.SENDING.value,
        lease_id=bindparam("lease"),
        lease_until=bindparam("until"),
        tries=_D.tries + 1,
        next_attempt_at=None,
        provider_id="",  # of the copy before, if there was one
        updated_at=bindparam("now"),
    )
    .returning(*_D)
)
_BEGIN = insert(t.attempts)
_LOCKED = select(_D.id, _D.tries).order_by(_D.id).with_for_update()
_HOLD_MANY = _LOCKED.where(is_among(_D.id, "ids"))
_HOLD_THREADS = _LOCKED.where(is_among(_D.thread_id, "ids"))
_HOLD = _HOLD_MANY.where(_D.lease_id == bindparam("lease"), _D.state == DeliveryState.SENDING.value)
_MOVE = (
    update(t.deliveries)
    .where(_D.id == bindparam("of"))
    .values(
        state=bindparam("to_state"),
        code=bindparam("told"),
        lease_id=None,
        lease_until=None,
        next_attempt_at=bindparam("next"),
        look_at=bindparam("look"),
        provider_id=case((bindparam("provider") == "", _D.provider_id), else_=bindparam("provider")),
        updated_at=bindparam("now"),
    )
)
_END = (
    update(t.attempts)
    .where(t.attempts.c.delivery_id == bindparam("of"), t.attempts.c.number == bindparam("attempt"))
    .values(ended_at=bindparam("now"), outcome=bindparam("result"), code=bindparam("told"), detail=bindparam("words"))
)


def _ending(delivery_id: str, move: Move, *, number: int, now: datetime) -> dict[str, Any]:
    told = {"result": move.outcome, "told": move.code, "words": move.detail[:500]}
    return {"of": delivery_id, "attempt": number, "now": now, **told}
