"""In charge of: how the team keeps order among conversations — who has one, its tags, when it rests, when it is done.

Not in charge of: the gate (`policies.rejection`), or what each member has read.

Order is the team's alone: a candidate never sees it, and whatever they write ends a snooze and a "done".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.threads.blanks import visible_on_one_line
from gateway.threads.schedule import monday_morning, morning_of, tomorrow_morning

UNTIL_REPLY = datetime(9999, 1, 1, tzinfo=UTC)  # a snooze that only an answer ends
LONGEST_TAG = 40  # characters
MOST_TAGS = 200  # of a workspace


class Snooze(StrEnum):
    """How long a conversation rests, besides a date."""

    TOMORROW = "tomorrow"
    MONDAY = "monday"
    WEEK = "week"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Tag:
    """A word of the workspace's own for conversations."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Organised:
    """What the team has arranged for one conversation."""

    assignee_id: str = ""
    assignee_name: str = ""
    assignee_email: str = ""
    tags: tuple[Tag, ...] = ()
    snoozed_until: datetime | None = None
    done_at: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Is it out of the way for a while?"""
        return self.snoozed_until is not None and self.snoozed_until > now


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a view; they combine. `assignee` is a member's id or NOBODY."""

    stage: str = ""
    tag_id: str = ""
    assignee: str = ""
    locale: str = ""


NOBODY = "none"  # as an assignee to filter by
NO_FILTERS = Filters()
NOT_ORGANISED = Organised()


def snooze_end(choice: str, *, now: datetime, timezone: str) -> datetime | None:
    """When a snooze ends, at nine in the company's morning; None for a word that is none and a day that is over.

    `choice` is a word of `Snooze` or a day as YYYY-MM-DD.
    """
    zone = ZoneInfo(timezone)
    match choice:
        case Snooze.REPLY.value:
            return UNTIL_REPLY
        case Snooze.TOMORROW.value:
            return tomorrow_morning(now, zone)
        case Snooze.MONDAY.value:
            return monday_morning(now, zone)
        case Snooze.WEEK.value:
            return morning_of(now.astimezone(zone).date() + timedelta(days=7), zone)
    try:
        end = morning_of(date.fromisoformat(choice), zone)
    except (ValueError, OverflowError):
        return None
    return end if now < end < UNTIL_REPLY else None


def clean_tag(name: str) -> str:
    """A tag's name with single spaces and nothing invisible, "" when it cannot be one."""
    words = visible_on_one_line(name)
    return words if len(words) <= LONGEST_TAG else ""
