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


def version_of(thing: DataclassInstance) -> str:
    """Of all its fields: 32 hexadecimal digits. Equal things have equal versions."""
    return hashlib.sha256(json.dumps(asdict(thing), sort_keys=True, default=str).encode()).hexdigest()[:32]


def check_version(found: DataclassInstance | None, seen: str | None) -> None:
    """Raises Conflict `changed_meanwhile` if it is not what the caller saw (`None`: they do not care, `*`: any, `-`:
    none)."""
    if seen is None or (seen == ABSENT if found is None else seen in (ANY, version_of(found))):
        return
    raise Conflict("changed_meanwhile", "Somebody changed this meanwhile: read it again, then send your change.")
