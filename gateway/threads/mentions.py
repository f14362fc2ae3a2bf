"""In charge of: whom a note names with @. Not in charge of: telling them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def find_mentions(text: str, names: Mapping[str, str]) -> list[str]:
    """The ids (of id -> name) whose name stands behind an @ in the text; the longest name that fits is meant.

    A first name is enough where only one has it. What is part of an address (jun@moalabs) is no mention.
    """
    meant: list[str] = []
    for person_id, name in said_names(names):
        found = re.compile(rf"(?<!\w)@{re.escape(name)}(?!\w)", re.IGNORECASE)
        text, times = found.subn(" ", text)
        if times and person_id not in meant:
            meant.append(person_id)
    return meant


def said_names(names: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """(id, name as it may be said behind an @), longest first."""
    firsts = [name.split()[0].lower() for name in names.values() if name.split()]
    said = [(person_id, name) for person_id, name in names.items() if name.strip()]
    said += [(i, n.split()[0]) for i, n in said if firsts.count(n.split()[0].lower()) == 1]
    return sorted(said, key=lambda entry: len(entry[1]), reverse=True)
