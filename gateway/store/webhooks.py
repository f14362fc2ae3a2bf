"""In charge of: rows of webhook endpoints and of their outbox. Not in charge of: when to try again
(`threads.webhooks`) or posting (`outbound.ats`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.threads.webhooks import HookMove, HookPost, HookState, PostState, Webhook


class Webhooks:
    """Endpoints and their posts within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._insert = pg_insert if session.dialect.name == "postgresql" else sqlite_insert

    # -- endpoints -------------------------------------------------------------------------------------------

    def add(self, hook: Webhook) -> None:
        row = {
            "id": hook.id,
            "workspace_id": hook.workspace_id,
            "url": hook.url,
            "description": hook.description,
            "types": list(hook.types),
            "state": hook.state.value,
            "secret": hook.secret,
            "cursor": hook.cursor,
            "created_at": hook.created_at,
        }
        self._session.execute(insert(t.webhooks), row)

    def find(self, workspace_id: str, webhook_id: str, *, lock: bool = False) -> Webhook | None:
        where = (t.webhooks.c.workspace_id == workspace_id, t.webhooks.c.id == webhook_id)
        query = select(t.webhooks).where(*where)
        row = self._session.execute(query.with_for_update() if lock else query).first()
        return _webhook(row) if row else None

    def find_any(self, webhook_id: str, *, lock: bool = False) -> Webhook | None:
        """Of whichever company: for the process that posts."""
        query = select(t.webhooks).where(t.webhooks.c.id == webhook_id)
        row = self._session.execute(query.with_for_update() if lock else query).first()
        return _webhook(row) if row else None

    def of_workspace(self, workspace_id: str) -> list[Webhook]:
        query = select(t.webhooks).where(t.webhooks.c.workspace_id == workspace_id).order_by(t.webhooks.c.id)
        return [_webhook(r) for r in self._session.execute(query)]

    def update(self, webhook_id: str, **values: Any) -> None:
        self._session.execute(update(t.webhooks).where(t.webhooks.c.id == webhook_id).values(values))

    def remove(self, webhook_id: str) -> None:
        """The endpoint with its outbox."""
        self._session.execute(delete(t.webhook_posts).where(t.webhook_posts.c.webhook_id == webhook_id))
        self._session.execute(delete(t.webhooks).where(t.webhooks.c.id == webhook_id))

    def with_work(self, *, head: int, now: datetime) -> list[str]:
        """Enabled endpoints that nobody works on and that have new events or a post that is due."""
        c, p = t.webhooks.c, t.webhook_posts.c
        due = exists().where(p.webhook_id == c.id, p.state == PostState.QUEUED.value, p.next_attempt_at <= now)
        query = (
            select(c.id)
            .where(c.state == HookState.ENABLED.value, or_(c.cursor < head, due))
            .where(or_(c.lease_until.is_(None), c.lease_until <= now))
            .where(or_(c.paused_until.is_(None), c.paused_until <= now))
            .order_by(c.id)
        )
        return list(self._session.execute(query).scalars())

    def claim(self, webhook_id: str, *, now: datetime, until: datetime) -> Webhook | None:
        """Take the endpoint for this process; None if another one has it or it is switched off."""
        c = t.webhooks.c
        free = (
            c.id == webhook_id,
            c.state == HookState.ENABLED.value,
            or_(c.lease_until.is_(None), c.lease_until <= now),
        )
        taken = update(t.webhooks).where(*free).values(lease_until=until).returning(*t.webhooks.c)
        row = self._session.execute(taken).first()
        return _webhook(row) if row else None

    # -- their outbox ----------------------------------------------------------------------------------------

    def queue(self, posts: Sequence[HookPost]) -> None:
        """Add posts; an event that is there already stays as it is."""
        rows = [
            {
                "id": p.id,
                "webhook_id": p.webhook_id,
                "event_id": p.event_id,
                "thread_id": p.thread_id,
                "type": p.type,
                "state": p.state.value,
                "tries": p.tries,
                "code": p.code,
                "next_attempt_at": p.next_attempt_at,
                "created_at": p.created_at,
            }
            for p in posts
        ]
        if rows:
            self._session.execute(self._insert(t.webhook_posts).on_conflict_do_nothing(), rows)

    def due(self, webhook_id: str, *, now: datetime, limit: int) -> list[HookPost]:
        """Posts that may go now, oldest first: of each thread only its first undelivered one, which keeps the order."""
        posts, earlier = t.webhook_posts, t.webhook_posts.alias("earlier")
        queued = PostState.QUEUED.value
        waits = exists().where(
            earlier.c.webhook_id == posts.c.webhook_id,
            earlier.c.state == queued,
            earlier.c.thread_id == posts.c.thread_id,
            earlier.c.event_id < posts.c.event_id,
        )
        query = (
            select(posts)
            .where(posts.c.webhook_id == webhook_id, posts.c.state == queued, posts.c.next_attempt_at <= now, ~waits)
            .order_by(posts.c.event_id)
            .limit(limit)
        )
        return [_post(r) for r in self._session.execute(query)]

    def save_move(self, post_id: str, move: HookMove, *, tries: int, now: datetime) -> None:
        values: dict[str, Any] = {
            "state": move.state.value,
            "code": move.code[:32],
            "tries": tries,
            "next_attempt_at": move.next_attempt_at,
        }
        if move.state is PostState.DELIVERED:
            values["delivered_at"] = now
        self._session.execute(update(t.webhook_posts).where(t.webhook_posts.c.id == post_id).values(values))

    def drop(self, post_id: str) -> None:
        self._session.execute(delete(t.webhook_posts).where(t.webhook_posts.c.id == post_id))

    def list_posts(
        self, webhook_id: str, *, states: Iterable[PostState], before: int | None, limit: int
    ) -> list[HookPost]:
        """The newest first."""
        c = t.webhook_posts.c
        query = select(t.webhook_posts).where(c.webhook_id == webhook_id, c.state.in_([s.value for s in states]))
        if before is not None:
            query = query.where(c.event_id < before)
        return [_post(r) for r in self._session.execute(query.order_by(c.event_id.desc()).limit(limit))]

    def count_posts(self, webhook_id: str, state: PostState) -> int:
        c = t.webhook_posts.c
        rows = select(c.id).where(c.webhook_id == webhook_id, c.state == state.value).limit(1000)
        return len(self._session.execute(rows).all())

    def queue_again(
        self,
        webhook_id: str,
        *,
        states: Iterable[PostState],
        since: datetime | None,
        event_id: int | None,
        now: datetime,
    ) -> int:
        """Put posts of these states back into the queue; how many there were."""
        c = t.webhook_posts.c
        where = [c.webhook_id == webhook_id, c.state.in_([s.value for s in states])]
        if since is not None:
            where.append(c.created_at >= since)
        if event_id is not None:
            where.append(c.event_id == event_id)
        again = {"state": PostState.QUEUED.value, "tries": 0, "next_attempt_at": now, "code": ""}
        return self._session.execute(update(t.webhook_posts).where(*where).values(again)).rowcount

    def forget_old(self, *, before: datetime) -> None:
        """Drop finished posts that are older."""
        c = t.webhook_posts.c
        old = (c.state != PostState.QUEUED.value, c.created_at < before)
        self._session.execute(delete(t.webhook_posts).where(*old))


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        id=row.id,
        workspace_id=row.workspace_id,
        url=row.url,
        description=row.description,
        types=tuple(row.types),
        state=HookState(row.state),
        reason=row.reason,
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until=row.old_secret_until,
        cursor=row.cursor,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )


def _post(row: Row[Any]) -> HookPost:
    return HookPost(
        id=row.id,
        webhook_id=row.webhook_id,
        event_id=row.event_id,
        thread_id=row.thread_id,
        type=row.type,
        state=PostState(row.state),
        tries=row.tries,
        code=row.code,
        next_attempt_at=row.next_attempt_at,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )
