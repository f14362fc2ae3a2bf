"""In charge of: members' bells and preferences as rows, and what of the bells waits for receiving hours.

Not in charge of: who is told of what, or when (`threads.notifying`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, bindparam, delete, exists, func, insert, or_, select, update

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.listing import is_unanswered
from gateway.store.session import Session
from gateway.threads.notifying import USUAL_KINDS, Hours, News, NewsKind, Preferences, Seat, ShownNews
from gateway.threads.subjects import in_one

SHOWN = 200  # characters of a message in the bell


class NewsRows:
    """News and preferences within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # -- seats -----------------------------------------------------------------------------------------------

    def find_seat(self, member_id: str) -> Seat | None:
        """An active member and how they wish to be told."""
        row = self._session.execute(_SEATS.where(t.members.c.id == member_id)).first()
        return _seat(row) if row else None

    def seats_of(self, workspace_id: str, opening_id: str, *, roles: Collection[str]) -> list[Seat]:
        """The workspace's admins, and who has one of these roles in the opening ("" for none), once for a batch."""
        key = (workspace_id, opening_id)
        ahead: list[Seat] | None = self._session.find_ahead(_AHEAD, key)
        if ahead is None:
            of = {"workspace": workspace_id, "opening": opening_id, "roles": roles}
            ahead = [_seat(row) for row in self._session.execute(_SEATS_OF, of)]
            self._session.read_ahead(_AHEAD, {key: ahead})
        return ahead

    def seats_at(self, workspace_id: str, emails: Collection[str]) -> list[Seat]:
        """The members who have one of these addresses, once for a batch."""
        key = (workspace_id, *sorted(emails))
        ahead: list[Seat] | None = self._session.find_ahead(_AHEAD, key)
        if ahead is None:
            of = {"workspace": workspace_id, "emails": sorted(emails)}
            ahead = [_seat(row) for row in self._session.execute(_SEATS_AT, of)] if emails else []
            self._session.read_ahead(_AHEAD, {key: ahead})
        return ahead

    def save_preferences(self, member_id: str, chosen: Preferences) -> None:
        p, hours = t.preferences.c, chosen.hours
        row = {
            "member_id": member_id,
            "ways": sorted(chosen.on),
            "kinds": {way: sorted(kinds) for way, kinds in chosen.kinds.items()},
            "hours_begin": hours.begin if hours else None,
            "hours_end": hours.end if hours else None,
            "days": sorted(hours.days) if hours else [],
            "timezone": hours.zone.key if hours else "",
            "slack_url": chosen.slack_url,
        }
        self._session.execute(delete(t.preferences).where(p.member_id == member_id))
        self._session.execute(insert(t.preferences), row)

    # -- news ------------------------------------------------------------------------------------------------

    def add(self, news: News) -> None:
        row = {
            "id": news.id,
            "workspace_id": news.workspace_id,
            "member_id": news.member_id,
            "thread_id": news.thread_id,
            "kind": news.kind.value,
            "subject_id": news.subject_id,
            "by_name": news.by_name,
            "at": news.at,
            "ways": list(news.ways),
            "due_at": news.due_at,
        }
        self._session.gather(_ADD, row)

    def due(self, *, now: datetime, limit: int) -> list[str]:
        """Members for whom something is to go out."""
        n = t.news.c
        query = select(n.member_id).where(n.due_at <= now).distinct().limit(limit)
        return list(self._session.execute(query).scalars())

    def take_due(self, member_id: str, *, now: datetime, limit: int) -> list[News]:
        """What is to go out for this member, oldest first; nobody else gets it afterwards."""
        n = t.news.c
        first = select(n.id).where(n.member_id == member_id, n.due_at <= now).order_by(n.due_at, n.id).limit(limit)
        taken = update(t.news).where(n.id.in_(first), n.due_at <= now).values(due_at=None).returning(*n)
        return sorted((_news(row) for row in self._session.execute(taken)), key=lambda news: news.id)

    def put_off(self, ids: Sequence[str], *, until: datetime) -> None:
        self._session.execute(update(t.news).where(t.news.c.id.in_(list(ids))).values(due_at=until))

    def by_ids(self, ids: Sequence[str], *, openings: Collection[str] | None) -> list[ShownNews]:
        """These news, oldest first, as far as they are still there; `openings`: of conversations in these only."""
        query = _SHOWN.where(t.news.c.id.in_(list(ids)), *_within(openings)).order_by(t.news.c.id)
        return [_shown(row) for row in self._session.execute(query)]

    def page(
        self, member_id: str, *, openings: Collection[str] | None, before: str = "", limit: int
    ) -> list[ShownNews]:
        """A member's bell, newest first, below the id `before`; `openings`: of conversations in these only."""
        query = _SHOWN.where(*_own(member_id, openings))
        if before:
            query = query.where(t.news.c.id < before)
        return [_shown(row) for row in self._session.execute(query.order_by(t.news.c.id.desc()).limit(limit))]

    def count_unread(self, member_id: str, *, openings: Collection[str] | None, most: int) -> int:
        unread = select(t.news.c.id).where(*_own(member_id, openings), t.news.c.read_at.is_(None))
        return int(self._session.execute(select(func.count()).select_from(unread.limit(most).subquery())).scalar_one())

    def has_unread(self, member_id: str, *, thread_id: str = "", subject_id: str = "") -> bool:
        """Is anything new for this member in a conversation, or about one message or entry?"""
        one = select(t.news.c.id).where(*_unread(member_id, thread_id, subject_id)).limit(1)
        return self._session.execute(one).first() is not None

    def mark_read(self, member_id: str, *, now: datetime, thread_id: str = "", subject_id: str = "") -> None:
        """All of a member's news, or those of one conversation, or those about one message or entry."""
        read = update(t.news).where(*_unread(member_id, thread_id, subject_id)).values(read_at=now)
        self._session.execute(read)

    def forget(self, *, before: datetime, limit: int) -> int:
        """Remove news from before a time that no longer wait; how many."""
        n = t.news.c
        old = select(n.id).where(n.at < before, n.due_at.is_(None)).limit(limit)
        return self._session.execute(delete(t.news).where(n.id.in_(old))).rowcount

    def is_unanswered(self, thread_id: str, *, now: datetime) -> bool:
        """Does the candidate still wait?"""
        waits = select(t.threads.c.id).where(t.threads.c.id == thread_id, *is_unanswered(now))
        return self._session.execute(waits).first() is not None

    def long_unanswered(
        self, *, since: datetime, before: datetime, now: datetime, limit: int, thread_id: str = ""
    ) -> list[str]:
        """Conversations that wait for an answer (`listing.is_unanswered`) from a time between these two on, or from
        before them with a snooze that ended since the first; and of which nobody has been reminded since. With
        `thread_id`, whether this is one.
        """
        th, n = t.threads.c, t.news.c
        told = exists().where(n.thread_id == th.id, n.kind == NewsKind.UNANSWERED.value, n.at > th.unanswered_since)
        waits = [th.unanswered_since > since, th.unanswered_since <= before]
        rested = [th.unanswered_since <= since, th.snoozed_until > since]
        wanted = [th.candidate_seq > 0, *is_unanswered(now), ~told, *([th.id == thread_id] if thread_id else [])]
        found: list[str] = []
        for those in (rested, waits):  # each has an index of its own
            query = select(th.id).where(*those, *wanted).order_by(th.unanswered_since).limit(limit - len(found))
            found += self._session.execute(query).scalars()
        return found


