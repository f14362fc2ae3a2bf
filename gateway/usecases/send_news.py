"""In charge of: sending what is new for a member by the ways they chose, at once or when their receiving hours begin;
reminders; forgetting old news.

Not in charge of: the choice (`threads.notifying`), the words (`news_words`), or the attempts (`deliver`).

What waits is a row with its time. It becomes one delivery for each way, and for each device: a single message is the
ordinary copy with its own reply address, several things together are one summary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.store.database import Transaction
from gateway.store.inbox import TO_DECIDE
from gateway.threads.channel import Retry
from gateway.threads.decisions import Reason
from gateway.threads.devices import ENDED
from gateway.threads.model import Delivery, DeliveryState
from gateway.threads.notifying import PUSH, SLACK, WAYS, News, NewsKind, Seat, earliest_for
from gateway.threads.routing import EMAIL
from gateway.usecases.context import Context
from gateway.usecases.news_words import NEWS, find_shown
from gateway.usecases.note_delivery import note_delivery
from gateway.usecases.sign_in import queue_notice
from gateway.usecases.tell_members import tell_of_slack, tell_of_waiting

MOST = 1000  # news in one summary
FRESH = timedelta(minutes=1)  # a delivery that young was decided just now
KEPT = timedelta(days=90)
LOOKED_BACK = timedelta(days=7)  # who waits longer has been reminded of, or nobody could be


def find_due_news(ctx: Context, *, limit: int = 200) -> list[str]:
    """Members for whom something waits whose time has come."""
    with ctx.database.read() as tx:
        return tx.news.due(now=ctx.now, limit=limit)


def send_news(ctx: Context, member_id: str) -> None:
    """Queue what is due for this member. What would now come outside their hours waits again; what they have seen in
    the desk or switched off since, what they no longer see there, and what is no longer so, is left out.
    """
    with ctx.database.begin() as tx:
        due = tx.news.take_due(member_id, now=ctx.now, limit=MOST)
        seat = tx.news.find_seat(member_id)
        if seat is None or not due:
            return
        start = earliest_for(seat.preferences, ctx.now)
        if start > ctx.now:
            tx.news.put_off([news.id for news in due], until=start)
            return
        shown = {one.news.id for one in find_shown(tx, seat, [news.id for news in due])}
        fresh = [n for n in due if n.read_at is None and n.id in shown and _is_still_so(ctx, tx, n)]
        for way in WAYS:
            wanted = [news for news in fresh if way in news.ways and seat.preferences.wants(way, news.kind)]
            if wanted:
                _send_by(ctx, tx, seat, wanted, way=way)


def _is_still_so(ctx: Context, tx: Transaction, news: News) -> bool:
    """A colleague may have answered, or decided, while it waited."""
    if news.kind is NewsKind.UNANSWERED:
        return tx.news.is_unanswered(news.thread_id or "", now=ctx.now)
    if news.kind is NewsKind.HELD:
        entry = tx.inbox.find(news.subject_id)
        return entry is not None and entry.state in TO_DECIDE
    return True


def _send_by(ctx: Context, tx: Transaction, seat: Seat, fresh: Sequence[News], *, way: str) -> None:
    alone = fresh[0] if len(fresh) == 1 else None
    if alone and way == EMAIL and alone.kind is NewsKind.MESSAGE and _send_copy(ctx, tx, seat, alone):
        return
    about = {"member": seat.member_id, "news": ",".join(n.id for n in fresh)}
    each = [about]
    if way == PUSH:
        each = [{**about, "device": device.id} for device in tx.devices.open_of(seat.member_id, now=ctx.now)]
    for variables in each:
        queue_notice(
            ctx,
            tx,
            seat.workspace_id,
            key=NEWS,
            to=seat.email,
            locale=seat.locale,
            variables=variables,
            channel=way,
        )


def _send_copy(ctx: Context, tx: Transaction, seat: Seat, news: News) -> bool:
    """Let the copy go that waited alone."""
    copies = tx.outbox.by_message([news.subject_id]).get(news.subject_id, [])
    held = [d for d in copies if d.to.lower() == seat.email and d.reason == Reason.OUTSIDE_HOURS]
    for delivery in held:
        tx.outbox.queue_again(delivery.id, to=delivery.to, now=ctx.now)
        note_delivery(ctx, tx, delivery, state=DeliveryState.QUEUED)
        tx.wake("deliver", delivery.id)
    return bool(held)


def wait_for_hours(ctx: Context, tx: Transaction, delivery: Delivery) -> Retry | None:
    """A mail that was tried in vain, or whose worker was late, keeps to its receiver's hours too."""
    if ctx.now - delivery.created_at < FRESH:
        return None
    seat = _receiver(tx, delivery)
    start = earliest_for(seat.preferences, ctx.now) if seat else ctx.now
    if start <= ctx.now:
        return None
    after = (start - ctx.now).total_seconds()
    return Retry("hours", "The person's receiving hours have not begun.", after, counted=False)


def _receiver(tx: Transaction, delivery: Delivery) -> Seat | None:
    """The member whom a copy or a summary is for; None for everybody else's mail."""
    if delivery.notice_id:
        notice = tx.outbox.find_notice(delivery.notice_id)
        return tx.news.find_seat(notice.variables["member"]) if notice and notice.key == NEWS else None
    found = tx.threads.find_participants([delivery.participant_id]) if delivery.participant_id else {}
    is_copy = any(person.role.is_company for person, _, _ in found.values())
    return next(iter(tx.news.seats_at(delivery.workspace_id, [delivery.to.lower()])), None) if is_copy else None


def note_unreached(ctx: Context, tx: Transaction, delivery: Delivery, *, code: str) -> None:
    """A way to a member said no for good. Slack is switched off for them, and their bell says so; a device whose
    subscription ended is forgotten.
    """
    if delivery.channel == PUSH:
        notice = tx.outbox.find_notice(delivery.notice_id or "")
        if notice and code == ENDED:
            tx.devices.end(notice.variables["device"], kept_by=delivery.updated_at)
        return
    seat = _receiver(tx, delivery)
    if seat and SLACK in seat.preferences.on:
        tx.news.save_preferences(seat.member_id, replace(seat.preferences, on=seat.preferences.on - {SLACK}))
        tell_of_slack(ctx, tx, seat)


def remind_of_waiting(ctx: Context, *, limit: int = 200) -> int:
    """Write a reminder of each conversation whose candidate has waited for REMIND_HOURS, once; how many there were."""
    hours = ctx.settings.remind_hours
    if not hours:
        return 0
    before = ctx.now - timedelta(hours=hours)
    since = before - LOOKED_BACK
    with ctx.database.read() as tx:
        waiting = tx.news.long_unanswered(since=since, before=before, now=ctx.now, limit=limit)
    for thread_id in waiting:
        with ctx.database.begin() as tx:
            conversation = tx.threads.load(thread_id, lock=True)
            still = tx.news.long_unanswered(since=since, before=before, now=ctx.now, limit=1, thread_id=thread_id)
            if conversation and still:
                tell_of_waiting(ctx, tx, conversation)
    return len(waiting)


def forget_old_news(ctx: Context, *, limit: int = 5000) -> int:
    """Remove news older than 90 days; how many."""
    with ctx.database.begin() as tx:
        return tx.news.forget(before=ctx.now - KEPT, limit=limit)
