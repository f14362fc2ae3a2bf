"""In charge of: the review queue — mails that wait for a person's decision.

Not in charge of: why they wait (`threads`).
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from gateway.errors import Conflict, Invalid
from gateway.threads.decisions import Reason
from gateway.threads.model import InboxEntry, InboxState, Viewer
from gateway.usecases import bell, confirm_sender, read_thread, review_inbox
from gateway.usecases.admit_sender import SenderIs
from gateway.usecases.compare_reading import compare_reading
from gateway.usecases.views import ConversationRow, EntryView
from gateway.web.desk.conversations import desk_page
from gateway.web.files import disposition
from gateway.web.visits import Visit, go_to, say_error

TABS = {"": "review.tab_todo", "refused": "review.tab_refused", "failed": "review.tab_failed"}
PAGE_SIZE = 10  # each is read again from its raw bytes
FIRST_LINES = 6
SOURCE_BYTES = 200_000
FORGED = (Reason.UNPROVEN_RECRUITER.value, Reason.FAILED_PROOF.value)
_HEADED = {
    "other_sender", "unproven_sender", "unproven_recruiter", "failed_proof", "ambiguous_sender", "too_many",
    "infected", "not_scanned", "disowned", "evaluator", "no_access",
    "no_thread", "several_threads", "for_postmaster", "unreadable", "thread_blocked", "thread_erased",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """One entry as the queue shows it. `forged`: ignoring it is the main button, and passing it on asks again."""

    view: EntryView
    heading: str  # key of the sentence that says why it is here
    tone: str
    chip: str
    forged: bool


def queue_page(visit: Visit, viewer: Viewer) -> Response:
    """One tab of the queue: to decide, not accepted, could not be read."""
    state = visit.asked("state")
    tab = state if state in TABS else ""
    entries, more = review_inbox.list_entries(
        visit.site.ctx, viewer, state=tab, cursor=visit.asked("cursor"), limit=PAGE_SIZE
    )
    cards = [card_of(visit, viewer, entry.id) for entry in entries]
    return desk_page(
        visit,
        viewer,
        "desk_review.html",
        current="review",
        tabs=TABS,
        tab=tab,
        cards=cards,
        more=more or "",
        first_lines=first_lines,
    )


def entry_page(visit: Visit, viewer: Viewer) -> Response:
    """One entry whole, with a search for the conversation that it belongs to."""
    if not visit.is_prefetch:
        bell.mark_subject_read(visit.site.ctx, viewer, visit.path("entry_id"))
    return _entry(visit, viewer)


def _entry(
    visit: Visit, viewer: Viewer, *, status: int = 200, said: str = "", ask: bool = False, do: str = "", who: str = ""
) -> Response:
    """`ask`: is it sure that this (`do`, `who`; else as the form said) is to be done?"""
    query = visit.asked("q")
    rows: list[ConversationRow] = []
    if query:
        rows, _ = read_thread.list_conversations(visit.site.ctx, viewer, view="all", query=query, limit=10)
    card = card_of(visit, viewer, visit.path("entry_id"))
    return desk_page(
        visit,
        viewer,
        "desk_entry.html",
        status=status,
        current="review",
        card=card,
        rows=[r for r in rows if r.decides] or ([] if card.view.entry.thread_id else list(card.view.suggested)),
        thread=visit.text("thread"),
        do=do or visit.text("do") or "release",
        who=who or visit.text("who"),
        name=visit.text("name"),
        query=query,
        said=said,
        ask=ask,
        first_lines=first_lines,
    )


def card_of(visit: Visit, viewer: Viewer, entry_id: str) -> Card:
    """The card of one entry. Raises NotFound."""
    view = review_inbox.read_entry(visit.site.ctx, viewer, entry_id)
    entry = view.entry
    forged = entry.reason in FORGED or (entry.reason == Reason.OTHER_SENDER and _is_recruiters(view))
    forged = forged or (view.names_colleague and entry.state is InboxState.HELD)
    tone, chip = _chip_of(entry, forged)
    return Card(view, _heading_of(view, forged), tone, chip, forged)


def _is_recruiters(view: EntryView) -> bool:
    """Did it come to a reply address whose mails go on to the candidate?"""
    return view.owner is not None and view.owner.role.is_company


def _heading_of(view: EntryView, forged: bool) -> str:
    reason = view.entry.reason
    if view.entry.state is InboxState.FAILED:
        return "held.unreadable"
    if reason == Reason.OTHER_SENDER and view.names_colleague:
        return "held.names_colleague"
    if reason == Reason.OTHER_SENDER and forged:
        return "held.unproven_recruiter"
    if reason == Reason.OTHER_SENDER and not view.applicant_name:
        return "held.other_sender_unknown"
    if reason in _HEADED:
        return f"held.{reason}"
    return f"reason.{reason}" if reason in list(Reason) and reason != Reason.OK else "held.other"


def _chip_of(entry: InboxEntry, forged: bool) -> tuple[str, str]:
    if forged and entry.state is InboxState.HELD:
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
    return "", "held.chip_done" if entry.state is InboxState.THREADED else "held.chip_ignored"


def first_lines(text: str) -> str:
    """The first lines of a mail that say something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(lines[:FIRST_LINES]) + ("\n…" if len(lines) > FIRST_LINES else "")


