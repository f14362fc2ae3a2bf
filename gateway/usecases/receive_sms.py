"""In charge of: an SMS that somebody sent to one of our numbers — into the thread under the same policies as mail and
pages, or to the review queue.

Not in charge of: whether the call that brought it is genuine (`web.receipts`), or posting (`append_message`).

The network vouches for the number it came from, as far as it can: the thread is found by the number that we know of the
applicant, and nothing in the text grants access. STOP and START take effect, and stay messages like any other: nothing
that a candidate writes disappears. A message that belongs to no thread, or to several, is kept as a mail (RFC 5322) of
that number, so that the review queue shows it like any other.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP as LINES

from gateway.store.blobs import digest_of
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.addresses import reply_address, sms_address
from gateway.threads.audit import Act
from gateway.threads.channel import IncomingSms
from gateway.threads.consents import ConsentKind
from gateway.threads.decisions import Reason
from gateway.threads.matching import Candidate, match_thread
from gateway.threads.model import (
    Author,
    AuthorKind,
    CameInBy,
    Conversation,
    DeliveryState,
    InboxEntry,
    InboxState,
    Message,
    MessageKind,
    ThreadState,
)
from gateway.threads.notices import Notice
from gateway.threads.policies.loops import ANSWER_GAP
from gateway.threads.policies.rejection import check_may_write
from gateway.threads.routing import SMS, PlannedDelivery
from gateway.usecases.answer_blocked import BLOCKED_NOTICE, note_blocked_try
from gateway.usecases.append_message import add_delivery, append_message
from gateway.usecases.check_flood import check_flood
from gateway.usecases.consents import note_consent
from gateway.usecases.context import Context
from gateway.usecases.post_message import clean_text
from gateway.usecases.reach import OPT_OUT, find_reach

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "수신거부"})
START = frozenset({"START", "UNSTOP", "YES"})


def receive_sms(ctx: Context, sms: IncomingSms) -> Reason:
    """Take one SMS, once however often its provider repeats it; what was decided."""
    with ctx.database.begin() as tx:
        workspaces = [w.id for w in tx.people.list_workspaces()]
        found = tx.receipts.threads_by_phone(sms.sender, workspace_ids=workspaces)
        owner = found[0][0] if found else next(iter(workspaces), None)
        if owner is None or not tx.limits.take_key(owner, f"sms:{sms.provider_id}", digest="", now=ctx.now):
            return Reason.DUPLICATE
        _heed(ctx, tx, found, sms=sms)
        thread_id = _thread_meant(tx, sms, [thread for _, thread in found])
        conversation = tx.threads.load(thread_id, lock=True) if thread_id else None
        if conversation is None:
            reason = Reason.SEVERAL_THREADS if found else Reason.NO_THREAD
            _keep(ctx, tx, sms, workspace_id=owner, conversation=None, state=InboxState.UNMATCHED, reason=reason)
            return reason
        return _take(ctx, tx, sms, conversation)


def _thread_meant(tx: Transaction, sms: IncomingSms, threads: list[str]) -> str | None:
    """By the rungs of a mail (GW-1); in place of Message-IDs it answers what was written to this number last."""
    if len(threads) < 2:
        return threads[0] if threads else None
    told = tx.receipts.last_thread_told(sms.sender, channel=SMS, thread_ids=threads)
    chats = [chat for thread_id in threads if (chat := tx.threads.load(thread_id))]
    theirs = [Candidate(c.thread.id, is_open=c.thread.state is ThreadState.OPEN) for c in chats]
    return match_thread(None, by_references=[Candidate(told)] if told else [], by_sender=theirs).thread_id


def _take(ctx: Context, tx: Transaction, sms: IncomingSms, conversation: Conversation) -> Reason:
    thread = conversation.thread
    gate = check_may_write(thread, AuthorKind.CANDIDATE)
    if not gate.allowed:
        _refuse(ctx, tx, sms, conversation, reason=gate.reason)
        return gate.reason
    if not check_flood(ctx, tx, thread).allowed:
        where = (thread.workspace_id, InboxState.HELD, Reason.TOO_MANY)
        entry_id = _keep(
            ctx, tx, sms, workspace_id=where[0], conversation=conversation, state=where[1], reason=where[2]
        )
        told = {"entry_id": entry_id, "reason": Reason.TOO_MANY.value, "channel": SMS}
        tx.events.append(thread.id, thread.workspace_id, events.INBOX_HELD, now=ctx.now, **told)
        return Reason.TOO_MANY
    person = conversation.candidate
    message = Message(
        id=ctx.new_id(),
        thread_id=thread.id,
        seq=0,
        kind=MessageKind.MESSAGE,
        author=Author(AuthorKind.CANDIDATE, person.name, person.email, None, person.id),
        came_in_by=CameInBy.SMS,
        text=_words(ctx, sms, conversation),
        html="",
        folded="",
        signature="",
        fold_is_ours=True,
        mark="",
        created_at=ctx.now,
    )
    append_message(ctx, tx, conversation, message=message, client_key=f"sms:{sms.provider_id}")
    return Reason.OK


def _words(ctx: Context, sms: IncomingSms, conversation: Conversation) -> str:
    """The text; pictures are not fetched, and the team is told so instead of never knowing."""
    text = clean_text(sms.text).strip("\n")
    if not sms.media:
        return text
    note = ctx.render.text(conversation.workspace.locale, "sms.pictures", n=sms.media)
    return f"{text}\n\n[{note}]".strip()


def _refuse(ctx: Context, tx: Transaction, sms: IncomingSms, conversation: Conversation, *, reason: Reason) -> None:
    """After a rejection: kept for a release, the try written down, and a notice by SMS at most once a day."""
    thread, person = conversation.thread, conversation.candidate
    entry_id = _keep(
        ctx,
        tx,
        sms,
        workspace_id=thread.workspace_id,
        conversation=conversation,
        state=InboxState.REFUSED,
        reason=reason,
    )
    note_blocked_try(ctx, tx, conversation, channel=SMS, entry_id=entry_id)
    told = {"channel": SMS, "entry_id": entry_id, "reason": reason.value}
    tx.events.append(thread.id, thread.workspace_id, events.CANDIDATE_TRIED, now=ctx.now, **told)
    last = thread.blocked_notice_at
    reach = find_reach(ctx, tx, conversation, notice=BLOCKED_NOTICE)
    if reason is not Reason.THREAD_BLOCKED or SMS in reach.barred or (last and ctx.now - last < ANSWER_GAP):
        return
    tx.threads.update(thread.id, blocked_notice_at=ctx.now)
    notice = Notice(ctx.new_id(), thread.workspace_id, thread.id, BLOCKED_NOTICE, person.locale, {}, ctx.now)
    tx.outbox.add_notice(notice)
    plan = PlannedDelivery(person.id, SMS, sms.sender, DeliveryState.QUEUED, next_attempt_at=ctx.now)
    add_delivery(ctx, tx, conversation, plan=plan, notice_id=notice.id)


def _heed(ctx: Context, tx: Transaction, found: list[tuple[str, str]], *, sms: IncomingSms) -> None:
    """STOP and START count for every company that this number hears from; Twilio answers them by itself.

    START means something only after a STOP: "Yes" is above all the answer to a question.
    """
    word = sms.text.strip().upper()
    if word not in STOP | START:
        return
    companies = dict.fromkeys(workspace for workspace, _ in found)
    stopped = [w for w in companies if tx.receipts.opt_outs(w, [sms.sender], code=OPT_OUT)]
    meant = found if word in STOP else [(workspace, thread) for workspace, thread in found if workspace in stopped]
    tx.events.expect({thread for _, thread in meant})  # in the order in which everybody holds threads
    for workspace_id, thread_id in meant:
        if word in STOP:
            _opt_out(ctx, tx, workspace_id, thread_id, number=sms.sender)
        else:
            tx.outbox.unsuppress(workspace_id, sms.sender)
            tx.events.append(thread_id, workspace_id, events.CANDIDATE_OPTED_IN, now=ctx.now, channel=SMS)


def _opt_out(ctx: Context, tx: Transaction, workspace_id: str, thread_id: str, *, number: str) -> None:
    """No more SMS to this number, and no consent to advertising: START does not bring that back."""
    tx.outbox.suppress(workspace_id, number, code=OPT_OUT, now=ctx.now)
    tx.events.append(thread_id, workspace_id, events.CANDIDATE_OPTED_OUT, now=ctx.now, channel=SMS)
    conversation = tx.threads.load(thread_id)
    if conversation and tx.consents.withdraw(conversation.applicant.id, ConsentKind.PHONE, by="sms", now=ctx.now):
        note_consent(ctx, tx, conversation, Act.CONSENT_WITHDRAW, ConsentKind.PHONE, how="sms")


def _keep(
    ctx: Context,
    tx: Transaction,
    sms: IncomingSms,
    *,
    workspace_id: str,
    conversation: Conversation | None,
    state: InboxState,
    reason: Reason,
) -> str:
    """An entry of the review queue that holds the SMS as a mail; its id."""
    domain = ctx.settings.reply_domain
    workspace = tx.people.find_workspace(workspace_id)
    rcpt = f"{workspace.slug}@{domain}" if workspace else f"postmaster@{domain}"
    if conversation:
        rcpt = reply_address(ctx.settings.key, conversation.candidate.id, domain)
    sender = sms_address(sms.sender)
    raw = _as_mail(sms, sender=sender, rcpt=rcpt)
    entry = InboxEntry(
        id=ctx.new_id(),
        workspace_id=workspace_id,
        state=state,
        reason=reason.value,
        detail="",
        digest=digest_of(raw),
        size=len(raw),
        rcpt=rcpt,
        envelope_from=sender,
        peer="",
        helo="",
        tls=True,
        received_at=ctx.now,
    )
    tx.blobs.add(raw, now=ctx.now)
    tx.inbox.store_once([entry])
    tx.flush()
    values = {
        "reason": reason.value,
        "workspace_id": workspace_id,
        "thread_id": conversation.thread.id if conversation else None,
        "participant_id": conversation.candidate.id if conversation else None,
        "from_address": sender,
        "from_name": sms.sender,
        "subject": "SMS",
        "message_id": f"{sms.provider_id}@sms.invalid",
        "proof": "",
        "date": ctx.now,
    }
    tx.inbox.finish(entry.id, state, **values)
    return entry.id


def _as_mail(sms: IncomingSms, *, sender: str, rcpt: str) -> bytes:
    mail = EmailMessage(policy=LINES)
    mail["From"], mail["To"], mail["Subject"] = f'"{sms.sender}" <{sender}>', rcpt, "SMS"
    mail["Message-ID"] = f"<{sms.provider_id}@sms.invalid>"
    mail.set_content(clean_text(sms.text))
    return mail.as_bytes()
