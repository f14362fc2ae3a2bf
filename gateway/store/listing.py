"""In charge of: the desk's list and its numbers, as queries over the threads' own rows.

Not in charge of: single threads (`threads`).

None takes longer when a company has more conversations: each view has an index in the list's order
(`tables.conversations`: to_do for open, unassigned, assigned for mine, unanswered, failed for attention, snoozed;
messages' waiting for scheduled), a number is counted up to COUNTED, and unread ones are looked for among the NEWEST
(a message of a candidate makes its conversation the newest).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.store.waiting import goes_out_after
from gateway.threads.model import ThreadState
from gateway.threads.organising import NO_FILTERS, NOBODY, Filters
from gateway.threads.policies.visibility import GONE

COUNTED = 100  # a number as great as this is "99+"
NEWEST = 1000  # conversations among which unread ones are looked for
VIEWS = (
    *("all", "open", "mine", "unassigned", "unread", "unanswered"),
    *("attention", "scheduled", "snoozed", "rejected"),
)
UNCOUNTED = ("open", "rejected")  # nothing waits there


@dataclass(frozen=True, slots=True)
class ListedThread:
    """One row of the list, as stored."""

    thread_id: str
    applicant_name: str
    opening_id: str
    opening_title: str
    stage: str
    state: ThreadState
    locale: str
    last_text: str
    last_author: str
    last_member_id: str | None
    last_at: datetime
    unread: int
    unanswered_since: datetime | None
    failed: int
    blocked_tries: int
    assignee_id: str | None
    assignee_name: str | None
    snoozed_until: datetime | None
    done_at: datetime | None


class Listing:
    """The list within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self,
        workspace_id: str,
        member_id: str,
        *,
        view: str,
        opening_id: str = "",
        openings: Collection[str] | None = None,
        filters: Filters = NO_FILTERS,
        thread_ids: Sequence[str] | None = None,
        now: datetime,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[ListedThread]:
        """Threads of a view, newest first, below the cursor (last_at, id); `openings`, `thread_ids`: of these only."""
        th = t.threads.c
        where = self._where(workspace_id, member_id, view=view, now=now)
        query = self._rows(member_id).where(*where, *_narrowed(filters))
        if opening_id:
            query = query.where(th.opening_id == opening_id)
        if openings is not None:
            query = query.where(th.opening_id.in_(openings))
        if thread_ids is not None:
            query = query.where(th.id.in_(thread_ids))
        if before:
            at, last_id = before
            query = query.where(th.last_at <= at, or_(th.last_at < at, and_(th.last_at == at, th.id < last_id)))
        rows = self._session.execute(query.order_by(th.last_at.desc(), th.id.desc()).limit(limit))
        return [_listed(r) for r in rows]

    def one(self, workspace_id: str, member_id: str, thread_id: str) -> list[ListedThread]:
        """The row of one thread, if it is there."""
        th = t.threads.c
        query = self._rows(member_id).where(th.id == thread_id, th.workspace_id == workspace_id)
        return [_listed(r) for r in self._session.execute(query)]

    def count(
        self,
        workspace_id: str,
        member_id: str,
        view: str,
        *,
        now: datetime,
        openings: Collection[str] | None = None,
    ) -> int:
        """How many conversations the view has, at most COUNTED."""
        th = t.threads.c
        where = self._where(workspace_id, member_id, view=view, now=now)
        counted: Select[Any] = select(literal_column("1")).where(*where)
        if openings is not None:
            counted = counted.where(th.opening_id.in_(openings))
        query = select(func.count()).select_from(counted.limit(COUNTED).subquery())
        number: int = self._session.execute(query).scalar_one()
        return number

    def read_mark(self, member_id: str, thread_id: str) -> int:
        c = t.reads.c
        query = select(c.seq).where(c.member_id == member_id, c.thread_id == thread_id)
        return self._session.execute(query).scalar_one_or_none() or 0

    def mark_read(self, member_id: str, thread_id: str, seq: int) -> None:
        """Move one member's mark forward; others keep theirs (SJ-11)."""
        insert = pg_insert if self._session.dialect.name == "postgresql" else sqlite_insert
        statement = insert(t.reads).values(member_id=member_id, thread_id=thread_id, seq=seq)
        c = t.reads.c
        forward = statement.on_conflict_do_update(
            index_elements=[c.member_id, c.thread_id], set_={"seq": statement.excluded.seq}, where=c.seq < seq
        )
        self._session.execute(forward)

    def mention(self, member_id: str, thread_id: str, seq: int) -> None:
        """A note names this member: unread for them until their mark passes it."""
        insert = pg_insert if self._session.dialect.name == "postgresql" else sqlite_insert
        values = {"member_id": member_id, "thread_id": thread_id, "seq": 0, "mentioned": seq}
        c = t.reads.c
        statement = insert(t.reads).values(values)
        self._session.execute(
            statement.on_conflict_do_update(index_elements=[c.member_id, c.thread_id], set_={"mentioned": seq})
        )

    def _rows(self, member_id: str) -> Select[Any]:
        th, ap, op = t.threads.c, t.applicants.c, t.openings.c
        joined = (
            t.threads.join(t.applicants, ap.id == th.applicant_id)
            .join(t.openings, op.id == th.opening_id)
            .outerjoin(t.reads, _mark_of(member_id))
            .outerjoin(t.members, t.members.c.id == th.assignee_id)
        )
        query = select(
            *(th.id, th.opening_id, th.state, th.last_text, th.last_author, th.last_member_id, th.last_at),
            *(th.unanswered_since, th.failed, th.blocked_tries),
            *(th.assignee_id, th.snoozed_until, th.done_at, t.members.c.name.label("assignee_name")),
            *(ap.name, ap.stage, ap.locale, op.title),
            (_newest_for_them() - func.coalesce(t.reads.c.seq, 0)).label("unread"),
        )
        return query.select_from(joined)

    def _where(self, workspace_id: str, member_id: str, *, view: str, now: datetime) -> list[Any]:
        """The conditions of a view. What rests or is done is in no view of work that waits."""
        th = t.threads.c
        live = is_there()  # the others have no failures
        to_do = _is_to_do(now)
        views: dict[str, list[Any]] = {
            "all": [live],
            "open": to_do,
            "mine": [th.assignee_id == member_id, *to_do],
            "unassigned": [th.assignee_id.is_(None), *to_do],
            "unread": [live, or_(th.candidate_seq > func.coalesce(_read_by(member_id), 0), _is_named(member_id))],
            "unanswered": is_unanswered(now),
            "attention": [th.failed > literal_column("0")],
            "scheduled": [live, th.id.in_(select(t.messages.c.thread_id).where(*goes_out_after(now)))],
            "snoozed": [live, th.snoozed_until.is_not(None), th.snoozed_until > now],
            "rejected": [th.state == ThreadState.BLOCKED.value],
        }
        here = th.workspace_id == workspace_id
        if view == "scheduled":  # found by its messages: not an index over all of the workspace's conversations
            here = th.workspace_id.concat("") == workspace_id
        newest = self._among_newest(workspace_id) if view == "unread" else []
        return [here, *views.get(view, views["all"]), *newest]

    def _among_newest(self, workspace_id: str) -> list[Any]:
        th = t.threads.c
        query = select(th.last_at).where(th.workspace_id == workspace_id).order_by(th.last_at.desc())
        border = self._session.execute(query.offset(NEWEST - 1).limit(1)).scalar_one_or_none()
        return [th.last_at >= border] if border else []


