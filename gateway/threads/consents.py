"""In charge of: what a person's consent to advertising is. Not in charge of: what follows (`usecases.reach`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SHORTEST_WORDS = 4  # letters: no sentence has fewer, in any of our languages
# How spreadsheets say in one word whether somebody agreed.
BARE = frozenset((
    "true", "agree", "agreed", "accepted", "granted", "given", "optin", "subscribed", "false", "none", "null",
    "declined", "disagree", "refused", "denied", "withdrawn", "revoked", "optout", "unsubscribed",
    "동의합니다", "수신동의", "동의안함", "동의하지않음", "거부합니다", "수신거부", "해당없음",
    "souhlasím", "souhlasí", "nesouhlasím", "nesouhlasí",
    "согласен", "согласна", "несогласен", "несогласна", "отказ",
    "samtycker", "samtyckerinte", "samtyckerej",
))  # fmt: skip


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

    def is_older_than(self, other: Consent) -> bool:
        """Was the other consent given after all that the person said? One of the same moment that says the same is no
        news.
        """
        said = [o.since for o in self.opt_outs]
        if self.consent and self.consent.withdrawn_at:
            said.append(self.consent.withdrawn_at)
        known = self.consent.given_at if self.consent else None
        if any(at >= other.given_at for at in said) or (known and known > other.given_at):
            return False
        return self.consent is None or (known, self.consent.words) != (other.given_at, other.words)


def is_bare_answer(words: str) -> bool:
    """Is it a yes, a no, a tick or a date, and not the words to which somebody agreed?"""
    plain = "".join(c for c in words.casefold() if c.isalnum())
    return len(plain) < SHORTEST_WORDS or plain.isdecimal() or plain in BARE
