"""The candidate's page without scripts: read, answer, be told kindly (SJ-6 … SJ-16, DESIGN §6)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from cast import CONTACT, Company, as_candidate, make_applicant
from fakes import FakeClock
from running import Pump, both_databases
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, make_app, path_of, words_of

from gateway.threads.channel import OutgoingFile
from gateway.threads.model import MessageKind
from gateway.usecases import read_thread
from gateway.usecases.accounts import update_workspace
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import feed_head, messages_after
from gateway.usecases.views import ApplicantView


@pytest.fixture
def client(ctx: Context, company: Company) -> TestClient:
    return browser_of(make_app(ctx, company))


def say(ctx: Context, company: Company, view: ApplicantView, text: str, **more: object) -> None:
    post_message(ctx, company.as_jun, view.thread_id, NewMessage(text=text, **more))  # type: ignore[arg-type]


def test_read_and_answer_with_a_plain_form(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    """SJ-6, SJ-9: POST, redirect to #sent, and the message stands in the thread with its file."""
    say(ctx, company, mina, "When could you come?")
    page = client.get(path_of(mina))
    assert page.status_code == 200
    assert "When could you come?" in page.text
    assert 'name="text"' in page.text
    assert 'name="files"' in page.text
    answer = client.post(
        path_of(mina),
        data={"text": "On Tuesday.\r\n\r\nMina", "key": hidden(page.text, "key")},
        files={"files": ("이력서.pdf", b"%PDF-1", "application/pdf")},
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{path_of(mina)}#sent"
    last = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message
    assert last.text == "On Tuesday.\n\nMina"
    assert [a.filename for a in last.attachments] == ["이력서.pdf"]
    assert "On Tuesday." in client.get(path_of(mina)).text


def test_a_double_click_is_stored_once_but_other_words_are_a_new_message(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    key = hidden(client.get(path_of(mina)).text, "key")
    for text in ("Hello", "Hello", "One more thing"):
        assert client.post(path_of(mina), data={"text": text, "key": key}).status_code == 303
    assert [s.message.text for s in messages_after(ctx, company.as_jun, mina.thread_id)] == ["Hello", "One more thing"]


def test_after_a_rejection_the_text_is_handed_back_with_the_public_contact(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    """SJ-14 … SJ-16: 403, the notice, a mailto link; never the stage or the reason."""
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    answer = client.post(path_of(mina), data={"text": "But <b>why</b>?"})
    assert answer.status_code == 403
    assert f'href="mailto:{CONTACT}"' in answer.text
    assert "Recruitment for Product Designer has ended for you" in words_of(answer.text)
    assert "But &lt;b&gt;why&lt;/b&gt;?" in answer.text
    assert "reject" not in answer.text.lower()
    assert "thread_blocked" not in answer.text
    assert not messages_after(ctx, company.as_jun, mina.thread_id)
    assert 'name="text"' not in client.get(path_of(mina)).text


@pytest.mark.parametrize("text", ["", "My certificate"])
def test_after_a_rejection_it_is_said_which_files_were_not_sent(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient, text: str
) -> None:
    """SJ-15: also where there are no words to hand back."""
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    answer = client.post(path_of(mina), data={"text": text}, files={"files": ("diploma.pdf", b"%PDF-1.7 x")})
    assert answer.status_code == 403
    assert "These files were not sent: diploma.pdf" in words_of(answer.text)
    assert "These files" not in words_of(client.get(path_of(mina)).text)


def test_what_could_not_be_sent_anyway_is_refused_and_handed_back(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    """SJ-15, SJ-16: a text that is too long as well gets the notice and comes back, not a hint to shorten it."""
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    too_long = "y" * (ctx.settings.max_text_chars + 1)
    answer = client.post(path_of(mina), data={"text": too_long})
    assert answer.status_code == 403
    assert too_long in answer.text
    assert "has ended for you" in words_of(answer.text)
    assert client.post(path_of(mina), data={"text": ""}).status_code == 403


def test_a_text_of_nothing_visible_is_empty_in_the_readers_language(mina: ApplicantView, client: TestClient) -> None:
    answer = client.post(f"{path_of(mina)}?lang=ko", data={"text": "\0"})
    assert answer.status_code == 422
    assert "Write a message" not in answer.text


def test_without_a_public_contact_the_notice_still_makes_sense(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    update_workspace(ctx, company.as_jun, public_contact="")
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    page = client.get(path_of(mina)).text
    assert "has ended for you" in words_of(page)
    assert "mailto:" not in page


def test_a_restored_candidate_can_write_again(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    for stage in ("rejected", "restored"):
        change_stage(ctx, company.as_jun, mina.thread_id, stage)
    assert client.post(path_of(mina), data={"text": "Thank you"}).status_code == 303


def test_the_page_shows_nothing_that_is_only_for_the_team(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient, pump: Pump
) -> None:
    """Notes, deliveries, recruiters' addresses, stage: none of it (DESIGN §4.8)."""
    change_stage(ctx, company.as_jun, mina.thread_id, "Secret stage")
    say(ctx, company, mina, "Hello Mina")
    say(ctx, company, mina, "Between us: strong", kind=MessageKind.NOTE)
    pump()
    page = client.get(path_of(mina)).text
    assert "Hello Mina" in page
    for secret in ("Between us", company.jun.email, "hr@moalabs.example", "Secret stage", "Sent by e-mail"):
        assert secret not in page


@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p[:-4] + "aaaa", lambda p: "/c/x"])
def test_an_altered_link_is_404_and_offers_a_new_one(mina: ApplicantView, client: TestClient, change: object) -> None:
    """Reliability 42."""
    assert callable(change)
    answer = client.get(change(path_of(mina)))
    assert answer.status_code == 404
    assert "This link no longer works." in words_of(answer.text)
    assert 'action="/c/lost"' in answer.text


def test_asking_for_a_new_link_reveals_nothing(mina: ApplicantView, client: TestClient) -> None:
    """Reliability 60."""
    known, unknown = (client.post("/c/lost", data={"email": e}) for e in (mina.applicant.email, "nobody@x.example"))
    assert known.status_code == unknown.status_code == 200
    assert known.text == unknown.text


@pytest.mark.parametrize("text", ["  \r\n ", "\u200b\u2060\ufeff\xad", "\u3164"])
def test_an_empty_post_says_so_at_the_field(mina: ApplicantView, client: TestClient, text: str) -> None:
    answer = client.post(path_of(mina), data={"text": text})
    assert answer.status_code == 422
    assert "Write a message or attach a file." in words_of(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert re.search(r"<title>Error:", answer.text)


def test_a_post_that_is_too_long_keeps_its_text(ctx: Context, mina: ApplicantView, client: TestClient) -> None:
    text = "x" * (ctx.settings.max_text_chars + 1)
    answer = client.post(path_of(mina), data={"text": text})
    assert answer.status_code == 422
    assert text in answer.text


def test_too_many_files_are_refused_in_words(mina: ApplicantView, client: TestClient) -> None:
    files = [("files", (f"{n}.txt", b"x", "text/plain")) for n in range(11)]
    answer = client.post(path_of(mina), data={"text": "here"}, files=files)
    assert answer.status_code == 422
    assert "You chose 11 files." in words_of(answer.text)


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("ko", "대화가 열려 있습니다."),
        ("en", "This conversation is open."),
        ("cs", "Napište"),
        ("ru", "Отправить"),
        ("sv", "Skicka"),
    ],
)
def test_the_page_speaks_the_candidates_language(
    ctx: Context, company: Company, client: TestClient, locale: str, sentence: str
) -> None:
    view = make_applicant(ctx, company, external_id=f"x-{locale}", locale=locale, email=f"{locale}@mail.example")
    page = client.get(path_of(view)).text
    assert f'<html lang="{locale}"' in page
    assert sentence in page


def test_the_language_switch_is_a_link_and_is_remembered(mina: ApplicantView, client: TestClient) -> None:
    assert '<html lang="ko"' in client.get(path_of(mina) + "?lang=ko").text
    assert '<html lang="ko"' in client.get(path_of(mina)).text


def test_what_was_written_to_go_out_later_stands_where_it_came(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient, clock: FakeClock, pump: Pump
) -> None:
    """Under the day on which the candidate got it, and behind what they had before, whenever it was written."""
    later = clock.now + timedelta(days=1)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="For tomorrow", send_at=later))
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="For today"))
    clock.now = later
    pump()
    shown = words_of(client.get(path_of(mina)).text)
    places = [shown.index(words) for words in ("Monday 23 November", "For today", "Today", "For tomorrow")]
    assert places == sorted(places)