def is_there() -> ColumnElement[bool]:
    """The thread can be opened under its own id: it was neither erased nor made part of another."""
    return t.threads.c.state.not_in([state.value for state in GONE])


def is_unanswered(now: datetime) -> list[ColumnElement[bool]]:
    """Conversations that wait for the company's answer (SJ-P2)."""
    return [*_is_to_do(now), t.threads.c.unanswered_since.is_not(None)]


def _is_to_do(now: datetime) -> list[ColumnElement[bool]]:
    th = t.threads.c
    awake = or_(th.snoozed_until.is_(None), th.snoozed_until <= now)
    return [th.state == ThreadState.OPEN.value, th.done_at.is_(None), awake]


def _narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    th, ap, tag = t.threads.c, t.applicants.c, t.thread_tags.c
    nobody = filters.assignee == NOBODY
    possible = (
        (filters.stage, ap.stage == filters.stage),
        (filters.locale, ap.locale == filters.locale),
        (filters.tag_id, th.id.in_(select(tag.thread_id).where(tag.tag_id == filters.tag_id))),
        (filters.assignee, th.assignee_id.is_(None) if nobody else th.assignee_id == filters.assignee),
    )
    return [condition for asked, condition in possible if asked]


def _read_by(member_id: str) -> ScalarSelect[Any]:
    """How far the member has read, looked up row by row: joined, PostgreSQL would rather read all marks."""
    mark = t.reads.alias("mark")
    found = select(mark.c.seq).where(mark.c.member_id == member_id, mark.c.thread_id == t.threads.c.id)
    return found.correlate(t.threads).scalar_subquery()


def _is_named(member_id: str) -> ColumnElement[bool]:
    """Does a note that the member has not read name them? Looked up row by row, too: EXISTS would read all marks."""
    mark = t.reads.alias("mark")
    found = select(mark.c.mentioned > mark.c.seq).where(
        mark.c.member_id == member_id, mark.c.thread_id == t.threads.c.id
    )
    return func.coalesce(found.correlate(t.threads).scalar_subquery(), literal(False))


def _mark_of(member_id: str) -> ColumnElement[bool]:
    return and_(t.reads.c.thread_id == t.threads.c.id, t.reads.c.member_id == member_id)


def _newest_for_them() -> ColumnElement[int]:
    """The newest message that is unread until the mark passes it: the candidate's, or a note that names the member."""
    said, named = t.threads.c.candidate_seq, t.reads.c.mentioned
    return case((named > said, named), else_=said)


def _listed(row: Row[Any]) -> ListedThread:
    return ListedThread(
        thread_id=row.id,
        applicant_name=row.name,
        opening_id=row.opening_id,
        opening_title=row.title,
        stage=row.stage,
        state=ThreadState(row.state),
        locale=row.locale,
        last_text=row.last_text,
        last_author=row.last_author,
        last_member_id=row.last_member_id,
        last_at=row.last_at,
        unread=max(row.unread, 0),
        unanswered_since=row.unanswered_since,
        failed=row.failed,
        blocked_tries=row.blocked_tries,
        assignee_id=row.assignee_id,
        assignee_name=row.assignee_name,
        snoozed_until=row.snoozed_until,
        done_at=row.done_at,
    )
