"""Many mails settled together are what each alone would have been (DESIGN §4; GW-2, GW-6, SJ-1)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from cast import MINA, Company, make_applicant, make_mail
from running import Pump, both_databases
from sqlalchemy import event

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.errors import Unavailable
from gateway.store.database import Transaction
from gateway.threads.model import InboxState
from gateway.usecases import process_mail
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.index_search import index_after_mails
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.process_mail import process_waiting
from gateway.usecases.read_thread import messages_after, read_file
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.understand_mail import Understood
from gateway.usecases.views import ApplicantView

PEOPLE = 5


def write_all(ctx: Context, views: list[ApplicantView], *, rounds: int) -> None:
    """Each person writes once in each round; none is processed yet."""
    for number in range(rounds):
        for n, view in enumerate(views):
            address, writer = address_of(ctx, view), f"person-{n}@mail.example"
            raw = make_mail(f"{n} says {number}", from_=writer, to=address, message_id=f"{n}.{number}@mail.example")
            receive(ctx, raw, to=address, from_=writer)


@pytest.fixture
def people(ctx: Context, company: Company) -> list[ApplicantView]:
    return [make_applicant(ctx, company, external_id=f"p-{n}", email=f"person-{n}@mail.example") for n in range(PEOPLE)]


@both_databases
def test_each_thread_keeps_its_order_and_its_numbers(ctx: Context, company: Company, people: list[Any]) -> None:
    """P9: 100 mails for five people, several for each in one batch."""
    write_all(ctx, people, rounds=20)
    process_waiting(ctx)
    for n, view in enumerate(people):
        shown = messages_after(ctx, company.ats, view.thread_id)
        assert [m.message.text for m in shown] == [f"{n} says {number}" for number in range(20)]
        assert [m.message.seq for m in shown] == list(range(1, 21))
        assert all(len(m.deliveries) == 2 for m in shown)  # Jun and HR are told of each


def test_the_front_door_writes_between_the_mails_of_a_batch(
    ctx: Context, company: Company, people: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While senders wait for their 250, no transaction holds more than a dozen mails (DESIGN §7); order stays (P9)."""
    sizes = []
    settle = process_mail._settle_held

    def settle_held(ctx: Context, tx: Transaction, understood: Sequence[Understood]) -> None:
        sizes.append(len(understood))
        settle(ctx, tx, understood)

    monkeypatch.setattr(process_mail, "_settle_held", settle_held)
    monkeypatch.setattr(type(ctx.database), "crowded", property(lambda _: len(sizes) < 3))
    write_all(ctx, people, rounds=10)
    process_waiting(ctx)
    assert sizes == [12, 12, 12, 14]  # three crowded ones, and what was left when nobody waited any more
    for n, view in enumerate(people):
        assert texts(ctx, company, view) == [f"{n} says {number}" for number in range(10)]


@both_databases
def test_mails_that_wait_together_are_settled_together(
    ctx: Context, company: Company, people: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """An ordinary opening, with a notify list: nothing in the first mail of a batch makes the others spoil it."""
    for _ in range(2):  # the first mails of a conversation, and later ones
        write_all(ctx, people, rounds=2)
        process_waiting(ctx)
    assert "settled together" not in caplog.text


def test_the_rows_of_a_batch_are_sent_once_for_each_table(ctx: Context, company: Company, people: list[Any]) -> None:
    """Nothing is asked between two mails: what was gathered by then would be sent for it."""
    write_all(ctx, people, rounds=1)  # whoever is to be told of them takes part from now on
    process_waiting(ctx)
    write_all(ctx, people, rounds=3)
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement.split("(")[0].split(" SET ")[0].strip())

    event.listen(ctx.database.engine, "before_cursor_execute", note)
    process_waiting(ctx)
    event.remove(ctx.database.engine, "before_cursor_execute", note)
    tables = ("messages", "events", "deliveries", "search_waiting")
    assert {table: sent.count(f"INSERT INTO {table}") for table in tables} == dict.fromkeys(tables, 1)
    assert sent.count("UPDATE threads") == 1


@both_databases
def test_a_copy_in_the_same_batch_is_known(ctx: Context, company: Company, mina: ApplicantView) -> None:
    """GW-2: the same mail by two ways, both waiting."""
    address = address_of(ctx, mina)
    raw = make_mail("once", to=address, message_id="same@mail.example")
    receive(ctx, raw, to=address, from_=MINA)
    receive(ctx, b"Received: from mx2.example by us\r\n" + raw, to=address, from_=MINA)
    receive(ctx, make_mail("another", to=address, message_id="same@mail.example"), to=address, from_=MINA)
    process_waiting(ctx)
    assert texts(ctx, company, mina) == ["once", "another"]


