"""In charge of: which members are concerned by what happened, and writing it to their bells, in the same transaction.

Not in charge of: by which ways and when it reaches them besides (`threads.notifying`), or sending (`send_news`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gateway.store.database import Transaction
from gateway.threads.decisions import Reason
from gateway.threads.model import AuthorKind, Conversation, Delivery, Message, Role
from gateway.threads.notifying import News, NewsKind, Seat, decide_notification
from gateway.threads.policies.roles import OpeningRole
from gateway.threads.routing import EMAIL
from gateway.threads.templates import Template
from gateway.usecases.access import account_of, find_viewers, is_shut_out, may_see
from gateway.usecases.context import Context

CONCERNED = (OpeningRole.ADMIN.value, OpeningRole.MANAGER.value)  # in an opening, beside the workspace's admins (SJ-11)
JOB = "news"  # what a transaction wakes


def tell_of_message(ctx: Context, tx: Transaction, conversation: Conversation, message: Message) -> dict[str, Reason]:
    """A candidate, or somebody on their side, wrote. The addresses of members whose copy by mail (SJ-10) does not go
    out at once, each with the reason: it is part of the same choice.
    """
    listed = _listed(conversation)
    by_name = message.author.name if message.author.kind is AuthorKind.GUEST else ""
    held_back = _find_shut_out(tx, conversation, listed)
    for seat in _concerned(tx, conversation, also=listed):
        plan = decide_notification(seat.preferences, NewsKind.MESSAGE, ctx.now)
        waits = plan.at > ctx.now
        by_mail = seat.email in listed and waits  # otherwise the copy itself goes, or nothing does
        ways = tuple(way for way in plan.ways if way != EMAIL or by_mail)
        _ring(
            ctx,
            tx,
            seat,
            NewsKind.MESSAGE,
            conversation=conversation,
            subject_id=message.id,
            by_name=by_name,
            ways=ways,
        )
        if EMAIL not in plan.ways:
            held_back[seat.email] = Reason.SWITCHED_OFF
        elif waits:
            held_back[seat.email] = Reason.OUTSIDE_HOURS
    return held_back


def look_for_concerned(tx: Transaction, conversation: Conversation) -> None:
    """Read ahead whom `tell_of_message` will ask for, in any conversation of this opening."""
    seats = tx.news.seats_of(conversation.workspace.id, conversation.opening.id, roles=CONCERNED)
    missing = _listed(conversation) - {s.email for s in seats}
    _who_see(tx, conversation, tx.news.seats_at(conversation.workspace.id, missing))


def _listed(conversation: Conversation) -> set[str]:
    return {address.lower() for address in conversation.opening.notify_emails}


def tell_of_held(
    ctx: Context, tx: Transaction, workspace_id: str, *, entry_id: str, conversation: Conversation | None
) -> None:
    """A mail waits for somebody's decision: those who may take it, admins when it belongs to no conversation."""
    seats = _concerned(tx, conversation) if conversation else tx.news.seats_of(workspace_id, "", roles=CONCERNED)
    for seat in seats:
        _ring(ctx, tx, seat, NewsKind.HELD, conversation=conversation, subject_id=entry_id)


def tell_of_failure(ctx: Context, tx: Transaction, delivery: Delivery) -> None:
    """A message did not reach the candidate: its author hears of it, or who has the conversation when no member wrote
    it.
    """
    message = tx.messages.find(delivery.message_id) if delivery.message_id else None
    conversation = tx.threads.load(delivery.thread_id) if delivery.thread_id else None
    person = conversation.participant(delivery.participant_id or "") if conversation else None
    if message is None or conversation is None or person is None or person.role is not Role.CANDIDATE:
        return
    member_id = message.author.member_id or conversation.thread.assignee_id
    tell_one(ctx, tx, member_id, NewsKind.FAILED, conversation=conversation, subject_id=message.id)


def tell_of_waiting(ctx: Context, tx: Transaction, conversation: Conversation) -> None:
    """A candidate has waited long: who has the conversation is reminded, or everybody concerned when nobody has it who
    still sees it.
    """
    for seat in _owner(tx, conversation) or _concerned(tx, conversation):
        _ring(ctx, tx, seat, NewsKind.UNANSWERED, conversation=conversation)


