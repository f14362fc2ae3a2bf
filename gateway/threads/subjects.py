"""In charge of: the subject that somebody gave their mail themselves, beside its words.

Not in charge of: which subjects are somebody's own (`inbound.reading`).
"""

from __future__ import annotations

LONGEST = 200  # characters


def on_one_line(subject: str) -> str:
    """The subject with single spaces, cut where it is too long to be read at a glance."""
    flat = " ".join(subject.split())
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1].rstrip()}…"


def beside(subject: str, text: str) -> str:
    """The subject (`on_one_line`), unless the text begins with the same words: nobody needs to read them twice."""
    said, begin = subject.casefold().rstrip("….!?:, "), " ".join(text[: 2 * LONGEST].split()).casefold()
    goes_on = begin[len(said) : len(said) + 1].isalnum()  # "No", and "Now I see"
    return "" if begin.startswith(said) and not goes_on else subject


def in_one(subject: str, text: str) -> str:
    """All that a message says, for lists, the bell and the search."""
    return "\n".join(part for part in (subject, text) if part)
