"""What the desk asks on every page is answered by an index, never by reading a whole table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cast import Company
from running import both_databases
from sqlalchemy import Connection, event

from gateway.store.listing import VIEWS
from gateway.threads.model import MessageKind
from gateway.threads.organising import Filters
from gateway.usecases import read_thread
from gateway.usecases.context import Context
from gateway.usecases.index_search import index_waiting
from gateway.usecases.organise import read_choices
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.search import search
from gateway.usecases.views import ApplicantView

LARGE = "threads applicants participants messages attachments deliveries attempts events reads search_documents inbox"
SCANNED = re.compile(rf"(?:SCAN|Seq Scan on) ({'|'.join(LARGE.split())})\b")


@pytest.fixture
def plans(ctx: Context) -> Iterator[Callable[[], list[str]]]:
    """The plans of all SELECTs so far. PostgreSQL reads small tables whole; it is asked what it could do."""
    asked: list[tuple[str, Any]] = []

    def remember(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    def explain(connection: Connection) -> Iterator[str]:
        postgres = connection.dialect.name == "postgresql"
        if postgres:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in asked[:]:
            how = "EXPLAIN" if postgres else "EXPLAIN QUERY PLAN"
            rows = connection.exec_driver_sql(f"{how} {statement}", parameters)
            yield f"{statement}\n" + "\n".join(str(row[-1]) for row in rows)

    def tell() -> list[str]:
        with ctx.database.engine.begin() as connection:
            return list(explain(connection))

    event.listen(ctx.database.engine, "before_cursor_execute", remember)
    yield tell
    event.remove(ctx.database.engine, "before_cursor_execute", remember)


@both_databases
def test_lists_numbers_conversations_and_searches_use_an_index(
    ctx: Context, company: Company, mina: ApplicantView, plans: Callable[[], list[str]]
) -> None:
    viewer = company.as_jun
    post_message(ctx, viewer, mina.thread_id, NewMessage(text="an interview", kind=MessageKind.NOTE))
    index_waiting(ctx)
    for view in VIEWS:
        rows, _ = read_thread.list_conversations(ctx, viewer, view=view)
        assert len(rows) == (view in ("all", "open", "unassigned", "unanswered"))
    for filters in (Filters(stage="applied"), Filters(tag_id="x"), Filters(assignee=viewer.id), Filters(locale="ko")):
        read_thread.list_conversations(ctx, viewer, filters=filters)
    read_choices(ctx, viewer)
    read_thread.counts(ctx, viewer)
    read_thread.read_page(ctx, viewer, mina.thread_id)
    for typed in ("interview", "mina", "면접 from:jun", "before:2026-12-01 has:file"):
        search(ctx, viewer, typed)
    found = plans()
    assert len(found) > 40
    assert [plan for plan in found if SCANNED.search(plan)] == []
