"""In charge of: threads and participants; `open_for` is the one door by which a viewer reaches a thread.

Not in charge of: the rules (`policies.visibility`, `policies.rejection`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    func,
    insert,
    null,
    or_,
    select,
    update,
)

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.listing import is_there
from gateway.store.moving import kept_of
from gateway.store.people import applicant_of, opening_of, workspace_of
from gateway.store.sequences import Sequences
from gateway.store.session import Session
from gateway.threads.matching import Candidate
from gateway.threads.model import (
    AuthorKind,
    Conversation,
    Message,
    MessageKind,
    Participant,
    Role,
    Thread,
    ThreadState,
    Viewer,
)
from gateway.threads.policies.visibility import may_open

_T = TypeVar("_T")


class Threads:
    """Threads within one transaction."""

    def __init__(self, session: Session, sequences: Sequences) -> None:
        self._session = session
        self._sequences = sequences

    def open_for(self, viewer: Viewer, thread_id: str, *, lock: bool = False) -> Conversation | None:
        """The conversation, if this viewer may know of it. `lock` holds its row until the commit: the gate's
        serialisation.

        SQLite needs no row lock: every transaction that may write holds the only write lock (BEGIN IMMEDIATE).
        """
        conversation = self.load(thread_id, lock=lock)
        if conversation is None or not may_open(viewer, conversation.thread):
            return None
        return conversation

    def load(self, thread_id: str, *, lock: bool = False) -> Conversation | None:
        """The conversation for the gateway's own work (a mail, a delivery): no viewer, so never for an edge."""
        ahead: Conversation | None = self._session.find_ahead(_CONVERSATION, thread_id)
        if ahead is not None:
            return ahead
        row = self._session.execute(_LOAD_LOCKED if lock else _LOAD, {"id": thread_id}).first()
        if row is None:
            return None
        people = self._session.execute(_PEOPLE, {"id": thread_id})
        thread, applicant, opening, workspace = (_Part(row, table) for table in _PARTS)
        return Conversation(
            thread_of(thread),
            applicant_of(applicant),
            opening_of(opening),
            workspace_of(workspace),
            tuple(participant_of(p) for p in people),
        )

    def add(self, thread: Thread) -> None:
        row = {
            "id": thread.id,
            "workspace_id": thread.workspace_id,
            "applicant_id": thread.applicant_id,
            "opening_id": thread.opening_id,
            "state": thread.state.value,
            "last_seq": thread.last_seq,
            "last_event": thread.last_event,
            "last_at": thread.created_at,
            "unanswered_since": thread.created_at,
            "created_at": thread.created_at,
        }
        self._session.execute(insert(t.threads), row)

    def update(self, thread_id: str, **values: Any) -> None:
        self._session.execute(update(t.threads).where(t.threads.c.id == thread_id).values(values))

    def hold_many(self, thread_ids: set[str]) -> None:
        """Hold several threads' rows until the commit, in one order for everybody, so that no two wait for each
        other, and read ahead what `load` will be asked.
        """
        for one in self._read_ahead(_HOLD, thread_ids) if thread_ids else ():
            self._sequences.hold(one.id, last_seq=one.last_seq, last_event=one.last_event)

    def look_for(self, thread_ids: set[str]) -> None:
        """Read ahead what `load` will be asked, for several threads; nothing is held."""
        if thread_ids:
            self._read_ahead(_MANY, thread_ids)

    def _read_ahead(self, query: Select[Any], thread_ids: set[str]) -> list[Thread]:
        threads = [thread_of(row) for row in self._session.execute(query, {"ids": sorted(thread_ids)}).all()]
        applicants = self._by_id(_APPLICANTS, {one.applicant_id for one in threads}, applicant_of)
        openings = self._by_id(_OPENINGS, {one.opening_id for one in threads}, opening_of)
        workspaces = self._by_id(_WORKSPACES, {one.workspace_id for one in threads}, workspace_of)
        people: dict[str, list[Participant]] = {one.id: [] for one in threads}
        for row in self._session.execute(_PEOPLE_OF, {"ids": list(people)}) if people else ():
            person = participant_of(row)
            people[person.thread_id].append(person)
        conversations = {
            one.id: Conversation(
                one,
                applicants[one.applicant_id],
                openings[one.opening_id],
                workspaces[one.workspace_id],
                tuple(people[one.id]),
            )
            for one in threads
        }
        self._session.read_ahead(_CONVERSATION, conversations)
        return threads

    def _by_id(self, query: Select[Any], ids: set[str], build: Callable[[Any], _T]) -> dict[str, _T]:
        return {row[0]: build(row) for row in self._session.execute(query, {"ids": list(ids)})} if ids else {}

    def append(self, thread_id: str, message: Message, *, summary: str, now: datetime) -> tuple[int, int]:
        """Take the thread's next message and event numbers, and keep what the list shows of the message.

        The row stays locked until the commit, so commit order is the order. Notes change no summary.
        """
        by_candidate = message.author.kind.is_outside
        is_note = message.kind is not MessageKind.MESSAGE
        seq, event = self._sequences.next_message(thread_id)
        values: dict[str, Any] = {"seq": seq, "event": event}
        if not is_note:
            values |= {"now": now, "summary": summary, "member": message.author.member_id}
            values["author"] = "" if message.author.kind is AuthorKind.CANDIDATE else message.author.name
        self._sequences.save(_append(by_candidate=by_candidate, is_note=is_note), thread_id, values)
        return seq, event

    def add_failed(self, thread_id: str, by: int) -> None:
        """Count deliveries of the thread that need attention up or down."""
        self._session.gather(_ADD_FAILED, {"thread": thread_id, "by": by})

    def find_by_applicant(self, applicant_id: str) -> str | None:
        """The thread in which they are spoken with: their own, or the one that it became part of."""
        query = select(t.threads.c.id).where(t.threads.c.applicant_id == applicant_id)
        own = self._session.execute(query).scalar_one_or_none()
        return kept_of(self._session, [own]).get(own, own) if own else None

    # -- participants ----------------------------------------------------------------------------------------

    def add_participant(self, participant: Participant) -> None:
        row = {
            "id": participant.id,
            "thread_id": participant.thread_id,
            "role": participant.role.value,
            "name": participant.name,
            "email": participant.email.lower(),
            "member_id": participant.member_id,
            "link_version": participant.link_version,
            "locale": participant.locale,
        }
        self._session.execute(insert(t.participants), row)

    def update_participant(self, participant_id: str, **values: Any) -> None:
        self._session.execute(update(t.participants).where(t.participants.c.id == participant_id).values(values))

    def find_participants(self, ids: Sequence[str]) -> dict[str, tuple[Participant, ThreadState, str]]:
        """Participants by id, each with the state of their thread and its workspace's id."""
        ahead = {i: self._session.find_ahead(_PERSON, i) for i in ids}
        if all(ahead.values()):
            return ahead
        rows = self._session.execute(_FIND_PARTICIPANTS, {"ids": list(ids)}) if ids else ()
        found = [(participant_of(row), row._mapping) for row in rows]
        return {person.id: (person, ThreadState(of["state"]), of["workspace_id"]) for person, of in found}

    def look_for_participants(self, ids: Sequence[str]) -> None:
        """Read ahead what `find_participants` will be asked, one by one."""
        self._session.read_ahead(_PERSON, self.find_participants(ids))

    def alive_participants(self, ids: Sequence[str]) -> set[str]:
        """Which of these participants still are in a thread that is not erased."""
        return set(self._session.execute(_ALIVE, {"ids": list(ids)}).scalars())

    def find_candidates(
        self, email: str, *, workspace_id: str | None = None, also_further: bool = False
    ) -> list[Participant]:
        """Candidate participants with this address in threads that are not erased, newest thread first.

        `also_further`: with it as a further address too.
        """
        return [participant_of(r) for r in self._candidates(email, workspace_id, also_further=also_further)]

    def _candidates(self, email: str, workspace_id: str | None, *, also_further: bool) -> Sequence[Row[Any]]:
        theirs: ColumnElement[bool] = t.participants.c.email == email.lower()
        if also_further:
            further = select(t.addresses.c.participant_id).where(t.addresses.c.email == email.lower())
            theirs = or_(theirs, t.participants.c.id.in_(further))
        query = (
            select(t.participants, t.threads.c.state)
            .join(t.threads, t.threads.c.id == t.participants.c.thread_id)
            .where(
                theirs,
                t.participants.c.role == Role.CANDIDATE.value,
                is_there(),
            )
            .order_by(t.threads.c.id.desc())
        )
        if workspace_id:
            query = query.where(t.threads.c.workspace_id == workspace_id)
        return self._session.execute(query).all()

    # -- matching (GW-1) -------------------------------------------------------------------------------------

    def by_sender(self, email: str, workspace_id: str) -> list[Candidate]:
        """Threads of the workspace that are open or blocked, in which this address is a candidate's."""
        found = self._candidates(email, workspace_id, also_further=True)
        return [Candidate(r.thread_id, r.id, is_open=r.state == ThreadState.OPEN) for r in found]

    def by_message_ids(self, message_ids: Sequence[str], workspace_id: str) -> list[Candidate]:
        """Threads of the workspace that one of these Message-IDs belongs to, in the order of the ids given."""
        if not message_ids:
            return []
        found: dict[str, str] = {}
        for table in (t.messages, t.deliveries):
            query = (
                select(table.c.rfc_message_id, table.c.thread_id)
                .join(t.threads, t.threads.c.id == table.c.thread_id)
                .where(table.c.rfc_message_id.in_(list(message_ids)), t.threads.c.workspace_id == workspace_id)
            )
            found.update({r.rfc_message_id: r.thread_id for r in self._session.execute(query)})
        return [Candidate(found[m]) for m in message_ids if m in found]