def test_a_day_of_another_year_names_its_year(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient, clock: FakeClock
) -> None:
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    clock.move(days=30)
    assert "Monday 23 November" in words_of(client.get(path_of(mina)).text)
    clock.move(days=30)
    assert "Monday 23 November 2026" in words_of(client.get(path_of(mina)).text)


def test_older_messages_are_one_link_away(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    for n in range(105):
        say(ctx, company, mina, f"message {n:03}")
    page = client.get(path_of(mina)).text
    assert "message 104" in page
    assert "message 004" not in page
    earlier = re.search(r'href="(\?before=\d+)"', page)
    assert earlier
    older = client.get(path_of(mina) + earlier[1]).text
    assert "message 004" in older
    assert f'href="{path_of(mina)}#latest">To the newest message' in older


def test_the_newest_message_of_a_long_conversation_is_one_link_away(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    """On a phone a hundred messages are fifteen screens, and the page begins with the oldest of them."""
    say(ctx, company, mina, "message 0")
    assert "To the newest message" not in client.get(path_of(mina)).text
    for n in range(25):
        say(ctx, company, mina, f"message {n + 1}")
    page = client.get(path_of(mina)).text
    assert page.count('href="#latest">To the newest message') == 1
    assert page.count('id="latest"') == 1


@both_databases
def test_notes_of_the_team_never_stand_in_the_place_of_messages(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient, clock: FakeClock
) -> None:
    """A page is a page of what the candidate may see: a hundred notes in a row hid all that had been said before."""
    say(ctx, company, mina, "Please come on Monday")
    for n in range(101):
        say(ctx, company, mina, f"Note {n}", kind=MessageKind.NOTE)
    say(ctx, company, mina, "Next week", send_at=clock() + timedelta(days=7))
    page = client.get(path_of(mina)).text
    assert "Please come on Monday" in page
    assert "?before=" not in page
    listed = messages_after(ctx, company.ats, mina.thread_id, limit=2)
    assert [s.message.text for s in listed] == ["Please come on Monday", "Next week"]


class TestAFlood:
    @pytest.fixture
    def settings_values(self) -> dict[str, Any]:
        return {"sender_mails_per_hour": 3}

    def test_who_writes_very_often_is_asked_to_wait_and_keeps_the_text(
        self, ctx: Context, company: Company, mina: ApplicantView, client: TestClient, clock: FakeClock, pump: Pump
    ) -> None:
        """DESIGN §4.10: the page takes as many messages in an hour as mail does."""
        answers = [client.post(path_of(mina), data={"text": f"message {n}"}) for n in range(5)]
        assert [a.status_code for a in answers] == [303, 303, 303, 429, 429]
        assert "you have written very many messages within an hour" in words_of(answers[3].text)
        assert ">message 3</textarea>" in answers[3].text
        assert len(messages_after(ctx, company.as_jun, mina.thread_id)) == 3
        clock.move(hours=1)
        assert client.post(path_of(mina), data={"text": "message 3"}).status_code == 303

    def test_tries_behind_a_closed_gate_are_not_told_without_end(
        self, ctx: Context, company: Company, mina: ApplicantView, client: TestClient
    ) -> None:
        change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
        answers = [client.post(path_of(mina), data={"text": "Why?"}) for _ in range(5)]
        assert [a.status_code for a in answers] == [403] * 5
        events = read_thread.events_of_thread(ctx, company.as_jun, mina.thread_id, after=0)
        assert [e.name for e in events].count("candidate.tried") == 3


def test_a_name_that_is_an_address_is_never_shown(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient, clock: FakeClock
) -> None:
    """An ATS that posts in the name of an address: the candidate reads the company's name."""
    new = NewMessage(text="From the system", author_name="hr@moalabs.example")
    post_message(ctx, company.ats, mina.thread_id, new)
    assert "hr@moalabs" not in client.get(path_of(mina)).text


def test_hostile_words_are_only_words(ctx: Context, company: Company, mina: ApplicantView, client: TestClient) -> None:
    candidate = as_candidate(ctx, mina)
    evil = OutgoingFile('"><img src=x onerror=alert(1)>.pdf', "application/pdf", b"x")
    post_message(ctx, candidate, mina.thread_id, NewMessage(text="<script>alert(1)</script>", files=(evil,)))
    for page in (
        client.get(path_of(mina)).text,
        browser_of(client.app, company.jun).get(f"/desk/t/{mina.thread_id}").text,
    ):  # type: ignore[arg-type]
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_text_of_two_megabytes_is_refused_and_handed_back(
    ctx: Context, company: Company, mina: ApplicantView
) -> None:
    """SJ-8, DESIGN §8: no dead end: what was written stays in the field."""
    client = browser_of(make_app(ctx, company))
    answer = client.post(path_of(mina), data={"text": "long words " * 200_000})
    assert answer.status_code == 422
    assert answer.text.count("long words") > 150_000


def test_scanners_and_prefetchers_change_nothing(
    ctx: Context, company: Company, mina: ApplicantView, client: TestClient
) -> None:
    """Reliability 49: GET, HEAD and prefetches of every public page, as mail scanners send them, leave no event."""
    say(ctx, company, mina, "Hello Mina")
    before = feed_head(ctx), len(messages_after(ctx, company.as_jun, mina.thread_id))
    for path in (path_of(mina), path_of(mina) + "?lang=ko", "/c/lost?email=" + mina.applicant.email, "/c/confirm/x"):
        for headers in (
            {},
            {"Sec-Purpose": "prefetch;prerender"},
            {"Purpose": "prefetch"},
            {"User-Agent": "BarracudaCentral"},
        ):
            assert client.get(path, headers=headers).status_code in (200, 404)
            assert client.head(path, headers=headers).content == b""
    assert (feed_head(ctx), len(messages_after(ctx, company.as_jun, mina.thread_id))) == before
    assert client.put(path_of(mina)).status_code == client.delete(path_of(mina)).status_code == 405


def test_a_known_address_is_answered_before_it_is_looked_up(
    mina: ApplicantView, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reliability 60: how long the answer takes says nothing either: the work comes after it, and the line is
    closed.
    """
    asked: list[str] = []
    monkeypatch.setattr("gateway.web.portal.applicants.ask_new_link", lambda ctx, email: asked.append(email))
    for email in (mina.applicant.email, "nobody@x.example"):
        answer = client.post("/c/lost", data={"email": email})
        assert answer.headers["connection"] == "close"
    assert asked == [mina.applicant.email, "nobody@x.example"]
