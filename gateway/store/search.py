"""In charge of: asking the index of the search, newest first, in a time that does not grow with what is stored.

Not in charge of: what a query means (`threads.search_query`), who may see a hit (`usecases.search`), filling the index
(`search_index`).

First the newest few are looked through as they are: a frequent word has filled the page by then. Only what is rare
among them is left to the index, which would be slow with frequent words. Of several needles those that are frequent
are compared with the rows that the rare ones found. (SQLite goes through whole words newest first by itself; it needs
this for beginnings of words only.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, column, func, literal, literal_column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from gateway.store import tables as t
from gateway.store.session import Session
from gateway.store.threads import thread_of
from gateway.threads.model import Thread
from gateway.threads.search_documents import Kind
from gateway.threads.search_words import Needle

NEWEST = 500  # rows that are looked through without the index
FREQUENT = 0.02  # of them: from then on a needle is not looked for in the index, if another one is
SLACK = 1000  # numbers follow times but for messages that were written at once


@dataclass(frozen=True, slots=True)
class Hit:
    """A document of the index that may fit: who asked compares it."""

    no: int
    subject_id: str


@dataclass(frozen=True, slots=True)
class Place:
    """Whose conversation a hit is in."""

    thread: Thread
    applicant_name: str
    stage: str
    locale: str
    opening_title: str


@dataclass(frozen=True, slots=True)
class Range:
    """Where to look: below a number, and between two times."""

    below: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class Search:
    """Within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(
        self, workspace_id: str, kind: Kind, needles: Sequence[Needle], *, within: Range, limit: int
    ) -> tuple[list[Hit], bool]:
        """Documents that have all needles, newest first, and whether there may be more. The first needle says no more
        than workspace and kind, for the index.
        """
        c = t.search_documents.c
        scope = and_(c.workspace_id == workspace_id, c.kind == kind.value)
        low, high = self._bounds(scope, within)
        border, hits = high, list[Hit]()
        if self._is_postgres or any(needle.beginning for needle in needles):
            newest = select(c.no).where(scope, c.no < high, c.no >= low).order_by(c.no.desc()).limit(NEWEST).subquery()
            border, count = self._session.execute(select(func.min(newest.c.no), func.count())).one()
            if not count:
                return [], False
            near = [scope, c.no < high, c.no >= border, *_times(within), *map(self._holds, needles[1:])]
            hits = self._run(select(c.no, c.subject_id).where(*near), limit)
            if len(hits) == limit or count < NEWEST:
                return hits, len(hits) == limit
        rare, frequent = self._share(needles, scope, border, high)
        far = [c.no >= low, c.no < border, *_times(within)]
        hits += self._run(self._far(rare, frequent, far), limit - len(hits))
        return hits, len(hits) == limit

    def places(self, thread_ids: Iterable[str]) -> dict[str, Place]:
        """The conversations, by id."""
        rows = self._session.execute(_PLACES.where(t.threads.c.id.in_(sorted(set(thread_ids)))))
        return {
            row.id: Place(thread_of(row), row.applicant_name, row.stage, row.locale, row.opening_title) for row in rows
        }

    @property
    def _is_postgres(self) -> bool:
        return self._session.dialect.name == "postgresql"

    def _run(self, query: Select[Any], limit: int) -> list[Hit]:
        ordered = query.order_by(query.selected_columns["no"].desc()).limit(limit)
        return [Hit(r.no, r.subject_id) for r in self._session.execute(ordered)]

    def _bounds(self, scope: ColumnElement[bool], within: Range) -> tuple[int, int]:
        """The numbers between which all documents of the range are."""
        c = t.search_documents.c
        low, high = 0, within.below if within.below is not None else 1 << 62
        if within.since:
            first = select(c.no).where(scope, c.at >= within.since).order_by(c.at).limit(1)
            low = (self._session.execute(first).scalar_one_or_none() or high) - SLACK
        if within.until:
            last = select(c.no).where(scope, c.at < within.until).order_by(c.at.desc()).limit(1)
            high = min(high, (self._session.execute(last).scalar_one_or_none() or 0) + SLACK)
        return low, high

    def _share(
        self, needles: Sequence[Needle], scope: ColumnElement[bool], low: int, high: int
    ) -> tuple[list[Needle], list[Needle]]:
        """The needles that the index is asked for, and those that are compared with what it finds.

        The index follows an exact needle step by step, but has to gather all rows of a beginning: only those can be
        too many.
        """
        wide = [needle for needle in needles if needle.beginning]
        words = [needle for needle in needles if not needle.text.startswith(":")]
        if not wide or len(words) == 1:
            return list(needles), []
        c = t.search_documents.c
        counts = [func.count().filter(self._holds(needle)) for needle in wide]
        row = self._session.execute(select(*counts).where(scope, c.no >= low, c.no < high)).one()
        by_count = sorted(zip(row, wide, strict=True), key=lambda found: found[0])
        frequent = [needle for count, needle in by_count if count > FREQUENT * NEWEST]
        if len(frequent) == len(words):
            frequent = frequent[1:]  # the rarest of them leads
        return [needle for needle in needles if needle not in frequent], frequent

    def _holds(self, needle: Needle) -> ColumnElement[bool]:
        words = t.search_documents.c.words
        if self._is_postgres:
            return words.bool_op("@@")(cast(_tsquery([needle]), TSQUERY))
        return func.instr(words, f" {needle.text}" if needle.beginning else f" {needle.text} ") > 0

    def _far(self, rare: Sequence[Needle], frequent: Sequence[Needle], where: list[Any]) -> Select[Any]:
        """By the index: the rare needles; what they find is compared with the frequent ones."""
        d = t.search_documents
        if self._is_postgres:
            wanted = [d.c.no, d.c.subject_id, *([d.c.words] if frequent else [])]  # what waits in memory stays small
            asked = d.c.words.bool_op("@@")(cast(_tsquery(rare), TSQUERY))
            by_index = select(*wanted).where(asked, *where).cte("found")
            found = by_index.prefix_with("MATERIALIZED")  # else the planner may read all rows in their order
            compared = [found.c.words.bool_op("@@")(cast(_tsquery([needle]), TSQUERY)) for needle in frequent]
            return select(found.c.no, found.c.subject_id).where(*compared)
        words = table("search_words", column("rowid"))
        typed = literal(" AND ".join(f'"{n.text}"{" *" if n.beginning else ""}' for n in rare))
        match = literal_column("search_words").bool_op("MATCH")(typed)
        query = select(words.c.rowid.label("no"), d.c.subject_id).select_from(words.join(d, d.c.no == words.c.rowid))
        return query.where(match, *where, *map(self._holds, frequent))


def _times(within: Range) -> list[ColumnElement[bool]]:
    at = t.search_documents.c.at
    since = [at >= within.since] if within.since else []
    return [*since, at < within.until] if within.until else since


def _tsquery(needles: Sequence[Needle]) -> str:
    """Needles hold letters, digits and our marks only."""
    return " & ".join(f"'{n.text}'{':*' if n.beginning else ''}" for n in needles)


_PLACES = (
    select(
        t.threads,
        t.applicants.c.name.label("applicant_name"),
        *(t.applicants.c.stage, t.applicants.c.locale, t.openings.c.title.label("opening_title")),
    )
    .join(t.applicants, t.applicants.c.id == t.threads.c.applicant_id)
    .join(t.openings, t.openings.c.id == t.threads.c.opening_id)
)
