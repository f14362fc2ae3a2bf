"""In charge of: finding people, messages and files for a member — words and filters in, groups of results out.

Not in charge of: what matches (`threads.search_words`), the index (`store.search`), the page.

The index names what may fit; everything is compared again as it is now, and shown only to who may see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.store.search import Place, Range
from gateway.threads.attachment import Attachment
from gateway.threads.model import Message, Opening, Viewer, ViewerKind
from gateway.threads.policies.privacy import mask_links
from gateway.threads.policies.roles import sees_opening
from gateway.threads.policies.visibility import may_open, visible_to, without_private_parts
from gateway.threads.search_documents import Document, Group, fits, fitting_files, needles_for
from gateway.threads.search_marks import Piece, cut_snippet, mark_hits
from gateway.threads.search_query import MOST_TERMS, SearchQuery, read_query
from gateway.threads.search_words import Term, fold, read_number, read_terms
from gateway.threads.subjects import in_one
from gateway.usecases.context import Context

PAGE = 20  # results of one group
FEW = {Group.PEOPLE: 5, Group.MESSAGES: PAGE, Group.FILES: 5}  # while all groups are shown
WAITING = 200  # documents that are found although they are not in the index yet
LISTED = 200  # people of a list that is narrowed by words
ALL = 10**15  # a cursor above every number: what waited filled the page
SPARE = 5  # documents of the index that turn out not to fit
EXAMINED = 600  # documents of the index compared for one page; the cursor goes on behind them


@dataclass(frozen=True, slots=True)
class FoundPerson:
    thread_id: str
    place: Place
    name: tuple[Piece, ...]
    by: tuple[Piece, ...]  # the address or number that fits, () if the name does


@dataclass(frozen=True, slots=True)
class FoundMessage:
    message: Message
    place: Place
    snippet: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class FoundFile:
    message: Message
    place: Place
    file: Attachment
    name: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What one page shows; `more` has a cursor for each group that goes on."""

    query: SearchQuery
    openings: tuple[Opening, ...] = ()
    people: tuple[FoundPerson, ...] = ()
    messages: tuple[FoundMessage, ...] = ()
    files: tuple[FoundFile, ...] = ()
    more: dict[Group, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.openings or self.people or self.messages or self.files)


def search(ctx: Context, viewer: Viewer, typed: str, *, only: Group | None = None, cursor: str = "") -> Results:
    """Newest first. `only` one group, from the cursor on. Raises Invalid for a filter that cannot be meant."""
    if viewer.kind is ViewerKind.CANDIDATE:
        raise NotFound("search")
    query = read_query(typed)
    if query.is_empty:
        return Results(query)
    groups = [only] if only else [g for g in Group if not (g is Group.PEOPLE and query.is_about_messages)]
    with ctx.database.read() as tx:
        finder = _Finder(ctx, tx, viewer, query)
        found = {g: finder.find(g, below=_read_cursor(cursor), limit=PAGE if only else FEW[g]) for g in groups}
        more = {g: str(rest) for g, (_, rest) in found.items() if rest is not None}
        documents = {g: docs for g, (docs, _) in found.items()}
        places = finder.places([d for docs in documents.values() for d in docs])
        messages = finder.messages([*documents.get(Group.MESSAGES, ()), *documents.get(Group.FILES, ())])
    return Results(
        query,
        openings=() if only or query.is_about_messages or query.opening else finder.openings_named(query.terms),
        people=tuple(
            _person(query, d, places[d.thread_id]) for d in documents.get(Group.PEOPLE, ()) if d.thread_id in places
        ),
        messages=tuple(
            FoundMessage(m, places[m.thread_id], cut_snippet(mask_links(in_one(m.subject, m.text)), query.terms))
            for m in _of(documents.get(Group.MESSAGES, ()), messages)
            if m.thread_id in places
        ),
        files=tuple(
            FoundFile(m, places[m.thread_id], file, mark_hits(file.filename, query.terms, anywhere=True))
            for m in _of(documents.get(Group.FILES, ()), messages)
            if m.thread_id in places
            for file in m.attachments
            if file.filename in fitting_files(query.terms, [file.filename]) and not file.inline
        ),
        more=more,
    )


def find_people(ctx: Context, tx: Transaction, viewer: Viewer, words: str) -> list[str]:
    """The threads of the newest applicants whose name, address or number holds the words: for a list."""
    query = SearchQuery(words=words, terms=read_terms(words)[:MOST_TERMS], number=read_number(words))
    return [d.thread_id for d in _Finder(ctx, tx, viewer, query).find(Group.PEOPLE, below=None, limit=LISTED)[0]]


