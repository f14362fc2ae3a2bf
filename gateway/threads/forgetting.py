"""In charge of: taking one person out of a stored answer that is also about others.

Not in charge of: which answers are stored (`usecases.idempotency`), or erasing what is the person's alone
(`store.erasure`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_KEPT = re.compile(r"(.*_)?(id|ids|code|state|channel|kind)")  # names of values that name no person


def blank_mentions(body: str, words: Iterable[str]) -> str:
    """The answer (JSON) with every object that mentions one of these words reduced to its ids, states and numbers."""
    wanted = "|".join(re.escape(word) for word in words if word)
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    pattern = re.compile(rf"(?<!\w)(?:{wanted})(?!\w)", re.IGNORECASE)
    return json.dumps(_blank(found, pattern), ensure_ascii=False) if wanted else body


def _blank(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, list):
        return [_blank(one, pattern) for one in value]
    if isinstance(value, dict):
        within = {name: _blank(one, pattern) for name, one in value.items()}
        mentioned = any(isinstance(one, str) and pattern.search(one) for one in value.values())
        return {name: _emptied(name, one) for name, one in within.items()} if mentioned else within
    return "" if isinstance(value, str) and pattern.search(value) else value


def _emptied(name: str, value: Any) -> Any:
    return "" if isinstance(value, str) and not _KEPT.fullmatch(name) else value
