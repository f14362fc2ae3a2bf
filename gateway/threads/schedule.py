"""In charge of: the times at which a person may want a message to go out. Not in charge of: sending it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MORNING = time(9)
FARTHEST = timedelta(days=366)


def tomorrow_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """09:00 of the next day in `zone`, in UTC."""
    return morning_of(now.astimezone(zone).date() + timedelta(days=1), zone)


def monday_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """09:00 of the next Monday in `zone`, in UTC; on a Monday that of next week."""
    today = now.astimezone(zone).date()
    return morning_of(today + timedelta(days=7 - today.weekday()), zone)


def morning_of(day: date, zone: ZoneInfo) -> datetime:
    """09:00 of this day in `zone`, in UTC."""
    return datetime.combine(day, MORNING, zone).astimezone(UTC)


def read_local(text: str, zone: ZoneInfo) -> datetime | None:
    """A date and time as a form field gives it (2026-11-24T09:00), told in `zone`; None if it is none, or lies beyond
    the years that a clock can tell in UTC.
    """
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
