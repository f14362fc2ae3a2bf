"""In charge of: how a mail is tried that was under way when a worker ended.

Not in charge of: counting claims (`store.inbox`), or deliveries (`threads.delivery`).
"""

from __future__ import annotations

from gateway.threads.model import InboxEntry

MAX_TRIES = 8  # then it is set aside


def is_suspect(entry: InboxEntry) -> bool:
    """Claimed again, as a rule because a worker ended while it was under way: it may have been the cause. It is tried
    with nothing else under way, for that would be suspected next.
    """
    return entry.tries > 1


def is_hopeless(entry: InboxEntry) -> bool:
    """It was tried often enough."""
    return entry.tries > MAX_TRIES
