"""Nobody is written to twice by mistake: one form is one message to many; the same from two forms is asked about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from cast import Company, make_applicant
from fakes import FakeClock
from running import both_databases
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, make_app, words_of

from gateway.threads.bulk import BulkMessage, RecipientState, Trouble
from gateway.usecases.bulk import find_due_bulks, list_bulks, run_bulk, start_bulk
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView

NEW = "/desk/settings/new-bulk"
FORM = {"who": "ids", "ids": "mina-1", "text": "Come on Monday."}


@pytest.fixture
def desk(ctx: Context, company: Company, mina: ApplicantView) -> TestClient:
    return browser_of(make_app(ctx, company), company.jun)


def draw(desk: TestClient, form: dict[str, str] | None = None) -> dict[str, str]:
    """A form with its samples, as the browser would send it on."""
    page = desk.post(NEW, data=(form or FORM) | {"do": "try"}).text
    names = [n for n in ("key", "tried", "again") if f'name="{n}"' in page]
    return (form or FORM) | {"do": "send"} | {name: hidden(page, name) for name in names}


def sent(ctx: Context, company: Company) -> int:
    return len(list_bulks(ctx, company.as_jun, before="", limit=50))


@both_databases
def test_one_form_that_is_sent_from_several_tabs_at_once_is_one_message(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    app = make_app(ctx, company)
    form, together = draw(browser_of(app, company.jun)), Barrier(5)

    def press(_: int) -> str:
        browser = browser_of(app, company.jun)
        together.wait()
        return str(browser.post(NEW, data=form).headers["location"])

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(press, range(5)))) == 1
    assert sent(ctx, company) == 1


def test_a_form_whose_words_were_changed_after_it_was_sent_is_another_message(
    ctx: Context, company: Company, desk: TestClient
) -> None:
    """Going back in the browser brings the same form: its key is old, its words are new."""
    form = draw(desk)
    first = desk.post(NEW, data=form).headers["location"]
    changed = draw(desk, FORM | {"text": "Come on Tuesday.", "key": form["key"]})
    second = desk.post(NEW, data=changed)
    assert (second.status_code, second.headers.get("location") != first) == (303, True)
    assert sent(ctx, company) == 2


@both_databases
def test_the_same_from_two_forms_is_asked_about_first(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock
) -> None:
    desk = browser_of(make_app(ctx, company), company.jun)
    make_applicant(ctx, company, external_id="ada-1", name="Ada", email="ada@mail.example")
    one, two = draw(desk), draw(desk, FORM | {"ids": "mina-1 ada-1"})
    assert desk.post(NEW, data=one).status_code == 303
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    clock.move(minutes=2)
    asked = desk.post(NEW, data=two)
    assert (asked.status_code, sent(ctx, company)) == (409, 1)
    assert "Jun Park sent the same to 1 of these people 2 minutes ago." in words_of(asked.text)
    assert "Jun Park 님이 2분 전에 이 중 1명에게" in words_of(desk.post(f"{NEW}?lang=ko", data=two).text)
    sure = two | {"again": hidden(asked.text, "again")}
    paths = {desk.post(NEW, data=sure).headers["location"] for _ in range(2)}
    assert (len(paths), sent(ctx, company)) == (1, 2)
    third = draw(desk)
    assert third["again"] in next(iter(paths))  # said with the samples already, and of the newest


@both_databases
def test_of_two_who_send_the_same_at_the_same_moment_one_is_asked(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    app, together = make_app(ctx, company), Barrier(2)
    forms = [draw(browser_of(app, company.jun)) for _ in range(2)]

    def press(form: dict[str, str]) -> int:
        browser = browser_of(app, company.jun)
        together.wait()
        return browser.post(NEW, data=form).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, forms)) == [303, 409]
    assert sent(ctx, company) == 1


def test_going_back_and_wanting_it_once_more_sends_it_once_more(
    ctx: Context, company: Company, desk: TestClient
) -> None:
    form = draw(desk)
    desk.post(NEW, data=form)
    assert desk.post(NEW, data=form).status_code == 303  # the button of the old page
    assert sent(ctx, company) == 1
    desk.post(NEW, data=draw(desk, FORM | {"key": form["key"]}))  # samples anew, and the warning
    assert sent(ctx, company) == 2


def test_it_is_asked_about_whoever_sent_it_and_only_for_a_while(
    ctx: Context, company: Company, desk: TestClient, clock: FakeClock
) -> None:
    make_applicant(ctx, company, external_id="ada-1", name="Ada", email="ada@mail.example")
    start_bulk(ctx, company.ats, ["mina-1"], BulkMessage(text=FORM["text"]))
    assert "again" in draw(desk)
    assert "again" not in draw(desk, FORM | {"ids": "ada-1"})
    assert "again" not in draw(desk, FORM | {"text": "Other words"})
    clock.move(minutes=16)
    assert "again" not in draw(desk)


def test_what_was_cancelled_before_it_reached_anybody_may_be_sent_anew(
    ctx: Context, company: Company, desk: TestClient
) -> None:
    path = desk.post(NEW, data=draw(desk)).headers["location"]
    desk.post(path, data={"do": "cancel"})
    assert "again" not in draw(desk)


def test_a_sample_names_the_person_not_only_their_id(mina: ApplicantView, desk: TestClient) -> None:
    """Whoever writes to many looks through the first of them: an id of the ATS says nothing to a recruiter."""
    page = words_of(desk.post(NEW, data=FORM | {"do": "try"}).text)
    assert f"{mina.applicant.name} mina-1" in page


def test_who_could_not_be_written_to_is_named(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    found = start_bulk(ctx, company.ats, ["mina-1"], BulkMessage(text=FORM["text"]))
    trouble = Trouble("The conversation is gone.", "conversation_gone")
    with ctx.database.begin() as tx:
        (one,) = tx.bulks.recipients(found.id, after=0, limit=1)
        tx.bulks.settle(found.id, replace(one, state=RecipientState.FAILED, trouble=trouble))
    assert f"{mina.applicant.name} mina-1" in words_of(desk.get(f"/desk/settings/bulk/{found.id}").text)
