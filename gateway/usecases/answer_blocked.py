"""In charge of: telling a rejected candidate, kindly and at most once a day, where to write instead (SJ-16, GW-6).

Not in charge of: the gate itself (`policies.rejection`) or the words (`templates/notices/candidate.blocked_notice`).
"""

from __future__ import annotations

from gateway.store.database import Transaction
from gateway.threads.audit import Act
from gateway.threads.incoming import IncomingMail, Proof, SenderProof
from gateway.threads.model import Conversation, DeliveryState, InboxEntry
from gateway.threads.notices import Notice
from gateway.threads.policies.identity import Sameness, same_mailbox
from gateway.threads.policies.loops import may_answer
from gateway.threads.routing import EMAIL, PlannedDelivery
from gateway.usecases.append_message import add_delivery
from gateway.usecases.context import Context

BLOCKED_NOTICE = "candidate.blocked_notice"


def note_blocked_try(
    ctx: Context, tx: Transaction, conversation: Conversation, *, channel: str, entry_id: str = ""
) -> None:
    """Write down that the candidate wrote after the end: that, by which channel and when, never what."""
    thread = conversation.thread
    tx.threads.update(thread.id, blocked_tries=thread.blocked_tries + 1)
    tx.events.write_audit(
        Act.CANDIDATE_TRIED,
        now=ctx.now,
        workspace_id=thread.workspace_id,
        thread_id=thread.id,
        actor_kind="candidate",
        actor_id=conversation.candidate.id,
        channel=channel,
        entry_id=entry_id,
    )


def answer_blocked(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    conversation: Conversation,
    mail: IncomingMail,
    proof: SenderProof,
) -> None:
    """Count the try, and queue the notice unless that could make a loop or help a forger.

    The notice goes to the address that we know, never to the one that wrote; a From that is not the candidate's, or
    that its domain disowns, gets none.
    """
    note_blocked_try(ctx, tx, conversation, channel="email", entry_id=entry.id)
    candidate, thread = conversation.candidate, conversation.thread
    sender = mail.from_[0].address if mail.from_ else ""
    is_theirs = bool(candidate.email) and same_mailbox(candidate.email, sender) is not Sameness.OTHER
    if not is_theirs or proof.proof is Proof.FAIL:
        return
    if not may_answer(mail, entry.envelope_from, last_answer_at=thread.blocked_notice_at, now=ctx.now):
        return
    tx.threads.update(thread.id, blocked_notice_at=ctx.now)
    queue_answer(ctx, tx, conversation, mail, key=BLOCKED_NOTICE)


def queue_answer(ctx: Context, tx: Transaction, conversation: Conversation, mail: IncomingMail, *, key: str) -> None:
    """An automatic answer to the candidate's mail, to the address that we know."""
    candidate = conversation.candidate
    notice = Notice(
        id=ctx.new_id(),
        workspace_id=conversation.workspace.id,
        thread_id=conversation.thread.id,
        key=key,
        locale=candidate.locale,
        variables={},
        created_at=ctx.now,
        in_reply_to=mail.message_id[:1000],
        automatic="auto-replied",
    )
    tx.outbox.add_notice(notice)
    plan = PlannedDelivery(candidate.id, EMAIL, candidate.email, DeliveryState.QUEUED, next_attempt_at=ctx.now)
    add_delivery(ctx, tx, conversation, plan=plan, notice_id=notice.id)
