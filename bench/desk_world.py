"""In charge of: a company with many conversations, written to the tables in bulk and indexed for the search.

Not in charge of: measuring (`desk`). The same number gives the same company.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from typing import Any

from sqlalchemy import Connection, Table, insert, text

from gateway.store import tables as t
from gateway.store.database import Transaction
from gateway.usecases import accounts
from gateway.usecases.context import Context
from gateway.usecases.index_search import index_waiting

PER_THREAD = 10  # messages
OPENINGS = 20
BATCH = 5000  # rows of one statement
NEWEST = datetime(2026, 11, 20, tzinfo=UTC)
RARE, FREQUENT, KOREAN, NAME = "zebrafish", "interview", "면접", "지우"
FULL_PAGE = 60  # conversations
UNREAD_RECENT, UNREAD_OLD = 60, 20  # conversations that the member has not read: new ones, and some at the end


def _split(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_SYLLABLES = _split("ka lo mi ter in view pro ject des ign port fol io sa la ry da con tact re sume of fer the and")
_KOREAN = _split(
    "안녕하세요 면접 일정 확인 부탁드립니다 지원해 주셔서 감사합니다 포트폴리오 내일 오후 화요일 가능합니다"
)
_SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍"
_GIVEN = _split("서연 지우 민준 하은 도윤 서준 예린 수빈 지호 현우 유진 채원 은우 시윤 다은 준서 나연 태민 가은 소율")
_WESTERN = ("Anna", "Tomáš", "Мария", "Björn", "Mina", "Oskar", "Jana", "Ivan", "Elsa", "Petr")
_FAMILY = ("Lindqvist", "Novák", "Ковалёва", "Berg", "Han", "Svensson", "Dvořák", "Petrov", "Öberg", "Black")


@dataclass(frozen=True, slots=True)
class World:
    """What a measurement needs to know of it."""

    member_id: str
    thread_ids: tuple[str, ...]


def build_world(ctx: Context, *, threads: int) -> World:
    """Write everything; the search knows all of it."""
    workspace = accounts.create_workspace(
        ctx, name="Moa Labs", slug="moalabs", public_contact="jobs@moa.example", locale="en", timezone="Asia/Seoul"
    )
    member = accounts.create_member(ctx, workspace.id, email="jun@moa.example", name="Jun Park", role="admin")
    maker = _Maker(workspace.id, member.id, threads, ctx.settings.reply_domain)
    with ctx.database.begin() as tx:
        for table, rows in maker.tables():
            _write(tx.connection, table, rows)
        tx.search_index.note_all()
        _drop_index(tx)
    while index_waiting(ctx, most=BATCH):
        pass
    with ctx.database.begin() as tx:
        _make_index(tx)
    with ctx.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        # What PostgreSQL does by itself while a company grows (autovacuum).
        connection.execute(text("VACUUM (ANALYZE)" if connection.dialect.name == "postgresql" else "ANALYZE"))
    return World(member.id, tuple(_id("t", n) for n in range(threads)))


def _write(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(table), batch)


def _drop_index(tx: Transaction) -> None:
    """PostgreSQL builds its index in one go: filling it row by row takes ten times as long."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(text("DROP INDEX ix_search_documents_words"))


def _make_index(tx: Transaction) -> None:
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(text("SET LOCAL statement_timeout = 0"))
        tx.connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        made = "CREATE INDEX ix_search_documents_words ON search_documents USING gin (words)"
        tx.connection.execute(text(f"{made} WITH (gin_pending_list_limit = 256)"))


def _id(kind: str, number: int) -> str:
    """Sorts by number and before every id made today."""
    return f"00{kind}{number:023d}"