# Built once: building a statement costs more than running it, and these run for every mail.
_PARTS = (t.threads, t.applicants, t.openings, t.workspaces)
_LOAD = (
    select(*(c.label(f"{table.name}_{c.name}") for table in _PARTS for c in table.c))
    .select_from(
        t.threads.join(t.applicants, t.applicants.c.id == t.threads.c.applicant_id)
        .join(t.openings, t.openings.c.id == t.threads.c.opening_id)
        .join(t.workspaces, t.workspaces.c.id == t.threads.c.workspace_id)
    )
    .where(t.threads.c.id == bindparam("id"))
)
_LOAD_LOCKED = _LOAD.with_for_update(of=t.threads)
_PEOPLE = select(t.participants).where(t.participants.c.thread_id == bindparam("id")).order_by(t.participants.c.id)
_CONVERSATION = "conversation"
_PERSON = "participant"
_MANY = select(t.threads).where(is_among(t.threads.c.id, "ids")).order_by(t.threads.c.id)
_HOLD = _MANY.with_for_update()
_ADD_FAILED = (
    update(t.threads)
    .where(t.threads.c.id == bindparam("thread"))
    .values(failed=t.threads.c.failed + bindparam("by", type_=Integer()))
)
_APPLICANTS = select(t.applicants).where(is_among(t.applicants.c.id, "ids"))
_OPENINGS = select(t.openings).where(is_among(t.openings.c.id, "ids"))
_WORKSPACES = select(t.workspaces).where(is_among(t.workspaces.c.id, "ids"))
_PEOPLE_OF = select(t.participants).where(is_among(t.participants.c.thread_id, "ids")).order_by(t.participants.c.id)
_PARTICIPANT = select(t.participants, t.threads.c.state, t.threads.c.workspace_id).join(
    t.threads, t.threads.c.id == t.participants.c.thread_id
)
_FIND_PARTICIPANTS = _PARTICIPANT.where(is_among(t.participants.c.id, "ids"))
_ALIVE = (
    select(t.participants.c.id)
    .join(t.threads, t.threads.c.id == t.participants.c.thread_id)
    .where(is_among(t.participants.c.id, "ids"), t.threads.c.state != ThreadState.ERASED.value)
)


