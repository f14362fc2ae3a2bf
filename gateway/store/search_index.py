"""In charge of: the index of the search as rows — what waits for it, writing it, removing from it.

Not in charge of: which words it holds (`threads.search_documents`) or asking it (`search`).

A message writes one small row, and a worker indexes it soon after: the words of a mail would cost its transaction
more than the mail. What waits is found all the same (docs/adr/0015).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, delete, func, insert, literal, select, text

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.session import Session
from gateway.threads.model import Role
from gateway.threads.search_documents import Document, Kind, needles_of
from gateway.threads.subjects import in_one

_LOCK = 7_306_554_312  # PostgreSQL advisory lock: one process at a time writes the index


def note_change(session: Session, kind: Kind, subject_id: str) -> None:
    """Something that can be found is new or changed: a message, or an applicant."""
    session.gather(_NOTE, {"kind": kind.value, "subject_id": subject_id})


class SearchIndex:
    """Within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def _is_postgres(self) -> bool:
        return self._session.dialect.name == "postgresql"

    def note_person_of(self, participant_id: str) -> None:
        """A participant's addresses changed: so did what finds their applicant."""
        self._session.execute(_NOTE_PERSON, {"participant": participant_id})

    def note_all(self) -> None:
        """Forget the index and let everything wait for it."""
        for table in (t.search_documents, t.search_waiting):
            self._session.execute(delete(table))
        for kind, table in ((Kind.PERSON, t.applicants), (Kind.MESSAGE, t.messages)):
            everything = select(literal(kind.value), table.c.id).order_by(table.c.id)
            self._session.execute(insert(t.search_waiting).from_select(["kind", "subject_id"], everything))

    def try_hold(self) -> bool:
        """Be the one that writes the index until the commit; False if somebody else is."""
        if not self._is_postgres:
            return True  # this transaction has the only write lock
        return bool(self._session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar())

    def take_waiting(self, limit: int) -> list[tuple[Kind, str]]:
        """The oldest that wait, each once; they wait no longer."""
        c = t.search_waiting.c
        rows = self._session.execute(select(c.id, c.kind, c.subject_id).order_by(c.id).limit(limit)).all()
        if rows:
            self._session.execute(delete(t.search_waiting).where(c.id.in_([r.id for r in rows])))
        return list(dict.fromkeys((Kind(r.kind), r.subject_id) for r in rows))

    def newest_waiting(self, limit: int) -> list[tuple[Kind, str]]:
        """The newest that wait, newest first."""
        c = t.search_waiting.c
        rows = self._session.execute(select(c.kind, c.subject_id).order_by(c.id.desc()).limit(limit))
        return list(dict.fromkeys((Kind(r.kind), r.subject_id) for r in rows))

    def load(self, subjects: Iterable[tuple[Kind, str]]) -> list[Document]:
        """These messages and applicants as they are now, in their order; those that are gone are left out."""
        subjects = list(subjects)
        found = self._messages([i for kind, i in subjects if kind is Kind.MESSAGE])
        found |= self._people([i for kind, i in subjects if kind is Kind.PERSON])
        return [found[subject_id] for _, subject_id in subjects if subject_id in found]

    def write(self, subjects: Iterable[tuple[Kind, str]], documents: Sequence[Document]) -> None:
        """Index the documents in place of what was known of the subjects; known ones keep their number."""
        c = t.search_documents.c
        known: dict[str, int] = {}
        for kind in Kind:
            ids = [subject_id for k, subject_id in subjects if k is kind]
            if ids:
                gone = delete(t.search_documents).where(c.kind == kind.value, c.subject_id.in_(ids))
                known |= {r.subject_id: r.no for r in self._session.execute(gone.returning(c.subject_id, c.no))}
        last: int = self._session.execute(select(func.coalesce(func.max(c.no), 0))).scalar_one()
        last = max(last, *known.values(), 0)
        rows = []
        for document in documents:
            no = known.get(document.subject_id)
            if no is None:
                no = last = last + 1
            rows.append(self._row(no, document))
        if rows:
            self._session.execute(_add(self._is_postgres), rows)

    def forget_thread(self, thread_id: str) -> None:
        """Remove a thread's person and messages from the index."""
        self._session.execute(delete(t.search_documents).where(t.search_documents.c.thread_id == thread_id))

    def _row(self, no: int, document: Document) -> dict[str, Any]:
        needles = sorted(needles_of(document))
        return {
            "no": no,
            "kind": document.kind.value,
            "subject_id": document.subject_id,
            "thread_id": document.thread_id,
            "workspace_id": document.workspace_id,
            "at": document.at,
            "needles": needles if self._is_postgres else f" {' '.join(needles)} ",
        }

    def _messages(self, ids: Sequence[str]) -> dict[str, Document]:
        if not ids:
            return {}
        files: dict[str, list[str]] = {}
        for row in self._session.execute(_FILES, {"ids": ids}):
            files.setdefault(row.message_id, []).append(row.filename)
        return {
            row.id: Document(
                kind=Kind.MESSAGE,
                subject_id=row.id,
                thread_id=row.thread_id,
                workspace_id=row.workspace_id,
                opening_id=row.opening_id,
                at=row.created_at,
                stage=row.stage,
                text=in_one(row.subject, row.text),
                names=(row.author_name, row.author_email),
                files=tuple(files.get(row.id, ())),
            )
            for row in self._session.execute(_MESSAGES, {"ids": ids})
        }

    def _people(self, ids: Sequence[str]) -> dict[str, Document]:
        if not ids:
            return {}
        addresses: dict[str, list[str]] = {}
        for query in (_GUESTS, _FURTHER):
            for row in self._session.execute(query, {"ids": ids}):
                addresses.setdefault(row.applicant_id, []).append(row.email)
        return {
            row.id: Document(
                kind=Kind.PERSON,
                subject_id=row.id,
                thread_id=row.thread_id,
                workspace_id=row.workspace_id,
                opening_id=row.opening_id,
                at=row.created_at,
                stage=row.stage,
                names=(row.name, row.email, *addresses.get(row.id, ())),
                phone=row.phone,
            )
            for row in self._session.execute(_PEOPLE, {"ids": ids})
        }


