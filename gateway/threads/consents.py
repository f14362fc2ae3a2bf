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
    """One person's for one way: when they gave it, to which words, who says so, and when they took it back."""

    kind: ConsentKind
    given_at: datetime
    words: str
    given_by: str = "api"  # api | member (at the desk)
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""  # api | member | link | mail | sms (STOP) | 080 (the free number)

    @property
    def in_force(self) -> bool:
        return self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class OptOut:
    """The person asked for no more, by this way: of advertising, or with STOP (`sms`) of every SMS."""

    kind: ConsentKind
    by: str  # mail | link | sms | 080
    since: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with advertising to one person by one way."""

    kind: ConsentKind
    consent: Consent | None
    opt_outs: tuple[OptOut, ...]