def tell_of_slack(ctx: Context, tx: Transaction, seat: Seat) -> None:
    """Slack was switched off for this member: the bell is left to say so."""
    _ring(ctx, tx, seat, NewsKind.UNREACHED, conversation=None)


def tell_of_review(ctx: Context, tx: Transaction, template: Template, *, approved: bool) -> None:
    """KakaoTalk decided about a template: the bell of the member who saved it last."""
    seat = tx.news.find_seat(template.saved_by) if template.saved_by else None
    kind = NewsKind.APPROVED if approved else NewsKind.REJECTED
    if seat:
        _ring(ctx, tx, seat, kind, conversation=None, subject_id=template.id, by_name=template.key)


def tell_one(
    ctx: Context,
    tx: Transaction,
    member_id: str,
    kind: NewsKind,
    *,
    conversation: Conversation,
    subject_id: str = "",
    by_name: str = "",
) -> None:
    """A news for one member, if they see the conversation."""
    found = tx.news.find_seat(member_id) if member_id else None
    for seat in _who_see(tx, conversation, [found] if found else []):
        _ring(ctx, tx, seat, kind, conversation=conversation, subject_id=subject_id, by_name=by_name)


def _concerned(tx: Transaction, conversation: Conversation, *, also: Iterable[str] = ()) -> list[Seat]:
    """Admins, who runs the opening, and of who has the conversation and the members at the addresses `also` those who
    see it; each once.
    """
    workspace_id = conversation.workspace.id
    seats = {s.member_id: s for s in tx.news.seats_of(workspace_id, conversation.opening.id, roles=CONCERNED)}
    missing = set(also) - {s.email for s in seats.values()}
    seats |= {s.member_id: s for s in _who_see(tx, conversation, tx.news.seats_at(workspace_id, missing))}
    if conversation.thread.assignee_id not in seats:
        seats |= {s.member_id: s for s in _owner(tx, conversation)}
    return list(seats.values())


def _owner(tx: Transaction, conversation: Conversation) -> list[Seat]:
    """Who has the conversation, if they see it."""
    owner = conversation.thread.assignee_id
    seat = tx.news.find_seat(owner) if owner else None
    return _who_see(tx, conversation, [seat] if seat else [])


def _who_see(tx: Transaction, conversation: Conversation, seats: Sequence[Seat]) -> list[Seat]:
    """Those who would see the conversation in the desk."""
    viewers = find_viewers(tx, conversation.workspace.id, [seat.member_id for seat in seats])
    return [seat for seat in seats if may_see(viewers.get(seat.member_id), conversation)]


def _find_shut_out(tx: Transaction, conversation: Conversation, listed: Collection[str]) -> dict[str, Reason]:
    """Those of these addresses whose members would not see the conversation in the desk."""
    people = [p for p in conversation.participants if p.role.is_company and p.email.lower() in listed]
    viewers = find_viewers(tx, conversation.workspace.id, [account_of(p) for p in people])
    return {p.email.lower(): Reason.NO_ACCESS for p in people if is_shut_out(p, conversation, viewers)}


def _ring(
    ctx: Context,
    tx: Transaction,
    seat: Seat,
    kind: NewsKind,
    *,
    conversation: Conversation | None,
    subject_id: str = "",
    by_name: str = "",
    ways: tuple[str, ...] | None = None,
) -> None:
    """Write the news to the bell; `ways` None: as the person has chosen."""
    plan = decide_notification(seat.preferences, kind, ctx.now)
    wanted = plan.ways if ways is None else ways
    news = News(
        id=ctx.new_id(),
        workspace_id=seat.workspace_id,
        member_id=seat.member_id,
        kind=kind,
        at=ctx.now,
        thread_id=conversation.thread.id if conversation else None,
        subject_id=subject_id,
        by_name=by_name,
        ways=wanted,
        due_at=plan.at if wanted else None,
    )
    tx.news.add(news)
    if news.due_at == ctx.now:
        tx.wake(JOB, seat.member_id)
