"""The search page without scripts: groups, marks, filters, and nothing of a text that runs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from cast import Company, as_candidate, make_applicant
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.threads.channel import OutgoingFile
from gateway.usecases.context import Context
from gateway.usecases.index_search import index_waiting
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView
from gateway.usecases.waiting import take_back


@pytest.fixture
def desk(ctx: Context, company: Company, mina: ApplicantView) -> TestClient:
    make_applicant(ctx, company, external_id="oskar", name="Oskar Berg", email="oskar@mail.example")
    cv = OutgoingFile("Mina Han cv.pdf", "application/pdf", b"%PDF-1.7")
    text = "I will come to the <script>alert(1)</script> interview"
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=text, files=(cv,)))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="화요일 면접에서 뵙겠습니다"))
    return browser_of(make_app(ctx, company), company.jun)


def test_people_messages_and_files_stand_in_groups_with_the_words_marked(desk: TestClient, mina: ApplicantView) -> None:
    page = desk.get("/desk/search?q=mina").text
    assert re.findall(r'<h2 id="found-([a-z]+)"', page) == ["people", "files"]
    assert "<mark>Mina</mark> Han" in page
    assert "<mark>Mina</mark> Han cv.pdf" in page
    assert "Oskar" not in words_of(page)
    found = desk.get("/desk/search?q=면접").text
    assert "화요일 <mark>면접</mark>에서 뵙겠습니다" in found
    assert re.search(rf'href="/desk/t/{mina.thread_id}#msg-[0-9a-z]+"', found)


def test_words_that_were_taken_back_are_found_and_said_to_be(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    at = ctx.now + timedelta(hours=1)
    later = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="The salary is secret", send_at=at))
    desk = browser_of(make_app(ctx, company), company.jun)
    assert "Not sent." not in words_of(desk.get("/desk/search?q=salary").text)
    take_back(ctx, company.as_jun, mina.thread_id, later.message.id)
    assert "Not sent." in words_of(desk.get("/desk/search?q=salary").text)


def test_markup_in_a_message_is_shown_as_text(desk: TestClient) -> None:
    page = desk.get("/desk/search?q=script+interview").text
    assert "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt; <mark>interview</mark>" in page
    assert "<script>alert" not in page
    asked = desk.get("/desk/search", params={"q": '"><script>alert(2)</script>'}).text
    assert "<script>alert" not in asked


def test_filters_are_typed_or_chosen_and_a_wrong_one_is_explained(desk: TestClient) -> None:
    for asked in ({"q": "from:jun"}, {"from": "jun"}, {"q": "면접 from:jun"}):
        page = words_of(desk.get("/desk/search", params=asked).text)
        assert "에서 뵙겠습니다" in page
        assert "I will come" not in page
    typed = desk.get("/desk/search?q=interview+has:file").text
    assert 'value="interview"' in typed
    assert re.search(r'name="has" value="file" checked', typed)
    wrong = desk.get("/desk/search?q=before:tomorrow")
    assert wrong.status_code == 422
    assert "“tomorrow” is not a day. Write it as 2026-01-31." in words_of(wrong.text)
    assert desk.get("/desk/search?q=opening:astronaut").status_code == 422


def test_older_messages_are_on_the_next_page(ctx: Context, company: Company, mina: ApplicantView) -> None:
    for number in range(25):
        post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=f"salary number{number:02}"))
    desk = browser_of(make_app(ctx, company), company.jun)
    page = desk.get("/desk/search?q=salary").text
    found = re.findall(r"number\d\d", page)  # what waits for the index is shown at once
    while index_waiting(ctx):
        pass
    pages = [desk.get("/desk/search?q=salary").text]
    more = re.search(r'href="(/desk/search\?q=salary&amp;in=messages&amp;cursor=\d+)"', pages[0])
    assert more is not None
    pages.append(desk.get(unescape(more[1])).text)
    assert found == [n for p in pages for n in re.findall(r"number\d\d", p)]
    assert len(found) == 25
    assert desk.get("/desk/search?q=salary&in=messages&cursor=x").status_code == 422


def test_the_list_leads_to_the_search_and_can_be_narrowed_by_a_name(desk: TestClient) -> None:
    assert 'action="/desk/search"' in desk.get("/desk").text
    narrowed = words_of(desk.get("/desk/all?q=osk").text)
    assert "Oskar Berg" in narrowed
    assert "Mina Han" not in narrowed
    nothing = words_of(desk.get("/desk/search?q=zebra").text)
    assert "Nothing was found" in nothing
