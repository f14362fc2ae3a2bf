"""In charge of: which event, besides a message, a writer must see before their answer goes out.

Not in charge of: stopping it (`usecases.post_message`).
"""

from __future__ import annotations

from gateway.threads.events import DELIVERY_UPDATED, THREAD_BLOCKED, THREAD_STAGE, Event
from gateway.threads.model import DeliveryState, Viewer

NOT_DELIVERED = (DeliveryState.FAILED, DeliveryState.BOUNCED)


def is_news(event: Event, writer: Viewer) -> bool:
    """A rejection or another stage by somebody else, or a message that did not arrive."""
    if event.name in (THREAD_BLOCKED, THREAD_STAGE):
        return event.data.get("by_id") != writer.id  # two colleagues may have the same name
    return event.name == DELIVERY_UPDATED and event.data.get("state") in NOT_DELIVERED
