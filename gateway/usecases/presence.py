"""In charge of: which colleagues have a conversation open, and who is typing. Not in charge of: showing it.

Only members see it, and only of each other: what a candidate types is nobody's business before they send it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from gateway.threads.model import Viewer
from gateway.usecases.context import Context
from gateway.usecases.drafts import open_as_member

BELIEVED = timedelta(seconds=50)  # a page tells every 20 seconds that it is still open


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody else who has the conversation open."""

    member_id: str
    name: str
    typing: bool


def note_presence(ctx: Context, viewer: Viewer, thread_id: str, *, typing: bool = False, gone: bool = False) -> None:
    """The member has the conversation open, types in it, or has left it. Raises NotFound."""
    with ctx.database.begin() as tx:
        open_as_member(tx, viewer, thread_id)
        if gone:
            tx.presence.leave(thread_id, viewer.id)
        else:
            tx.presence.note(thread_id, viewer.id, typing=typing, now=ctx.now)


def find_colleagues(ctx: Context, viewer: Viewer, thread_ids: Sequence[str]) -> dict[str, list[Colleague]]:
    """The others who are there now, by thread. The caller has opened these threads for this viewer."""
    found: dict[str, list[Colleague]] = {}
    with ctx.database.glance() as tx:
        for thread_id, member_id, name, typing in tx.presence.others(thread_ids, viewer.id, since=ctx.now - BELIEVED):
            found.setdefault(thread_id, []).append(Colleague(member_id, name, typing))
    return found
