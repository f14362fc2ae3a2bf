"""In charge of: what the audit log can say, a line of it, and which lines somebody asks for.

Not in charge of: writing (`usecases.note_act`) or reading them (`usecases.read_audit`), or their words: each act has
its sentence in the catalogues, `act.<code>`, and its area `audit.area.<code up to the dot>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.threads.model import Viewer, ViewerKind
from gateway.threads.policies.rejection import REJECTED_STAGE


class Act(StrEnum):
    """What somebody did. The codes stay as they are: lines are never changed."""

    SIGN_IN = "sign_in"
    SESSION_END = "session.end"
    SESSION_END_OTHERS = "session.end_others"
    PASSWORD_CHANGE = "password.change"
    SECOND_STEP_ON = "second_step.on"
    SECOND_STEP_CODES = "second_step.codes"
    SECOND_STEP_OFF = "second_step.off"
    SECOND_STEP_CLEARED = "second_step.cleared"
    SECOND_STEP_PASSED = "second_step.passed"
    COMPANY_SIGN_IN_ON = "company_sign_in.on"
    COMPANY_SIGN_IN_OFF = "company_sign_in.off"
    DEVICE_ADD = "device.add"
    DEVICE_REMOVE = "device.remove"
    MEMBER_INVITE = "member.invite"
    MEMBER_ACTIVATE = "member.activate"
    MEMBER_DEACTIVATE = "member.deactivate"
    MEMBER_ROLE = "member.role"
    OPENING_ROLE = "opening.role"
    WORKSPACE_SETUP = "workspace.setup"
    WORKSPACE_TEST = "workspace.test"
    WORKSPACE_CHANGED = "workspace.changed"
    WORKSPACE_COLOUR = "workspace.colour"
    WORKSPACE_LOGO = "workspace.logo"
    WORKSPACE_KEEP_DAYS = "workspace.keep_days"
    WORKSPACE_OWN_OPENINGS_ONLY = "workspace.own_openings_only"
    KEY_CREATE = "key.create"
    KEY_ROTATE = "key.rotate"
    KEY_REVOKE = "key.revoke"
    WEBHOOK_CREATE = "webhook.create"
    WEBHOOK_UPDATE = "webhook.update"
    WEBHOOK_DELETE = "webhook.delete"
    WEBHOOK_ROTATE = "webhook.rotate"
    WEBHOOK_REPLAY = "webhook.replay"
    TEMPLATE_SAVE = "template.save"
    TEMPLATE_DELETE = "template.delete"
    TEMPLATE_REVIEW = "template.review"
    BULK_START = "bulk.start"
    BULK_RUNNING = "bulk.running"
    BULK_CANCELLING = "bulk.cancelling"
    BULK_CANCELLED = "bulk.cancelled"
    APPLICANTS_IMPORT = "applicants.import"
    STAGE = "stage"
    ASSIGNED = "assigned"
    TAGGED = "tagged"
    SNOOZED = "snoozed"
    DONE = "done"
    REOPENED = "reopened"
    THREAD_MERGE = "thread.merge"
    THREAD_SPLIT = "thread.split"
    MESSAGES_MOVE = "messages.move"
    MESSAGES_RECEIVE = "messages.receive"
    INBOX_RELEASE = "inbox.release"
    INBOX_DISCARD = "inbox.discard"
    INBOX_REPLAY = "inbox.replay"
    INBOX_ASK = "inbox.ask"
    INBOX_DISOWN = "inbox.disown"
    CANDIDATE_TRIED = "candidate.tried"
    CONSENT_GIVE = "consent.give"
    CONSENT_WITHDRAW = "consent.withdraw"
    FILE_OPEN_QUARANTINED = "file.open_quarantined"
    EXPORT = "export"
    ERASE = "erase"

    @property
    def area(self) -> str:
        return self.value.partition(".")[0]


AREAS = tuple(dict.fromkeys(act.area for act in Act))

_TOLD_APART = {  # by a detail with few values: each may have a sentence of its own
    Act.SIGN_IN: "by",
    Act.SECOND_STEP_PASSED: "by",
    Act.MEMBER_ROLE: "role",
    Act.OPENING_ROLE: "role",
    Act.WORKSPACE_OWN_OPENINGS_ONLY: "only",
    Act.WORKSPACE_KEEP_DAYS: "days",
    Act.WORKSPACE_LOGO: "digest",
    Act.TEMPLATE_REVIEW: "review",
    Act.STAGE: "how",
    Act.SNOOZED: "until",
    Act.CANDIDATE_TRIED: "channel",
    Act.CONSENT_GIVE: "consent",
    Act.CONSENT_WITHDRAW: "consent",
    Act.ERASE: "by",
}
_EMPTY = {Act.ASSIGNED: "to", Act.TAGGED: "added"}  # names of people's own: only that there is none tells apart


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


def list_sentences(line: AuditLine) -> list[str]:
    """The sentences of the catalogues that may tell this line, the most telling first, of which the last is there for
    every act; none for an act that this version does not know.
    """
    if line.action not in list(Act):
        return []
    act = Act(line.action)
    told = line.data.get(_TOLD_APART.get(act, ""))
    if act is Act.STAGE and told is None and line.data.get("stage") == REJECTED_STAGE:
        told = REJECTED_STAGE
    if told == "" or (act in _EMPTY and not line.data.get(_EMPTY[act])):
        told = "none"
    return [*([f"act.{act}.{told}"] if told else []), f"act.{act}"]


def name_in_log(viewer: Viewer) -> str:
    """A candidate stands in the log by their id alone: its lines outlive their erasure (SJ-P3)."""
    return "" if viewer.kind is ViewerKind.CANDIDATE else viewer.name


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines; "" is all."""

    actor_id: str = ""
    action: str = ""  # the action itself, or with what follows a dot after it
    thread_id: str = ""