@both_databases
def test_a_closed_thread_amid_others_changes_nothing_for_them(
    ctx: Context, company: Company, people: list[Any], pump: Pump
) -> None:
    """GW-6: what is refused writes at once, so what was read ahead for the others is read again."""
    change_stage(ctx, company.as_jun, people[2].thread_id, "rejected")
    write_all(ctx, people, rounds=3)
    process_waiting(ctx)
    for n, view in enumerate(people):
        said = [] if n == 2 else [f"{n} says {number}" for number in range(3)]
        assert texts(ctx, company, view) == said
    refused, _ = list_entries(ctx, company.as_jun, state="refused")
    assert [e.reason for e in refused] == ["thread_blocked"] * 3


@pytest.mark.parametrize("settings_values", [{"sender_mails_per_hour": 3}])
@both_databases
def test_the_limit_counts_what_came_in_the_same_batch(ctx: Context, company: Company, mina: ApplicantView) -> None:
    """The loop guard sees mails that were settled a moment ago and are not committed yet."""
    address = address_of(ctx, mina)
    for number in range(5):
        receive(ctx, make_mail(f"mail {number}", to=address), to=address, from_=MINA)
    process_waiting(ctx)
    assert texts(ctx, company, mina) == ["mail 0", "mail 1", "mail 2"]
    held, _ = list_entries(ctx, company.as_jun, state="held")
    assert [(e.state, e.reason) for e in held] == [(InboxState.HELD, "too_many")] * 2


def test_others_write_while_big_files_go_to_the_disk(
    ctx: Context, company: Company, mina: ApplicantView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk under attachments keeps nobody from the database (DESIGN §4 no. 10)."""
    address = address_of(ctx, mina)
    cv = bytes(range(256)) * 600
    receive(ctx, make_mail("my CV", to=address, files={"cv.pdf": cv}), to=address, from_=MINA)
    told = []
    write = ctx.database.blobs.write

    def write_slowly(digest: str, data: bytes) -> None:
        with ThreadPoolExecutor(1) as other:  # a transaction that were open now would keep this one waiting
            note = other.submit(post_message, ctx, company.as_jun, mina.thread_id, NewMessage(text="meanwhile"))
            told.append(note.result(10).message.text)
        write(digest, data)

    monkeypatch.setattr(ctx.database.blobs, "write", write_slowly)
    process_waiting(ctx)
    assert told == ["meanwhile"]
    assert texts(ctx, company, mina) == ["meanwhile", "my CV"]
    file = messages_after(ctx, company.ats, mina.thread_id)[-1].message.attachments[0]
    assert read_file(ctx, company.ats, file.id).content == cv


@both_databases
def test_a_blob_store_that_is_away_is_left_alone_for_a_while(
    ctx: Context, company: Company, mina: ApplicantView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P2: the mail waits as it was, others are settled, and the worker ends instead of asking on and on."""
    address = address_of(ctx, mina)
    big = make_mail("my film", to=address, files={"film.mp4": bytes(range(256)) * 2000})
    receive(ctx, big, to=address, from_=MINA)
    asked = []

    def be_away(digest: str) -> bytes:
        asked.append(digest)
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(ctx.database.blobs, "read", be_away)
        process_waiting(ctx)
    assert len(asked) == 1
    process_waiting(ctx)
    assert texts(ctx, company, mina) == ["my film"]


@both_databases
def test_search_is_indexed_once_no_mail_is_under_way(ctx: Context, company: Company, people: list[Any]) -> None:
    """Indexing writes for tens of milliseconds: neither mails that wait nor those in a worker's hands wait for it."""
    write_all(ctx, people, rounds=1)
    assert index_after_mails(ctx) == 0
    with ctx.database.begin() as tx:
        held = tx.inbox.claim_many(
            first="", limit=50, most_bytes=10**6, now=ctx.now, until=ctx.now + timedelta(minutes=2)
        )
    assert len(held) == PEOPLE
    assert index_after_mails(ctx) == 0
    with ctx.database.begin() as tx:
        for entry in held:
            tx.inbox.finish(entry.id, InboxState.RECEIVED)
    process_waiting(ctx)
    assert index_after_mails(ctx) >= PEOPLE
