"""In charge of: what comes from the desk's composer — a reply or note, sent now or later, the draft, its files.

Not in charge of: the page around it (`thread`), or messages that wait (`waiting`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from starlette.responses import HTMLResponse, Response

from gateway.errors import Conflict, Invalid, Refused
from gateway.threads.decisions import Reason
from gateway.threads.drafts import Draft
from gateway.threads.model import MessageKind, Viewer
from gateway.threads.routing import CHANNELS
from gateway.threads.schedule import monday_morning, read_local, tomorrow_morning
from gateway.usecases import accounts, compose, drafts, insert_template, read_thread
from gateway.usecases.post_message import NewMessage
from gateway.usecases.waiting import check_time
from gateway.web.desk.conversations import desk_page, where_of
from gateway.web.desk.thread import PAGE_SIZE, Problem, composer_variables, is_mine, message_helpers, show_thread
from gateway.web.log import zone_of
from gateway.web.portal import find_problem
from gateway.web.visits import Visit, go_to, post_key, render, say_error

LATER = ("tomorrow", "monday", "at")


def write(visit: Visit, viewer: Viewer) -> Response:
    """POST adds a reply or a note, now or later (`do=tomorrow|monday|at`), or keeps the draft (`do=draft|preview`)."""
    do, _, subject = visit.text("do").partition(":")
    match do:
        case "edit":
            return show_thread(visit, viewer, draft=draft_in(visit))
        case "draft" | "remove" | "preview":
            return _keep(visit, viewer, remove=subject, then="/preview" if do == "preview" else "")
        case "drop":
            drafts.drop_draft(visit.site.ctx, viewer, visit.path("thread_id"))
            return _to_thread(visit)
        case "template":
            return _insert(visit, viewer)
    return _send(visit, viewer, do)


def draft_in(visit: Visit) -> Draft:
    """What the form holds, without the files."""
    kind = MessageKind.NOTE if visit.text("kind") == "note" else MessageKind.MESSAGE
    channels = tuple(c for c in CHANNELS if visit.text(f"channel_{c}"))
    return Draft(visit.text("text"), kind, channels, visit.text("template")[:63])


def save_draft(visit: Visit, viewer: Viewer) -> Response:
    """POST by script: keep what is in the composer."""
    draft = _usual_or_chosen(visit, viewer, draft_in(visit))
    drafts.save_draft(visit.site.ctx, viewer, visit.path("thread_id"), draft, form=visit.text("key")[:64])
    return Response(status_code=204)


def change_files(visit: Visit, viewer: Viewer) -> Response:
    """POST by script: upload files to the draft, or take one out (`remove`); answers the list of files."""
    ctx, thread_id = visit.site.ctx, visit.path("thread_id")
    try:
        if remove := visit.text("remove"):
            files = drafts.remove_file(ctx, viewer, thread_id, remove)
        else:
            files = drafts.add_files(ctx, viewer, thread_id, visit.files)
    except Invalid as error:
        return HTMLResponse(
            render(visit, "desk_live.html", part="problem", problem=("", {"said": say_error(visit, error)})), 422
        )
    return HTMLResponse(render(visit, "desk_live.html", part="files", draft_files=files))


def offer_templates(visit: Visit, viewer: Viewer) -> Response:
    """The templates as a list box, filled in for this applicant; `q` narrows it."""
    offers = insert_template.offer_templates(
        visit.site.ctx, viewer, visit.path("thread_id"), wanted=visit.asked("q")[:60]
    )
    return HTMLResponse(render(visit, "desk_live.html", part="templates", offers=offers))


def _keep(visit: Visit, viewer: Viewer, *, remove: str, then: str) -> Response:
    ctx, thread_id = visit.site.ctx, visit.path("thread_id")
    draft = _usual_or_chosen(visit, viewer, draft_in(visit))
    try:
        drafts.save_draft(ctx, viewer, thread_id, draft)
        if visit.files:
            drafts.add_files(ctx, viewer, thread_id, visit.files)
    except Invalid as error:
        return _refuse(visit, viewer, ("", {"said": say_error(visit, error)}))
    if remove:
        drafts.remove_file(ctx, viewer, thread_id, remove)
    return go_to(f"/desk/t/{thread_id}{then}") if then else _to_thread(visit, anchor="composer")


def _insert(visit: Visit, viewer: Viewer) -> Response:
    """Without script: the chosen template's words behind what is written."""
    draft = draft_in(visit)
    offers = insert_template.offer_templates(visit.site.ctx, viewer, visit.path("thread_id"))
    offer = next((o for o in offers if o.key == draft.template), None)
    if offer and offer.lacks:
        return _refuse(visit, viewer, ("error.variable_missing", {"name": offer.lacks}))
    text = "\n\n".join(part for part in (draft.text, offer.text if offer else "") if part)
    return show_thread(visit, viewer, draft=replace(draft, text=text))


def _usual_or_chosen(visit: Visit, viewer: Viewer, draft: Draft) -> Draft:
    ways = compose.read_composer(visit.site.ctx, viewer, visit.path("thread_id")).ways
    return replace(draft, channels=compose.chosen_channels(ways, draft.channels))


