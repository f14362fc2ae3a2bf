"""In charge of: the version of a stored thing, so that two who change it do not undo each other unseen.

Not in charge of: HTTP's If-Match (`web.api.etags`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from gateway.errors import Conflict

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ANY = "*"
ABSENT = "-"  # it must not be there yet
NOT = "!"


def version_of(thing: DataclassInstance) -> str:
    """Of all its fields: 32 hexadecimal digits. Equal things have equal versions."""
    return hashlib.sha256(json.dumps(asdict(thing), sort_keys=True, default=str).encode()).hexdigest()[:32]


def check_version(found: DataclassInstance | None, seen: str | None) -> None:
    """Raises Conflict `changed_meanwhile` if it is not as the caller asks (`None`: they do not care). `seen` names,
    with spaces between, the versions that will do (`*`: any, `-`: none there) and, behind a `!`, those that will not.
    """
    if seen is None or _holds(found, seen.split()):
        return
    raise Conflict("changed_meanwhile", "Somebody changed this meanwhile: read it again, then send your change.")


def _holds(found: DataclassInstance | None, terms: list[str]) -> bool:
    wanted = [term for term in terms if not term.startswith(NOT)]
    if found is None:
        return bool(terms) and (not wanted or ABSENT in wanted)
    is_it = {ANY, version_of(found)}
    return (
        bool(terms)
        and (not wanted or bool(is_it & set(wanted)))
        and not is_it & {t[1:] for t in terms if t not in wanted}
    )
