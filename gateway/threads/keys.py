"""In charge of: what an API key may do — its scopes, its time, its rotation. Not in charge of: the secret itself
(`usecases.api_keys`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyScope(StrEnum):
    """What a key may be allowed to do."""

    READ = "read"  # threads, messages, deliveries, events, the inbox list
    WRITE = "write"  # openings, applicants, stages, messages
    REVIEW = "review"  # raw mails; release, replay, discard
    MANAGE = "manage"  # webhooks, templates, API keys; erase an applicant


EVERY_SCOPE = tuple(KeyScope)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    workspace_id: str
    name: str
    scopes: tuple[KeyScope, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def state(self, now: datetime) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.in_force(now) else "expired"


def missing_scopes(wanted: Iterable[str], have: Iterable[str]) -> tuple[KeyScope, ...]:
    """The wanted ones that are not there: nobody makes a key that may do more than their own."""
    held = set(have)
    return tuple(s for s in EVERY_SCOPE if s in set(wanted) and s not in held)
