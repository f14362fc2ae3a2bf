"""In charge of: consents to advertising — recorded and withdrawn by the ATS or a member, withdrawn by the link in such
mail, by a mail that says so, by STOP, by the free number.

Not in charge of: holding advertising back without one (`reach`, `post_message`). Both are written to the audit log, so
that the company can show when and to which words a person agreed (정보통신망법 §50).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.errors import Invalid, NotFound, Refused
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.addresses import Purpose, read_token, token_subject
from gateway.threads.audit import Act
from gateway.threads.consents import Consent, ConsentKind, OptOut, Standing
from gateway.threads.model import Conversation, Role, ThreadState, Viewer, ViewerKind
from gateway.threads.policies.roles import check_role
from gateway.threads.routing import EMAIL
from gateway.usecases.context import Context
from gateway.usecases.reach import OPT_OUT, OPT_OUT_LINK, advertising_to
from gateway.usecases.templates import open_by_applicant
from gateway.usecases.versions import Seen, check_version

LONGEST_WORDS = 2000


def give_consent(
    ctx: Context,
    viewer: Viewer,
    external_id: str,
    kind: ConsentKind,
    *,
    words: str,
    given_at: datetime | None = None,
    seen: Seen | None = None,
) -> Consent:
    """Record that a person agreed to advertising, and to which words. It ends what barred advertising by this way, but
    not a STOP: only START does. `seen` is the version of the consent that the caller changes. Raises NotFound, Refused
    (an evaluator), Invalid, Conflict (`changed_meanwhile`).
    """
    consent = check_consent(ctx, viewer, kind, words=words, given_at=given_at)
    with ctx.database.begin() as tx:
        conversation = _hold(tx, viewer, external_id)
        check_version(_known(tx, conversation, kind, lock=True), seen)
        record_consent(ctx, tx, conversation, consent, by=viewer)
    return consent


def check_consent(ctx: Context, viewer: Viewer, kind: ConsentKind, *, words: str, given_at: datetime | None) -> Consent:
    """A consent as it is recorded. Raises Invalid."""
    words = words.strip()
    if not words or len(words) > LONGEST_WORDS:
        raise Invalid("words", "Give the words to which the person agreed.", code="consent_words")
    if given_at is not None and given_at > ctx.now:
        raise Invalid("given_at", "This time is still to come: give when they agreed.", code="consent_time")
    return Consent(kind, given_at or ctx.now, words, _who(viewer))


def record_consent(ctx: Context, tx: Transaction, conversation: Conversation, consent: Consent, *, by: Viewer) -> None:
    """The same within the caller's transaction, which holds the workspace."""
    kind = consent.kind
    tx.consents.replace(conversation.applicant.id, consent)
    address = conversation.candidate.email if kind is ConsentKind.EMAIL else conversation.applicant.phone
    tx.outbox.unsuppress(conversation.workspace.id, advertising_to(address))
    note_consent(ctx, tx, conversation, Act.CONSENT_GIVE, kind, by=by)


def withdraw_consent(
    ctx: Context, viewer: Viewer, external_id: str, kind: ConsentKind, *, seen: Seen | None = None
) -> None:
    """Take a consent back; nothing happens when there is none in force. `seen` is the version of the consent that the
    caller takes back. Raises NotFound, Refused (an evaluator), Conflict (`changed_meanwhile`).
    """
    with ctx.database.begin() as tx:
        conversation = _hold(tx, viewer, external_id)
        check_version(_known(tx, conversation, kind, lock=True), seen)
        if tx.consents.withdraw(conversation.applicant.id, kind, by=_who(viewer), now=ctx.now):
            note_consent(ctx, tx, conversation, Act.CONSENT_WITHDRAW, kind, by=viewer)


def find_consent(ctx: Context, viewer: Viewer, external_id: str, kind: ConsentKind) -> Consent:
    """The one by this way, also one that was taken back. Raises NotFound."""
    with ctx.database.read() as tx:
        consent = _known(tx, open_by_applicant(tx, viewer, external_id), kind)
    if consent is None:
        raise NotFound("consent")
    return consent


def read_standing(ctx: Context, viewer: Viewer, external_id: str) -> list[Standing]:
    """How it stands with advertising by each way: what the person agreed to, and what they refused. Raises NotFound."""
    with ctx.database.read() as tx:
        conversation = open_by_applicant(tx, viewer, external_id)
    return standing_of(ctx, conversation)


def standing_of(ctx: Context, conversation: Conversation) -> list[Standing]:
    """The same of a conversation that was opened for whoever asks."""
    email, phone = conversation.candidate.email, conversation.applicant.phone
    with ctx.database.read() as tx:
        known = tx.consents.of_applicant(conversation.applicant.id)
        return standing_in(tx, known, workspace_id=conversation.workspace.id, email=email, phone=phone)


