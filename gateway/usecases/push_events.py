"""In charge of: telling endpoints of events — queueing what is new for each, posting what is due, switching off who
is gone — and the pull twin of it.

Not in charge of: HTTP (`outbound.ats`), the retry ladder (`threads.webhooks`).

Nothing of this costs a mail anything: each endpoint has its own place (`cursor`) in the events table, and a process
looks there once a second. One process at a time works for an endpoint, and a thread's next event waits for the one
before it, so that events of a thread arrive in order.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from gateway.errors import GatewayError, Invalid
from gateway.store.database import Transaction
from gateway.threads.events import Event
from gateway.threads.model import Viewer
from gateway.threads.webhooks import (
    KEPT,
    PAUSE,
    Answered,
    HookPost,
    HookState,
    PostState,
    Webhook,
    after_post,
    event_body,
    event_name,
    read_event_name,
)
from gateway.usecases.context import Context
from gateway.usecases.sealing import unseal
from gateway.usecases.sign_in import queue_notice

LEASE = timedelta(seconds=90)
TURN = timedelta(seconds=60)  # how long one endpoint is worked for before others get their turn
BATCH = 50
FAILURES = 3  # in a row, then the endpoint is left alone for a while
QUEUED_AT_ONCE = 500
DISABLED_NOTICE = "member.webhook_disabled"
log = logging.getLogger("gateway.webhooks")


def find_webhook_work(ctx: Context) -> list[str]:
    """Endpoints that have something to be told."""
    with ctx.database.read() as tx:
        return tx.webhooks.with_work(head=tx.events.settled(now=ctx.now), now=ctx.now)


def push_events(ctx: Context, webhook_id: str) -> int:
    """Queue what is new for the endpoint and post what is due; how many arrived (0 if another process has it)."""
    began = ctx.now
    with ctx.database.begin() as tx:
        hook = tx.webhooks.claim(webhook_id, now=began, until=began + LEASE)
    if hook is None:
        return 0
    arrived = failures = 0
    try:
        while _queue_new(ctx, hook) and ctx.now < began + TURN:
            pass
        while failures < FAILURES and ctx.now < began + TURN:
            posts = _due(ctx, hook)
            if not posts:
                break
            for post in posts:
                answer = _post(ctx, hook, post)
                if answer is None:
                    continue
                failures = 0 if answer.arrived else failures + 1
                arrived += answer.arrived
                if not _record(ctx, post, answer) or failures == FAILURES:
                    return arrived
    finally:
        _let_go(ctx, hook, paused=failures == FAILURES)
    return arrived


def events_after(
    ctx: Context, viewer: Viewer, *, after: str, types: tuple[str, ...], limit: int
) -> tuple[list[tuple[Event, str]], str | None]:
    """Events of the company with the ATS's id of the applicant, in order, and where the next page begins (None: that
    was all for now). Raises Invalid for an `after` that is none of ours.
    """
    place = read_event_name(after) if after else 0
    if place is None:
        raise Invalid("after", "This is no event's id: send the `id` of the last event that you have.", code="event_id")
    with ctx.database.glance() as tx:  # before the view in which the events are read
        until = tx.events.settled(now=ctx.now)
    with ctx.database.read() as tx:
        found = tx.events.of_workspace(viewer.workspace_id, after=place, limit=limit + 1, until=until)
        shown = [e for e in found[:limit] if not types or e.name in types]
        applicants = tx.events.applicants_of(e.thread_id for e in shown)
    more = event_name(found[limit - 1].id) if len(found) > limit else None
    return [(e, applicants.get(e.thread_id, "")) for e in shown], more


def forget_old_posts(ctx: Context) -> None:
    """Drop what was delivered or given up long ago: it can no longer be replayed."""
    with ctx.database.begin() as tx:
        tx.webhooks.forget_old(before=ctx.now - KEPT)


def _queue_new(ctx: Context, hook: Webhook) -> bool:
    """Give the endpoint's outbox the next events; True if there may be more."""
    with ctx.database.begin() as tx:
        now = tx.webhooks.find(hook.workspace_id, hook.id, lock=True)
        if now is None:
            return False
        settled = tx.events.settled(now=ctx.now)
        found = tx.events.of_workspace(hook.workspace_id, after=now.cursor, limit=QUEUED_AT_ONCE, until=settled)
        wanted = [e for e in found if not now.types or e.name in now.types]
        tx.webhooks.queue([_queued(ctx, hook, e) for e in wanted])
        more = len(found) == QUEUED_AT_ONCE
        cursor = found[-1].id if more else max(settled, now.cursor)
        if cursor != now.cursor:
            tx.webhooks.update(hook.id, cursor=cursor)
    return more


