"""In charge of: automatic mails that are no utterance of a conversation, as plain values.

Not in charge of: their words (`templates/notices`) or sending them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A message from a built-in template that is no utterance of the conversation (blocked notice, sign-in link …)."""

    id: str
    workspace_id: str
    thread_id: str | None
    key: str
    locale: str
    variables: dict[str, str]
    created_at: datetime
    in_reply_to: str = ""
    automatic: str = "auto-generated"
