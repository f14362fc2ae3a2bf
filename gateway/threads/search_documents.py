"""In charge of: what of a person and of a message goes into the index, and whether one of them is what a query asks.

Not in charge of: reading queries (`search_query`) or the index itself (`store.search_index`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.threads.search_query import SearchQuery
from gateway.threads.search_words import Needle, Term, fold, needles_of_name, needles_of_text

_SENDER, _FILE, _PERSON = "@", "/", "@@"  # marks of needles that are no words of the text
_HAS_FILE = ":f"


class Kind(StrEnum):
    PERSON = "p"
    MESSAGE = "m"


class Group(StrEnum):
    """How results are shown together. Files are found by the messages that carry them."""

    PEOPLE = "people"
    MESSAGES = "messages"
    FILES = "files"

    @property
    def kind(self) -> Kind:
        return Kind.PERSON if self is Group.PEOPLE else Kind.MESSAGE


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that can be found: an applicant (by id) or a message."""

    kind: Kind
    subject_id: str
    thread_id: str
    workspace_id: str
    opening_id: str
    at: datetime
    stage: str = ""  # of the applicant
    text: str = ""
    names: tuple[str, ...] = ()  # the applicant's name and addresses, or the author's
    phone: str = ""
    files: tuple[str, ...] = ()  # names


def needles_of(document: Document) -> set[str]:
    """What the index holds of it."""
    found = {_scope(document.kind, document.workspace_id), _of_opening(document.opening_id)}
    if document.kind is Kind.PERSON:
        names = (*document.names, _digits(document.phone))
        return found.union(*(needles_of_name(name, _PERSON) for name in names))
    found |= needles_of_text(document.text)
    found = found.union(*(needles_of_name(name, _SENDER) for name in document.names))
    found = found.union(*(needles_of_name(name, _FILE) for name in document.files))
    return found | {_HAS_FILE} if document.files else found


def needles_for(query: SearchQuery, group: Group, workspace_id: str, *, openings: Collection[str]) -> list[Needle]:
    """What to look for in the index: whatever fits the query has all of these. `openings`: ids that fit its filter."""
    found = [Needle(_scope(group.kind, workspace_id))]
    if query.opening and len(openings) == 1:
        found += [Needle(_of_opening(opening)) for opening in openings]
    if group is Group.PEOPLE:
        terms = (query.number,) if query.number else query.terms
        return found + [needle for term in terms for needle in term.needles_in_name(_PERSON)]
    for term in query.terms:
        found += term.needles_in_name(_FILE) if group is Group.FILES else term.needles_in_text()
    for term in query.sender:
        found += term.needles_in_name(_SENDER)
    return [*found, Needle(_HAS_FILE)] if query.has_file or group is Group.FILES else found


def fits(query: SearchQuery, group: Group, document: Document, *, openings: Collection[str]) -> bool:
    """Does it have all that is asked? Days are the index's (`since`, `until`), not looked at here."""
    if query.opening and document.opening_id not in openings:
        return False
    if query.stage and not _all_in(query.stage, document.stage):
        return False
    if group is Group.PEOPLE:
        if query.number and query.number.in_name(_digits(document.phone)):
            return True
        return _all_in(query.terms, "\n".join((*document.names, _digits(document.phone))))
    if query.sender and not _all_in(query.sender, "\n".join(document.names)):
        return False
    if group is Group.FILES:
        return bool(fitting_files(query.terms, document.files))
    if query.has_file and not document.files:
        return False
    folded = fold(document.text)
    return all(term.in_text(folded) for term in query.terms)


def fitting_files(terms: Collection[Term], names: Collection[str]) -> list[str]:
    """The file names that hold all terms."""
    return [name for name in names if _all_in(terms, name)]


def _all_in(terms: Collection[Term], text: str) -> bool:
    folded = fold(text)
    return all(term.in_name(folded) for term in terms)


def _scope(kind: Kind, workspace_id: str) -> str:
    return f":{kind}{workspace_id}"


def _of_opening(opening_id: str) -> str:
    return f":o{opening_id}"


def _digits(phone: str) -> str:
    return "".join(c for c in phone if c.isdigit())
