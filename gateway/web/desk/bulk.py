"""In charge of: the settings' pages of bulk messages — whom and what, samples before anything goes out, progress, stop.

Not in charge of: posting (`usecases.bulk`), or words (`usecases.templates`).

Sending needs the same form that the samples were made of: a changed one shows samples again. Where the same words went
to some of these people just now, it needs a second look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.responses import HTMLResponse, Response

from gateway.errors import Conflict, Invalid, NotFound
from gateway.threads.bulk import WORKED_ON, Bulk, BulkMessage, Recipient, RecipientState, Trouble
from gateway.threads.model import Viewer
from gateway.threads.schedule import read_local
from gateway.usecases import accounts, bulk, plan_bulk, templates
from gateway.usecases.waiting import check_time
from gateway.web.desk.settings import setup_page
from gateway.web.log import zone_of
from gateway.web.visits import Visit, digest_of, go_to, render, say_error, say_trouble

LIST = "/desk/settings/bulk"
NEW = "/desk/settings/new-bulk"
SAMPLES = 5
PROBLEMS = 50  # people that the page names who could not be written to
SHOWN = 50  # bulk messages on the list
_FIELDS = ("who", "opening", "stage", "ids", "template", "text", "variables", "at")


@dataclass(frozen=True, slots=True)
class Tried:
    """Whom it would go to, and the words of the first of them."""

    people: list[str]
    samples: list[plan_bulk.Sample]
    same: plan_bulk.SentBefore | None

    @property
    def is_sendable(self) -> bool:
        return not any(s.trouble for s in self.samples)


def bulks_page(visit: Visit, viewer: Viewer) -> Response:
    """The last bulk messages of the workspace and how far each is. Admins only."""
    found = bulk.list_bulks(visit.site.ctx, viewer, before="", limit=SHOWN)
    return setup_page(visit, viewer, "desk_bulks.html", entry="bulk", bulks=found, say=_say(visit))


def new_bulk_page(visit: Visit, viewer: Viewer) -> Response:
    """Whom to write to — by opening and stage, or by ids — what, and when; samples come first, then it can be sent."""
    if not visit.is_post:
        return _show_form(visit, viewer)
    try:
        people, message = _people(visit, viewer), _message(visit, viewer)
        samples = plan_bulk.try_bulk(visit.site.ctx, viewer, people, message, samples=SAMPLES)
        tried = Tried(people, samples, plan_bulk.find_same(visit.site.ctx, viewer, people, message))
        if visit.text("do") == "send" and visit.text("tried") == digest_of(visit, _FIELDS) and tried.is_sendable:
            sent = _send(visit, viewer, people, message)
            if isinstance(sent, Bulk):
                return go_to(f"{LIST}/{sent.id}")
            return _show_form(visit, viewer, tried=replace(tried, same=sent), status=409)
    except Invalid as fault:
        return _show_form(visit, viewer, problems={_field_of(fault.field): say_error(visit, fault)}, status=422)
    return _show_form(visit, viewer, tried=tried)


def bulk_page(visit: Visit, viewer: Viewer) -> Response:
    """How far a bulk message is, when it goes out, why it stopped, who could not be written to; cancel and resume."""
    ctx, bulk_id = visit.site.ctx, visit.path("bulk_id")
    if visit.is_post:
        try:
            match visit.text("do"):
                case "cancel":
                    bulk.cancel_bulk(ctx, viewer, bulk_id)
                case "resume":
                    bulk.resume_bulk(ctx, viewer, bulk_id)
                case _:
                    raise NotFound("no such button")
        except Conflict:
            pass  # it went on meanwhile: the page says how it is now
        return go_to(f"{LIST}/{bulk_id}")
    found = bulk.find_bulk(ctx, viewer, bulk_id)
    failed = _failed(visit, viewer, found)
    shown: dict[str, Any] = {
        "bulk": found,
        "failed": failed,
        "names": plan_bulk.names_of(ctx, viewer, [r.thread_id for r in failed]),
        "running": found.state in WORKED_ON,
        "waits": found.send_at is not None and found.send_at > ctx.now,
        "may_cancel": bulk.may_cancel(ctx, viewer, bulk_id),
        "say": _say(visit),
    }
    if visit.by_script:
        zone = accounts.read_workspace(ctx, viewer).timezone
        return HTMLResponse(render(visit, "desk_bulk_progress.html", timezone=zone, **shown))
    return setup_page(visit, viewer, "desk_bulk.html", entry="bulk", **shown)


def _say(visit: Visit) -> Callable[[Trouble], str]:
    return lambda trouble: say_trouble(visit, trouble)


def _failed(visit: Visit, viewer: Viewer, found: Bulk) -> list[Recipient]:
    if not found.failed:
        return []
    everybody = bulk.list_recipients(visit.site.ctx, viewer, found.id, after=0, limit=plan_bulk.MOST)
    return [r for r in everybody if r.state is RecipientState.FAILED][:PROBLEMS]


def _send(visit: Visit, viewer: Viewer, people: list[str], message: BulkMessage) -> Bulk | plan_bulk.SentBefore:
    """Start it, once for each form however often it is sent: by a double click, after going back, from another tab.
    With other words it is another message, and so it is when somebody wants the same once more (`again`).
    """
    key, sure_of = visit.text("key")[:64], visit.text("again")
    said = digest_of(visit, (*_FIELDS, "again"))[:32]
    own_key = f"bulk-{key}-{said}" if key else ""
    return bulk.start_unless_same(visit.site.ctx, viewer, people, message, client_key=own_key, sure_of=sure_of)


def _people(visit: Visit, viewer: Viewer) -> list[str]:
    if visit.text("who") == "ids":
        return list(dict.fromkeys(visit.text("ids").replace(",", " ").split()))
    opening, stage = visit.text("opening"), visit.text("stage")
    return plan_bulk.choose_people(visit.site.ctx, viewer, opening_id=opening, stage=stage)


def _message(visit: Visit, viewer: Viewer) -> BulkMessage:
    lines = (line.partition("=") for line in visit.text("variables").splitlines() if line.strip())
    template, at = visit.text("template"), _time(visit, viewer)
    return BulkMessage(
        text="" if template else visit.text("text"),
        template=template,
        variables={name.strip(): value.strip() for name, _, value in lines} if template else {},
        send_at=at.isoformat() if at else "",
        author_name=viewer.name,
        author_email=viewer.email,
    )


def _time(visit: Visit, viewer: Viewer) -> datetime | None:
    """When it is to go out, by the workspace's clock; None: at once. Raises Invalid."""
    if not visit.text("at"):
        return None
    zone = zone_of(accounts.read_workspace(visit.site.ctx, viewer).timezone)
    return check_time(visit.site.ctx, read_local(visit.text("at"), zone))


def _field_of(path: str) -> str:
    """Where the form shows a complaint."""
    if path == "applicants":
        return "ids"
    return path if path in _FIELDS else "variables"


def _show_form(
    visit: Visit,
    viewer: Viewer,
    *,
    tried: Tried | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    ctx = visit.site.ctx
    return setup_page(
        visit,
        viewer,
        "desk_new_bulk.html",
        entry="bulk",
        status=status,
        stages=plan_bulk.list_stages(ctx, viewer),
        templates=templates.list_templates(ctx, viewer),
        form=visit.fields,
        key=visit.text("key") or ctx.new_id(),
        tried=tried,
        say=_say(visit),
        digest=digest_of(visit, _FIELDS) if tried else "",
        problems=problems or {},
        goes_out=_time(visit, viewer) if tried else None,
    )