def decide(visit: Visit, viewer: Viewer) -> Response:
    """POST: put it in, add its sender, ask the candidate, keep it as a note, ignore it, or try it again."""
    do = visit.text("do")
    passes_on = do == "release" or (do == "add" and visit.text("who") == SenderIs.COLLEAGUE)
    if passes_on and not visit.text("sure") and _needs_second_look(visit, viewer, do):
        return _entry(visit, viewer, ask=True)
    try:
        _do(visit, viewer, do)
    except (Conflict, Invalid) as error:
        if do == "release" and error.code == "names_colleague":
            return _entry(visit, viewer, ask=True, do="add", who=SenderIs.COLLEAGUE)
        return _entry(visit, viewer, status=409 if isinstance(error, Conflict) else 422, said=say_error(visit, error))
    visit.site.feed.wake()
    return go_to("/desk/review", anchor="done", state=visit.text("state"))


def _needs_second_look(visit: Visit, viewer: Viewer, do: str) -> bool:
    """Would it pass on to the candidate what may be forged? What names a colleague is asked about by `release`."""
    if do == "add":
        return True
    card = card_of(visit, viewer, visit.path("entry_id"))
    return card.forged and not card.view.names_colleague


def _do(visit: Visit, viewer: Viewer, do: str) -> None:
    ctx, entry_id, thread_id = visit.site.ctx, visit.path("entry_id"), visit.text("thread") or None
    match do:
        case "release":
            review_inbox.release(ctx, viewer, entry_id, thread_id=thread_id)
        case "note":
            review_inbox.release(ctx, viewer, entry_id, thread_id=thread_id, as_note=True)
        case "discard":
            review_inbox.discard(ctx, viewer, entry_id)
        case "add":
            sender_is = SenderIs(who) if (who := visit.text("who")) in list(SenderIs) else SenderIs.GUEST
            review_inbox.release(
                ctx, viewer, entry_id, thread_id=thread_id, sender_is=sender_is, name=visit.text("name")
            )
        case "ask":
            confirm_sender.ask_sender(ctx, viewer, entry_id)
        case "replay":
            review_inbox.replay(ctx, viewer, entry_id)
        case _:
            raise Invalid("do", "Choose one of: release, note, add, ask, discard, replay.", code="inbox_action")


def raw_mail(visit: Visit, viewer: Viewer) -> Response:
    """The mail as it came, byte for byte, to be saved."""
    raw = review_inbox.read_raw(visit.site.ctx, viewer, visit.path("entry_id"))
    headers = {
        "Content-Type": "message/rfc822",
        "Content-Disposition": disposition(f"{visit.path('entry_id')}.eml"),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(raw, headers=headers)


def source_page(visit: Visit, viewer: Viewer) -> Response:
    """The beginning of the mail's source as text, to be read and never run."""
    raw = review_inbox.read_raw(visit.site.ctx, viewer, visit.path("entry_id"))
    source = raw[:SOURCE_BYTES].decode("utf-8", "backslashreplace")
    return desk_page(
        visit,
        viewer,
        "desk_source.html",
        current="review",
        entry_id=visit.path("entry_id"),
        source=source,
        size=len(raw),
        is_cut=len(raw) > SOURCE_BYTES,
    )


def compare_page(visit: Visit, viewer: Viewer) -> Response:
    """What the mail was read as, beside what it would be read as today."""
    found = compare_reading(visit.site.ctx, viewer, visit.path("entry_id"))
    return desk_page(visit, viewer, "desk_compare.html", current="review", found=found)