def _add(is_postgres: bool) -> Any:
    words = func.array_to_tsvector(bindparam("needles", type_=ARRAY(Text))) if is_postgres else bindparam("needles")
    return insert(t.search_documents).values(words=words)


_NOTE = insert(t.search_waiting)
_OF_THREAD = t.threads.c.id == t.participants.c.thread_id
_NOTE_PERSON = insert(t.search_waiting).from_select(
    ["kind", "subject_id"],
    select(literal(Kind.PERSON.value), t.threads.c.applicant_id)
    .join(t.participants, _OF_THREAD)
    .where(t.participants.c.id == bindparam("participant")),
)
_ALIVE = t.threads.c.state != "erased"
_MESSAGES = (
    select(
        *(
            t.messages.c[name]
            for name in ("id", "thread_id", "text", "subject", "author_name", "author_email", "created_at")
        ),
        *(t.threads.c.workspace_id, t.threads.c.opening_id, t.applicants.c.stage),
    )
    .join(t.threads, t.threads.c.id == t.messages.c.thread_id)
    .join(t.applicants, t.applicants.c.id == t.threads.c.applicant_id)
    .where(is_among(t.messages.c.id, "ids"), _ALIVE)
)
_FILES = (
    select(t.attachments.c.message_id, t.attachments.c.filename)
    .where(is_among(t.attachments.c.message_id, "ids"), t.attachments.c.inline.is_(False))
    .order_by(t.attachments.c.message_id, t.attachments.c.position)
)
_PEOPLE = (
    select(
        *(t.applicants.c[name] for name in ("id", "name", "email", "phone", "stage", "opening_id", "created_at")),
        *(t.applicants.c.workspace_id, t.threads.c.id.label("thread_id")),
    )
    .join(t.threads, t.threads.c.applicant_id == t.applicants.c.id)
    .where(is_among(t.applicants.c.id, "ids"), _ALIVE)
)
_GUESTS = (
    select(t.threads.c.applicant_id, t.participants.c.email)
    .join(t.participants, _OF_THREAD)
    .where(
        is_among(t.threads.c.applicant_id, "ids"), t.participants.c.role.in_([Role.CANDIDATE.value, Role.GUEST.value])
    )
)
_FURTHER = (
    select(t.threads.c.applicant_id, t.addresses.c.email)
    .join(t.participants, _OF_THREAD)
    .join(t.addresses, t.addresses.c.participant_id == t.participants.c.id)
    .where(is_among(t.threads.c.applicant_id, "ids"))
)
