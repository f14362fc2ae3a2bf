"""In charge of: the settings' pages of webhooks — made, their secrets shown once, what became of each post, replay.

Not in charge of: posting (`usecases.push_events`) or the rules of endpoints (`usecases.webhooks`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.events import NAMES
from gateway.threads.model import Viewer
from gateway.threads.webhooks import HookState, PostState, event_name
from gateway.usecases import accounts, webhooks
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, say_error

LIST = "/desk/settings/webhooks"
POSTS = 30  # on one page


def webhooks_page(visit: Visit, viewer: Viewer) -> Response:
    """Webhooks of the workspace, and a form for a new one, whose secret the answer shows this once. Admins only."""
    if not visit.is_post:
        return _show_all(visit, viewer, {})
    try:
        hook, secret = webhooks.create_webhook(
            visit.site.ctx, viewer, url=visit.text("url"), types=_types(visit), description=_description(visit)
        )
    except Invalid as fault:
        return _show_all(visit, viewer, {fault.field: say_error(visit, fault)})
    except Conflict as fault:
        return _show_all(visit, viewer, {"url": say_error(visit, fault)})
    return _show_one(visit, viewer, hook.id, shown=secret)


def webhook_page(visit: Visit, viewer: Viewer) -> Response:
    """One webhook: its address and events, its posts with their answers, and the buttons that mend them."""
    webhook_id = visit.path("webhook_id")
    if not visit.is_post:
        return _show_one(visit, viewer, webhook_id)
    ctx, path = visit.site.ctx, f"{LIST}/{webhook_id}"
    match visit.text("do"):
        case "save":
            return _save(visit, viewer, webhook_id)
        case "rotate":
            return _show_one(visit, viewer, webhook_id, shown=webhooks.rotate_secret(ctx, viewer, webhook_id)[1])
        case "enable":
            webhooks.update_webhook(ctx, viewer, webhook_id, state=HookState.ENABLED)
        case "disable":
            webhooks.update_webhook(ctx, viewer, webhook_id, state=HookState.DISABLED)
        case "delete":
            webhooks.delete_webhook(ctx, viewer, webhook_id)
            path = LIST
        case "replay":
            return _replay(visit, viewer, webhook_id)
        case _:
            raise NotFound("no such button")
    return go_to(path)


def _save(visit: Visit, viewer: Viewer, webhook_id: str) -> Response:
    try:
        webhooks.update_webhook(
            visit.site.ctx,
            viewer,
            webhook_id,
            url=visit.text("url"),
            types=_types(visit),
            description=_description(visit),
        )
    except Invalid as fault:
        return _show_one(visit, viewer, webhook_id, problems={fault.field: say_error(visit, fault)})
    return go_to(f"{LIST}/{webhook_id}", anchor="saved")


def _replay(visit: Visit, viewer: Viewer, webhook_id: str) -> Response:
    """One event that the form names, or those since its time."""
    ctx, event = visit.site.ctx, visit.text("event")
    since = None if event else _read_time(visit.text("since"), accounts.read_workspace(ctx, viewer).timezone)
    if not event and since is None:
        wrong = visit.site.pages.text(visit.locale, "hooks.since_wrong")
        return _show_one(visit, viewer, webhook_id, problems={"since": wrong})
    everything = visit.text("everything") == "yes"
    number = webhooks.replay_posts(ctx, viewer, webhook_id, since=since, event=event, everything=everything)
    return go_to(f"{LIST}/{webhook_id}", anchor="again", again=str(number))


def _read_time(text: str, zone: str) -> datetime | None:
    """What a `datetime-local` field holds, in the company's zone; None when it is no time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _types(visit: Visit) -> list[str]:
    return [name for name in NAMES if f"types.{name}" in visit.fields]


def _description(visit: Visit) -> str:
    return " ".join(visit.text("description").split())[:200]


def _show_all(visit: Visit, viewer: Viewer, problems: dict[str, str]) -> Response:
    return setup_page(
        visit,
        viewer,
        "desk_webhooks.html",
        entry="webhooks",
        status=422 if problems else 200,
        hooks=webhooks.list_webhooks(visit.site.ctx, viewer),
        events=NAMES,
        form=visit.fields,
        chosen=_types(visit),
        problems=problems,
    )


def _show_one(
    visit: Visit, viewer: Viewer, webhook_id: str, *, shown: str = "", problems: dict[str, str] | None = None
) -> Response:
    ctx = visit.site.ctx
    status = webhooks.find_webhook(ctx, viewer, webhook_id)
    state = next((s for s in PostState if s.value == visit.asked("state")), None)
    before = visit.asked("before")
    posts, more = webhooks.list_posts(
        ctx,
        viewer,
        webhook_id,
        state=state,
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
        limit=POSTS,
    )
    again = visit.asked("again")
    return setup_page(
        visit,
        viewer,
        "desk_webhook.html",
        entry="webhooks",
        status=422 if problems else 200,
        hook=status.hook,
        waiting=status.waiting,
        failed=status.failed,
        posts=[(post, event_name(post.event_id)) for post in posts],
        more=more,
        states=tuple(PostState),
        state=state,
        again=int(again) if again.isascii() and again.isdigit() and len(again) < 9 else None,
        shown=shown,
        events=NAMES,
        form=visit.fields if problems else None,
        chosen=_types(visit) if problems and "url" in visit.fields else status.hook.types,
        problems=problems or {},
    )