_AHEAD = "seats"
_ADD = insert(t.news)
_SEATS = (
    select(
        t.members.c.id,
        t.members.c.workspace_id,
        t.members.c.email,
        t.members.c.locale,
        *(c for c in t.preferences.c if c.name != "member_id"),
    )
    .select_from(t.members.outerjoin(t.preferences, t.preferences.c.member_id == t.members.c.id))
    .where(t.members.c.active)
    .order_by(t.members.c.id)
)
_SEATS_OF = _SEATS.where(
    t.members.c.workspace_id == bindparam("workspace"),
    or_(
        t.members.c.role == "admin",
        t.members.c.id.in_(
            select(t.opening_members.c.member_id).where(
                t.opening_members.c.opening_id == bindparam("opening"), is_among(t.opening_members.c.role, "roles")
            )
        ),
    ),
)
_SEATS_AT = _SEATS.where(t.members.c.workspace_id == bindparam("workspace"), is_among(t.members.c.email, "emails"))
_SHOWN = select(
    t.news,
    t.applicants.c.name.label("applicant_name"),
    t.openings.c.title.label("opening_title"),
    func.substr(t.messages.c.text, 1, SHOWN).label("text"),
    t.messages.c.subject.label("mail_subject"),
).select_from(
    t.news.outerjoin(t.threads, t.threads.c.id == t.news.c.thread_id)
    .outerjoin(t.applicants, t.applicants.c.id == t.threads.c.applicant_id)
    .outerjoin(t.openings, t.openings.c.id == t.threads.c.opening_id)
    .outerjoin(t.messages, t.messages.c.id == t.news.c.subject_id)
)


def _own(member_id: str, openings: Collection[str] | None) -> list[ColumnElement[bool]]:
    return [t.news.c.member_id == member_id, *_within(openings)]


def _within(openings: Collection[str] | None) -> list[ColumnElement[bool]]:
    if openings is None:
        return []
    seen = select(t.threads.c.id).where(t.threads.c.opening_id.in_(openings))
    return [or_(t.news.c.thread_id.is_(None), t.news.c.thread_id.in_(seen))]


def _unread(member_id: str, thread_id: str, subject_id: str) -> list[ColumnElement[bool]]:
    n = t.news.c
    where = [n.member_id == member_id, n.read_at.is_(None)]
    where += [n.thread_id == thread_id] if thread_id else []
    return [*where, n.subject_id == subject_id] if subject_id else where


def _seat(row: Row[Any]) -> Seat:
    return Seat(row.id, row.workspace_id, row.email, row.locale, _preferences(row))


def _preferences(row: Row[Any]) -> Preferences:
    if row.ways is None:
        return Preferences()
    hours = None
    if row.hours_begin is not None:
        hours = Hours(row.hours_begin, row.hours_end, frozenset(row.days), ZoneInfo(row.timezone))
    kinds = {way: frozenset(map(NewsKind, chosen)) for way, chosen in row.kinds.items()}
    return Preferences(frozenset(row.ways), {**USUAL_KINDS, **kinds}, hours, row.slack_url)


def _news(row: Row[Any]) -> News:
    return News(
        id=row.id,
        workspace_id=row.workspace_id,
        member_id=row.member_id,
        kind=NewsKind(row.kind),
        at=row.at,
        thread_id=row.thread_id,
        subject_id=row.subject_id,
        by_name=row.by_name,
        ways=tuple(row.ways),
        due_at=row.due_at,
        read_at=row.read_at,
    )


def _shown(row: Row[Any]) -> ShownNews:
    text = in_one(row.mail_subject or "", row.text or "")[:SHOWN]
    return ShownNews(_news(row), row.applicant_name or "", row.opening_title or "", text)
