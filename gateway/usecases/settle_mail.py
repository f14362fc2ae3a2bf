"""In charge of: deciding about one mail that has been read, and writing the outcome, under the thread's lock.

Not in charge of: reading it (`process_mail`), the rules (`threads.policies`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.addresses import IssuedAddress, Purpose
from gateway.threads.blanks import is_empty
from gateway.threads.decisions import ALLOW, Decision, Reason, Verdict, first_objection, hold, ignore, refuse
from gateway.threads.incoming import IncomingMail, Proof, ReadMail, SenderProof
from gateway.threads.matching import Candidate, Match, Rung, match_thread
from gateway.threads.model import Conversation, InboxEntry, InboxState, Participant, Role
from gateway.threads.policies.attachments import check_scan
from gateway.threads.policies.identity import check_sender, find_speaker
from gateway.threads.policies.loops import check_automatic, check_rate
from gateway.threads.policies.rejection import check_may_write
from gateway.threads.policies.roles import check_mail_of
from gateway.threads.policies.unsubscribe import asks_to_unsubscribe
from gateway.usecases.access import account_of, find_viewers
from gateway.usecases.answer_blocked import answer_blocked
from gateway.usecases.consents import refuse_advertising
from gateway.usecases.context import Context
from gateway.usecases.receive_email import ROLE_NAMES
from gateway.usecases.record_report import record_bounce, record_complaint
from gateway.usecases.take_mail import take_mail
from gateway.usecases.tell_members import tell_of_held

RATE_WINDOW = timedelta(hours=1)
PROOF_WAITS = (timedelta(seconds=30), timedelta(minutes=5))  # DNS did not answer: asked again so often, then held
UNPROVEN = (Reason.UNPROVEN_SENDER, Reason.UNPROVEN_RECRUITER)
STATES = {
    Verdict.ALLOW: InboxState.THREADED,
    Verdict.HOLD: InboxState.HELD,
    Verdict.REFUSE: InboxState.REFUSED,
    Verdict.IGNORE: InboxState.IGNORED,
}
NAMED = 40  # Message-IDs of a mail that are looked for
MOST_WORDS = 20_000  # characters kept beside a mail that waits
CHIPS = (  # shown small in the thread
    Reason.AUTOMATIC_REPLY,
    Reason.BOUNCE,
    Reason.BULK_MAIL,
    Reason.COMPLAINT,
    Reason.READ_RECEIPT,
    Reason.CALENDAR_ANSWER,
)
UNMATCHED = (Reason.NO_THREAD, Reason.SEVERAL_THREADS, Reason.FOR_POSTMASTER)


@dataclass(frozen=True, slots=True)
class Located:
    """What the envelope recipient alone tells: address, workspace, and for a token the participant and thread."""

    issued: IssuedAddress | None
    workspace_id: str | None
    participant: Participant | None = None
    thread_id: str | None = None
    known: tuple[str, ...] = ()


def settle(
    ctx: Context, tx: Transaction, entry: InboxEntry, *, located: Located, read: ReadMail, proof: SenderProof
) -> None:
    """Decide and write, in one transaction that holds the thread's lock (docs/reliability.md, promise 6)."""
    mail = read.mail
    record_complaint(ctx, tx, mail)
    if located.issued and located.issued.purpose == Purpose.BOUNCE and record_bounce(ctx, tx, located.issued.id, mail):
        _finish(ctx, tx, entry, mail=mail, located=located, decision=ignore(Reason.BOUNCE), proof=proof)
    elif any(d.startswith("unreadable: ") for d in mail.defects):  # "unreadable address …" is another matter
        fail_mail(tx, entry, mail, located=located)
    else:
        _settle_in_thread(ctx, tx, entry, located=located, read=read, proof=proof)


