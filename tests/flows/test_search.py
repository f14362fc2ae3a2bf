"""Searching on both databases: what is found, by whom, and that it is the same before and after it was indexed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cast import Company, as_candidate, make_applicant, make_company
from fakes import FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st
from running import both_databases

from gateway.errors import Invalid, NotFound
from gateway.store import search as store_search
from gateway.threads.channel import OutgoingFile
from gateway.threads.model import MessageKind
from gateway.threads.search_documents import Group
from gateway.threads.search_words import fold, read_terms
from gateway.usecases.applicants import put_applicant
from gateway.usecases.context import Context
from gateway.usecases.erase import erase_applicant
from gateway.usecases.index_search import index_anew, index_waiting
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.search import Results, search

CV = OutgoingFile("한지우_포트폴리오.pdf", "application/pdf", b"%PDF-1.7")


def index_all(ctx: Context) -> None:
    while index_waiting(ctx):
        pass


def texts(results: Results) -> list[str]:
    return [found.message.text for found in results.messages]


def names(results: Results) -> list[str]:
    return [found.place.applicant_name for found in results.people]


@pytest.fixture(params=[index_all, lambda ctx: None], ids=["indexed", "waiting"])
def catch_up(request: pytest.FixtureRequest) -> Callable[[Context], None]:
    found: Callable[[Context], None] = request.param
    return found


@both_databases
def test_people_messages_and_files_are_found(
    ctx: Context, company: Company, clock: FakeClock, catch_up: Callable[[Context], None]
) -> None:
    """Two Korean syllables, beginnings of words, parts of addresses and numbers, file names."""
    mina = make_applicant(ctx, company)
    put = {"opening": "designer", "email": "jiu.han@mail.example", "phone": "+821012345678", "source": "applied"}
    jiu = put_applicant(ctx, company.ats, "jiu", name="한지우", **put)
    candidate = as_candidate(ctx, jiu)
    post_message(ctx, candidate, jiu.thread_id, NewMessage(text="내일 면접에 갑니다", files=(CV,)))
    clock.move(days=40)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Your Interview is on Tuesday"))
    post_message(ctx, company.as_jun, jiu.thread_id, NewMessage(text="remember the salary", kind=MessageKind.NOTE))
    catch_up(ctx)

    def ask(typed: str) -> Results:
        return search(ctx, company.as_ara, typed)

    assert names(ask("지우")) == names(ask("010-1234-5678")) == names(ask("5678")) == names(ask("iu.han")) == ["한지우"]
    assert set(names(ask("han"))) == {"Mina Han", "한지우"}
    assert texts(ask("면접")) == ["내일 면접에 갑니다"]
    assert texts(ask("inter tues")) == ["Your Interview is on Tuesday"]
    assert texts(ask("view")) == []
    assert texts(ask("salary")) == ["remember the salary"]
    assert [f.file.filename for f in ask("포트 pdf").files] == ["한지우_포트폴리오.pdf"]
    assert [o.title for o in ask("design").openings] == ["Product Designer"]

    assert texts(ask("from:jun")) == ["remember the salary", "Your Interview is on Tuesday"]
    assert texts(ask("has:file")) == texts(ask("before:2026-12-24")) == ["내일 면접에 갑니다"]
    assert len(texts(ask("after:2026-12-24"))) == 2
    assert texts(ask('opening:"Product Designer" stage:new interview')) == []
    assert len(texts(ask("opening:designer from:한지우"))) == 1
    with pytest.raises(Invalid):
        ask("opening:astronaut interview")
    with pytest.raises(NotFound):
        search(ctx, candidate, "면접")


@both_databases
def test_nobody_finds_what_is_anothers_or_was_erased(ctx: Context, company: Company) -> None:
    """SJ-P3, and the one door."""
    other = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    mina, tom = make_applicant(ctx, company), make_applicant(ctx, other, name="Tom Berg", email="tom@mail.example")
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="a secret word"))
    post_message(ctx, other.as_jun, tom.thread_id, NewMessage(text="another secret word"))
    for _ in range(2):
        assert texts(search(ctx, company.as_jun, "secret")) == ["a secret word"]
        assert names(search(ctx, other.as_jun, "mail.example")) == ["Tom Berg"]
        confined = replace(company.as_jun, confined_to={other.opening.id: "evaluator"})
        assert search(ctx, confined, "secret").is_empty
        assert search(ctx, confined, "designer").is_empty
        index_all(ctx)
    erase_applicant(ctx, company.ats, mina.thread_id)
    for again in (lambda: None, lambda: index_anew(ctx), lambda: index_all(ctx)):
        again()
        assert search(ctx, company.as_jun, "secret").is_empty
        assert search(ctx, company.as_jun, "mina").is_empty
        assert texts(search(ctx, other.as_jun, "secret")) == ["another secret word"]


@both_databases
def test_who_is_renamed_is_found_by_the_new_name_only(ctx: Context, company: Company) -> None:
    make_applicant(ctx, company)
    index_all(ctx)
    make_applicant(ctx, company, name="Mina Kim")
    for _ in range(2):
        assert names(search(ctx, company.as_jun, "kim")) == ["Mina Kim"]
        assert names(search(ctx, company.as_jun, "mina han")) == []
        index_all(ctx)


WORDS = (
    "interview",
    "internal",
    "내일",
    "면접에",
    "한지우입니다",
    "löneanspråk",
    "на",
    "собеседование",
    "mp3",
    "a",
    "東京都",
)


@both_databases
def test_the_index_answers_like_a_plain_comparison(
    ctx: Context, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index with its short cuts, on both databases, against reading every text; pages without a gap or a repeat."""
    monkeypatch.setattr(store_search, "NEWEST", 5)
    mina = make_applicant(ctx, company)
    said = [" ".join(WORDS[(n * k) % len(WORDS)] for k in range(1, 1 + n % 6)) + f" №{n}" for n in range(45)]
    for text in said:
        post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=text))
    index_all(ctx)

    parts = st.sampled_from(WORDS).flatmap(
        lambda w: st.tuples(st.just(w), st.integers(0, len(w) - 1), st.integers(1, 9)).map(
            lambda c: c[0][c[1] : c[1] + c[2]]
        )
    )

    @settings(max_examples=25)
    @given(st.lists(parts, min_size=1, max_size=3).map(" ".join))
    def check(typed: str) -> None:
        expected = [t for t in reversed(said) if all(term.in_text(fold(t)) for term in read_terms(typed))]
        found: list[str] = []
        cursor = ""
        while True:
            page = search(ctx, company.as_jun, typed, only=Group.MESSAGES, cursor=cursor)
            found += texts(page)
            cursor = page.more.get(Group.MESSAGES, "")
            if not cursor:
                break
        assert found == expected

    check()
