"""Gathered statements and answers read ahead: invisible to whoever uses the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from gateway.store.among import is_among
from gateway.store.session import Session
from gateway.store.tables import UtcTime

things = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("name", String))
Table(
    "kinds",
    things.metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime),
    Column("words", JSON, nullable=False, default=list),
    Column("sure", Boolean, nullable=False, default=False),
    Column("state", String, nullable=False, default="new"),
)
kinds = things.metadata.tables["kinds"]
ADD = insert(things)
RENAME = update(things).values(name="renamed")


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    things.metadata.create_all(engine)
    with engine.begin() as connection:
        yield Session(connection)
    engine.dispose()


def names(session: Session) -> list[str]:
    return list(session.execute(select(things.c.name).order_by(things.c.id)).scalars())


def test_a_question_sees_what_was_gathered_before_it(session: Session) -> None:
    session.gather(ADD, {"id": 1, "name": "one"})
    session.gather(ADD, {"id": 2, "name": "two"})
    assert names(session) == ["one", "two"]


def test_a_direct_write_comes_after_what_was_gathered(session: Session) -> None:
    session.gather(ADD, {"id": 1, "name": "one"})
    session.execute(RENAME)
    session.gather(ADD, {"id": 2, "name": "two"})
    assert names(session) == ["renamed", "two"]


def test_what_fails_is_raised_when_it_is_sent(session: Session) -> None:
    session.gather(ADD, {"id": 1, "name": "one"})
    session.gather(ADD, {"id": 1, "name": "the same"})
    with pytest.raises(IntegrityError):
        session.flush()


def test_rows_are_sent_with_defaults_and_conversions(session: Session) -> None:
    """As `execute` sends them: what no row gives, what is converted for the driver, what stands in the statement."""
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    add, end = insert(kinds), update(kinds).where(kinds.c.id == bindparam("of"), kinds.c.state == "new")
    session.execute_many(add, [{"id": 1, "at": noon}, {"id": 2, "at": None}])
    session.execute_many(insert(kinds), [{"id": 3, "at": noon, "words": ["a"], "sure": True, "state": "old"}])
    close = end.values(state="ended", at=bindparam("when"))
    for number in (2, 3):
        session.gather(close, {"of": number, "when": noon.astimezone(timezone(timedelta(hours=9)))})
    rows = [tuple(row) for row in session.execute(select(kinds).order_by(kinds.c.id))]
    assert rows == [
        (1, noon, [], False, "new"),
        (2, noon, [], False, "ended"),
        (3, noon, ["a"], True, "old"),
    ]


def test_answers_read_ahead_are_forgotten_by_a_direct_write_only(session: Session) -> None:
    session.read_ahead("name", {1: "one"})
    session.gather(ADD, {"id": 1, "name": "one"})
    assert names(session) == ["one"]
    assert session.find_ahead("name", 1) == "one"
    session.note_ahead("name", 1, "uno")
    session.note_ahead("name", 2, "never asked")
    assert (session.find_ahead("name", 1), session.find_ahead("name", 2)) == ("uno", None)
    session.execute(RENAME)
    assert session.find_ahead("name", 1) is None


def test_a_question_for_many_has_the_same_text_for_any_number(session: Session) -> None:
    session.execute(ADD, [{"id": 1, "name": "one"}, {"id": 2, "name": 'o"ne\\'}, {"id": 3, "name": "세"}])
    asked: list[str] = []
    event.listen(session._connection, "before_cursor_execute", lambda *how: asked.append(how[2]))
    query = select(things.c.id).where(is_among(things.c.name, "names")).order_by(things.c.id)
    found = [session.execute(query, {"names": some}).scalars().all() for some in ([], ["one"], {"세", 'o"ne\\', "x"})]
    assert found == [[], [1], [2, 3]]
    assert len(asked) == 3
    assert len(set(asked)) == 1


def test_a_mark_leaves_what_was_gathered_and_read_ahead(session: Session) -> None:
    session.gather(ADD, {"id": 1, "name": "one"})
    session.read_ahead("name", {1: "one"})
    asked: list[str] = []
    event.listen(session._connection, "before_cursor_execute", lambda *how: asked.append(how[2]))
    session.mark(select(literal(1)))
    assert (len(asked), session.find_ahead("name", 1)) == (1, "one")
    assert names(session) == ["one"]
