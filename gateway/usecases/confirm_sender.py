"""In charge of: asking a candidate "did you write this mail?" at the address that we know, and taking the answer.

Not in charge of: which mails are held (`threads.policies.identity`).

The link works once and for some days, and only its hash is stored. Opening it changes nothing, because mail scanners
open links; the answer is a POST. The page shows who sent the mail and when, not what it says: a stranger may have
made a third party write to the reply address, and its words are not the candidate's to read.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.errors import Conflict
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.audit import Act
from gateway.threads.decisions import Reason
from gateway.threads.model import Conversation, InboxEntry, InboxState, Viewer, ViewerKind
from gateway.threads.policies.identity import may_be_asked
from gateway.threads.policies.rejection import check_may_write
from gateway.usecases.accounts import hash_secret
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.review_inbox import decide_entry, read_again, release_into
from gateway.usecases.sign_in import queue_notice

NOTICE = "candidate.confirm_sender"
LINK_LIFE = timedelta(days=7)
QUESTIONS_A_DAY = 3  # to one candidate


@dataclass(frozen=True, slots=True)
class Question:
    """What the candidate is asked."""

    company: str
    opening: str
    sender: str
    received_at: datetime
    timezone: str
    contact: str


class Answer(StrEnum):
    """What became of an answer."""

    TAKEN = "taken"  # the mail is in the conversation
    DISOWNED = "disowned"
    DEAD = "dead"  # used, too old, never made, or the mail was decided about meanwhile
    CLOSED = "closed"  # the conversation takes no more messages from the candidate


def ask_sender(ctx: Context, viewer: Viewer, entry_id: str) -> None:
    """Mail the candidate a link. Raises NotFound, Conflict (`nobody_to_ask`, `too_many`)."""
    with ctx.database.begin() as tx:
        entry = decide_entry(tx, viewer, entry_id)
        conversation = tx.threads.open_for(viewer, entry.thread_id or "", lock=True)
        if conversation is None or not may_be_asked(entry, conversation):
            raise Conflict("nobody_to_ask", "The candidate cannot be asked about this mail.")
        person, workspace = conversation.candidate, conversation.workspace
        asked = tx.limits.count(f"confirm:{person.id}", now=ctx.now, seconds=86_400)
        if asked > QUESTIONS_A_DAY:
            raise Conflict("too_many", "The candidate was asked several times today. Decide yourself, or wait.")
        token = secrets.token_urlsafe(32)
        tx.addresses.ask(hash_secret(token), entry.id, person.id, now=ctx.now, until=ctx.now + LINK_LIFE)
        variables = {
            "link": f"{ctx.settings.public_url}/c/confirm/{token}",
            "sender": entry.from_address,
            "days": str(LINK_LIFE.days),
        }
        queue_notice(
            ctx,
            tx,
            workspace.id,
            key=NOTICE,
            to=person.email,
            locale=person.locale,
            variables=variables,
            thread_id=conversation.thread.id,
            participant_id=person.id,
        )
        note_act(ctx, tx, viewer, Act.INBOX_ASK, thread_id=conversation.thread.id, entry_id=entry.id)


def read_question(ctx: Context, token: str) -> Question | None:
    """What the link asks; None if it is dead."""
    with ctx.database.read() as tx:
        found = tx.addresses.find_question(hash_secret(token), now=ctx.now)
        entry, conversation = _load(tx, found[0]) if found else (None, None)
    if entry is None or conversation is None or entry.state is not InboxState.HELD:
        return None
    return Question(
        conversation.workspace.name,
        conversation.opening.title,
        entry.from_address,
        entry.received_at,
        conversation.workspace.timezone,
        conversation.public_contact,
    )


def answer_question(ctx: Context, token: str, *, is_mine: bool) -> Answer:
    """Take the candidate's answer, once. "Yes" puts the mail into the conversation and makes the address theirs."""
    link_hash = hash_secret(token)
    with ctx.database.read() as tx:
        found = tx.addresses.find_question(link_hash, now=ctx.now)
        entry, _ = _load(tx, found[0]) if found else (None, None)
    if entry is None or entry.thread_id is None:
        return Answer.DEAD
    read = read_again(ctx, entry, entry.thread_id) if is_mine else None
    with ctx.database.begin() as tx:
        entry, conversation = _load(tx, entry.id, lock=True)
        if entry is None or conversation is None or entry.state is not InboxState.HELD:
            return Answer.DEAD
        person = conversation.candidate
        viewer = Viewer(ViewerKind.CANDIDATE, conversation.workspace.id, id=person.id, name=person.name)
        if is_mine and not check_may_write(conversation.thread, person.role.author_kind).allowed:
            return Answer.CLOSED
        if tx.addresses.use_question(link_hash, now=ctx.now) is None:
            return Answer.DEAD
        if read is None:
            tx.inbox.finish(entry.id, InboxState.HELD, reason=Reason.DISOWNED.value)
            data = {"entry_id": entry.id, "reason": Reason.DISOWNED.value, "channel": "email"}
            thread = conversation.thread
            tx.events.append(thread.id, thread.workspace_id, events.INBOX_HELD, now=ctx.now, **data)
            note_act(ctx, tx, viewer, Act.INBOX_DISOWN, thread_id=thread.id, entry_id=entry.id)
            return Answer.DISOWNED
        if entry.from_address:
            tx.addresses.add(person.id, entry.from_address, now=ctx.now, confirmed=True)
        release_into(ctx, tx, entry, conversation=conversation, speaker=person, read=read, viewer=viewer)
        return Answer.TAKEN


def _load(tx: Transaction, entry_id: str, *, lock: bool = False) -> tuple[InboxEntry | None, Conversation | None]:
    entry = tx.inbox.find(entry_id)
    conversation = tx.threads.load(entry.thread_id, lock=lock) if entry and entry.thread_id else None
    return entry, conversation