def standing_in(
    tx: Transaction, known: Sequence[Consent], *, workspace_id: str, email: str, phone: str
) -> list[Standing]:
    """The same of a person with these consents, who is or will be written to at these addresses."""
    consents, email = {c.kind: c for c in known}, email.lower()
    places = {  # address of a refusal -> by which way it bars, and how the person said so
        advertising_to(email): (ConsentKind.EMAIL, "mail"),
        advertising_to(phone): (ConsentKind.PHONE, "080"),
        phone: (ConsentKind.PHONE, "sms"),
    }
    since = tx.receipts.opt_outs(workspace_id, places, code=OPT_OUT)
    by_link = tx.receipts.opt_outs(workspace_id, places, code=OPT_OUT_LINK)
    opt_outs = [OptOut(*places[address], at) for address, at in sorted(since.items())]
    opt_outs += [OptOut(ConsentKind.EMAIL, "link", at) for at in by_link.values()]
    return [Standing(kind, consents.get(kind), tuple(o for o in opt_outs if o.kind is kind)) for kind in ConsentKind]


def find_unsubscriber(ctx: Context, token: str) -> Conversation | None:
    """Whose link it is that stands in advertising mail; None for an altered one, or one of an erased person."""
    with ctx.database.read() as tx:
        return _open_by_link(ctx, tx, token)


def unsubscribe(ctx: Context, token: str) -> bool:
    """Take the consent to advertising by mail back, at once and for good; False for a link that is none (RFC 8058)."""
    with ctx.database.begin() as tx:
        conversation = _open_by_link(ctx, tx, token)
        if conversation is None:
            return False
        refuse_advertising(ctx, tx, conversation, how="link")
    return True


def refuse_advertising(ctx: Context, tx: Transaction, conversation: Conversation, *, how: str) -> None:
    """The person wants no more of it by mail, and said so by `link` or `mail`. That is towards the company, through
    whichever application they said it (정보통신망법 §50): the address is barred in the whole workspace, and no consent
    from any application of theirs is in force. What they said it in tells of it once.
    """
    workspace_id, email = conversation.workspace.id, conversation.candidate.email
    chats = [conversation]
    if email:
        people = tx.threads.find_candidates(email, workspace_id=workspace_id)
        others = [tx.threads.load(p.thread_id) for p in people if p.thread_id != conversation.thread.id]
        chats += [chat for chat in others if chat]
    withdrawn = [
        chat for chat in chats if tx.consents.withdraw(chat.applicant.id, ConsentKind.EMAIL, by=how, now=ctx.now)
    ]
    for chat in withdrawn:
        note_consent(ctx, tx, chat, Act.CONSENT_WITHDRAW, ConsentKind.EMAIL, how=how)
    if not withdrawn and tx.outbox.suppressed(workspace_id, [advertising_to(email)]):
        return
    if email:
        code = OPT_OUT_LINK if how == "link" else OPT_OUT
        tx.outbox.suppress(workspace_id, advertising_to(email), code=code, now=ctx.now)
    told = {"channel": EMAIL, "by": how}
    tx.events.append(conversation.thread.id, workspace_id, events.CANDIDATE_OPTED_OUT, now=ctx.now, **told)


def _who(viewer: Viewer) -> str:
    return "member" if viewer.kind is ViewerKind.MEMBER else "api"


def _hold(tx: Transaction, viewer: Viewer, external_id: str) -> Conversation:
    """The person's conversation, whose consents nobody else records or takes back until the commit."""
    conversation = open_by_applicant(tx, viewer, external_id)
    if not (role := check_role(viewer, conversation.opening.id)).allowed:
        raise Refused(role)
    tx.people.lock_workspace(viewer.workspace_id)
    return conversation


def _known(tx: Transaction, conversation: Conversation, kind: ConsentKind, *, lock: bool = False) -> Consent | None:
    consents = tx.consents.of_applicant(conversation.applicant.id, lock=lock)
    return next((c for c in consents if c.kind is kind), None)


def _open_by_link(ctx: Context, tx: Transaction, token: str) -> Conversation | None:
    person_id = token_subject(token)
    if person_id is None or read_token(ctx.settings.keys, Purpose.UNSUBSCRIBE, token) != person_id:
        return None
    found = tx.threads.find_participants([person_id]).get(person_id)
    if found is None or found[0].role is not Role.CANDIDATE or found[1] is ThreadState.ERASED:
        return None
    thread_id = found[0].thread_id
    return tx.threads.load(tx.moving.merged_into([thread_id]).get(thread_id, thread_id))


def note_consent(
    ctx: Context,
    tx: Transaction,
    conversation: Conversation,
    action: Act,
    kind: ConsentKind,
    *,
    by: Viewer | None = None,
    how: str = "",
) -> None:
    """A line of the audit log; `by` None: the person themselves, `how`: in which way."""
    tx.events.write_audit(
        action,
        now=ctx.now,
        workspace_id=conversation.workspace.id,
        thread_id=conversation.thread.id,
        actor_kind=by.kind.value if by else "candidate",
        actor_id=by.id if by else conversation.candidate.id,
        actor_name=by.name if by else "",
        consent=kind.value,
        **({"how": how} if how else {}),
    )
