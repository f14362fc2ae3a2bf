"""In charge of: what a message to many is, and where it stands. Not in charge of: posting it (`usecases.bulk`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class BulkState(StrEnum):
    """Of the whole. A stopped one waits for a person: mended, it goes on with the recipient at which it stopped. A
    cancelling one takes back what has not gone out.
    """

    RUNNING = "running"
    STOPPED = "stopped"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    DONE = "done"


class RecipientState(StrEnum):
    """Of one person's message. A posted one that has not gone out may still be cancelled."""

    WAITING = "waiting"
    POSTED = "posted"
    FAILED = "failed"
    CANCELLED = "cancelled"


WORKED_ON = (BulkState.RUNNING, BulkState.CANCELLING)


@dataclass(frozen=True, slots=True)
class BulkMessage:
    """What everybody gets, each in their own words."""

    text: str = ""
    html: str = ""
    template: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    send_at: str = ""  # RFC 3339, UTC; "" = at once
    author_name: str = ""
    author_email: str = ""

    def says_as(self, other: BulkMessage) -> bool:
        """Are the words the same, whoever sends them and whenever they go out?"""
        return (self.text, self.html, self.template, dict(self.variables)) == (
            other.text,
            other.html,
            other.template,
            dict(other.variables),
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why it stopped, or why one person got nothing: `detail` is ready English; `code` names the sentence of the
    catalogues (`error.<code>` or `reason.<code>`, "" for none), `values` fill it in. `applicant`: at whom it stopped.
    """

    detail: str
    code: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    applicant: str = ""


@dataclass(frozen=True, slots=True)
class Bulk:
    """A message to many, by whom, and how far it is."""

    id: str
    workspace_id: str
    actor_id: str
    actor_name: str
    message: BulkMessage
    state: BulkState
    trouble: Trouble | None
    total: int
    posted: int
    failed: int
    created_at: datetime

    @property
    def send_at(self) -> datetime | None:
        """When its messages are to go out; None: at once."""
        return datetime.fromisoformat(self.message.send_at) if self.message.send_at else None

    def may_be_cancelled(self, *, unsent: bool) -> bool:
        """Is there still somebody whom it has not reached? `unsent`: something that was posted has not gone out."""
        return self.state in (BulkState.RUNNING, BulkState.STOPPED) or (self.state is BulkState.DONE and unsent)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person of it; `trouble` says why nothing was posted."""

    position: int
    applicant: str
    thread_id: str
    state: RecipientState
    message_id: str = ""
    trouble: Trouble | None = None
