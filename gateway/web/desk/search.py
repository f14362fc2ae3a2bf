"""In charge of: the desk's search page, its small form of filters, and the results of the palette.

Not in charge of: what is found (`usecases.search`).
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from gateway.errors import Invalid
from gateway.threads.model import Viewer
from gateway.threads.search_documents import Group
from gateway.threads.search_query import FILTERS, SearchQuery, filters_of, words_of, write_query
from gateway.usecases.search import FoundFile, FoundMessage, Results, search
from gateway.web.desk.conversations import desk_page
from gateway.web.visits import Visit, render, say_error

NEWEST_SHOWN = 45  # messages that a conversation surely shows without asking for earlier ones


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form holds: words, and filters by name. Filters may also be typed among the words."""

    words: str
    filters: dict[str, str]

    @property
    def has_filters(self) -> bool:
        return any(self.filters.values())

    @property
    def typed(self) -> str:
        return write_query(self.words, self.filters)


def asked_of(visit: Visit) -> Asked:
    """Words and filters of a request, those that were typed taken out of the words."""
    typed = visit.asked("q")
    own = {name: visit.asked(name)[:100] for name in FILTERS if visit.asked(name)}
    return Asked(words_of(typed), {**dict.fromkeys(FILTERS, ""), **filters_of(typed), **own})


def search_page(visit: Visit, viewer: Viewer) -> Response:
    """People, messages and files that hold the words, with filters; also the results of the palette."""
    asked, problem = asked_of(visit), ""
    group = visit.asked("in")
    only = Group(group) if group in set(Group) else None
    try:
        found = search(visit.site.ctx, viewer, asked.typed, only=only, cursor=visit.asked("cursor"))
    except Invalid as error:
        problem, found = say_error(visit, error), Results(SearchQuery())
    shown: dict[str, object] = {"asked": asked, "found": found, "only": only, "problem": problem, "link_of": link_of}
    if visit.by_script and visit.asked("part") == "palette":
        return HTMLResponse(render(visit, "desk_palette.html", **shown))
    return desk_page(visit, viewer, "desk_search.html", status=422 if problem else 200, current="search", **shown)


def link_of(found: FoundMessage | FoundFile) -> str:
    """The conversation at that message."""
    message, newest = found.message, found.place.thread.last_seq
    before = f"?before={message.seq + NEWEST_SHOWN // 2}" if newest - message.seq >= NEWEST_SHOWN else ""
    return f"/desk/t/{message.thread_id}{before}#msg-{message.id}"