def _queued(ctx: Context, hook: Webhook, event: Event) -> HookPost:
    return HookPost(
        id=ctx.new_id(),
        webhook_id=hook.id,
        event_id=event.id,
        thread_id=event.thread_id,
        type=event.name,
        state=PostState.QUEUED,
        tries=0,
        code="",
        next_attempt_at=ctx.now,
        created_at=ctx.now,
    )


def _due(ctx: Context, hook: Webhook) -> list[HookPost]:
    with ctx.database.begin() as tx:
        now = ctx.now
        if tx.webhooks.find(hook.workspace_id, hook.id) is None:
            return []
        tx.webhooks.update(hook.id, lease_until=now + LEASE)
        return tx.webhooks.due(hook.id, now=now, limit=BATCH)


def _post(ctx: Context, hook: Webhook, post: HookPost) -> Answered | None:
    """Post one event; None if it was erased meanwhile."""
    with ctx.database.begin() as tx:
        event = tx.events.find(post.event_id)
        if event is None:
            tx.webhooks.drop(post.id)
            return None
        applicant = tx.events.applicants_of([event.thread_id]).get(event.thread_id, "")
        hook = tx.webhooks.find(hook.workspace_id, hook.id) or hook
    if ctx.post_event is None:
        return Answered(0, "off")
    sealed = [hook.secret]
    if hook.old_secret and hook.old_secret_until and hook.old_secret_until > ctx.now:
        sealed.append(hook.old_secret)
    try:
        keys = [unseal(ctx, s) for s in sealed]
        body = event_body(event, applicant=applicant)
        return ctx.post_event(hook.url, name=event_name(event.id), body=body, secrets=keys, now=ctx.now)
    except GatewayError as error:
        log.warning("webhook %s: %s", hook.id, error)
        return Answered(0, "ours")


def _record(ctx: Context, post: HookPost, answer: Answered) -> bool:
    """Write what came of it; False if the endpoint is to be left alone from now on."""
    with ctx.database.begin() as tx:
        hook = tx.webhooks.find_any(post.webhook_id, lock=True)
        if hook is None:
            return False
        failing_since = None if answer.arrived else hook.failing_since or ctx.now
        if failing_since != hook.failing_since:
            tx.webhooks.update(hook.id, failing_since=failing_since)
        tries = post.tries + 1
        move = after_post(
            answer,
            tries=tries,
            now=ctx.now,
            jitter=ctx.jitter(),
            failing_since=failing_since,
            queued_at=post.created_at,
        )
        tx.webhooks.save_move(post.id, move, tries=tries, now=ctx.now)
        if move.disable and hook.state is HookState.ENABLED:
            _switch_off(ctx, tx, hook, reason=move.disable)
        return hook.state is HookState.ENABLED and not move.disable


def _switch_off(ctx: Context, tx: Transaction, hook: Webhook, *, reason: str) -> None:
    """Disable the endpoint and tell the company's admins by mail."""
    tx.webhooks.update(hook.id, state=HookState.DISABLED.value, reason=reason)
    variables = {"url": hook.url, "reason": reason, "link": f"{ctx.settings.public_url}/desk/settings/webhooks"}
    for member in tx.people.list_members(hook.workspace_id):
        if member.active and member.role == "admin":
            queue_notice(
                ctx,
                tx,
                hook.workspace_id,
                key=DISABLED_NOTICE,
                to=member.email,
                locale=member.locale,
                variables=variables,
            )
    log.warning("webhook %s was switched off: %s", hook.id, reason)


def _let_go(ctx: Context, hook: Webhook, *, paused: bool) -> None:
    with ctx.database.begin() as tx:
        tx.webhooks.update(hook.id, lease_until=None, paused_until=ctx.now + PAUSE if paused else None)
