"""In charge of: the version of a stored thing, so that two who change it do not undo each other unseen.

Not in charge of: HTTP's If-Match (`web.api.etags`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from gateway.errors import Conflict

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ANY = "*"


@dataclass(frozen=True, slots=True)
class Seen:
    """What who changes a thing asks of it as it is stored: to be one of `wanted` (None: whatever), and none of
    `unwanted`. Each holds versions; `ANY` stands for whichever is there.
    """

    wanted: frozenset[str] | None = None
    unwanted: frozenset[str] = frozenset()


ABSENT = Seen(unwanted=frozenset({ANY}))


def version_of(thing: DataclassInstance) -> str:
    """Of all its fields: 32 hexadecimal digits. Equal things have equal versions."""
    return hashlib.sha256(json.dumps(asdict(thing), sort_keys=True, default=str).encode()).hexdigest()[:32]


def check_version(found: DataclassInstance | None, seen: Seen | None) -> None:
    """Raises Conflict `changed_meanwhile` if it is not as the caller asks (`None`: they do not care)."""
    if seen is None:
        return
    names = frozenset() if found is None else frozenset({ANY, version_of(found)})
    if seen.unwanted & names or (seen.wanted is not None and not seen.wanted & names):
        raise Conflict("changed_meanwhile", "Somebody changed this meanwhile: read it again, then send your change.")