@cache
def _append(*, by_candidate: bool, is_note: bool) -> Update:
    """The thread's row after one more message. Notes change no summary."""
    c = t.threads.c
    values: dict[str, Any] = {"last_seq": bindparam("seq"), "last_event": bindparam("event")}
    if not is_note:
        values |= {"last_at": bindparam("now"), "last_text": bindparam("summary")}
        values |= {"last_member_id": bindparam("member"), "last_author": bindparam("author")}
        first = func.coalesce(c.unanswered_since, bindparam("now", type_=t.UtcTime()))
        values["unanswered_since"] = first if by_candidate else null()
    if by_candidate:
        values["candidate_seq"] = bindparam("seq")
        values |= {"snoozed_until": null(), "done_at": null()}
    return update(t.threads).where(c.id == bindparam("thread")).values(values)


class _Part:
    """One table's columns of a joined row, by their own names."""

    def __init__(self, row: Row[Any], table: Table) -> None:
        self._mapping = {c.name: row._mapping[f"{table.name}_{c.name}"] for c in table.c}


def thread_of(row: Any) -> Thread:
    of = row._mapping
    return Thread(
        id=of["id"],
        workspace_id=of["workspace_id"],
        applicant_id=of["applicant_id"],
        opening_id=of["opening_id"],
        state=ThreadState(of["state"]),
        last_seq=of["last_seq"],
        last_event=of["last_event"],
        created_at=of["created_at"],
        closes_at=of["closes_at"],
        blocked_at=of["blocked_at"],
        blocked_tries=of["blocked_tries"],
        blocked_notice_at=of["blocked_notice_at"],
        waits_until=of["waits_until"],
        assignee_id=of["assignee_id"] or "",
    )


def participant_of(row: Row[Any]) -> Participant:
    of = row._mapping
    return Participant(
        id=of["id"],
        thread_id=of["thread_id"],
        role=Role(of["role"]),
        name=of["name"],
        email=of["email"],
        member_id=of["member_id"],
        link_version=of["link_version"],
        locale=of["locale"],
    )
