"""In charge of: the bell — a page of what is new for who is signed in, and what changes of it while it is open.

Not in charge of: what rings it (`usecases.tell_members`), or the wire (`live`).
"""

from __future__ import annotations

from starlette.responses import Response

from gateway.threads.model import Viewer
from gateway.threads.notifying import NewsKind
from gateway.usecases import accounts, bell, read_thread
from gateway.usecases.news_words import path_of
from gateway.web.desk.conversations import desk_page, say_number
from gateway.web.stream import Beside
from gateway.web.visits import Visit, go_to, render

PATH = "/desk/bell"
ICONS = {
    NewsKind.MESSAGE: "mail",
    NewsKind.ASSIGNED: "user-check",
    NewsKind.MENTIONED: "sticky-note",
    NewsKind.FAILED: "triangle-alert",
    NewsKind.HELD: "mail-search",
    NewsKind.UNANSWERED: "clock",
    NewsKind.UNREACHED: "settings",
    NewsKind.APPROVED: "check",
    NewsKind.REJECTED: "ban",
}
HELPERS: dict[str, object] = {"icons_of": ICONS, "path_of": path_of}  # what the list's template needs besides the news


def bell_page(visit: Visit, viewer: Viewer) -> Response:
    """What is new for the member, newest first; POST marks all of it read."""
    if visit.is_post:
        bell.mark_all_read(visit.site.ctx, viewer)
        return go_to(PATH, anchor="main")
    before = visit.asked("before")[:26]
    news, more = bell.read_bell(visit.site.ctx, viewer, before=before)
    shared: dict[str, object] = {"news": news, "more": more, "before": before, **HELPERS}
    return desk_page(visit, viewer, "desk_bell.html", status=200, current="bell", **shared)


def live_bell(visit: Visit, viewer: Viewer) -> Beside:
    """A function that gives the newest page of the bell and its number, if they changed since its last call, and says
    what is new to who does not see it.
    """
    timezone = accounts.read_workspace(visit.site.ctx, viewer).timezone
    sent, newest = "", visit.asked("newest")  # the newest that the page itself shows

    def changed(_everything: bool) -> str:
        nonlocal sent, newest
        news, _ = bell.read_bell(visit.site.ctx, viewer)
        number = say_number(read_thread.counts(visit.site.ctx, viewer).bell)
        html = render(visit, "desk_live.html", part="bell", news=news, number=number, timezone=timezone, **HELPERS)
        before, sent = sent, html
        if html == before:
            return ""
        rang = bool(news) and news[0].news.id > newest
        newest = news[0].news.id if news else newest
        return html + (render(visit, "desk_live.html", part="rang", one=news[0]) if rang else "")

    return changed
