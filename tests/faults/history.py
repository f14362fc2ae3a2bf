"""In charge of: what senders were told, what was stored, what is visible, and whether they agree.

Not in charge of: sending. The words are those of Jepsen's total-queue checker: attempted, acknowledged, lost,
unexpected,
duplicated ("doubled"), recovered.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

REVIEW = "review queue"


class Told(StrEnum):
    """What one attempt told the sender."""

    OK = "ok"  # 250 after the dot
    FAIL = "fail"  # 4xx, or the line broke before the dot had left: surely not acknowledged
    UNKNOWN = "unknown"  # the dot left, no answer came
    REFUSED = "refused"  # 5xx: the sender gives up


@dataclass
class History:
    """Thread-safe record of every attempt."""

    attempts: Counter[str] = field(default_factory=Counter)  # by mail
    told: dict[str, list[tuple[Told, str]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def invoke(self, mail: str) -> None:
        with self._lock:
            self.attempts[mail] += 1

    def note(self, mail: str, told: Told, reply: str) -> None:
        with self._lock:
            self.told.setdefault(mail, []).append((told, reply))

    def those(self, told: Told) -> set[str]:
        with self._lock:
            return {mail for mail, all_ in self.told.items() if any(t is told for t, _ in all_)}

    def count(self, told: Told) -> int:
        with self._lock:
            return sum(t is told for all_ in self.told.values() for t, _ in all_)

    def replies(self) -> list[str]:
        with self._lock:
            return [reply for all_ in self.told.values() for _, reply in all_]


@dataclass(frozen=True)
class Verdict:
    """The four sets must be empty. The counts are for the record."""

    lost: set[str]  # acknowledged, but visible nowhere
    doubled: set[str]  # visible more than once
    misplaced: set[str]  # visible in another thread than the one it was written to
    unexpected: set[str]  # visible, but nobody sent it
    refused: set[str]  # 5xx for an honest mail: our trouble made a sender give up
    attempted: int
    attempts: int
    acknowledged: int
    unknown: int  # attempts whose answer was lost
    recovered: int  # never acknowledged, and visible all the same
    reviewed: int  # visible in the review queue

    def assert_good(self) -> None:
        bad = {
            name: sorted(getattr(self, name))[:5] for name in ("lost", "doubled", "misplaced", "unexpected", "refused")
        }
        assert not any(bad.values()), f"{ {k: v for k, v in bad.items() if v} } of {self}"


def check(
    history: History,
    visible: Mapping[str, Sequence[str]],
    belongs: Mapping[str, Sequence[str]],
    *,
    refusable: bool = False,
) -> Verdict:
    """Compare. `visible`: for each mail the threads that show it (or REVIEW). `belongs`: where each may be seen,
    once each."""
    ok, attempted = history.those(Told.OK), set(history.attempts)
    places = {mail: [p for p in where if p != REVIEW] for mail, where in visible.items()}
    return Verdict(
        lost={m for m in ok if len(visible.get(m, ())) < len(belongs[m])},
        doubled={m for m, w in visible.items() if _repeats(places[m]) or len(w) > len(belongs.get(m, w))},
        misplaced={m for m, where in places.items() if set(where) - set(belongs.get(m, where))},
        unexpected=set(visible) - attempted,
        refused=set() if refusable else history.those(Told.REFUSED),
        attempted=len(attempted),
        attempts=history.attempts.total(),
        acknowledged=len(ok),
        unknown=history.count(Told.UNKNOWN),
        recovered=len({m for m in visible if m not in ok}),
        reviewed=sum(REVIEW in where for where in visible.values()),
    )


def _repeats(places: Sequence[str]) -> bool:
    return max(Counter(places).values(), default=0) > 1
