"""In charge of: counting rows for the figures, by opening. Not in charge of: what they mean (`threads.figures`).

Messages have no index by time: they are found by the conversations in which something was said since then, which have
one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, extract, func, select

from gateway.store import tables as t
from gateway.store.listing import is_unanswered
from gateway.store.session import Session
from gateway.threads.figures import ChannelFigures
from gateway.threads.model import AuthorKind, DeliveryState, MessageKind

_NEVER_TO_GO = (DeliveryState.CANCELLED.value, DeliveryState.SKIPPED.value, DeliveryState.SCHEDULED.value)
_OUTSIDE = tuple(kind.value for kind in AuthorKind if kind.is_outside)
_COMPANY = tuple(kind.value for kind in AuthorKind if not kind.is_outside and kind is not AuthorKind.SYSTEM)


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which openings (None: all of the workspace's), and since when."""

    workspace_id: str
    openings: Collection[str] | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Conversations of one opening that wait for an answer now."""

    number: int
    oldest: datetime


class FiguresRows:
    """Numbers within one transaction, by opening."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begun(self, scope: Scope) -> dict[str, int]:
        """Conversations begun, by opening."""
        th = t.threads.c
        query = select(th.opening_id, func.count()).where(*_of(scope), th.created_at >= scope.since)
        return {r[0]: r[1] for r in self._session.execute(query.group_by(th.opening_id))}

    def waiting(self, scope: Scope, *, now: datetime) -> dict[str, Waiting]:
        """What is unanswered now, by opening: as the desk's view has it."""
        th = t.threads.c
        query = select(th.opening_id, func.count(), func.min(th.unanswered_since, type_=th.unanswered_since.type))
        rows = self._session.execute(query.where(*_of(scope), *is_unanswered(now)).group_by(th.opening_id))
        return {r[0]: Waiting(r[1], r[2]) for r in rows}

    def written(self, scope: Scope) -> dict[str, tuple[int, int]]:
        """(messages of candidates, messages to them), by opening."""
        th, m = t.threads.c, t.messages.c
        said = case((m.author_kind.in_(_OUTSIDE), 1), else_=0)
        query = select(th.opening_id, func.sum(said), func.count() - func.sum(said))
        query = _messages(query, scope).where(m.author_kind.in_((*_OUTSIDE, *_COMPANY)))
        return {r[0]: (r[1], r[2]) for r in self._session.execute(query.group_by(th.opening_id))}

    def by_hour(self, scope: Scope) -> dict[str, dict[datetime, int]]:
        """Messages of candidates in each full hour (UTC), by opening."""
        th, m = t.threads.c, t.messages.c
        parts = [extract(part, m.created_at) for part in ("year", "month", "day", "hour")]
        query = select(th.opening_id, *parts, func.count())
        query = _messages(query, scope).where(m.author_kind.in_(_OUTSIDE))
        found: dict[str, dict[datetime, int]] = defaultdict(dict)
        for opening_id, year, month, day, hour, number in self._session.execute(query.group_by(th.opening_id, *parts)):
            found[opening_id][datetime(int(year), int(month), int(day), int(hour), tzinfo=UTC)] = number
        return found

    def first_answers(self, scope: Scope) -> dict[str, list[timedelta | None]]:
        """From each candidate's first message, if it came in the period, to the company's first answer; None while
        there is none. By opening.
        """
        th, m = t.threads.c, t.messages.c
        first = select(m.thread_id, th.opening_id, func.min(m.created_at, type_=m.created_at.type).label("at"))
        first = _messages(first, scope, whole=True).where(m.author_kind.in_(_OUTSIDE))
        asked = first.group_by(m.thread_id, th.opening_id).subquery()
        own = t.messages.alias("answers")
        went_out = func.coalesce(own.c.goes_out_at, own.c.created_at, type_=m.created_at.type)
        answers = and_(
            own.c.thread_id == asked.c.thread_id,
            own.c.kind == MessageKind.MESSAGE.value,
            own.c.author_kind.in_(_COMPANY),
            own.c.cancelled.is_(False),
            went_out > asked.c.at,
        )
        earliest = func.min(went_out, type_=m.created_at.type)
        query = select(asked.c.opening_id, asked.c.at, earliest).select_from(asked.outerjoin(own, answers))
        query = query.where(asked.c.at >= scope.since).group_by(asked.c.thread_id, asked.c.opening_id, asked.c.at)
        found: dict[str, list[timedelta | None]] = defaultdict(list)
        for opening_id, at, answered in self._session.execute(query):
            found[opening_id].append(answered - at if answered else None)
        return found

    def deliveries(self, scope: Scope) -> dict[str, dict[str, ChannelFigures]]:
        """What became of messages on their way to candidates, by opening and channel."""
        th, d, p = t.threads.c, t.deliveries.c, t.participants.c
        joined = t.threads.join(t.deliveries, d.thread_id == th.id).join(t.participants, p.id == d.participant_id)
        query = select(th.opening_id, d.channel, d.state, func.count()).select_from(joined)
        query = query.where(*_of(scope), th.last_at >= scope.since, d.created_at >= scope.since)
        query = query.where(d.message_id.is_not(None), p.role.in_(_OUTSIDE), d.state.not_in(_NEVER_TO_GO))
        states: dict[str, dict[str, dict[DeliveryState, int]]] = defaultdict(lambda: defaultdict(dict))
        for opening_id, channel, state, number in self._session.execute(
            query.group_by(th.opening_id, d.channel, d.state)
        ):
            states[opening_id][channel][DeliveryState(state)] = number
        return {o: {name: ChannelFigures(found) for name, found in by.items()} for o, by in states.items()}


def _of(scope: Scope) -> list[ColumnElement[bool]]:
    th = t.threads.c
    where: list[ColumnElement[bool]] = [th.workspace_id == scope.workspace_id]
    return where if scope.openings is None else [*where, th.opening_id.in_(scope.openings)]


def _messages(query: Select[Any], scope: Scope, *, whole: bool = False) -> Select[Any]:
    """Over messages, not notes, of conversations in which something was said since then; `whole`: over all of them."""
    th, m = t.threads.c, t.messages.c
    query = query.select_from(t.threads.join(t.messages, m.thread_id == th.id))
    query = query.where(*_of(scope), th.last_at >= scope.since)
    query = query.where(m.kind == MessageKind.MESSAGE.value, m.cancelled.is_(False))
    return query if whole else query.where(m.created_at >= scope.since)
