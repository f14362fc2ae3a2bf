"""In charge of: the times at which a person may want a message to go out. Not in charge of: sending it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(9)
MONDAY = 0
FARTHEST = timedelta(days=366)


def tomorrow_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """09:00 of the next day in `zone`, in UTC."""
    return _at_nine(now.astimezone(zone), days=1, zone=zone)


def monday_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """09:00 of the next Monday in `zone`, in UTC; on a Monday that of next week."""
    local = now.astimezone(zone)
    return _at_nine(local, days=(MONDAY - local.weekday() - 1) % 7 + 1, zone=zone)


def read_local(text: str, zone: ZoneInfo) -> datetime | None:
    """A date and time as a form field gives it (2026-11-24T09:00), told in `zone`; None if it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _at_nine(local: datetime, *, days: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), MORNING, zone).astimezone(UTC)
