"""In charge of: messages that change their conversation, as rows, and the number that each leaves behind.

Not in charge of: who may move them, or what they become (`usecases.move_messages`).

A number is given once: in the conversation that a message leaves, `moved` keeps its number, the writer's key and the
mail's Message-ID, so that nothing that is sent again enters a second time; where it arrives, it gets the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, Select, bindparam, case, func, insert, literal, select, update

from gateway.store import tables as t
from gateway.store.among import is_among
from gateway.store.listing import is_there
from gateway.store.search_index import note_change
from gateway.store.sequences import Sequences
from gateway.store.session import Session
from gateway.threads.model import Applicant, AuthorKind, DeliveryState, MessageKind, ThreadState
from gateway.threads.search_documents import Kind
from gateway.threads.search_words import fold

UNFINISHED = (DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.DEFERRED)
BAD = (DeliveryState.FAILED.value, DeliveryState.BOUNCED.value)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A message that is about to move: where it was first written and as what, and what else belongs to it."""

    id: str
    seq: int
    kind: MessageKind
    by_candidate: bool
    participant_id: str | None
    inbox_id: str | None
    home_id: str
    first_kind: MessageKind


class Moving:
    """Moves within one transaction, which holds both conversations' rows."""

    def __init__(self, session: Session, sequences: Sequences) -> None:
        self._session = session
        self._sequences = sequences

    def find(self, thread_id: str, message_ids: Sequence[str]) -> list[Leaving]:
        """Those of these messages that are in the conversation, in its order."""
        c, moved, ids = t.messages.c, t.moved.c, list(message_ids)
        rows = self._session.execute(select(t.messages).where(c.thread_id == thread_id, c.id.in_(ids)).order_by(c.seq))
        first: dict[str, Any] = {}
        for row in self._session.execute(select(t.moved).where(moved.message_id.in_(ids)).order_by(moved.at)):
            first.setdefault(row.message_id, row)
        return [_leaving(row, first.get(row.id)) for row in rows.all()]

    def hold_deliveries(self, message_ids: Sequence[str]) -> dict[str, list[tuple[str, str | None, str]]]:
        """(id, participant, state) of what goes out for these messages, by message, held until the commit."""
        c = t.deliveries.c
        query = select(c.id, c.message_id, c.participant_id, c.state).where(c.message_id.in_(list(message_ids)))
        found: dict[str, list[tuple[str, str | None, str]]] = {}
        for row in self._session.execute(query.order_by(c.id).with_for_update()):
            found.setdefault(row.message_id, []).append((row.id, row.participant_id, row.state))
        return found

    def carry(
        self,
        message: Leaving,
        source_id: str,
        target_id: str,
        *,
        kind: MessageKind,
        people: Mapping[str, str],
        now: datetime,
    ) -> int:
        """Take a message over as the target's next; its new number. `people`: participants there, by those here."""
        run, c, seq = self._session.execute, t.messages.c, self._sequences.next_moved(target_id)
        kept = select(c.client_key, c.rfc_message_id, c.body_digest).where(c.id == message.id)
        left = dict(run(kept).one()._mapping)
        values = {"thread_id": target_id, "seq": seq, "kind": kind.value, "client_key": None}
        values["participant_id"] = people.get(message.participant_id or "")
        run(update(t.messages).where(c.id == message.id).values(values))
        place = {"thread_id": source_id, "seq": message.seq, "message_id": message.id, "kind": message.kind.value}
        run(insert(t.moved), place | left | {"at": now})
        if message.inbox_id:
            entry = {"thread_id": target_id, "participant_id": values["participant_id"]}
            run(update(t.inbox).where(t.inbox.c.id == message.inbox_id).values(entry))
        told = (t.news.c.thread_id == source_id, t.news.c.subject_id == message.id)
        run(update(t.news).where(*told).values(thread_id=target_id))
        document = (t.search_documents.c.kind == Kind.MESSAGE.value, t.search_documents.c.subject_id == message.id)
        run(update(t.search_documents).where(*document).values(thread_id=target_id))
        note_change(self._session, Kind.MESSAGE, message.id)
        return seq

    def carry_delivery(self, delivery_id: str, target_id: str, *, participant_id: str | None) -> None:
        where = t.deliveries.c.id == delivery_id
        values = {"thread_id": target_id, "participant_id": participant_id}
        self._session.execute(update(t.deliveries).where(where).values(values))

    def newest_of_candidate(self, thread_id: str) -> int:
        """The number of the newest message of the candidate's side, as the list counts what is unread."""
        th = t.threads.c
        return int(self._session.execute(select(th.candidate_seq).where(th.id == thread_id)).scalar_one())

    def count_anew(self, thread_id: str) -> None:
        """The thread's numbers after a move: its newest, the candidate's newest, and what failed."""
        c, d = t.messages.c, t.deliveries.c
        outside = [k.value for k in AuthorKind if k.is_outside]
        theirs = (c.thread_id == thread_id, c.kind == MessageKind.MESSAGE.value, c.author_kind.in_(outside))
        newest = select(func.coalesce(func.max(c.seq), 0)).where(*theirs).scalar_subquery()
        failed = select(func.count()).where(d.thread_id == thread_id, d.state.in_(BAD)).scalar_subquery()
        values = {"candidate_seq": newest, "failed": failed, "last_seq": self._sequences.last_message(thread_id)}
        self._session.execute(update(t.threads).where(t.threads.c.id == thread_id).values(values))

    def who_read(self, thread_id: str, seq: int) -> list[str]:
        """The members who have read a conversation up to this number."""
        r = t.reads.c
        query = select(r.member_id).where(r.thread_id == thread_id, r.seq >= seq)
        return list(self._session.execute(query).scalars())

    # -- merging ---------------------------------------------------------------------------------------------

    def all_of(self, thread_id: str) -> list[str]:
        """Ids of all messages of a conversation, in order."""
        c = t.messages.c
        return list(self._session.execute(select(c.id).where(c.thread_id == thread_id).order_by(c.seq)).scalars())

    def come_from(self, source_id: str, target_id: str) -> list[str]:
        """Ids of the target's messages that were in the source before, in their order there."""
        c, m = t.moved.c, t.messages.c
        query = (
            select(m.id).join(t.moved, c.message_id == m.id).where(c.thread_id == source_id, m.thread_id == target_id)
        )
        return list(dict.fromkeys(self._session.execute(query.order_by(c.seq)).scalars()))

    def merge(self, other_id: str, kept_id: str, *, people: Mapping[str, str]) -> None:
        """The other thread is part of the kept one from now on, with its mails that wait, drafts and tags."""
        run, th = self._session.execute, t.threads.c
        merged = {"merged_into": kept_id, "state": ThreadState.MERGED.value}
        run(update(t.threads).where(th.id == other_id).values(merged))  # its own parts stay its own: they lead on
        for old, new in people.items():
            mails = (t.inbox.c.thread_id == other_id, t.inbox.c.participant_id == old)
            run(update(t.inbox).where(*mails).values(thread_id=kept_id, participant_id=new))
        run(update(t.inbox).where(t.inbox.c.thread_id == other_id).values(thread_id=kept_id))
        d, tag = t.drafts.c, t.thread_tags.c
        begun = select(d.member_id).where(d.thread_id == kept_id)
        for table in (t.draft_files, t.drafts):
            mine = (table.c.thread_id == other_id, table.c.member_id.not_in(begun))
            run(update(table).where(*mine).values(thread_id=kept_id))
        has = select(tag.tag_id).where(tag.thread_id == kept_id)
        theirs = select(literal(kept_id), tag.tag_id).where(tag.thread_id == other_id, tag.tag_id.not_in(has))
        run(insert(t.thread_tags).from_select(["thread_id", "tag_id"], theirs))

    def unmerge(self, other_id: str) -> None:
        """The thread is one of its own again, with the gate that it had."""
        th = t.threads.c
        state = case((th.blocked_at.is_not(None), ThreadState.BLOCKED.value), else_=ThreadState.OPEN.value)
        self._session.execute(update(t.threads).where(th.id == other_id).values(merged_into=None, state=state))

    def merged_into(self, thread_ids: Collection[str]) -> dict[str, str]:
        """The thread that each of these is part of now, through however many merges; those that are none's are left
        out.
        """
        return kept_of(self._session, thread_ids)

    def path_up(self, thread_id: str) -> list[str]:
        """The threads that this one is part of, the one it was merged into first, the one that is kept last."""
        into = {row.id: row.into for row in self._session.execute(_PATH_UP, {"ids": [thread_id]})}
        path = [thread_id]
        while path[-1] in into:
            path.append(into[path[-1]])
        return path[1:]

    def parts_of(self, thread_id: str) -> list[tuple[str, str]]:
        """(thread, applicant) of those that are part of this one, and of the parts of those."""
        return [(row.id, row.applicant_id) for row in self._session.execute(_PARTS_OF, {"id": thread_id})]

    def doubles_of(self, applicant: Applicant, *, thread_id: str, limit: int = 10) -> list[str]:
        """Threads of the same opening whose applicant has the same address, number or name, newest first.

        Names are compared as the search does it, in every script: SQLite's lower() knows ASCII alone.
        """
        a, th = t.applicants.c, t.threads.c
        here = (th.opening_id == applicant.opening_id, th.id != thread_id, is_there())
        query = select(th.id, a.name, a.email, a.phone).join(t.applicants, a.id == th.applicant_id).where(*here)
        name = fold(applicant.name).split()
        return [
            row.id
            for row in self._session.execute(query.order_by(th.id.desc()))
            if (name and fold(row.name).split() == name)
            or (row.email != "" and row.email == applicant.email)
            or (row.phone != "" and row.phone == applicant.phone)
        ][:limit]

    # -- afterwards ------------------------------------------------------------------------------------------

    def where_to(self, thread_ids: Collection[str]) -> dict[str, str]:
        """Those of these conversations that a message was moved out of, each with the one that it became part of
        ("" for one that still is its own).
        """
        ids = list(thread_ids)
        found = dict.fromkeys(self._session.execute(_LEFT, {"ids": ids}).scalars(), "") if ids else {}
        return found | self.merged_into(ids)

    def is_now_in(self, source_id: str, target_id: str) -> bool:
        """Is a message that was moved out of one conversation in the other now?"""
        c, m = t.moved.c, t.messages.c
        query = (
            select(m.id).join(t.moved, c.message_id == m.id).where(c.thread_id == source_id, m.thread_id == target_id)
        )
        return self._session.execute(query.limit(1)).first() is not None


