"""In charge of: how a mail as received is shown. Not in charge of: who may see it (`usecases.review_inbox`)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from gateway.threads.model import InboxEntry
from gateway.web.api.schemas_out import PREFIX


class EntryOut(BaseModel):
    """A mail as received. `reason` is one of docs/reasons.md; `raw_url` gives the bytes."""

    id: str
    state: Literal[
        "received", "processing", "threaded", "held", "unmatched", "refused", "failed", "ignored", "discarded"
    ]
    reason: str | None
    message_id: str | None
    subject: str
    from_: str | None = Field(alias="from", description="Address of the From field, if it could be read.")
    envelope_from: str = Field(description="Empty for bounces (RFC 5321 §4.5.5).")
    rcpt: str
    thread_id: str | None
    at: datetime
    raw_url: str

    @classmethod
    def of(cls, entry: InboxEntry) -> Self:
        return cls(
            id=entry.id,
            state=entry.state.value,
            reason=entry.reason or None,
            message_id=entry.message_id or None,
            subject=entry.subject,
            **{"from": entry.from_address or None},
            envelope_from=entry.envelope_from,
            rcpt=entry.rcpt,
            thread_id=entry.thread_id,
            at=entry.received_at,
            raw_url=f"{PREFIX}/inbox/{entry.id}/raw",
        )


class EntryPage(BaseModel):
    """Entries, the newest first."""

    items: list[EntryOut]
    next: str | None
