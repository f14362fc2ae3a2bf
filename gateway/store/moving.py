"""In charge of: messages that change their conversation, as rows, and the number that each leaves behind.

Not in charge of: who may move them, or what they become (`usecases.move_messages`).

A number is given once: in the conversation that a message leaves, `moved` keeps its number, the writer's key and the
mail's Message-ID, so that nothing that is sent again enters a second time; where it arrives, it gets the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from gateway.store import tables as t
from gateway.store.search_index import note_change
from gateway.store.sequences import Sequences
from gateway.store.session import Session
from gateway.threads.model import AuthorKind, DeliveryState, MessageKind
from gateway.threads.search_documents import Kind

UNFINISHED = (DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED)
BAD = (DeliveryState.FAILED.value, DeliveryState.BOUNCED.value)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A message that is about to move: where it was first written and as what, and what else belongs to it."""

    id: str
    seq: int
    kind: MessageKind
    by_candidate: bool
    participant_id: str | None
    inbox_id: str | None
    home_id: str
    first_kind: MessageKind


class Moving:
    """Moves within one transaction, which holds both conversations' rows."""

    def __init__(self, session: Session, sequences: Sequences) -> None:
        self._session = session
        self._sequences = sequences

    def find(self, thread_id: str, message_ids: Sequence[str]) -> list[Leaving]:
        """Those of these messages that are in the conversation, in its order."""
        c, moved, ids = t.messages.c, t.moved.c, list(message_ids)
        rows = self._session.execute(select(t.messages).where(c.thread_id == thread_id, c.id.in_(ids)).order_by(c.seq))
        first: dict[str, Any] = {}
        for row in self._session.execute(select(t.moved).where(moved.message_id.in_(ids)).order_by(moved.at)):
            first.setdefault(row.message_id, row)
        return [_leaving(row, first.get(row.id)) for row in rows.all()]

    def hold_deliveries(self, message_ids: Sequence[str]) -> dict[str, list[tuple[str, str | None, str]]]:
        """(id, participant, state) of what goes out for these messages, by message, held until the commit."""
        c = t.deliveries.c
        query = select(c.id, c.message_id, c.participant_id, c.state).where(c.message_id.in_(list(message_ids)))
        found: dict[str, list[tuple[str, str | None, str]]] = {}
        for row in self._session.execute(query.order_by(c.id).with_for_update()):
            found.setdefault(row.message_id, []).append((row.id, row.participant_id, row.state))
        return found

    def carry(
        self,
        message: Leaving,
        source_id: str,
        target_id: str,
        *,
        kind: MessageKind,
        people: Mapping[str, str],
        now: datetime,
    ) -> int:
        """Take a message over as the target's next; its new number. `people`: participants there, by those here."""
        run, c, seq = self._session.execute, t.messages.c, self._sequences.next_moved(target_id)
        kept = select(c.client_key, c.rfc_message_id, c.body_digest).where(c.id == message.id)
        left = dict(run(kept).one()._mapping)
        values = {"thread_id": target_id, "seq": seq, "kind": kind.value, "client_key": None}
        values["participant_id"] = people.get(message.participant_id or "")
        run(update(t.messages).where(c.id == message.id).values(values))
        place = {"thread_id": source_id, "seq": message.seq, "message_id": message.id, "kind": message.kind.value}
        run(insert(t.moved), place | left | {"at": now})
        if message.inbox_id:
            entry = {"thread_id": target_id, "participant_id": values["participant_id"]}
            run(update(t.inbox).where(t.inbox.c.id == message.inbox_id).values(entry))
        document = (t.search_documents.c.kind == Kind.MESSAGE.value, t.search_documents.c.subject_id == message.id)
        run(update(t.search_documents).where(*document).values(thread_id=target_id))
        note_change(self._session, Kind.MESSAGE, message.id)
        return seq

    def carry_delivery(self, delivery_id: str, target_id: str, *, participant_id: str | None) -> None:
        where = t.deliveries.c.id == delivery_id
        values = {"thread_id": target_id, "participant_id": participant_id}
        self._session.execute(update(t.deliveries).where(where).values(values))

    def newest_of_candidate(self, thread_id: str) -> int:
        """The number of the newest message of the candidate's side, as the list counts what is unread."""
        th = t.threads.c
        return int(self._session.execute(select(th.candidate_seq).where(th.id == thread_id)).scalar_one())

    def count_anew(self, thread_id: str) -> None:
        """The thread's numbers after a move: its newest, the candidate's newest, and what failed."""
        c, d = t.messages.c, t.deliveries.c
        outside = [k.value for k in AuthorKind if k.is_outside]
        theirs = (c.thread_id == thread_id, c.kind == MessageKind.MESSAGE.value, c.author_kind.in_(outside))
        newest = select(func.coalesce(func.max(c.seq), 0)).where(*theirs).scalar_subquery()
        failed = select(func.count()).where(d.thread_id == thread_id, d.state.in_(BAD)).scalar_subquery()
        values = {"candidate_seq": newest, "failed": failed, "last_seq": self._sequences.last_message(thread_id)}
        self._session.execute(update(t.threads).where(t.threads.c.id == thread_id).values(values))

    def who_read(self, thread_id: str, seq: int) -> list[str]:
        """The members who have read a conversation up to this number."""
        r = t.reads.c
        query = select(r.member_id).where(r.thread_id == thread_id, r.seq >= seq)
        return list(self._session.execute(query).scalars())

    # -- afterwards ------------------------------------------------------------------------------------------

    def have_left(self, thread_ids: Collection[str]) -> set[str]:
        """Which of these conversations some message was moved out of."""
        c = t.moved.c
        query = select(c.thread_id).where(c.thread_id.in_(list(thread_ids))).distinct()
        return set(self._session.execute(query).scalars()) if thread_ids else set()

    def is_now_in(self, source_id: str, target_id: str) -> bool:
        """Is a message that was moved out of one conversation in the other now?"""
        c, m = t.moved.c, t.messages.c
        query = (
            select(m.id).join(t.moved, c.message_id == m.id).where(c.thread_id == source_id, m.thread_id == target_id)
        )
        return self._session.execute(query.limit(1)).first() is not None


def _leaving(row: Any, first: Any) -> Leaving:
    return Leaving(
        id=row.id,
        seq=row.seq,
        kind=MessageKind(row.kind),
        by_candidate=AuthorKind(row.author_kind).is_outside,
        participant_id=row.participant_id,
        inbox_id=row.inbox_id,
        home_id=first.thread_id if first else row.thread_id,
        first_kind=MessageKind(first.kind if first else row.kind),
    )