def kept_of(session: Session, thread_ids: Collection[str]) -> dict[str, str]:
    """`Moving.merged_into`, for the other parts of the store."""
    ids = list(thread_ids)
    return {row.id: row.into for row in session.execute(_KEPT_OF, {"ids": ids})} if ids else {}


def _up() -> CTE:
    """From each thread up, merge by merge: (`first`, a thread on its way up, what that one was merged into)."""
    th = t.threads.c
    given = is_among(th.id, "ids")
    first = select(th.id.label("first"), th.id, th.merged_into.label("into"))
    up = first.where(given, th.merged_into.is_not(None)).cte("up", recursive=True)
    return up.union(select(up.c.first, th.id, th.merged_into).where(th.id == up.c.into, th.merged_into.is_not(None)))


def _kept_of() -> Select[Any]:
    """The one at the end of each way, which is part of no other."""
    up, kept = _up(), t.threads.alias("kept").c
    return select(up.c.first.label("id"), up.c.into).where(kept.id == up.c.into, kept.merged_into.is_(None))


def _parts_of() -> Select[Any]:
    """From a thread down, merge by merge."""
    th = t.threads.c
    part = select(th.id, th.applicant_id).where(th.merged_into == bindparam("id")).cte("part", recursive=True)
    part = part.union(select(th.id, th.applicant_id).where(th.merged_into == part.c.id))
    return select(part.c.id, part.c.applicant_id)


# Built once: building a statement costs more than running it.
_WAY = _up()
_PATH_UP = select(_WAY.c.id, _WAY.c.into)
_KEPT_OF, _PARTS_OF = _kept_of(), _parts_of()
_LEFT = select(t.moved.c.thread_id).where(is_among(t.moved.c.thread_id, "ids")).distinct()


def _leaving(row: Any, first: Any) -> Leaving:
    return Leaving(
        id=row.id,
        seq=row.seq,
        kind=MessageKind(row.kind),
        by_candidate=AuthorKind(row.author_kind).is_outside,
        participant_id=row.participant_id,
        inbox_id=row.inbox_id,
        home_id=first.thread_id if first else row.thread_id,
        first_kind=MessageKind(first.kind if first else row.kind),
    )
