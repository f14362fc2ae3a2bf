"""In charge of: webhook endpoints — made, changed, their secrets, what became of their posts, replay.

Not in charge of: posting (`push_events`) or what is told (`threads.webhooks`). A secret is shown when it is made and
never again.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.errors import Conflict, Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads import events
from gateway.threads.audit import Act
from gateway.threads.model import Viewer
from gateway.threads.webhooks import ROTATION, HookPost, HookState, PostState, Webhook, read_event_name, url_fault
from gateway.usecases.context import Context
from gateway.usecases.note_act import note_act
from gateway.usecases.sealing import seal
from gateway.usecases.versions import Seen, check_version

MOST = 20  # endpoints of one company
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class HookStatus:
    """An endpoint with what waits for it and what it never took (each counted up to 1,000)."""

    hook: Webhook
    waiting: int
    failed: int


def create_webhook(
    ctx: Context, viewer: Viewer, *, url: str, types: Sequence[str] = (), description: str = ""
) -> tuple[Webhook, str]:
    """A new endpoint and its secret. It is told of events from now on. Raises Invalid, Conflict, NotFound."""
    _check_manager(viewer)
    secret = _new_secret()
    with ctx.database.begin() as tx:
        tx.people.lock_workspace(viewer.workspace_id)
        if len(tx.webhooks.of_workspace(viewer.workspace_id)) >= MOST:
            raise Conflict("webhooks_many", f"A workspace has at most {MOST} webhooks: delete one first.")
        hook = Webhook(
            id=ctx.new_id(),
            workspace_id=viewer.workspace_id,
            url=_check_url(ctx, url),
            description=description,
            types=_check_types(types),
            state=HookState.ENABLED,
            reason="",
            secret=seal(ctx, secret),
            old_secret="",
            old_secret_until=None,
            cursor=tx.events.settled(now=ctx.now),
            failing_since=None,
            created_at=ctx.now,
        )
        tx.webhooks.add(hook)
        note_act(ctx, tx, viewer, Act.WEBHOOK_CREATE, webhook_id=hook.id)
    return hook, secret


def list_webhooks(ctx: Context, viewer: Viewer) -> list[HookStatus]:
    """Every endpoint, the oldest first. Raises NotFound."""
    _check_manager(viewer)
    with ctx.database.read() as tx:
        return [_status(tx, hook) for hook in tx.webhooks.of_workspace(viewer.workspace_id)]


def find_webhook(ctx: Context, viewer: Viewer, webhook_id: str) -> HookStatus:
    """Raises NotFound."""
    with ctx.database.read() as tx:
        return _status(tx, _open(tx, viewer, webhook_id))


def update_webhook(
    ctx: Context,
    viewer: Viewer,
    webhook_id: str,
    *,
    url: str | None = None,
    types: Sequence[str] | None = None,
    description: str | None = None,
    state: HookState | None = None,
    seen: Seen | None = None,
) -> Webhook:
    """Change what is given. Enabled again, it goes on where it stopped. `seen` is the version (`as_set`) that the
    caller changes. Raises NotFound, Invalid, Conflict (`changed_meanwhile`).
    """
    with ctx.database.begin() as tx:
        hook = _open(tx, viewer, webhook_id, lock=True)
        check_version(as_set(hook), seen)
        changed = replace(
            hook,
            url=hook.url if url is None else _check_url(ctx, url),
            types=hook.types if types is None else _check_types(types),
            description=hook.description if description is None else description,
            state=state or hook.state,
        )
        if changed.state is not hook.state:
            off = changed.state is HookState.DISABLED
            changed = replace(changed, reason="by_hand" if off else "", failing_since=None)
        values: dict[str, object] = {
            "url": changed.url,
            "types": list(changed.types),
            "description": changed.description,
            "state": changed.state.value,
            "reason": changed.reason,
        }
        if changed.state is HookState.ENABLED and hook.state is HookState.DISABLED:
            values |= {"failing_since": None, "paused_until": None}
            tx.webhooks.queue_again(hook.id, states=[PostState.QUEUED], since=None, event_id=None, now=ctx.now)
        tx.webhooks.update(hook.id, **values)
        note_act(ctx, tx, viewer, Act.WEBHOOK_UPDATE, webhook_id=hook.id)
        return changed


def as_set(hook: Webhook) -> Webhook:
    """As people set it, without what posting and a rotation write: what its version is of."""
    return replace(hook, secret="", old_secret="", old_secret_until=None, cursor=0, failing_since=None)


def delete_webhook(ctx: Context, viewer: Viewer, webhook_id: str, *, seen: Seen | None = None) -> None:
    """Forget the endpoint and what waits for it. Raises NotFound, Conflict (`changed_meanwhile`)."""
    with ctx.database.begin() as tx:
        hook = _open(tx, viewer, webhook_id, lock=True)
        check_version(as_set(hook), seen)
        tx.webhooks.remove(hook.id)
        note_act(ctx, tx, viewer, Act.WEBHOOK_DELETE, webhook_id=hook.id)


def rotate_secret(ctx: Context, viewer: Viewer, webhook_id: str) -> tuple[Webhook, str]:
    """A new secret. For a day every post carries the signatures of both. Raises NotFound."""
    secret = _new_secret()
    with ctx.database.begin() as tx:
        hook = _open(tx, viewer, webhook_id, lock=True)
        until = ctx.now + ROTATION
        tx.webhooks.update(hook.id, secret=seal(ctx, secret), old_secret=hook.secret, old_secret_until=until)
        note_act(ctx, tx, viewer, Act.WEBHOOK_ROTATE, webhook_id=hook.id)
        return replace(hook, old_secret=hook.secret, old_secret_until=until), secret


def list_posts(
    ctx: Context, viewer: Viewer, webhook_id: str, *, state: PostState | None, before: int | None, limit: int
) -> tuple[list[HookPost], int | None]:
    """What became of each event, the newest first, and where the next page begins. Raises NotFound."""
    with ctx.database.read() as tx:
        hook = _open(tx, viewer, webhook_id)
        states = [state] if state else list(PostState)
        found = tx.webhooks.list_posts(hook.id, states=states, before=before, limit=limit + 1)
    return found[:limit], found[limit - 1].event_id if len(found) > limit else None


def replay_posts(
    ctx: Context, viewer: Viewer, webhook_id: str, *, since: datetime | None, event: str, everything: bool
) -> int:
    """Send again: one event, or those since a time that failed (`everything`: the delivered ones too); how many.

    Raises NotFound, Invalid.
    """
    if event and (since or everything):
        raise Invalid("event", "Name one event, or those since a time: not both.", code="one_or_many")
    event_id = None
    if event:
        event_id = read_event_name(event)
        if event_id is None:
            raise Invalid("event", "This is no event's id. It looks like evt_123.", code="event_id")
    finished = [PostState.FAILED, PostState.DELIVERED] if everything or event else [PostState.FAILED]
    with ctx.database.begin() as tx:
        hook = _open(tx, viewer, webhook_id, lock=True)
        number = tx.webhooks.queue_again(hook.id, states=finished, since=since, event_id=event_id, now=ctx.now)
        note_act(ctx, tx, viewer, Act.WEBHOOK_REPLAY, webhook_id=hook.id)
    return number


def _check_manager(viewer: Viewer) -> None:
    if not viewer.admin:
        raise NotFound("webhook")


def _open(tx: Transaction, viewer: Viewer, webhook_id: str, *, lock: bool = False) -> Webhook:
    _check_manager(viewer)
    hook = tx.webhooks.find(viewer.workspace_id, webhook_id, lock=lock)
    if hook is None:
        raise NotFound("webhook")
    return hook


def _status(tx: Transaction, hook: Webhook) -> HookStatus:
    waiting, failed = (tx.webhooks.count_posts(hook.id, s) for s in (PostState.QUEUED, PostState.FAILED))
    return HookStatus(hook, waiting, failed)


def _check_url(ctx: Context, url: str) -> str:
    url = url.strip()
    fault = url_fault(url, allow_private=ctx.settings.webhook_private_addresses)
    if fault:
        raise Invalid("url", fault, code="webhook_url")
    return url


def _check_types(types: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in types if name not in events.NAMES]
    if unknown:
        raise Invalid("types", f"There is no such event. Known: {', '.join(events.NAMES)}.", code="webhook_types")
    return tuple(dict.fromkeys(types))


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
