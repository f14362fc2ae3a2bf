"""In charge of: the sentence that tells a line of the audit log in a person's language, with the names of today.

Not in charge of: which lines (`read_audit`), or the words themselves (the catalogues: `act.…`). The log holds ids: what
was erased or deleted since is told without its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.store.database import Transaction
from gateway.threads.audit import AuditLine, list_sentences
from gateway.usecases.context import Context

KINDS = ("member", "ats", "candidate", "operator", "system")
_PEOPLE = ("other", "to", "from")  # details that hold the id of a conversation
_NAMED = {"member_id": "member", "opening_id": "opening", "key_id": "api_key", "webhook_id": "hook"}
_AS_THEY_ARE = {
    **{"template": "template", "locale": "language", "days": "days", "erases": "erases", "rows": "rows"},
    **{"people": "people", "count": "count", "colour": "colour", "to": "assignee"},
}
_WORDS = {"role": "members.role.", "channel": "channel.", "fields": "audit.field."}  # details with words of their own
NOTHING = "–"  # in place of a detail that earlier versions did not write


@dataclass(frozen=True, slots=True)
class Told:
    """A line, what it says, and whom it is about ("" for nobody, or nobody any more)."""

    line: AuditLine
    words: str
    about: str


@dataclass(frozen=True, slots=True)
class _Names:
    of: Mapping[str, str]  # of members, openings, keys and endpoints, by id
    people: Mapping[str, str]  # of candidates, by thread
    zone: ZoneInfo


def tell_lines(
    ctx: Context, tx: Transaction, workspace_id: str, lines: Sequence[AuditLine], *, locale: str
) -> list[Told]:
    """These lines of one workspace, in words."""
    names = _load_names(tx, workspace_id, lines)
    return [Told(line, _tell(ctx, line, names, locale=locale), names.people.get(line.thread_id, "")) for line in lines]


def _load_names(tx: Transaction, workspace_id: str, lines: Sequence[AuditLine]) -> _Names:
    workspace = tx.people.find_workspace(workspace_id)
    threads = {line.thread_id for line in lines} | {line.data.get(key, "") for line in lines for key in _PEOPLE}
    of = {
        **{member.id: member.name for member in tx.people.list_members(workspace_id)},
        **{opening.id: opening.title for opening in tx.people.list_openings(workspace_id)},
        **{key.id: key.name for key in tx.api_keys.of_workspace(workspace_id)},
        **{hook.id: hook.url for hook in tx.webhooks.of_workspace(workspace_id)},
    }
    return _Names(of, tx.audit.people(threads - {""}), ZoneInfo(workspace.timezone if workspace else "UTC"))


def _tell(ctx: Context, line: AuditLine, names: _Names, *, locale: str) -> str:
    """An act that this version does not know is told by its code."""
    known = [key for key in list_sentences(line) if ctx.render.has_text(key)]
    if not known:
        return f"{line.actor_name or line.actor_kind}: {line.action}"
    details = _say_details(ctx, line, names, locale=locale)
    sentence = ctx.render.text(locale, known[0], who=_say_who(ctx, line, locale=locale), **details)
    way = f"audit.how.{line.data.get('how', '')}"
    return f"{sentence} ({ctx.render.text(locale, way)})" if ctx.render.has_text(way) else sentence


def _say_who(ctx: Context, line: AuditLine, *, locale: str) -> str:
    if line.actor_kind not in KINDS:
        return line.actor_name or line.actor_kind
    return ctx.render.text(locale, f"audit.by.{line.actor_kind}", name=line.actor_name or NOTHING)


def _say_details(ctx: Context, line: AuditLine, names: _Names, *, locale: str) -> dict[str, str]:
    """Everything that a sentence may name."""
    gone = ctx.render.text(locale, "audit.gone")
    said = dict.fromkeys((*_NAMED.values(), *_AS_THEY_ARE.values(), *_WORDS, "stage", "tag", "until", "other"), NOTHING)
    for key, value in line.data.items():
        if key in _NAMED:
            said[_NAMED[key]] = names.of.get(value, gone)
        if key in _AS_THEY_ARE and value:
            said[_AS_THEY_ARE[key]] = value
        if key in _PEOPLE:
            said["other"] = names.people.get(value, gone)
        if key in _WORDS:
            said[key] = ", ".join(_word(ctx, _WORDS[key], one, locale=locale) for one in value.split(","))
        if key == "stage":
            said["stage"] = _word(ctx, "stage.", value, locale=locale)
        if key in ("added", "removed") and value:
            said["tag"] = value
        if key == "until":
            said["until"] = _say_day(value, names.zone)
    return said


def _word(ctx: Context, prefix: str, value: str, *, locale: str) -> str:
    key = prefix + value
    return ctx.render.text(locale, key) if ctx.render.has_text(key) else value


def _say_day(value: str, zone: ZoneInfo) -> str:
    """The day of a moment, as every language reads it."""
    try:
        return datetime.fromisoformat(value).astimezone(zone).date().isoformat()
    except ValueError:
        return NOTHING
