"""In charge of: a thread's messages and happenings as one list with day lines, for both pages.

Not in charge of: their words (templates) or who may see what (`threads.policies.visibility`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.threads.model import AuthorKind, Message, Participant
from gateway.usecases.views import Happening, ShownMessage


@dataclass(frozen=True, slots=True)
class LogItem:
    """One line of the log: a day, a message or a happening. `first_new` is the first message new to the viewer."""

    at: datetime
    day: datetime | None = None
    shown: ShownMessage | None = None
    happening: Happening | None = None
    first_new: bool = False


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a workspace; UTC when its name is unknown here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def build_log(
    messages: Sequence[ShownMessage],
    happenings: Iterable[Happening],
    *,
    zone: ZoneInfo,
    read_seq: int | None = None,
    at_of: Callable[[Message], datetime] = lambda message: message.created_at,
) -> list[LogItem]:
    """Messages by commit order with happenings between them by time, and a line before each new day in `zone`.
    `at_of`: the time of a message as its reader has it.
    """
    items: list[LogItem] = []
    waiting = sorted(happenings, key=lambda h: h.at)
    marked = read_seq is None
    for shown in messages:
        while waiting and waiting[0].at < at_of(shown.message):
            items.append(LogItem(waiting[0].at, happening=waiting.pop(0)))
        new = not marked and read_seq is not None and shown.message.seq > read_seq
        marked = marked or new
        items.append(LogItem(at_of(shown.message), shown=shown, first_new=new))
    items.extend(LogItem(h.at, happening=h) for h in waiting)
    return _with_days(items, zone)


def _with_days(items: Iterable[LogItem], zone: ZoneInfo) -> list[LogItem]:
    result: list[LogItem] = []
    today: date | None = None
    for item in items:
        day = item.at.astimezone(zone).date()
        if day != today:
            result.append(LogItem(item.at, day=item.at))
            today = day
        result.append(item)
    return result


def told_at(message: Message) -> datetime:
    """When a message came to the candidate: what was written to go out later did so then."""
    return message.goes_out_at or message.created_at


def public_name(message: Message, company: str) -> str:
    """The name a candidate sees for a message of the company: a person's name, never an address."""
    name = message.author.name.strip()
    if message.author.kind in (AuthorKind.ATS, AuthorKind.SYSTEM) or not name or "@" in name:
        return company
    return name


def name_of(people: Iterable[Participant], participant_id: str | None, fallback: str) -> str:
    """A participant's name, else the fallback (an address)."""
    found = next((p for p in people if p.id == participant_id), None)
    return found.name if found and found.name else fallback
