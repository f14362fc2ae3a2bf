"""In charge of: the review queue — mails that wait for a person's decision.

Not in charge of: why they wait (`threads`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.errors import Conflict, Invalid
from gateway.threads.decisions import Reason
from gateway.threads.model import InboxEntry, InboxState, Viewer
from gateway.usecases import read_thread, review_inbox
from gateway.usecases.views import ConversationRow, EntryView
from gateway.web.desk.conversations import desk_page
from gateway.web.visits import Visit, go_to

TABS = {"": "review.tab_todo", "refused": "review.tab_refused", "failed": "review.tab_failed"}
PAGE_SIZE = 10  # each is read again from its raw bytes
FIRST_LINES = 6
FORGED = (Reason.UNPROVEN_RECRUITER.value, Reason.FAILED_PROOF.value)
_HEADED = {
    "other_sender", "unproven_sender", "unproven_recruiter", "failed_proof", "ambiguous_sender", "too_many",
    "no_thread", "several_threads", "for_postmaster", "unreadable", "thread_blocked", "thread_erased",
}  # fmt: skip


def queue_page(visit: Visit, viewer: Viewer) -> Response:
    """One tab of the queue: to decide, not accepted, could not be read."""
    state = visit.asked("state")
    tab = state if state in TABS else ""
    entries, more = review_inbox.list_entries(
        visit.site.ctx, viewer, state=tab, cursor=visit.asked("cursor"), limit=PAGE_SIZE
    )
    views = [review_inbox.read_entry(visit.site.ctx, viewer, entry.id) for entry in entries]
    return desk_page(
        visit,
        viewer,
        "desk_review.html",
        status=200,
        current="review",
        tabs=TABS,
        tab=tab,
        views_of=views,
        more=more or "",
        **_words(),
    )


def entry_page(visit: Visit, viewer: Viewer) -> Response:
    """One entry whole, with a search for the conversation that it belongs to."""
    view = review_inbox.read_entry(visit.site.ctx, viewer, visit.path("entry_id"))
    return _entry(visit, viewer, view)


def _entry(visit: Visit, viewer: Viewer, view: EntryView, *, status: int = 200, said: str = "") -> Response:
    query = visit.asked("q")
    rows: list[ConversationRow] = []
    if query:
        rows, _ = read_thread.list_conversations(visit.site.ctx, viewer, view="all", query=query, limit=10)
    return desk_page(
        visit,
        viewer,
        "desk_entry.html",
        status=status,
        current="review",
        view=view,
        rows=rows or list(view.suggested),
        query=query,
        said=said,
        **_words(),
    )


def _words() -> dict[str, object]:
    return {"heading_of": heading_of, "chip_of": chip_of, "is_forged": is_forged, "first_lines": first_lines}


def heading_of(view: EntryView) -> str:
    """The key of the sentence that says why an entry is here."""
    reason = view.entry.reason
    if view.entry.state is InboxState.FAILED:
        return "held.unreadable"
    if reason == Reason.OTHER_SENDER and not view.applicant_name:
        return "held.other_sender_unknown"
    return f"held.{reason}" if reason in _HEADED else "held.other"


def chip_of(entry: InboxEntry) -> tuple[str, str]:
    """Tone and key of the chip beside the heading."""
    if is_forged(entry):
        return "bad", "held.chip_forged"
    match entry.state:
        case InboxState.HELD:
            return "warn", "held.chip_held"
        case InboxState.UNMATCHED:
            return "info", "held.chip_unmatched"
        case InboxState.FAILED:
            return "bad", "held.chip_failed"
        case InboxState.REFUSED:
            return "", "held.chip_refused"
    return "", f"held.chip_{'done' if entry.state is InboxState.THREADED else 'ignored'}"


def is_forged(entry: InboxEntry) -> bool:
    """Does it look like a forgery? Then ignoring it is the main button."""
    return entry.reason in FORGED


def first_lines(text: str) -> str:
    """The first lines of a mail that say something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[:FIRST_LINES]) + ("\n…" if len(lines) > FIRST_LINES else "")


def decide(visit: Visit, viewer: Viewer) -> Response:
    """POST: put it into a conversation, keep it as a note, ignore it, or try it again."""
    ctx, entry_id, do = visit.site.ctx, visit.path("entry_id"), visit.text("do")
    thread_id = visit.text("thread") or None
    try:
        match do:
            case "release":
                review_inbox.release(ctx, viewer, entry_id, thread_id=thread_id)
            case "note":
                review_inbox.release(ctx, viewer, entry_id, thread_id=thread_id, as_note=True)
            case "discard":
                review_inbox.discard(ctx, viewer, entry_id)
            case "replay":
                review_inbox.replay(ctx, viewer, entry_id)
            case _:
                raise Invalid("do", "Choose one of: release, note, discard, replay.")
    except (Conflict, Invalid) as error:
        view = review_inbox.read_entry(ctx, viewer, entry_id)
        status = 409 if isinstance(error, Conflict) else 422
        return _entry(visit, viewer, view, status=status, said=error.message)
    visit.site.feed.wake()
    return go_to("/desk/review", anchor="done", state=visit.text("state"))


def raw_mail(visit: Visit, viewer: Viewer) -> Response:
    """The mail as it came, byte for byte, to be read and never run."""
    raw = review_inbox.read_raw(visit.site.ctx, viewer, visit.path("entry_id"))
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(raw, headers=headers)