class _Finder:
    """One search within one transaction."""

    def __init__(self, ctx: Context, tx: Transaction, viewer: Viewer, query: SearchQuery) -> None:
        self._ctx, self._tx, self._viewer, self._query = ctx, tx, viewer, query
        self._all_openings = [o for o in tx.people.list_openings(viewer.workspace_id) if sees_opening(viewer, o.id)]
        self._openings = {o.id for o in self.openings_named(query.opening)} if query.opening else set[str]()
        if query.opening and not self._openings:
            raise Invalid("q", "No opening has this name.", code="search_opening")
        self._since, self._until = self._day(query.after), self._day(query.before)
        self._waiting: list[Document] | None = None

    def find(self, group: Group, *, below: int | None, limit: int) -> tuple[list[Document], int | None]:
        """What fits, newest first, and the number below which there may be more."""
        if group is Group.FILES and not (self._query.terms or self._query.has_file):
            return [], None
        needles = needles_for(self._query, group, self._viewer.workspace_id, openings=self._openings)
        found = self._fitting(group, self._not_indexed()) if below is None else []
        known = {d.subject_id for d in self._not_indexed()}
        examined = 0
        while examined < EXAMINED:
            within = Range(below, self._since, self._until)
            hits, is_more = self._tx.search.find(
                self._viewer.workspace_id, group.kind, needles, within=within, limit=limit + SPARE
            )
            numbers = {hit.subject_id: hit.no for hit in hits if hit.subject_id not in known}
            for document in self._fitting(group, self._tx.search_index.load((group.kind, i) for i in numbers)):
                if len(found) >= limit:
                    return found, below or ALL
                found.append(document)
                below = numbers[document.subject_id]
            if not is_more:
                return found, None
            below = hits[-1].no
            examined += len(hits)
        return found, below

    def places(self, documents: Sequence[Document]) -> dict[str, Place]:
        """Whose conversations these are: those that the viewer may open."""
        found = self._tx.search.places(d.thread_id for d in documents)
        return {thread_id: place for thread_id, place in found.items() if may_open(self._viewer, place.thread)}

    def messages(self, documents: Sequence[Document]) -> dict[str, Message]:
        """The messages themselves, as far as the viewer may see them."""
        found = self._tx.messages.find_many([d.subject_id for d in documents])
        seen = (m for m in found.values() if visible_to(self._viewer, m, self._ctx.now))
        return {m.id: without_private_parts(self._viewer, m) for m in seen}

    def openings_named(self, terms: Sequence[Term]) -> tuple[Opening, ...]:
        named = ((o, fold(o.title)) for o in self._all_openings)
        return tuple(o for o, title in named if terms and all(term.in_name(title) for term in terms))

    def _not_indexed(self) -> list[Document]:
        if self._waiting is None:
            self._waiting = self._tx.search_index.load(self._tx.search_index.newest_waiting(WAITING))
        return self._waiting

    def _fitting(self, group: Group, documents: Sequence[Document]) -> list[Document]:
        """Those that fit the query and that the viewer may know of."""
        return [
            d
            for d in documents
            if d.kind is group.kind
            and d.workspace_id == self._viewer.workspace_id
            and sees_opening(self._viewer, d.opening_id)
            and (self._since is None or d.at >= self._since)
            and (self._until is None or d.at < self._until)
            and fits(self._query, group, d, openings=self._openings)
        ]

    def _day(self, day: date | None) -> datetime | None:
        """The beginning of a day where the company is."""
        workspace = self._tx.people.find_workspace(self._viewer.workspace_id) if day else None
        if day is None or workspace is None:
            return None
        return datetime.combine(day, time(), ZoneInfo(workspace.timezone))


def _person(query: SearchQuery, document: Document, place: Place) -> FoundPerson:
    name = mark_hits(place.applicant_name, query.terms, anywhere=True)
    others = [mark_hits(other, query.terms, anywhere=True) for other in document.names[1:]]
    if query.number and query.number.in_name("".join(c for c in document.phone if c.isdigit())):
        others.insert(0, mark_hits(document.phone, [query.number], anywhere=True))
    elif document.phone:
        others.append(mark_hits(document.phone, query.terms, anywhere=True))
    by = next((pieces for pieces in others if any(p.is_hit for p in pieces)), ())
    return FoundPerson(document.thread_id, place, name, by)


def _of(documents: Sequence[Document], messages: dict[str, Message]) -> list[Message]:
    return [messages[d.subject_id] for d in documents if d.subject_id in messages]


def _read_cursor(cursor: str) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise Invalid("cursor", "Use the `next` of the page before, unchanged.", code="cursor")
    return int(cursor)
