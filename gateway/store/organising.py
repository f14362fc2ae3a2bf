"""In charge of: who has a conversation, tags, snoozes and what is done, as rows.

Not in charge of: the list (`listing`), or when they may change (`usecases.organise`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.store.waiting import goes_out_after
from gateway.threads.organising import Organised, Tag
from gateway.threads.policies.rejection import ERASED_STAGE

MOST_STAGES = 100


class Organising:
    """The team's order within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_thread(self, thread_id: str) -> Organised:
        """What is arranged for one conversation."""
        th, member = t.threads.c, t.members.c
        query = (
            select(th.assignee_id, th.snoozed_until, th.done_at, member.name, member.email)
            .select_from(t.threads.outerjoin(t.members, member.id == th.assignee_id))
            .where(th.id == thread_id)
        )
        row = self._session.execute(query).one()
        tags = self.tags_of([thread_id]).get(thread_id, ())
        return Organised(
            row.assignee_id or "", row.name or "", row.email or "", tuple(tags), row.snoozed_until, row.done_at
        )

    def set(self, thread_id: str, **values: Any) -> None:
        """New values of the thread's own columns: assignee_id, snoozed_until, done_at."""
        self._session.execute(update(t.threads).where(t.threads.c.id == thread_id).values(values))

    def mark_unread(self, member_id: str, thread_id: str) -> None:
        """The candidate's newest message is as if this member had not read it."""
        newest = select(t.threads.c.candidate_seq - 1).where(t.threads.c.id == thread_id).scalar_subquery()
        c = t.reads.c
        mark = update(t.reads).where(c.member_id == member_id, c.thread_id == thread_id)
        self._session.execute(mark.values(seq=func.coalesce(newest, 0)))

    def list_tags(self, workspace_id: str) -> list[Tag]:
        """All words that the workspace has for conversations, by name."""
        c = t.tags.c
        rows = self._session.execute(select(c.id, c.name).where(c.workspace_id == workspace_id))
        return sorted((Tag(row.id, row.name) for row in rows), key=lambda tag: tag.name.casefold())

    def add_tag(self, tag: Tag, *, workspace_id: str, now: datetime) -> None:
        row = {"id": tag.id, "workspace_id": workspace_id, "name": tag.name, "created_at": now}
        self._session.execute(insert(t.tags), row)

    def tag(self, thread_id: str, tag_id: str) -> None:
        self._session.execute(insert(t.thread_tags), {"thread_id": thread_id, "tag_id": tag_id})

    def untag(self, thread_id: str, tag_id: str) -> None:
        c = t.thread_tags.c
        self._session.execute(delete(t.thread_tags).where(c.thread_id == thread_id, c.tag_id == tag_id))

    def tags_of(self, thread_ids: Sequence[str]) -> dict[str, list[Tag]]:
        """Tags of several conversations at once."""
        c, tag = t.thread_tags.c, t.tags.c
        query = (
            select(c.thread_id, tag.id, tag.name)
            .select_from(t.thread_tags.join(t.tags, tag.id == c.tag_id))
            .where(c.thread_id.in_(thread_ids))
            .order_by(tag.name)
        )
        found: dict[str, list[Tag]] = {}
        for row in self._session.execute(query) if thread_ids else ():
            found.setdefault(row.thread_id, []).append(Tag(row.id, row.name))
        return found

    def next_to_go(self, thread_ids: Sequence[str], *, now: datetime) -> dict[str, datetime]:
        """When the next scheduled message of each of these conversations goes out; those without one are left out."""
        c = t.messages.c
        waiting = (c.thread_id.in_(thread_ids), *goes_out_after(now))
        query = select(c.thread_id, func.min(c.goes_out_at)).where(*waiting).group_by(c.thread_id)
        return {row[0]: row[1] for row in self._session.execute(query)} if thread_ids else {}

    def list_stages(self, workspace_id: str) -> list[str]:
        """The stages that applicants are in, each found from the one before: as quick with many applicants as with
        few.
        """
        c = t.applicants.c
        first = select(func.min(c.stage).label("stage"), literal(1).label("number")).where(
            c.workspace_id == workspace_id
        )
        stages = first.cte("stages", recursive=True)
        after = (
            select(func.min(c.stage))
            .where(c.workspace_id == workspace_id, c.stage > stages.c.stage)
            .correlate(stages)
            .scalar_subquery()
        )
        stages = stages.union_all(
            select(after, stages.c.number + 1).where(stages.c.stage.is_not(None), stages.c.number < MOST_STAGES)
        )
        rows = self._session.execute(select(stages.c.stage).where(stages.c.stage.is_not(None)))
        return [stage for stage in rows.scalars() if stage and stage != ERASED_STAGE]
