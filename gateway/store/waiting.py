"""In charge of: messages and rejections that wait for their time, as rows — taken back, moved, sent at once.

Not in charge of: who may do that (`usecases.waiting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_, update

from gateway.store import tables as t
from gateway.store.outbox import delivery_of
from gateway.store.session import Session
from gateway.threads.decisions import Reason
from gateway.threads.model import AuthorKind, Delivery, DeliveryState, MessageKind, ThreadState
from gateway.threads.policies.privacy import mask_links
from gateway.threads.policies.rejection import WaitingRejection
from gateway.threads.subjects import in_one

UNSENT = (DeliveryState.SCHEDULED.value, DeliveryState.QUEUED.value)
WAITS = (*UNSENT, DeliveryState.DEFERRED.value)  # what was tried in vain waits, too
CAME_TO_NOTHING = tuple(
    state.value
    for state in (DeliveryState.CANCELLED, DeliveryState.SKIPPED, DeliveryState.FAILED, DeliveryState.BOUNCED)
)


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """What decides about a message that has not gone out."""

    id: str
    seq: int
    goes_out_at: datetime | None
    closes_gate: bool
    unless_news: bool


class Waiting:
    """Messages that wait, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, message_id: str, *, now: datetime) -> WaitingMessage | None:
        """The message, if its time has not come and nobody took it back."""
        c = t.messages.c
        query = select(*_PARTS).where(c.id == message_id, *goes_out_after(now))
        row = self._session.execute(query).first()
        return WaitingMessage(*row) if row else None

    def find_unsent(self, message_id: str, *, now: datetime) -> WaitingMessage | None:
        """The message, if something of it has not gone out, whatever the clock says."""
        query = select(*_PARTS).where(t.messages.c.id == message_id, *is_unsent(now))
        row = self._session.execute(query).first()
        return WaitingMessage(*row) if row else None

    def unsent_rejections(self, thread_id: str, *, now: datetime) -> list[WaitingMessage]:
        """Rejections of a thread that have not gone out, or may come once more: their mail is late, or nobody knows
        whether it arrived.
        """
        c = t.messages.c
        unsent = or_(c.goes_out_at > now, _has_copy((*WAITS, DeliveryState.UNCERTAIN.value)))
        query = select(*_PARTS).where(c.thread_id == thread_id, c.closes_gate, c.cancelled.is_(False), unsent)
        return [WaitingMessage(*row) for row in self._session.execute(query.order_by(c.seq))]

    def any_rejection(self, message_ids: Sequence[str]) -> bool:
        """Does one of these messages tell the candidate of a rejection, and was not taken back?"""
        c = t.messages.c
        of_rejections = (c.closes_gate, c.cancelled.is_(False), c.kind == MessageKind.MESSAGE.value)
        query = select(c.id).where(c.id.in_(list(message_ids)), *of_rejections).limit(1)
        return bool(message_ids) and self._session.execute(query).first() is not None

    def notes_of_rejection(self, thread_id: str, message_ids: Sequence[str]) -> list[tuple[str, int]]:
        """Id and number of those of these messages that say in this thread why somebody was rejected."""
        c = t.messages.c
        ours = (c.thread_id == thread_id, c.id.in_(list(message_ids)), c.kind == MessageKind.NOTE.value)
        query = select(c.id, c.seq).where(*ours, c.closes_gate, c.cancelled.is_(False)).order_by(c.seq)
        return [(row.id, row.seq) for row in self._session.execute(query)] if message_ids else []

    def rejections(self, thread_ids: Sequence[str], *, now: datetime) -> dict[str, WaitingRejection]:
        """Those of these threads whose gate is to close but has not: with a message that goes out, or by itself."""
        if not thread_ids:
            return {}
        c, th = t.messages.c, t.threads.c
        waits = (c.thread_id.in_(list(thread_ids)), c.closes_gate, *goes_out_after(now))
        told = self._session.execute(select(c.thread_id, c.goes_out_at, c.id).where(*waits))
        alone = (th.id.in_(list(thread_ids)), th.closes_at > now, th.state == ThreadState.OPEN.value)
        untold = self._session.execute(select(th.id, th.closes_at).where(*alone))
        found = {row.id: WaitingRejection(row.closes_at) for row in untold}
        return found | {row.thread_id: WaitingRejection(row.goes_out_at, row.id) for row in told}

    def closing(self, *, now: datetime, limit: int) -> list[str]:
        """Ids of threads whose gate closes by itself now; not those in which a worker is still to try the message that
        closes it.
        """
        th, c = t.threads.c, t.messages.c
        untold = select(c.id).where(c.thread_id == th.id, c.closes_gate, c.cancelled.is_(False), _has_copy(UNSENT))
        is_open = th.state == ThreadState.OPEN.value  # one that was merged may be split again
        due = (th.closes_at <= now, is_open, ~untold.correlate(t.threads).exists())
        query = select(th.id).where(*due).order_by(th.closes_at).limit(limit)
        return list(self._session.execute(query).scalars())

    def unless_news(self, thread_id: str, *, now: datetime) -> list[WaitingMessage]:
        """Messages of a thread that are not to go out if something new comes first."""
        c = t.messages.c
        waits = (c.thread_id == thread_id, c.unless_news, *goes_out_after(now))
        return [WaitingMessage(*row) for row in self._session.execute(select(*_PARTS).where(*waits))]

    def set_unless_news(self, message_id: str) -> None:
        self._session.execute(update(t.messages).where(t.messages.c.id == message_id).values(unless_news=True))

    def stop(self, message_id: str, *, reason: Reason, now: datetime) -> list[Delivery] | None:
        """Cancel what leaves for this message; None, and nothing is changed, if a worker has some of it already. The
        rows of the outbox decide: a worker claims the same rows.
        """
        c = t.deliveries.c
        held = select(c.id, c.state, c.tries).where(c.message_id == message_id).order_by(c.id).with_for_update()
        left = [row for row in self._session.execute(held) if row.state not in CAME_TO_NOTHING]
        if any(row.state not in WAITS for row in left):
            return None
        return self.stop_copies(message_id, reason=reason, now=now)

    def stop_copies(self, message_id: str, *, reason: Reason, now: datetime) -> list[Delivery]:
        """Cancel those deliveries of a message that have not left, whatever became of the others. One of which nobody
        knows whether it arrived stays so, and is not repeated.
        """
        d = t.deliveries.c
        ended = {"next_attempt_at": None, "look_at": None, "updated_at": now}
        uncertain = (d.message_id == message_id, d.state == DeliveryState.UNCERTAIN.value)
        self._session.execute(update(t.deliveries).where(*uncertain).values(ended))
        values = ended | {"state": DeliveryState.CANCELLED.value, "reason": reason.value}
        done = update(t.deliveries).where(d.message_id == message_id, d.state.in_(WAITS)).values(values)
        return [delivery_of(row) for row in self._session.execute(done.returning(*d))]

    def mark_cancelled(self, message_id: str) -> bool:
        """False if somebody else cancelled it first."""
        c = t.messages.c
        cancelled = update(t.messages).where(c.id == message_id, c.cancelled.is_(False)).values(cancelled=True)
        return self._session.execute(cancelled).rowcount == 1

    def move(self, message_id: str, *, goes_out_at: datetime, starts: dict[str, datetime], now: datetime) -> bool:
        """Give a message another time and its deliveries theirs (by delivery); False if a worker has one already."""
        c = t.deliveries.c
        for delivery_id, start in starts.items():
            state = DeliveryState.SCHEDULED if start > now else DeliveryState.QUEUED
            values = {"state": state.value, "next_attempt_at": start, "updated_at": now}
            where = (c.id == delivery_id, c.state.in_(UNSENT), c.tries == 0)
            if self._session.execute(update(t.deliveries).where(*where).values(values)).rowcount != 1:
                return False
        where_message = t.messages.c.id == message_id
        self._session.execute(update(t.messages).where(where_message).values(goes_out_at=goes_out_at))
        return True

    def restore_summary(self, thread_id: str, *, length: int) -> None:
        """The thread's row as if the cancelled messages had never been written."""
        c, th = t.messages.c, t.threads.c
        spoken = (c.thread_id == thread_id, c.kind == MessageKind.MESSAGE.value, c.cancelled.is_(False))
        newest = (c.created_at.desc(), c.seq.desc())  # by time: what was moved here may be older than what was here
        last = self._session.execute(select(t.messages).where(*spoken).order_by(*newest).limit(1)).first()
        outside = [k.value for k in AuthorKind if k.is_outside]
        ours = select(c.created_at, c.seq).where(*spoken, c.author_kind.not_in(outside)).order_by(*newest).limit(1)
        answer = self._session.execute(ours).first()
        after = [] if answer is None else [tuple_(c.created_at, c.seq) > tuple_(*answer)]
        waits = select(func.min(c.created_at)).where(*spoken, c.author_kind.in_(outside), *after)
        values: dict[str, Any] = {"last_text": "", "last_author": "", "last_member_id": None}
        if last is not None:
            by_candidate = last.author_kind == AuthorKind.CANDIDATE.value
            values = {
                "last_text": mask_links(in_one(last.subject, last.text))[:length],
                "last_author": "" if by_candidate else last.author_name,
                "last_member_id": last.member_id,
                "last_at": last.created_at,
            }
        since = self._session.execute(waits).scalar_one_or_none()
        if since is None and last is None:
            since = self._session.execute(select(th.created_at).where(th.id == thread_id)).scalar_one()
        self._session.execute(update(t.threads).where(th.id == thread_id).values(values | {"unanswered_since": since}))


def goes_out_after(at: datetime) -> list[ColumnElement[bool]]:
    """Messages whose time comes later than this, and that nobody took back."""
    c = t.messages.c
    return [c.goes_out_at.is_not(None), c.goes_out_at > at, c.cancelled.is_(False)]


def is_unsent(now: datetime) -> list[ColumnElement[bool]]:
    """Messages of which something has not gone out, by the clock or because a delivery waits: for the recipient's
    morning, a worker, or another try.
    """
    c = t.messages.c
    return [c.cancelled.is_(False), or_(c.goes_out_at > now, _has_copy(WAITS))]


def _has_copy(states: Sequence[str]) -> ColumnElement[bool]:
    """Messages with a delivery in one of these states."""
    d = t.deliveries.c
    return select(d.id).where(d.message_id == t.messages.c.id, d.state.in_(states)).correlate(t.messages).exists()


_PARTS = (
    t.messages.c.id,
    t.messages.c.seq,
    t.messages.c.goes_out_at,
    t.messages.c.closes_gate,
    t.messages.c.unless_news,
)
