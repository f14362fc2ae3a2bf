"""In charge of: what a message is for. Not in charge of: what follows from it (`routing`)."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """Decides about opt-outs, the night, and labels."""

    TRANSACTIONAL = "transactional"  # what belongs to this application
    LEGAL_NOTICE = "legal_notice"  # what the law demands (receipt, outcome): opt-outs do not hold it back
    REMINDER = "reminder"  # never at night
    ADVERTISING = "advertising"  # labelled, never by AlimTalk, never at night by phone