def _settle_in_thread(
    ctx: Context, tx: Transaction, entry: InboxEntry, *, located: Located, read: ReadMail, proof: SenderProof
) -> None:
    mail = read.mail
    match = _match(tx, mail, located=located)
    conversation = tx.threads.load(match.thread_id, lock=True) if match.thread_id else None
    if conversation is None:
        automatic = check_automatic(mail, entry.envelope_from, own_domains=(ctx.settings.reply_domain,))
        unmatched = hold(_unmatched_reason(located, match), ",".join(match.suggested))
        decision = first_objection(automatic, unmatched)
        _finish(ctx, tx, entry, mail=mail, located=located, decision=decision, proof=proof, words=read.split.reply)
        return
    speaker = find_speaker(conversation, match.participant_id, from_address(mail))
    decision = decide(ctx, tx, entry, conversation=conversation, speaker=speaker, read=read, proof=proof)
    if decision.verdict in (Verdict.ALLOW, Verdict.HOLD):
        decision = first_objection(check_scan(read.scan), decision)
    if decision.reason in UNPROVEN and proof.proof is Proof.TEMPERROR and entry.tries <= len(PROOF_WAITS):
        wait_until = ctx.now + PROOF_WAITS[entry.tries - 1]
        tx.inbox.finish(entry.id, InboxState.PROCESSING, lease_until=wait_until, reason=decision.reason.value)
        return
    if decision.allowed:
        take_mail(ctx, tx, entry, conversation=conversation, speaker=speaker, read=read, mark=decision.detail)
    elif decision.verdict is Verdict.REFUSE:
        answer_blocked(ctx, tx, entry, conversation=conversation, mail=mail, proof=proof)
        if speaker.role is Role.CANDIDATE and asks_to_unsubscribe(mail.subject, read.split.reply):
            _end_advertising(ctx, tx, entry, conversation=conversation, speaker=speaker, mail=mail, proof=proof)
    located = Located(located.issued, conversation.workspace.id, speaker, conversation.thread.id)
    _finish(ctx, tx, entry, mail=mail, located=located, decision=decision, proof=proof, words=read.split.reply)


def decide(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    conversation: Conversation,
    speaker: Participant,
    read: ReadMail,
    proof: SenderProof,
) -> Decision:
    """The policies in their order: machine? gate? the same again? who? may they still? too many?"""
    mail = read.mail
    automatic = check_automatic(mail, entry.envelope_from, own_domains=(ctx.settings.reply_domain,))
    gate = check_may_write(conversation.thread, speaker.role.author_kind)
    if automatic.reason is Reason.CALENDAR_ANSWER and not gate.allowed:
        return ignore(Reason.AUTOMATIC_REPLY)  # its title and comment are words that the gate keeps out
    if automatic.reason is Reason.CALENDAR_ANSWER:
        who = _check_sender(ctx, tx, entry, speaker=speaker, mail=mail, proof=proof)
        return first_objection(who, _check_access(tx, conversation, speaker), automatic)
    if not automatic.allowed:
        return automatic
    if not gate.allowed:
        return refuse(gate.reason)
    if mail.message_id and tx.messages.find_copy(conversation.thread.id, mail.message_id, mail.body_digest):
        return ignore(Reason.DUPLICATE)
    if is_empty(read) and not asks_to_unsubscribe(mail.subject, ""):
        return ignore(Reason.EMPTY_MAIL)
    who = first_objection(
        _check_sender(ctx, tx, entry, speaker=speaker, mail=mail, proof=proof),
        _check_access(tx, conversation, speaker),
    )
    limit = ctx.settings.sender_mails_per_hour
    if not who.allowed or not limit:
        return who
    recent = tx.inbox.count_threaded(conversation.thread.id, speaker.id, since=ctx.now - RATE_WINDOW)
    return first_objection(check_rate(recent, limit=limit), who)


def _end_advertising(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    conversation: Conversation,
    speaker: Participant,
    mail: IncomingMail,
    proof: SenderProof,
) -> None:
    """A rejection ends the conversation, not the right to be left alone: consents are for the whole company."""
    if _check_sender(ctx, tx, entry, speaker=speaker, mail=mail, proof=proof).allowed:
        refuse_advertising(ctx, tx, conversation, how="mail")


def _check_access(tx: Transaction, conversation: Conversation, speaker: Participant) -> Decision:
    """A colleague's mail carries no further than what they write in the desk. An address of the notify list without an
    account has no desk, and speaks for the company (SJ-12).
    """
    if not speaker.role.is_company:
        return ALLOW
    account = account_of(speaker)
    viewers = find_viewers(tx, conversation.workspace.id, [account])
    return check_mail_of(viewers[account], conversation.opening.id) if account in viewers else ALLOW


def _check_sender(
    ctx: Context, tx: Transaction, entry: InboxEntry, *, speaker: Participant, mail: IncomingMail, proof: SenderProof
) -> Decision:
    """By the address that everybody knows, and only if that is not enough by the candidate's further ones."""
    check = partial(
        check_sender,
        mail,
        entry.envelope_from,
        role=speaker.role.value,
        proof=proof,
        trust_matching=ctx.settings.trust_matching_sender,
    )
    who = check(known=(speaker.email,))
    if who.reason not in (Reason.OTHER_SENDER, Reason.UNPROVEN_SENDER) or speaker.role is not Role.CANDIDATE:
        return who
    further = tx.addresses.of(speaker.id)
    if not further:
        return who
    oldest = ctx.now - timedelta(days=ctx.settings.confirmation_days)
    confirmed = [email for email, at in further.items() if at and at > oldest]
    return check(known=(speaker.email, *further), confirmed=confirmed)


