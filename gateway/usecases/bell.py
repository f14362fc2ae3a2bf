"""In charge of: a member's bell — what is new for them, how much of it is unread, seen one by one or all at once.

Not in charge of: what rings it (`tell_members`), or other ways (`send_news`).
"""

from __future__ import annotations

from gateway.errors import NotFound
from gateway.threads.model import Viewer, ViewerKind
from gateway.threads.notifying import ShownNews
from gateway.threads.policies.roles import visible_openings
from gateway.usecases.context import Context

PAGE = 50


def read_bell(ctx: Context, viewer: Viewer, *, before: str = "") -> tuple[list[ShownNews], str]:
    """A page of it, newest first, and what `before` is for the next page ("" if there is none). Raises NotFound."""
    _check_member(viewer)
    with ctx.database.read() as tx:
        found = tx.news.page(viewer.id, openings=visible_openings(viewer), before=before, limit=PAGE + 1)
    return found[:PAGE], found[PAGE - 1].news.id if len(found) > PAGE else ""


def mark_all_read(ctx: Context, viewer: Viewer) -> None:
    """For this member alone. Raises NotFound."""
    _check_member(viewer)
    with ctx.database.begin() as tx:
        tx.news.mark_read(viewer.id, now=ctx.now)


def mark_subject_read(ctx: Context, viewer: Viewer, subject_id: str) -> None:
    """They have opened what it is about."""
    with ctx.database.read() as tx:
        if not tx.news.has_unread(viewer.id, subject_id=subject_id):
            return
    with ctx.database.begin() as tx:
        tx.news.mark_read(viewer.id, now=ctx.now, subject_id=subject_id)


def _check_member(viewer: Viewer) -> None:
    if viewer.kind is not ViewerKind.MEMBER:
        raise NotFound("bell")
