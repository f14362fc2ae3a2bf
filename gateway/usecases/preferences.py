"""In charge of: what a member chose for themselves — how they are told of news, and how long they can take back what
they wrote.

Not in charge of: what follows from it (`threads.notifying`, `threads.drafts`). A Slack address is kept sealed and never
shown again: who has it can write there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.errors import Invalid, NotFound
from gateway.threads.drafts import MOST_UNDO
from gateway.threads.model import Viewer, ViewerKind
from gateway.threads.notifying import DAY, SLACK, WAYS, Hours, NewsKind, Preferences
from gateway.threads.webhooks import url_fault
from gateway.usecases.context import Context
from gateway.usecases.sealing import seal

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class WantedHours:
    """Receiving hours as a form gives them: times as 09:00, an end of 00:00 is midnight."""

    begin: str
    end: str
    days: Collection[int]  # 0 = Monday
    zone: str  # IANA


def read_preferences(ctx: Context, viewer: Viewer) -> tuple[Preferences, int | None]:
    """The member's choices, and their own seconds to undo (None: the installation's). Raises NotFound."""
    with ctx.database.read() as tx:
        seat = tx.news.find_seat(viewer.id) if viewer.kind is ViewerKind.MEMBER else None
        if seat is None:
            raise NotFound("member")
        return seat.preferences, tx.drafts.undo_seconds(viewer.id)


def save_preferences(
    ctx: Context,
    viewer: Viewer,
    *,
    on: Collection[str],
    kinds: Mapping[str, Collection[NewsKind]],
    hours: WantedHours | None,
    slack_url: str | None = None,
) -> None:
    """Keep how the member is told of news. `slack_url` None: as it is, "": none. Raises Invalid, NotFound."""
    before, _ = read_preferences(ctx, viewer)
    sealed = before.slack_url if slack_url is None else _seal_url(ctx, slack_url.strip())
    if SLACK in on and not sealed:
        raise Invalid("slack_url", "Give the address of the incoming webhook.", code="slack_missing")
    chosen = Preferences(
        on=frozenset(on) & frozenset(WAYS),
        kinds={way: frozenset(kinds.get(way, ())) for way in WAYS},
        hours=_check_hours(hours) if hours else None,
        slack_url=sealed,
    )
    with ctx.database.begin() as tx:
        tx.news.save_preferences(viewer.id, chosen)


def save_undo_seconds(ctx: Context, viewer: Viewer, seconds: int | None) -> None:
    """For how long the member can take back what they wrote; None: as the installation has it. Raises Invalid."""
    if viewer.kind is not ViewerKind.MEMBER:
        raise NotFound("member")
    if seconds is not None and not 0 <= seconds <= MOST_UNDO:
        raise Invalid("undo", f"Choose 0 to {MOST_UNDO} seconds.", code="undo_seconds", params={"most": MOST_UNDO})
    with ctx.database.begin() as tx:
        tx.drafts.set_undo_seconds(viewer.id, seconds)


def _seal_url(ctx: Context, url: str) -> str:
    if not url:
        return ""
    if fault := url_fault(url, allow_private=ctx.settings.webhook_private_addresses):
        raise Invalid("slack_url", fault, code="slack_url")
    return seal(ctx, url)


def _check_hours(wanted: WantedHours) -> Hours:
    begin, end = _minutes("hours_begin", wanted.begin), _minutes("hours_end", wanted.end) or DAY
    if begin >= end:
        raise Invalid("hours_end", "The hours must end later than they begin.", code="hours_order")
    days = frozenset(day for day in wanted.days if 0 <= day <= 6)
    if not days:
        raise Invalid("days", "Choose at least one day.", code="days_missing")
    try:
        zone = ZoneInfo(wanted.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(
            "timezone", "Name a time zone of the IANA list, for example Asia/Seoul.", code="timezone"
        ) from None
    return Hours(begin, end, days, zone)


def _minutes(field: str, text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Invalid(field, "Write a time as 09:00.", code="time")
    return int(found[1]) * 60 + int(found[2])
