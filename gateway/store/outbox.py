"""In charge of: deliveries as they are planned and shown, notices and suppressions as rows.

Not in charge of: attempts (`attempts`) or which state comes next (`threads.delivery`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.session import Session
from gateway.threads.model import Attempt, Delivery, DeliveryState
from gateway.threads.notices import Notice
from gateway.threads.purpose import Purpose


class Outbox:
    """Deliveries within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, delivery: Delivery) -> None:
        row = {
            "id": delivery.id,
            "workspace_id": delivery.workspace_id,
            "thread_id": delivery.thread_id,
            "message_id": delivery.message_id,
            "notice_id": delivery.notice_id,
            "participant_id": delivery.participant_id,
            "channel": delivery.channel,
            "address": delivery.to,
            "state": delivery.state.value,
            "reason": delivery.reason,
            "next_attempt_at": delivery.next_attempt_at,
            "rfc_message_id": delivery.rfc_message_id,
            "rest": list(delivery.rest),
            "purpose": delivery.purpose.value,
            "fallback_of": delivery.fallback_of,
            "created_at": delivery.created_at,
            "updated_at": delivery.updated_at,
        }
        self._session.gather(_ADD, row)

    def add_notice(self, notice: Notice) -> None:
        row = {
            "id": notice.id,
            "workspace_id": notice.workspace_id,
            "thread_id": notice.thread_id,
            "key": notice.key,
            "locale": notice.locale,
            "variables": notice.variables,
            "in_reply_to": notice.in_reply_to,
            "automatic": notice.automatic,
            "created_at": notice.created_at,
        }
        self._session.execute(insert(t.notices), row)

    def find_notice(self, notice_id: str) -> Notice | None:
        row = self._session.execute(select(t.notices).where(t.notices.c.id == notice_id)).first()
        return _notice(row) if row else None

    def find(self, delivery_id: str, *, attempts: bool = False) -> Delivery | None:
        row = self._session.execute(select(t.deliveries).where(t.deliveries.c.id == delivery_id)).first()
        if row is None:
            return None
        return delivery_of(row, self._attempts(delivery_id) if attempts else ())

    def find_many(self, ids: Sequence[str]) -> dict[str, Delivery]:
        """Those of these deliveries that there are, without their attempts."""
        query = select(t.deliveries).where(t.deliveries.c.id.in_(list(ids)))
        return {row.id: delivery_of(row) for row in self._session.execute(query)} if ids else {}

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Which of these deliveries there are."""
        query = select(t.deliveries.c.id).where(t.deliveries.c.id.in_(list(ids)))
        return set(self._session.execute(query).scalars())

    def by_message(self, message_ids: Sequence[str], *, attempts: bool = False) -> dict[str, list[Delivery]]:
        """Deliveries of each message, in the order in which they were made."""
        found: dict[str, list[Delivery]] = {}
        if message_ids:
            c = t.deliveries.c
            query = select(t.deliveries).where(c.message_id.in_(list(message_ids))).order_by(c.id)
            for row in self._session.execute(query):
                tried = self._attempts(row.id) if attempts and row.tries else ()
                found.setdefault(row.message_id, []).append(delivery_of(row, tried))
        return found

    def queue_again(self, delivery_id: str, *, to: str, now: datetime) -> bool:
        """A person asks for another try, perhaps to a corrected address."""
        c = t.deliveries.c
        ended = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.UNCERTAIN, DeliveryState.DEFERRED)
        states = [s.value for s in (*ended, DeliveryState.SKIPPED)]
        values = {
            "state": DeliveryState.QUEUED.value,
            "address": to,
            "reason": "",
            "code": "",
            "next_attempt_at": now,
            "look_at": None,
            "fallback_at": None,
            "provider_id": "",
            "updated_at": now,
        }
        again = update(t.deliveries).where(c.id == delivery_id, c.state.in_(states)).values(values)
        return self._session.execute(again).rowcount == 1

    def references(self, thread_id: str, participant_id: str, *, before_seq: int, limit: int = 20) -> list[str]:
        """Message-IDs that this person has seen in this thread, oldest first: what we sent them and what they wrote."""
        if self._session.find_ahead(_SEEN, (thread_id, participant_id)) is None:
            self.look_for_references([(thread_id, participant_id)])
        seen: list[tuple[int, str]] = self._session.find_ahead(_SEEN, (thread_id, participant_id))
        return [message_id for seq, message_id in seen if seq < before_seq][-limit:]

    def look_for_references(self, people: Sequence[tuple[str, str]]) -> None:
        """Read ahead what `references` will be asked, for several (thread id, participant id)."""
        found: dict[tuple[str, str], list[tuple[int, str]]] = {person: [] for person in people}
        asked = {"threads": sorted({thread for thread, _ in people}), "people": sorted({who for _, who in people})}
        for row in self._session.execute(_SEEN_OF, asked) if people else ():
            if (row.thread_id, row.participant_id) in found:
                found[row.thread_id, row.participant_id].append((row.seq, row.rfc_message_id))
        self._session.read_ahead(_SEEN, found)

    def notices_of(self, thread_id: str, *, limit: int = 50) -> list[tuple[Notice, Delivery]]:
        query = (
            select(t.notices, t.deliveries.c.id.label("delivery_id"))
            .join(t.deliveries, t.deliveries.c.notice_id == t.notices.c.id)
            .where(t.notices.c.thread_id == thread_id)
            .order_by(t.notices.c.id.desc())
            .limit(limit)
        )
        found = []
        for row in self._session.execute(query).all():
            delivery = self.find(row.delivery_id)
            if delivery:
                found.append((_notice(row), delivery))
        return found

    # -- suppressions ----------------------------------------------------------------------------------------

    def suppress(self, workspace_id: str, address: str, *, code: str, now: datetime) -> None:
        insert_for = pg_insert if self._session.dialect.name == "postgresql" else sqlite_insert
        key = suppression_key(workspace_id, address)
        row = {"workspace_id": workspace_id, "address": key, "code": code, "created_at": now}
        self._session.execute(insert_for(t.suppressions).values(row).on_conflict_do_nothing())

    def suppressed(self, workspace_id: str, addresses: Iterable[str]) -> list[str]:
        """Which of these addresses are suppressed, in lower case."""
        wanted = {a.lower(): (workspace_id, a.lower()) for a in addresses if a}
        unread = [a for a, key in wanted.items() if self._session.find_ahead(_SUPPRESSED, key) is None]
        if unread:
            keys = {a: suppression_key(workspace_id, a) for a in unread}
            of = {"workspace": workspace_id, "of": list(keys.values())}
            found = set(self._session.execute(_SUPPRESSED_OF, of).scalars())
            self._session.read_ahead(_SUPPRESSED, {wanted[a]: keys[a] in found for a in unread})
        return [a for a, key in wanted.items() if self._session.find_ahead(_SUPPRESSED, key)]

    def unsuppress(self, workspace_id: str, address: str, *, but: str = "") -> None:
        """Send to this address again, unless it was suppressed with the code `but`."""
        c = t.suppressions.c
        where = (c.workspace_id == workspace_id, c.address == suppression_key(workspace_id, address), c.code != but)
        self._session.execute(delete(t.suppressions).where(*where))

    def _attempts(self, delivery_id: str) -> tuple[Attempt, ...]:
        c = t.attempts.c
        query = select(t.attempts).where(c.delivery_id == delivery_id).order_by(c.number)
        rows = self._session.execute(query)
        return tuple(Attempt(r.number, r.started_at, r.ended_at, r.outcome, r.code, r.detail) for r in rows)


_ADD = insert(t.deliveries)
_SEEN = "message ids seen"
_OF_THREADS = is_among(t.messages.c.thread_id, "threads")
_SENT = (
    select(t.messages.c.thread_id, t.deliveries.c.participant_id, t.messages.c.seq, t.deliveries.c.rfc_message_id)
    .join(t.deliveries, t.deliveries.c.message_id == t.messages.c.id)
    .where(_OF_THREADS, is_among(t.deliveries.c.participant_id, "people"))
    .where(t.deliveries.c.rfc_message_id != "")
)
_WRITTEN = (
    select(t.messages.c.thread_id, t.messages.c.participant_id, t.messages.c.seq, t.messages.c.rfc_message_id)
    .where(_OF_THREADS, is_among(t.messages.c.participant_id, "people"))
    .where(t.messages.c.rfc_message_id != "")
)
_SEEN_OF = _SENT.union_all(_WRITTEN).order_by("seq")
_SUPPRESSED = "suppressed"
_SUPPRESSED_OF = select(t.suppressions.c.address).where(
    t.suppressions.c.workspace_id == bindparam("workspace"),
    is_among(t.suppressions.c.address, "of"),
)


def suppression_key(workspace_id: str, address: str) -> str:
    """Under what a suppression is kept. It holds no address, because it outlives people: who asked for no more mail is
    not written to again, even after they were erased (SJ-P3).
    """
    return sha256(f"{workspace_id} {address.lower()}".encode("utf-8", "surrogatepass")).hexdigest()


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        workspace_id=row.workspace_id,
        thread_id=row.thread_id,
        key=row.key,
        locale=row.locale,
        variables=dict(row.variables),
        created_at=row.created_at,
        in_reply_to=row.in_reply_to,
        automatic=row.automatic,
    )


def delivery_of(row: Row[Any], attempts: tuple[Attempt, ...] = ()) -> Delivery:
    of = row._mapping
    return Delivery(
        id=of["id"],
        workspace_id=of["workspace_id"],
        thread_id=of["thread_id"],
        message_id=of["message_id"],
        notice_id=of["notice_id"],
        participant_id=of["participant_id"],
        channel=of["channel"],
        to=of["address"],
        state=DeliveryState(of["state"]),
        reason=of["reason"],
        code=of["code"],
        tries=of["tries"],
        next_attempt_at=of["next_attempt_at"],
        lease_until=of["lease_until"],
        provider_id=of["provider_id"],
        rfc_message_id=of["rfc_message_id"],
        created_at=of["created_at"],
        updated_at=of["updated_at"],
        attempts=attempts,
        rest=tuple(of["rest"]),
        purpose=Purpose(of["purpose"]),
        fallback_at=of["fallback_at"],
        fallback_of=of["fallback_of"],
    )
