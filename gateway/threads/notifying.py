"""In charge of: what a member is told of, by which ways, and when (NH-P3). Pure.

Not in charge of: who is concerned by what (`usecases.tell_members`), sending (`usecases.send_news`), or what
candidates receive (`routing`).

The bell in the desk always rings: each news is a row that the bell shows. What is decided here is which other ways
carry it too, and from when on. Outside a person's receiving hours those wait until the hours begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.threads.routing import EMAIL

SLACK = "slack"
PUSH = "push"  # to the member's devices
WAYS = (EMAIL, SLACK, PUSH)  # besides the bell
DAY = 24 * 60  # minutes
WEEK = 7  # days
LONGEST_PUSH = timedelta(days=1)  # then it is no news any more; the bell has it


class NewsKind(StrEnum):
    """What a member can be told of; `news.<value>` are its words."""

    MESSAGE = "message"  # a candidate, or somebody on their side, wrote
    ASSIGNED = "assigned"  # a colleague gave them the conversation
    MENTIONED = "mentioned"  # a note names them
    FAILED = "failed"  # what they wrote could not be delivered
    HELD = "held"  # a mail waits for somebody's decision
    UNANSWERED = "unanswered"  # a candidate has waited long for an answer
    UNREACHED = "unreached"  # their Slack takes nothing any more, and was switched off
    APPROVED = "approved"  # KakaoTalk approved a template that they saved
    REJECTED = "rejected"  # or did not


BELL_ONLY = (NewsKind.UNREACHED, NewsKind.APPROVED, NewsKind.REJECTED)
CHOICES = tuple(kind for kind in NewsKind if kind not in BELL_ONLY)
USUAL = frozenset(CHOICES) - {NewsKind.HELD, NewsKind.UNANSWERED}  # interrupts, as long as nobody chooses
USUAL_KINDS: Mapping[str, frozenset[NewsKind]] = {EMAIL: USUAL, SLACK: frozenset(CHOICES), PUSH: USUAL}


@dataclass(frozen=True, slots=True)
class Hours:
    """When a person wants to be reached, by their clock."""

    begin: int  # minutes of the day
    end: int  # likewise, and no longer within; up to 1440, midnight
    days: frozenset[int]  # 0 = Monday
    zone: ZoneInfo

    def hold(self, at: datetime) -> bool:
        """Is this moment within them?"""
        local = at.astimezone(self.zone)
        return local.weekday() in self.days and self.begin <= local.hour * 60 + local.minute < self.end

    def next_begin(self, after: datetime) -> datetime:
        """When they begin next, in UTC. A begin that a change of clocks skips or shortens away is passed over."""
        today = after.astimezone(self.zone).date()
        for number in range(2 * WEEK + 1):
            day = today + timedelta(days=number)
            begin = datetime.combine(day, time(*divmod(self.begin, 60)), self.zone)
            for fold in (0, 1):  # when clocks are set back, a time comes twice
                start = begin.replace(fold=fold).astimezone(UTC)
                if start > after and self.hold(start):
                    return start
        raise ValueError("receiving hours need a day and a time")

    def next_end(self, after: datetime) -> datetime:
        """When the hours that hold this moment end, in UTC. Days that follow each other without a break are one."""
        today = after.astimezone(self.zone).date()
        for number in range(WEEK):
            day = today + timedelta(days=number)
            end = datetime.combine(day, time(0), self.zone) + timedelta(minutes=self.end)
            ends = sorted(end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
            found = next((at for at in ends if at > after and not self.hold(at)), None)
            if found:
                return found
        return after + timedelta(days=WEEK)


@dataclass(frozen=True, slots=True)
class Preferences:
    """A member's choices. Without any: e-mail for the usual kinds, at all hours."""

    on: frozenset[str] = frozenset({EMAIL})  # ways that are switched on
    kinds: Mapping[str, frozenset[NewsKind]] = field(default_factory=lambda: USUAL_KINDS)
    hours: Hours | None = None  # None: at all hours
    slack_url: str = ""  # sealed; "" = none

    def wants(self, way: str, kind: NewsKind) -> bool:
        """Is this kind to come by this way?"""
        usable = way in self.on and (way != SLACK or bool(self.slack_url))
        return usable and kind in self.kinds.get(way, frozenset())


@dataclass(frozen=True, slots=True)
class NewsPlan:
    """By which ways a news goes out besides the bell, () for none, and when at the earliest."""

    ways: tuple[str, ...]
    at: datetime


def decide_notification(preferences: Preferences, kind: NewsKind, now: datetime) -> NewsPlan:
    """The one rule for every way but the bell: what the person switched on, and never outside their hours."""
    ways = tuple(way for way in WAYS if preferences.wants(way, kind))
    return NewsPlan(ways, earliest_for(preferences, now))


def earliest_for(preferences: Preferences, now: datetime) -> datetime:
    """Now, or when the person's hours begin next."""
    hours = preferences.hours
    return now if hours is None or hours.hold(now) else hours.next_begin(now)


def time_to_push(preferences: Preferences, now: datetime) -> timedelta:
    """For how long a push may wait for a device that is switched off: not beyond the hours that hold now, so that it
    comes at no other time.
    """
    hours = preferences.hours
    if hours is None:
        return LONGEST_PUSH
    return min(hours.next_end(now) - now, LONGEST_PUSH) if hours.hold(now) else timedelta(0)


@dataclass(frozen=True, slots=True)
class Seat:
    """An active member with what decides how they are told."""

    member_id: str
    workspace_id: str
    email: str
    locale: str
    preferences: Preferences


@dataclass(frozen=True, slots=True)
class News:
    """One row of a member's bell. `ways` wait for `due_at`; () and None once they were used."""

    id: str
    workspace_id: str
    member_id: str
    kind: NewsKind
    at: datetime
    thread_id: str | None = None
    subject_id: str = ""  # the message, or the inbox entry that waits
    by_name: str = ""  # who did it, "" for the candidate
    ways: tuple[str, ...] = ()
    due_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ShownNews:
    """A news with the names that a person reads. `text`: the first words of the message it is about."""

    news: News
    applicant_name: str = ""  # "" when it belongs to no conversation yet
    opening_title: str = ""
    text: str = ""
