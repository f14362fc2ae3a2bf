"""In charge of: what a row of the list warns of, most serious first. Not in charge of: the row itself (`desk_rows`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.threads.model import ThreadState
from gateway.threads.organising import UNTIL_REPLY
from gateway.usecases.views import ConversationRow

OVERDUE = timedelta(days=1)  # from then on a row says how long nobody has answered
MOST = 2


@dataclass(frozen=True, slots=True)
class Chip:
    """A word on a row: a key of the catalogues with a number or a time, or words of the company's own."""

    tone: str
    key: str = ""
    number: int | None = None
    at: datetime | None = None
    icon: str = ""
    words: str = ""


def chips_of(row: ConversationRow, now: datetime) -> list[Chip]:
    """At most two, most serious first."""
    chips: list[Chip] = []
    if row.failed:
        chips.append(Chip("bad", "row.failed"))
    if row.held:
        chips.append(Chip("warn", "row.held", row.held))
    if row.unanswered_since and not row.done_at and now - row.unanswered_since >= OVERDUE:
        chips.append(Chip("warn", "row.unanswered", (now - row.unanswered_since).days))
    if row.goes_out_at:
        chips.append(Chip("info", "row.scheduled", at=row.goes_out_at))
    if row.state is ThreadState.BLOCKED:
        tried = row.blocked_tries
        chips.append(Chip("", "row.tried", tried) if tried else Chip("", "row.closed"))
    chips += _resting(row, now)
    chips += [Chip("", words=tag.name, icon="tag") for tag in row.tags]
    return chips[:MOST]


def _resting(row: ConversationRow, now: datetime) -> list[Chip]:
    if row.done_at:
        return [Chip("", "row.done", icon="check")]
    if row.snoozed_until is None or row.snoozed_until <= now:
        return []
    if row.snoozed_until == UNTIL_REPLY:
        return [Chip("", "row.until_reply", icon="moon")]
    return [Chip("", "row.snoozed", at=row.snoozed_until, icon="moon")]