def _send(visit: Visit, viewer: Viewer, when: str) -> Response:
    ctx, thread_id, draft = visit.site.ctx, visit.path("thread_id"), draft_in(visit)
    problem = find_problem(visit)
    if problem and (problem[0] != "write.empty" or not drafts.read_draft(ctx, viewer, thread_id).files):
        return _refuse(visit, viewer, problem)
    try:
        new = NewMessage(
            text=draft.text,
            files=visit.files,
            kind=draft.kind,
            client_key=post_key(visit, draft.kind, *_schedule_in(visit, when)),
            seen_seq=visit.number("seen_seq"),
            seen_event=visit.number("seen_event"),
            send_at=_time_of(visit, viewer, when),
            unless_news=bool(visit.text("unless_news")),
            channels=_channels(visit, viewer, draft),
        )
        if draft.template and draft.kind is MessageKind.MESSAGE:
            new = insert_template.with_template(ctx, viewer, thread_id, new, key=draft.template)
        posted = compose.send(ctx, viewer, thread_id, new)
    except Conflict as error:
        if error.code != "newer_message":
            raise
        return _stop(visit, viewer)
    except Invalid as error:
        return _refuse(visit, viewer, ("", {"said": say_error(visit, error)}))
    except Refused as error:
        if error.decision.reason is not Reason.THREAD_ERASED:
            words = "write.evaluator" if error.decision.reason is Reason.EVALUATOR else "write.refused"
            return _refuse(visit, viewer, (words, {}))
        raise
    visit.site.feed.wake()
    if visit.by_script:
        _, last = read_thread.read_heads(ctx, viewer, thread_id)
        return Response(status_code=204, headers={"X-Seq": str(posted.message.seq), "X-Event": str(last)})
    return _to_thread(visit, anchor=f"msg-{posted.message.id}")


def _schedule_in(visit: Visit, when: str) -> tuple[str, ...]:
    """What the form says of when it is to go out; () for now."""
    if when not in LATER:
        return ()
    return when, visit.text("at") if when == "at" else "", visit.text("unless_news")


def _time_of(visit: Visit, viewer: Viewer, when: str) -> datetime | None:
    """When it is to go out; None for now. Raises Invalid."""
    if when not in LATER:
        return None
    ctx = visit.site.ctx
    zone = zone_of(accounts.read_workspace(ctx, viewer).timezone)
    if when == "tomorrow":
        return tomorrow_morning(ctx.now, zone)
    if when == "monday":
        return monday_morning(ctx.now, zone)
    return check_time(ctx, read_local(visit.text("at"), zone))


def _channels(visit: Visit, viewer: Viewer, draft: Draft) -> tuple[str, ...]:
    """The ticked channels. Raises Invalid when all were unticked."""
    if not visit.text("channels_shown") or draft.kind is MessageKind.NOTE:
        return ()
    if not draft.channels:
        raise Invalid("channels", "Choose at least one way to reach the candidate.", code="no_channel")
    return _usual_or_chosen(visit, viewer, draft).channels


def _refuse(visit: Visit, viewer: Viewer, problem: Problem) -> Response:
    if visit.by_script:
        return HTMLResponse(render(visit, "desk_live.html", part="problem", problem=problem), 422)
    return show_thread(visit, viewer, status=422, draft=draft_in(visit), problem=problem)


def _stop(visit: Visit, viewer: Viewer) -> Response:
    """Something newer arrived: show it in full, send nothing, keep the text and the files as a draft (409)."""
    ctx, thread_id, draft = visit.site.ctx, visit.path("thread_id"), draft_in(visit)
    drafts.save_draft(ctx, viewer, thread_id, _usual_or_chosen(visit, viewer, draft))
    if visit.files:
        drafts.add_files(ctx, viewer, thread_id, visit.files)
    page = read_thread.read_page(ctx, viewer, thread_id, limit=1)
    seen, seen_event = visit.number("seen_seq") or 0, visit.number("seen_event")
    newer = read_thread.messages_after(ctx, viewer, thread_id, after=seen, limit=PAGE_SIZE)
    news = read_thread.news_after(ctx, viewer, thread_id, after=page.last_event if seen_event is None else seen_event)
    variables: dict[str, object] = {
        **message_helpers(visit, viewer, page),
        **composer_variables(visit, viewer, page, draft=draft),
        "timezone": page.conversation.workspace.timezone,
        "newer": [shown.message for shown in newer if not is_mine(shown.message, viewer)],
        "news": news,
        "rejected_since": any(event.name == "thread.blocked" for event in news),
        "seen_seq": page.conversation.thread.last_seq,
        "seen_event": page.last_event,
        "key": visit.text("key"),
        "when": visit.text("do"),
        "at": visit.text("at"),
        "unless_news": visit.text("unless_news"),
    }
    if visit.by_script:
        return HTMLResponse(render(visit, "desk_live.html", part="conflict", **variables), 409)
    return desk_page(visit, viewer, "desk_conflict.html", status=409, **variables)


def _to_thread(visit: Visit, *, anchor: str = "") -> Response:
    return go_to(f"/desk/t/{visit.path('thread_id')}", anchor=anchor, **where_of(visit).as_query())
