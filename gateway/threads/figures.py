"""In charge of: what numbers say about a company's conversations — how soon candidates are answered, what waits, what
arrived — and adding them up.

Not in charge of: counting rows (`store.figures`) or drawing (`web.desk.figures`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from statistics import median, quantiles

from gateway.threads.delivery import ARRIVED
from gateway.threads.model import DeliveryState

PERIODS = (7, 30, 90, 365)  # days that may be chosen
DEFAULT_PERIOD = 30
ANSWER_STEPS = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=14))
HOURS = 24


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """What became of the deliveries by one channel, by their state; those that were never to go are left out."""

    states: Mapping[DeliveryState, int]

    @property
    def tried(self) -> int:
        return sum(self.states.values())

    @property
    def arrived(self) -> int:
        """Handed over, and not heard of as lost since."""
        return sum(self.states.get(state, 0) for state in ARRIVED)

    @property
    def bounced(self) -> int:
        return self.states.get(DeliveryState.BOUNCED, 0)

    @property
    def failed(self) -> int:
        return self.states.get(DeliveryState.FAILED, 0)

    @property
    def fell_back(self) -> int:
        """Sent again by the next channel."""
        return self.states.get(DeliveryState.FELL_BACK, 0)

    @property
    def under_way(self) -> int:
        return self.tried - self.arrived - self.bounced - self.failed - self.fell_back

    @property
    def success(self) -> float | None:
        """Share that arrived of those whose outcome is known, None while there are none."""
        known = self.tried - self.under_way
        return self.arrived / known if known else None


@dataclass(frozen=True, slots=True)
class Figures:
    """One opening's numbers, or a company's. Those of a period, but for what waits now."""

    conversations: int = 0  # begun
    from_candidates: int = 0  # messages
    to_candidates: int = 0
    answer_times: tuple[timedelta, ...] = ()  # from a candidate's first message to the company's first answer
    never_answered: int = 0  # candidates whose first message in the period has no answer yet
    unanswered: int = 0  # conversations that wait now (SJ-P2)
    oldest: datetime | None = None  # since when the longest of them waits
    channels: Mapping[str, ChannelFigures] = field(default_factory=dict)
    hours: tuple[int, ...] = (0,) * HOURS  # candidates' messages by the hour of the day

    @property
    def median_answer(self) -> timedelta | None:
        seconds = [time.total_seconds() for time in self.answer_times]
        return timedelta(seconds=median(seconds)) if seconds else None

    @property
    def slow_answer(self) -> timedelta | None:
        """Nine in ten were answered at least as soon."""
        if len(self.answer_times) < 2:
            return self.median_answer
        seconds = [time.total_seconds() for time in self.answer_times]
        return timedelta(seconds=quantiles(seconds, n=10, method="inclusive")[-1])

    @property
    def answer_steps(self) -> tuple[int, ...]:
        """How many were answered within each of ANSWER_STEPS, but not the step before; the last took longer."""
        steps = Counter(sum(time > step for step in ANSWER_STEPS) for time in self.answer_times)
        return tuple(steps[n] for n in range(len(ANSWER_STEPS) + 1))


def add_up(parts: Iterable[Figures]) -> Figures:
    """The figures of several openings as one."""
    found = list(parts)
    names = sorted({name for part in found for name in part.channels})
    return Figures(
        conversations=sum(p.conversations for p in found),
        from_candidates=sum(p.from_candidates for p in found),
        to_candidates=sum(p.to_candidates for p in found),
        answer_times=tuple(time for p in found for time in p.answer_times),
        never_answered=sum(p.never_answered for p in found),
        unanswered=sum(p.unanswered for p in found),
        oldest=min((p.oldest for p in found if p.oldest), default=None),
        channels={name: _add_channels([p.channels[name] for p in found if name in p.channels]) for name in names},
        hours=tuple(map(sum, zip(*(p.hours for p in found), strict=True))) or Figures().hours,
    )


def _add_channels(parts: Sequence[ChannelFigures]) -> ChannelFigures:
    total: Counter[DeliveryState] = Counter()
    for part in parts:
        total.update(part.states)
    return ChannelFigures(dict(total))


def hours_of_day(counts: Mapping[datetime, int], zone: tzinfo) -> tuple[int, ...]:
    """Counts by hour (aware times, in UTC) as counts by hour of the day in a zone, summer time as it was."""
    hours = [0] * HOURS
    for at, number in counts.items():
        hours[at.astimezone(zone).hour] += number
    return tuple(hours)
