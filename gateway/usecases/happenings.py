"""In charge of: events of a thread as the lines that are shown between its messages. Not in charge of: messages
(`read_thread`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.events import Event
from gateway.threads.model import ThreadState, Viewer
from gateway.threads.policies.roles import sees_opening
from gateway.threads.policies.visibility import GONE
from gateway.usecases.context import Context
from gateway.usecases.views import Happening

MOVED = (events.MESSAGES_MOVED_OUT, events.MESSAGES_MOVED_IN, events.THREAD_MERGED, events.THREAD_SPLIT)


def happening_of(ctx: Context, viewer: Viewer, event: Event) -> Happening:
    """One event as its line."""
    with ctx.database.read() as tx:
        return _happening(tx, viewer, event)


def shown_happenings(tx: Transaction, viewer: Viewer, thread_id: str) -> tuple[Happening, ...]:
    """The lines of a thread, oldest first."""
    return tuple(_happening(tx, viewer, event) for event in tx.events.named(thread_id, events.SHOWN))


def _happening(tx: Transaction, viewer: Viewer, event: Event) -> Happening:
    other_id = event.data.get("to") or event.data.get("from", "") if event.name in MOVED else ""
    other = tx.threads.load(other_id) if other_id else None
    if other and (other.thread.state is ThreadState.ERASED or not sees_opening(viewer, other.opening.id)):
        other = None
    beside = f"{other.candidate.name} · {other.opening.title}" if other else ""
    in_force = other is None or other.thread.state not in GONE
    if event.name == events.THREAD_MERGED:
        in_force = tx.moving.merged_into([other_id]).get(other_id) == event.thread_id
    return Happening(event.at, event.name, event.data, beside, in_force)