def from_address(mail: IncomingMail) -> str:
    """The From address in lower case, "" if there is none."""
    return mail.from_[0].address.lower() if mail.from_ else ""


def _match(tx: Transaction, mail: IncomingMail, *, located: Located) -> Match:
    if located.participant:
        token = Candidate(located.participant.thread_id, located.participant.id)
        return match_thread(token, by_references=(), by_sender=())
    if located.workspace_id is None or (located.issued and located.issued.name in ROLE_NAMES):
        return Match(Rung.NONE, reason=Reason.FOR_POSTMASTER)
    named = (*mail.in_reply_to, *reversed(mail.references))
    return match_thread(
        None,
        by_references=tx.threads.by_message_ids(named[:NAMED], located.workspace_id),
        by_sender=tx.threads.by_sender(from_address(mail), located.workspace_id),
    )


def _unmatched_reason(located: Located, match: Match) -> Reason:
    if located.issued and located.issued.name in ROLE_NAMES:
        return Reason.FOR_POSTMASTER
    return match.reason if match.reason is not Reason.OK else Reason.NO_THREAD


def _finish(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    mail: IncomingMail,
    located: Located,
    decision: Decision,
    proof: SenderProof,
    words: str = "",
) -> None:
    """Write the outcome on the entry, so that it is visible with its reason."""
    state = InboxState.UNMATCHED if decision.reason in UNMATCHED else STATES[decision.verdict]
    person = located.participant
    values = {
        "reason": decision.reason.value,
        "detail": decision.detail[:500],
        "workspace_id": located.workspace_id,
        "thread_id": located.thread_id,
        "participant_id": person.id if person else None,
        "proof": f"{proof.proof.value}: {proof.detail}"[:500],
    }
    if state in (InboxState.HELD, InboxState.UNMATCHED):
        values["words"] = words[:MOST_WORDS]
    tx.inbox.finish(entry.id, state, **values, **read_columns(mail))
    _tell(ctx, tx, entry, mail=mail, located=located, decision=decision, state=state)


def read_columns(mail: IncomingMail) -> dict[str, object]:
    """What the review queue shows of a mail, cut to sizes that a row can hold."""
    return {
        "message_id": mail.message_id[:1000],
        "body_digest": mail.body_digest,
        "subject": mail.subject[:1000],
        "from_address": from_address(mail)[:320],
        "from_name": (mail.from_[0].name if mail.from_ else "")[:320],
        "date": mail.date,
    }


def _tell(
    ctx: Context,
    tx: Transaction,
    entry: InboxEntry,
    *,
    mail: IncomingMail,
    located: Located,
    decision: Decision,
    state: InboxState,
) -> None:
    if located.workspace_id and state in (InboxState.HELD, InboxState.UNMATCHED):
        conversation = tx.threads.load(located.thread_id) if located.thread_id else None
        tell_of_held(ctx, tx, located.workspace_id, entry_id=entry.id, conversation=conversation)
    if located.thread_id is None or located.workspace_id is None:
        return
    names = {InboxState.HELD: events.INBOX_HELD, InboxState.REFUSED: events.CANDIDATE_TRIED}
    name = names.get(state)
    if state is InboxState.IGNORED and decision.reason in CHIPS:
        name = events.INBOX_AUTOMATIC
    if name:
        data = {"entry_id": entry.id, "reason": decision.reason.value, "channel": "email"}
        if decision.reason in (Reason.CALENDAR_ANSWER, Reason.READ_RECEIPT):
            data |= describe_news(mail)
        tx.events.append(located.thread_id, located.workspace_id, name, now=ctx.now, **data)


def describe_news(mail: IncomingMail) -> dict[str, str]:
    """What the chip of an automatic mail says beyond its kind."""
    answer = mail.calendar
    if answer is None:
        return {"opened": "yes" if mail.receipt.opened else "no"} if mail.receipt else {}
    starts = answer.starts.isoformat() if answer.starts else ""
    return {
        "answer": answer.answer,
        "title": answer.title,
        "starts": starts,
        "day": answer.day,
        "comment": answer.comment,
        "from": from_address(mail)[:320],
    }


def fail_mail(tx: Transaction, entry: InboxEntry, mail: IncomingMail, *, located: Located) -> None:
    """The parsing process gave up: visible, with the raw mail, to be tried again."""
    values = {**read_columns(mail), "reason": Reason.UNREADABLE.value, "detail": "; ".join(mail.defects)[:500]}
    tx.inbox.finish(
        entry.id, InboxState.FAILED, workspace_id=located.workspace_id, thread_id=located.thread_id, **values
    )
