"""In charge of: the candidate's page — read, then answer, with nothing but a browser of any age.

Not in charge of: the gate (`usecases.post_message`) or the page's live part (`portal_live`).
It shows no note, no delivery, no recruiter's address, no stage and no reason.
"""

from __future__ import annotations

import secrets

from starlette.background import BackgroundTask
from starlette.responses import Response

from gateway.errors import Invalid, NotFound, Refused
from gateway.threads.addresses import mask_email
from gateway.threads.blanks import is_blank
from gateway.threads.decisions import Reason
from gateway.threads.model import AuthorKind, CameInBy, Conversation, ThreadState, Viewer
from gateway.usecases import applicants, post_message, read_thread
from gateway.usecases.views import ThreadPage
from gateway.web.brand import brand_url, logo_url
from gateway.web.log import build_log, public_name, told_at, zone_of
from gateway.web.security import int_or_zero
from gateway.web.visits import Visit, go_to, in_language_of, post_key, say_error, show

PAGE_SIZE = 100
LONG = 20  # messages after which the page offers a way past them


def candidate_of(visit: Visit) -> Viewer | None:
    """The candidate whose personal link this is, or None: altered, replaced or erased."""
    return applicants.candidate_viewer(visit.site.ctx, visit.path("token"))


def candidate_page(visit: Visit) -> Response:
    """GET shows the conversation; POST adds to it and comes back to `#sent`."""
    viewer = candidate_of(visit)
    if viewer is None:
        return show(visit, "link_lost.html", status=404, why="dead")
    visit = in_language_of(visit, viewer)
    return _post(visit, viewer) if visit.is_post else show_thread(visit, viewer)


def _post(visit: Visit, viewer: Viewer) -> Response:
    text = visit.text("text")
    if problem := find_problem(visit):
        return _hand_back(visit, viewer, text, problem)
    new = post_message.NewMessage(text=text, files=visit.files, came_in_by=CameInBy.WEB, client_key=post_key(visit))
    try:
        post_message.post_message(visit.site.ctx, viewer, viewer.thread_id, new)
    except Refused as error:
        if error.decision.reason is Reason.THREAD_ERASED:
            raise NotFound("erased") from error
        if error.decision.reason is Reason.TOO_MANY:
            return show_thread(visit, viewer, status=429, text=text, problem=("write.too_many", {}))
        return show_thread(visit, viewer, status=403, text=text, refused=True)
    except Invalid as error:
        return _hand_back(visit, viewer, text, ("", {"said": say_error(visit, error)}))
    visit.site.feed.wake()
    return go_to(f"/c/{visit.path('token')}", anchor="sent")


def _hand_back(visit: Visit, viewer: Viewer, text: str, problem: tuple[str, dict[str, object]]) -> Response:
    """The text with what is wrong with it; behind a closed gate nothing can be mended, so that alone is said (403)."""
    page = read_thread.read_page(visit.site.ctx, viewer, viewer.thread_id, limit=1)
    if page.conversation.thread.state is not ThreadState.OPEN:
        return show_thread(visit, viewer, status=403, text=text, refused=True)
    return show_thread(visit, viewer, status=422, text=text, problem=problem)


def find_problem(visit: Visit) -> tuple[str, dict[str, object]] | None:
    """What is wrong with a web post, as a key of the catalogue with its values; None when nothing is."""
    limits = visit.site.ctx.settings
    text = visit.text("text")
    size = sum(len(f.content) for f in visit.files)
    if is_blank(text) and not visit.files:
        return "write.empty", {}
    if len(text) > limits.max_text_chars:
        return "write.long", {"count": len(text), "limit": limits.max_text_chars}
    if len(visit.files) > limits.max_upload_files:
        return "write.many", {"count": len(visit.files), "limit": limits.max_upload_files}
    if size > limits.max_upload_bytes:
        biggest = max(visit.files, key=lambda f: len(f.content))
        return "write.big", {
            "file": biggest.filename,
            "bytes": len(biggest.content),
            "limit_bytes": limits.max_upload_bytes,
        }
    return None


def show_thread(
    visit: Visit,
    viewer: Viewer,
    *,
    status: int = 200,
    text: str = "",
    problem: tuple[str, dict[str, object]] | None = None,
    refused: bool = False,
) -> Response:
    """The page in any of its states. `text` is handed back; `refused` says that it was not sent."""
    before = int_or_zero(visit.asked("before")) or None
    page = read_thread.read_page(visit.site.ctx, viewer, viewer.thread_id, before=before, limit=PAGE_SIZE)
    chat, zone = page.conversation, zone_of(page.conversation.workspace.timezone)
    shown = sorted(page.messages, key=lambda one: told_at(one.message))
    return show(
        visit,
        "candidate.html",
        status=status,
        **what_it_shows(visit, chat),
        log=build_log(shown, (), zone=zone, at_of=told_at),
        earlier=page.messages[0].message.seq if page.has_earlier and page.messages else 0,
        latest=shown[-1].message.id if shown and not before else "",
        newest=f"/c/{visit.path('token')}#latest" if before else "#latest" if len(shown) > LONG else "",
        after=page.last_event,
        closed=refused or chat.thread.state is not ThreadState.OPEN,
        reader=_reader(page),
        masked=mask_email(chat.candidate.email),
        key=secrets.token_urlsafe(12),
        text=text,
        problem=problem,
        refused=refused,
        unsent=[file.filename for file in visit.files] if refused else [],
    )


def what_it_shows(visit: Visit, chat: Conversation) -> dict[str, object]:
    """The public facts of a conversation: names, the opening and the public contact."""
    return {
        "base": f"/c/{visit.path('token')}",
        "company": chat.workspace.name,
        "brand": brand_url(chat.workspace.slug, chat.workspace.brand),
        "logo": chat.workspace.logo,
        "logo_url": logo_url(chat.workspace),
        "timezone": chat.workspace.timezone,
        "name": chat.candidate.name,
        "opening": chat.opening.title,
        "contact": chat.public_contact,
        "privacy_url": chat.workspace.privacy_url,
        "keep_days": chat.workspace.keep_days,
        "thread_id": chat.thread.id,
        "public_name": public_name,
        "told_at": told_at,
    }


def _reader(page: ThreadPage) -> str:
    """Who will read the answer: the last person of the company who wrote; "" when no person has yet."""
    company = page.conversation.workspace.name
    people = (AuthorKind.MEMBER, AuthorKind.CLIENT)
    names = [public_name(s.message, company) for s in page.messages if s.message.author.kind in people]
    return names[-1] if names and names[-1] != company else ""


def ask_new_link(visit: Visit) -> Response:
    """Ask for a new personal link. The answer is the same whoever asks, and as quick.

    The address is looked up after the answer, and the line closed with it: the next answer on it would be late.
    """
    if not visit.is_post:
        return show(visit, "link_lost.html", why="lost")
    answer = show(visit, "link_lost.html", why="asked")
    if email := visit.text("email")[:320]:
        answer.background = BackgroundTask(applicants.ask_new_link, visit.site.ctx, email)
        answer.headers["Connection"] = "close"
    return answer