class _Maker:
    """Rows of each table, in the order in which they can be written."""

    def __init__(self, workspace_id: str, member_id: str, threads: int, domain: str) -> None:
        self._workspace, self._member, self._threads, self._domain = workspace_id, member_id, threads, domain
        self._random = random.Random(6)
        syllable = self._random.choice
        words = dict.fromkeys("".join(syllable(_SYLLABLES) for _ in range(1 + n % 4)) for n in range(30_000))
        self._words = list(words)
        self._weights = list(accumulate(1 / (n + 5) for n in range(len(self._words))))
        self._step = timedelta(days=700) / (threads * PER_THREAD)

    def tables(self) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
        yield t.openings, self._openings()
        yield t.applicants, self._applicants()
        yield t.threads, self._thread_rows()
        yield t.participants, self._participants()
        yield t.messages, self._messages()
        yield t.attachments, self._attachments()
        yield t.deliveries, self._deliveries()
        yield t.events, self._events()
        yield t.reads, self._reads()

    def _at(self, message: int) -> datetime:
        return NEWEST - self._step * (self._threads * PER_THREAD - message)

    def _openings(self) -> Iterator[dict[str, Any]]:
        for n in range(OPENINGS):
            row: dict[str, Any] = {"id": _id("o", n), "workspace_id": self._workspace, "external_id": f"opening-{n}"}
            row |= {"title": f"Opening {n}", "public_contact": "", "created_at": self._at(0)}
            yield row | {"notify_emails": ["hr@moa.example"]}

    def _name(self, n: int) -> str:
        if n % 3:
            return _SURNAMES[n % len(_SURNAMES)] + _GIVEN[(n // 7) % len(_GIVEN)]
        return f"{_WESTERN[n % len(_WESTERN)]} {_FAMILY[(n // 10) % len(_FAMILY)]}"

    def _applicants(self) -> Iterator[dict[str, Any]]:
        for n in range(self._threads):
            row: dict[str, Any] = {
                "id": _id("a", n),
                "workspace_id": self._workspace,
                "opening_id": _id("o", n % OPENINGS),
            }
            row |= {"external_id": f"applicant-{n}", "name": self._name(n), "email": f"person{n}@mail.example"}
            row |= {"phone": f"+8210{n:08d}", "locale": "ko" if n % 3 else "en", "source": "applied"}
            yield row | {"stage": "application", "fields": {}, "created_at": self._at(n)}

    def _thread_rows(self) -> Iterator[dict[str, Any]]:
        for n in range(self._threads):
            newest = (PER_THREAD - 1) * self._threads + n
            is_new = n >= self._threads - FULL_PAGE  # each view has a page of rows, with few conversations, too
            row: dict[str, Any] = {"id": _id("t", n), "workspace_id": self._workspace, "applicant_id": _id("a", n)}
            row |= {"opening_id": _id("o", n % OPENINGS), "state": "candidate_blocked" if n % 7 == 3 else "open"}
            row |= {"last_seq": PER_THREAD, "last_event": PER_THREAD, "last_at": self._at(newest)}
            row |= {"last_text": "See you on Tuesday", "last_author": "Jun Park", "candidate_seq": PER_THREAD - 1}
            row |= {"unanswered_since": self._at(newest) if n % 10 == 0 or is_new else None}
            row |= {"failed": int(n % 200 == 5 or is_new)}
            yield row | {"last_member_id": self._member, "created_at": self._at(n)}

    def _participants(self) -> Iterator[dict[str, Any]]:
        for n in range(self._threads):
            row: dict[str, Any] = {
                "id": _id("p", n),
                "thread_id": _id("t", n),
                "role": "candidate",
                "name": self._name(n),
            }
            yield row | {"email": f"person{n}@mail.example", "locale": "en", "link_version": 1}

    def _text(self, number: int) -> str:
        chosen = self._random.choices(self._words, cum_weights=self._weights, k=10 + number % 30)
        if number % 10 < 3:
            chosen.append(FREQUENT)
        if number % 3:
            chosen += self._random.choices(_KOREAN, k=6)
        if number % 333_331 == 77:
            chosen.append(RARE)
        return " ".join(chosen)

    def _messages(self) -> Iterator[dict[str, Any]]:
        """One of each conversation after the other: neighbours in time are of different ones."""
        for number in range(self._threads * PER_THREAD):
            seq, n = divmod(number, self._threads)
            ours = seq % 2 == 1
            row: dict[str, Any] = {"id": _id("m", number), "thread_id": _id("t", n), "seq": seq + 1, "kind": "message"}
            row |= {"author_kind": "member" if ours else "candidate", "came_in_by": "web", "text": self._text(number)}
            row |= {"author_name": "Jun Park" if ours else self._name(n), "created_at": self._at(number)}
            row |= {"author_email": "jun@moa.example" if ours else f"person{n}@mail.example"}
            yield row | {"member_id": self._member if ours else None, "participant_id": None if ours else _id("p", n)}

    def _attachments(self) -> Iterator[dict[str, Any]]:
        for n in range(self._threads):
            row: dict[str, Any] = {
                "id": _id("f", n),
                "message_id": _id("m", n),
                "position": 0,
                "size": 100_000,
                "digest": "0" * 64,
            }
            yield row | {"filename": f"{self._name(n)} portfolio {n}.pdf", "content_type": "application/pdf"}

    def _deliveries(self) -> Iterator[dict[str, Any]]:
        for number in range(self._threads * PER_THREAD):
            seq, n = divmod(number, self._threads)
            if seq % 2 == 1:
                row = {"id": _id("d", number), "workspace_id": self._workspace, "thread_id": _id("t", n)}
                row |= {"message_id": _id("m", number), "participant_id": _id("p", n), "channel": "email"}
                row |= {"address": f"person{n}@mail.example", "state": "accepted", "tries": 1, "rest": []}
                row |= {"rfc_message_id": f"{_id('d', number)}@{self._domain}", "created_at": self._at(number)}
                yield row | {"updated_at": self._at(number)}

    def _events(self) -> Iterator[dict[str, Any]]:
        for number in range(self._threads * PER_THREAD):
            seq, n = divmod(number, self._threads)
            row: dict[str, Any] = {
                "workspace_id": self._workspace,
                "thread_id": _id("t", n),
                "seq": seq + 1,
                "name": "message.created",
            }
            told = {"message_id": _id("m", number), "seq": str(seq + 1), "kind": "message"}
            yield row | {"data": told, "at": self._at(number)}

    def _reads(self) -> Iterator[dict[str, Any]]:
        old = set(range(0, UNREAD_OLD * 3, 3))
        for n in range(self._threads - UNREAD_RECENT):
            if n not in old:
                yield {"member_id": self._member, "thread_id": _id("t", n), "seq": PER_THREAD}
