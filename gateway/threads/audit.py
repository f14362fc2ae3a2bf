"""In charge of: a line of the audit log, and which lines somebody asks for.

Not in charge of: writing (`usecases.note_act`) or reading them (`usecases.read_audit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.threads.model import Viewer, ViewerKind


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what, when. `data` holds ids and rule names."""

    id: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    thread_id: str
    data: dict[str, str]


def name_in_log(viewer: Viewer) -> str:
    """A candidate stands in the log by their id alone: its lines outlive their erasure (SJ-P3)."""
    return "" if viewer.kind is ViewerKind.CANDIDATE else viewer.name


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines; "" is all."""

    actor_id: str = ""
    action: str = ""  # the action itself, or with what follows a dot after it
    thread_id: str = ""
