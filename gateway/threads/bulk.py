"""In charge of: what a message to many is, and where it stands. Not in charge of: posting it (`usecases.bulk`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class BulkState(StrEnum):
    """Of the whole. A stopped one waits for a person: mended, it goes on with the recipient at which it stopped."""

    RUNNING = "running"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DONE = "done"


class RecipientState(StrEnum):
    """Of one person's message."""

    WAITING = "waiting"
    POSTED = "posted"
    FAILED = "failed"


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


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person of it; `trouble` says why nothing was posted."""

    position: int
    applicant: str
    thread_id: str
    state: RecipientState
    message_id: str = ""
    trouble: Trouble | None = None
