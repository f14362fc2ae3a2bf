"""In charge of: what a person's consent to advertising is. Not in charge of: what follows (`usecases.reach`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConsentKind(StrEnum):
    """By which way the person agreed to be addressed with advertising (정보통신망법 §50(1))."""

    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's for one way: when they gave it, to which words, and when they took it back."""

    kind: ConsentKind
    given_at: datetime
    words: str
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""  # api | link | mail | sms (STOP) | 080 (the free number)

    @property
    def in_force(self) -> bool:
        return self.withdrawn_at is None
