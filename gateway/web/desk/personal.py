"""In charge of: the settings' page of what a member chose for themselves: how they are told of news, when, on which
devices, and for how long they can undo.

Not in charge of: checking any of it (`usecases.preferences`), the calls of a device (`devices`), or their sign-in
(`security`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Invalid, NotFound
from gateway.threads.drafts import MOST_UNDO
from gateway.threads.model import Viewer
from gateway.threads.notifying import CHOICES, DAY, WAYS, Preferences
from gateway.usecases import accounts, devices, sessions
from gateway.usecases import preferences as chosen
from gateway.web.auth import session_token
from gateway.web.desk.settings import setup_page
from gateway.web.visits import Visit, go_to, say_error

PATH = "/desk/settings/personal"
USUAL_HOURS = {"hours_begin": "09:00", "hours_end": "18:00"}
USUAL_DAYS = range(5)
ON = "yes"


def personal_page(visit: Visit, viewer: Viewer) -> Response:
    """How who is signed in is told of news, when and on which devices, and their seconds to undo; POST changes them."""
    if not visit.is_post:
        return show_personal(visit, viewer)
    try:
        _save(visit, viewer)
    except Invalid as fault:
        return show_personal(visit, viewer, problems={fault.field: say_error(visit, fault)})
    return go_to(PATH, anchor="saved")


def _save(visit: Visit, viewer: Viewer) -> None:
    ctx = visit.site.ctx
    match visit.text("do"):
        case "undo":
            chosen.save_undo_seconds(ctx, viewer, _read_seconds(visit.text("undo")))
        case "notify":
            fields = visit.fields
            url = visit.text("slack_url")[:2100]
            chosen.save_preferences(
                ctx,
                viewer,
                on=[way for way in WAYS if f"on.{way}" in fields],
                kinds={way: [kind for kind in CHOICES if f"{way}.{kind}" in fields] for way in WAYS},
                hours=_read_hours(visit) if "on.hours" in fields else None,
                slack_url=url or ("" if "slack_forget" in fields else None),
            )
        case _:
            raise NotFound("no such button")


def _read_seconds(text: str) -> int | None:
    """None for an empty field; what is no number is out of the range, so that it is complained about."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else MOST_UNDO + 1


def _read_hours(visit: Visit) -> chosen.WantedHours:
    return chosen.WantedHours(
        begin=visit.text("hours_begin")[:5],
        end=visit.text("hours_end")[:5],
        days=[day for day in range(7) if f"days.{day}" in visit.fields],
        zone=visit.text("timezone")[:64],
    )


def show_personal(visit: Visit, viewer: Viewer, *, problems: dict[str, str] | None = None) -> Response:
    """The page; with `problems` by field, what was typed is handed back."""
    ctx = visit.site.ctx
    found, undo = chosen.read_preferences(ctx, viewer)
    stored = _fields_of(found, zone=accounts.read_workspace(ctx, viewer).timezone)
    stored["undo"] = "" if undo is None else str(undo)
    form = stored
    if problems and "undo" in problems:  # the other form is as it is stored
        form = stored | {"undo": visit.text("undo")}
    elif problems and "devices" not in problems:
        form = {**visit.fields, "undo": stored["undo"]}
    return setup_page(
        visit,
        viewer,
        "desk_personal.html",
        entry="personal",
        status=422 if problems else 200,
        form=form,
        kinds=CHOICES,
        ways=WAYS,
        has_slack=bool(found.slack_url),
        devices=devices.list_devices(ctx, viewer),
        this=sessions.session_key(session_token(visit.request, ctx)),
        push_key=devices.push_key(ctx),
        most_undo=MOST_UNDO,
        usual_undo=ctx.settings.undo_seconds,
        problems=problems or {},
    )


def _fields_of(found: Preferences, *, zone: str) -> dict[str, str]:
    """What is stored, as the form's fields."""
    fields = {f"on.{way}": ON for way in found.on}
    fields |= {f"{way}.{kind}": ON for way in WAYS for kind in found.kinds.get(way, ())}
    hours = found.hours
    if hours is None:
        return fields | USUAL_HOURS | {f"days.{day}": ON for day in USUAL_DAYS} | {"timezone": zone}
    times = {"hours_begin": _time(hours.begin), "hours_end": _time(hours.end % DAY), "timezone": hours.zone.key}
    return fields | times | {f"days.{day}": ON for day in hours.days} | {"on.hours": ON}


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
