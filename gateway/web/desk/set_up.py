"""In charge of: the first set-up's pages, one step each; they stay in the settings for later.

Not in charge of: what is checked and where it stands (`usecases.set_up`, `usecases.accounts`).
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.model import DeliveryState, Viewer
from gateway.threads.routing import EMAIL
from gateway.usecases import accounts, set_up
from gateway.web.desk.deliveries import describe
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, render, say_error

PATH = "/desk/settings/setup"
STEP_OF = {"contact": "contact", "domain": "domain", EMAIL: "mail"}  # where an open thing is done; else the channels
UNDER_WAY = (DeliveryState.QUEUED, DeliveryState.SENDING)


def resume_page(visit: Visit, viewer: Viewer) -> Response:
    """On to the step where the set-up stands; to the first when there is none. Admins only."""
    return go_to(f"{PATH}/{set_up.read_progress(visit.site.ctx, viewer).step or set_up.STEPS[0]}")


def set_up_page(visit: Visit, viewer: Viewer) -> Response:
    """One step; POST saves it, leaves it out, or sends a test message. Admins only."""
    ctx, step = visit.site.ctx, visit.path("step")
    set_up.read_progress(ctx, viewer)
    if step not in set_up.STEPS:
        raise NotFound("step")
    if not visit.is_post:
        return _show(visit, viewer, step)
    do = visit.text("do")
    if do == "finish":
        set_up.finish(ctx, viewer)
        return go_to("/desk")
    try:
        if do == "test":
            set_up.send_test(ctx, viewer, visit.text("channel"), to=visit.text("to"))
            return go_to(f"{PATH}/{step}", anchor=f"test-{visit.text('channel')}")
        if do == "save":
            _save(visit, viewer, step)
    except Invalid as fault:
        return _show(visit, viewer, step, problems={fault.field: say_error(visit, fault)})
    except Conflict as fault:
        return _show(visit, viewer, step, problems={"to": say_error(visit, fault)})
    return go_to(f"{PATH}/{set_up.go_on(ctx, viewer, step)}")


def test_part(visit: Visit, viewer: Viewer) -> Response:
    """What became of the newest test by a channel; the page asks by itself until it is known."""
    progress = set_up.read_progress(visit.site.ctx, viewer)
    delivery = progress.tests.get(visit.path("channel"))
    if delivery is None:
        raise NotFound("test")
    workspace = accounts.read_workspace(visit.site.ctx, viewer)
    shown = _test_of(delivery.channel, progress) | {"timezone": workspace.timezone}
    return HTMLResponse(render(visit, "desk_set_up_test.html", **shown))


def _save(visit: Visit, viewer: Viewer, step: str) -> None:
    """Raises Invalid."""
    ctx = visit.site.ctx
    if step == "name":
        accounts.update_workspace(ctx, viewer, name=visit.text("name"))
    elif step == "contact":
        contact, privacy_url = visit.text("public_contact"), visit.fields.get("privacy_url")
        accounts.update_workspace(ctx, viewer, public_contact=contact, privacy_url=privacy_url)
    elif step == "channels":
        order = visit.text("channels").replace(",", " ").split()
        accounts.set_channels(ctx, viewer, channels=order, sms_sender=visit.text("sms_sender"))


def _show(visit: Visit, viewer: Viewer, step: str, *, problems: dict[str, str] | None = None) -> Response:
    ctx = visit.site.ctx
    progress = set_up.read_progress(ctx, viewer)
    shown: dict[str, object] = {}
    if step == "domain":
        view = set_up.look_at_domain(ctx, viewer, check=visit.asked("check") == "now")
        shown = {"domain": view, "checks": {c.name: c for c in view.checks}, "reply_domain": ctx.settings.reply_domain}
    elif step == "done":
        shown = {"remains": [(what, STEP_OF.get(what, "channels")) for what in set_up.find_open(ctx, viewer)]}
    tested = (EMAIL,) if step == "mail" else ctx.settings.phone_channels
    return setup_page(
        visit,
        viewer,
        "desk_set_up.html",
        entry="setup",
        status=422 if problems else 200,
        steps=set_up.STEPS,
        step=step,
        number=set_up.STEPS.index(step) + 1,
        here=f"{PATH}/{step}",
        tests=[_test_of(channel, progress) for channel in tested],
        form=visit.fields if problems else {},
        problems=problems or {},
        **shown,
    )


def _test_of(channel: str, progress: set_up.Progress) -> dict[str, object]:
    """What the template says of the newest test by this channel."""
    delivery = progress.tests.get(channel)
    ended = [a for a in delivery.attempts if a.ended_at] if delivery else []
    return {
        "channel": channel,
        "line": describe(delivery, ()) if delivery else None,
        "running": delivery is not None and delivery.state in UNDER_WAY,
        "said": ended[-1].detail if ended else "",
    }
