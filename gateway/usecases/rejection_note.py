"""In charge of: the note for the team that says why somebody was rejected — written with the rejection, taken back with
it. Not in charge of: rejecting (`change_stage`).

A rejection that is undone, or that another decision replaces before it has taken force, never happened: nobody should
read later why. One that took force did, and its reason stays, whatever is decided afterwards.
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.decisions import Reason
from gateway.threads.model import Conversation, MessageKind, Viewer
from gateway.threads.policies.rejection import list_since_rejected
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, check_content, find_repeated, post_in


def make_note(ctx: Context, reason: str, *, client_key: str) -> NewMessage | None:
    """The reason as a note, None for no reason. `client_key` is the rejection's. Raises Invalid."""
    if not reason.strip():
        return None
    key = f"{client_key}:why" if client_key else ""
    return check_content(ctx, NewMessage(text=reason, kind=MessageKind.NOTE, client_key=key, closes_gate=True))


def add_note(ctx: Context, tx: Transaction, conversation: Conversation, *, viewer: Viewer, note: NewMessage) -> None:
    """Write it once, in the transaction of the rejection and after the stage was moved."""
    if not find_repeated(tx, conversation.thread.id, viewer=viewer, new=note):
        post_in(ctx, tx, conversation, viewer=viewer, new=note)


def take_back_notes(ctx: Context, tx: Transaction, conversation: Conversation, *, reason: Reason) -> None:
    """Of a rejection that has not taken force: its notes no longer hold. To be called before the stage is moved."""
    thread = conversation.thread
    since = list_since_rejected(tx.events.named(thread.id, (events.THREAD_STAGE, events.MESSAGE_CREATED)))
    for note_id, seq in tx.waiting.notes_of_rejection(thread.id, since):
        if tx.waiting.mark_cancelled(note_id):
            told = {"message_id": note_id, "seq": str(seq), "reason": reason.value}
            tx.events.append(thread.id, thread.workspace_id, events.MESSAGE_CANCELLED, now=ctx.now, **told)
