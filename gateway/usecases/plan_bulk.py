"""In charge of: a message to many before it goes — whom it may go to, in which words, whether they just had the same.

Not in charge of: accepting, posting or stopping it (`bulk`), or words (`templates`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads.bulk import Bulk, BulkMessage, Trouble
from gateway.threads.decisions import MEANINGS
from gateway.threads.model import Viewer
from gateway.threads.templates import MessageWords
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, check_content
from gateway.usecases.templates import fill_template
from gateway.usecases.waiting import check_send_at

MOST = 10_000  # people of one message
NAMED = 20  # unknown applicants that a refusal names
JUST_NOW = timedelta(minutes=15)  # for so long the same once more is taken for a mistake
GONE = "The conversation is no longer there."


@dataclass(frozen=True, slots=True)
class Sample:
    """What one person would get; `trouble` says what lacks."""

    applicant: str
    words: MessageWords | None
    trouble: Trouble | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class SentBefore:
    """The same words went out just now, to `people` of those who are to get them."""

    bulk: Bulk
    people: int


def try_bulk(
    ctx: Context, viewer: Viewer, applicants: Sequence[str], message: BulkMessage, *, samples: int
) -> list[Sample]:
    """The words of the first of them, nothing sent. Raises Invalid that names who is unknown."""
    check_message(ctx, viewer, message)
    with ctx.database.read() as tx:
        threads = find_threads(tx, viewer, applicants)
    return [_sample(ctx, viewer, *one, message) for one in islice(threads.items(), samples)]


def choose_people(ctx: Context, viewer: Viewer, *, opening_id: str, stage: str) -> list[str]:
    """The ids of everybody at an opening and a stage, each "" for any; no closed conversations unless their stage is
    named. At most one more than a message may go to. Raises NotFound.
    """
    check_sender(viewer)
    with ctx.database.read() as tx:
        return tx.bulks.people_of(viewer.workspace_id, opening_id=opening_id, stage=stage, limit=MOST + 1)


def list_stages(ctx: Context, viewer: Viewer) -> list[str]:
    """Stages at which somebody is now. Raises NotFound."""
    check_sender(viewer)
    with ctx.database.read() as tx:
        return tx.organising.list_stages(viewer.workspace_id)


def find_same(ctx: Context, viewer: Viewer, applicants: Sequence[str], message: BulkMessage) -> SentBefore | None:
    """The newest message of the same words to some of the same people, if there was one just now. Raises Invalid that
    names who is unknown.
    """
    with ctx.database.read() as tx:
        threads = find_threads(tx, viewer, applicants)
        return same_of(ctx, tx, viewer, threads.values(), message)


def same_of(
    ctx: Context, tx: Transaction, viewer: Viewer, thread_ids: Iterable[str], message: BulkMessage
) -> SentBefore | None:
    """The same within the caller's transaction; whether it went out or is still to does not matter."""
    wanted = set(thread_ids)
    for bulk in tx.bulks.begun_since(viewer.workspace_id, ctx.now - JUST_NOW):
        if not bulk.message.says_as(message):
            continue
        if both := wanted & tx.bulks.reached(bulk):
            return SentBefore(bulk, len(both))
    return None


def check_message(ctx: Context, viewer: Viewer, message: BulkMessage) -> None:
    """Faults that everybody's message would have. Raises Invalid, NotFound."""
    check_sender(viewer)
    check_send_at(ctx, datetime.fromisoformat(message.send_at) if message.send_at else None)
    if not message.template:
        check_content(ctx, NewMessage(text=message.text, html=message.html))
        return
    with ctx.database.read() as tx:
        if tx.templates.find(viewer.workspace_id, message.template) is None:
            raise Invalid("template", "There is no such template: create it first.", code="template_unknown")


def find_threads(tx: Transaction, viewer: Viewer, applicants: Sequence[str]) -> dict[str, str]:
    """The thread of each, in the order asked. Raises Invalid that names who is unknown."""
    people = list(dict.fromkeys(applicants))
    if not 1 <= len(people) <= MOST:
        raise Invalid("applicants", f"Give 1 to {MOST} at a time.", code="applicants_many", params={"limit": MOST})
    threads = tx.bulks.threads_of(viewer.workspace_id, people)
    unknown = [a for a in people if a not in threads]
    if unknown:
        names = ", ".join(unknown[:NAMED])
        words = f"{len(unknown)} are unknown: {names}. Create them first."
        raise Invalid("applicants", words, code="bulk_unknown", params={"names": names})
    return {a: threads[a] for a in people}


def check_sender(viewer: Viewer) -> None:
    """Only admins and the ATS write to many, and see who did. Raises NotFound."""
    if not viewer.admin:
        raise NotFound("bulk message")


def trouble_of(fault: NotFound | Invalid | Conflict | Refused, *, applicant: str = "") -> Trouble:
    """What stood in the way of one person's message."""
    match fault:
        case Invalid():
            return Trouble(f"{fault.field}: {fault.message}", fault.code, fault.params, applicant)
        case Conflict():
            return Trouble(fault.message, fault.code)
        case Refused():
            reason = fault.decision.reason
            return Trouble(MEANINGS[reason].sentence, reason.value)
    return Trouble(GONE, "conversation_gone")


def _sample(ctx: Context, viewer: Viewer, applicant: str, thread_id: str, message: BulkMessage) -> Sample:
    with ctx.database.read() as tx:
        conversation = tx.threads.open_for(viewer, thread_id)
        template = tx.templates.find(viewer.workspace_id, message.template) if message.template else None
    name = conversation.applicant.name if conversation else ""
    if not message.template:
        return Sample(applicant, MessageWords("", "", "", message.text, message.html), name=name)
    if conversation is None or template is None:
        return Sample(applicant, None, Trouble(GONE, code="conversation_gone"), name)
    try:
        return Sample(applicant, fill_template(ctx, template, conversation, variables=message.variables), name=name)
    except Invalid as fault:
        return Sample(applicant, None, trouble_of(fault), name)


def names_of(ctx: Context, viewer: Viewer, thread_ids: Iterable[str]) -> dict[str, str]:
    """The applicants' names by thread; who was erased is not among them."""
    with ctx.database.read() as tx:
        opened = [tx.threads.open_for(viewer, thread_id) for thread_id in thread_ids]
    return {one.thread.id: one.applicant.name for one in opened if one}
