"""The desk without scripts: every action is a link or a form (ux §12)."""

from __future__ import annotations

import base64
import re

import pytest
from cast import CONTACT, Company, as_candidate, make_applicant, make_company
from fakes import FakeChannel, FakeClock
from running import Pump
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, make_app, words_of

from gateway.threads.channel import Failed
from gateway.threads.model import MessageKind
from gateway.usecases import accounts, applicants
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.usecases.views import ApplicantView


def from_mina(ctx: Context, mina: ApplicantView, text: str) -> None:
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=text))


def test_stages_that_we_name_are_words_and_those_of_the_company_stay(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    assert "Product Designer · 지원" in words_of(desk.get(f"{url}?lang=ko").text)
    change_stage(ctx, company.as_ara, mina.thread_id, "Second interview")
    change_stage(ctx, company.as_ara, mina.thread_id, "rejected")
    page = words_of(desk.get(f"{url}?lang=en").text)
    assert "Ara Kim moved to stage: Second interview" in page
    assert "Ara Kim moved to stage: Rejected" in page
    listed = desk.get("/desk/all").text
    assert '<option value="rejected">Rejected</option>' in listed
    assert "Product Designer · Rejected" in words_of(listed)


def test_who_is_not_signed_in_is_asked_to_and_comes_back(ctx: Context, company: Company, mina: ApplicantView) -> None:
    client = browser_of(make_app(ctx, company))
    asked = client.get(f"/desk/t/{mina.thread_id}")
    assert asked.status_code == 303
    assert asked.headers["location"] == f"/sign-in?next=%2Fdesk%2Ft%2F{mina.thread_id}"
    form = client.get(asked.headers["location"]).text
    data = {"email": company.jun.email, "password": "correct horse", "next": hidden(form, "next"), "do": "password"}
    entered = client.post("/sign-in", data=data)
    assert entered.headers["location"] == f"/desk/t/{mina.thread_id}"
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get(entered.headers["location"]).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/desk\\@evil.example", "/c/x"])
def test_signing_in_never_leads_away(ctx: Context, company: Company, target: str) -> None:
    data = {"email": company.jun.email, "password": "correct horse", "next": target}
    assert browser_of(make_app(ctx, company)).post("/sign-in", data=data).headers["location"] == "/desk"


def test_a_wrong_password_says_the_same_for_everybody(ctx: Context, company: Company) -> None:
    """Reliability 60."""
    client = browser_of(make_app(ctx, company))
    pages = [
        client.post("/sign-in", data={"email": e, "password": "wrong"}) for e in (company.jun.email, "nobody@x.example")
    ]
    assert {p.status_code for p in pages} == {422}
    assert "E-mail or password is wrong." in words_of(pages[0].text)
    assert pages[0].text.replace(company.jun.email, "") == pages[1].text.replace("nobody@x.example", "")


def test_a_sign_in_link_is_used_up_by_the_button_not_by_opening_it(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump
) -> None:
    """Reliability 60."""
    client = browser_of(make_app(ctx, company))
    assert (
        "a sign-in link is on its way" in client.post("/sign-in", data={"email": company.jun.email, "do": "link"}).text
    )
    pump()
    link = re.search(r"http://gateway\.test(/sign-in/link/\S+)", channel.sent[-1].text)
    assert link
    for _ in range(3):
        assert client.get(link[1]).status_code == 200
    assert client.post(link[1]).headers["location"] == "/desk"
    assert client.get("/desk").status_code == 200
    assert client.post(link[1]).status_code == 422


def test_signing_out_ends_the_session_everywhere(desk: TestClient) -> None:
    """Reliability 61."""
    stolen = dict(desk.cookies)
    assert desk.post("/sign-out").status_code == 303
    desk.cookies.update(stolen)
    assert desk.get("/desk").status_code == 303


def test_reply_and_note(ctx: Context, company: Company, mina: ApplicantView, desk: TestClient) -> None:
    url = f"/desk/t/{mina.thread_id}"
    for kind, text in (("reply", "Hello Mina"), ("note", "Only for us")):
        page = desk.get(url).text
        data = {"text": text, "kind": kind, "seen_seq": hidden(page, "seen_seq"), "key": hidden(page, "key")}
        assert desk.post(url, data=data).status_code == 303
    reply, note = (s.message for s in messages_after(ctx, company.as_jun, mina.thread_id))
    assert (reply.kind, note.kind) == (MessageKind.MESSAGE, MessageKind.NOTE)
    assert "note, only for the team" in words_of(desk.get(url).text)


def test_the_conflict_stop_shows_what_is_new_and_sends_nothing(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """409 as a whole page with three ways on; none of them loses the text."""
    url = f"/desk/t/{mina.thread_id}"
    page = desk.get(url).text
    post_message(ctx, company.as_ara, mina.thread_id, NewMessage(text="Ara was quicker"))
    data = {"text": "My slow answer", "seen_seq": hidden(page, "seen_seq"), "key": hidden(page, "key")}
    stop = desk.post(url, data=data)
    assert stop.status_code == 409
    for words in ("Not sent yet", "Ara was quicker", "My slow answer", "Keep editing", "Send it as well", "Discard"):
        assert words in words_of(stop.text)
    assert len(messages_after(ctx, company.as_jun, mina.thread_id)) == 1
    again = {"text": "My slow answer", "seen_seq": hidden(stop.text, "seen_seq"), "key": hidden(stop.text, "key")}
    assert "My slow answer" in desk.post(url, data=again | {"do": "edit"}).text
    assert desk.post(url, data=again | {"do": "also"}).status_code == 303
    assert messages_after(ctx, company.as_jun, mina.thread_id)[-1].message.text == "My slow answer"


def test_htmx_gets_fragments(ctx: Context, company: Company, mina: ApplicantView, desk: TestClient) -> None:
    url, htmx = f"/desk/t/{mina.thread_id}", {"HX-Request": "true"}
    from_mina(ctx, mina, "News")
    conflict = desk.post(url, data={"text": "Old", "seen_seq": "0"}, headers=htmx)
    assert conflict.status_code == 409
    assert conflict.text.lstrip().startswith("<dialog")
    empty = desk.post(url, data={"text": ""}, headers=htmx)
    assert empty.status_code == 422
    assert "<html" not in empty.text
    sent = desk.post(url, data={"text": "New", "seen_seq": "1"}, headers=htmx)
    assert (sent.status_code, sent.headers["x-seq"]) == (204, "2")


def test_reject_with_a_message(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    url = f"/desk/t/{mina.thread_id}/reject"
    page = desk.get(url).text
    assert f"is pointed to {CONTACT}" in words_of(page)
    assert desk.post(url, data={"text": "", "how": "send"}).status_code == 422
    assert desk.post(url, data={"text": "Thank you for your time.", "how": "send"}).status_code == 303
    pump()
    assert "Thank you for your time." in channel.to(mina.applicant.email)[-1].text
    page = desk.get(f"/desk/t/{mina.thread_id}").text
    assert "can read this but cannot answer here" in words_of(page)
    assert desk.post(f"/desk/t/{mina.thread_id}/restore").status_code == 303
    assert "cannot answer here" not in words_of(desk.get(f"/desk/t/{mina.thread_id}").text)


@pytest.mark.parametrize("how", ["send", "silent"])
def test_the_reason_of_a_rejection_stays_with_the_team(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump, how: str
) -> None:
    """SJ-16: noted once, however often the button is pressed; kept when something is missing; never sent."""
    url = f"/desk/t/{mina.thread_id}/reject"
    assert "Mina Han never sees it" in words_of(desk.get(url).text)
    form = {"text": "Thank you.", "how": how, "key": "once", "reason": "Asks for too much"}
    assert "Asks for too much" in desk.post(url, data=form | {"text": "", "how": "send"}).text
    for _ in range(2):
        assert desk.post(url, data=form).status_code == 303
    pump()
    messages = [s.message for s in messages_after(ctx, company.as_jun, mina.thread_id)]
    assert [m.text for m in messages if m.kind.value == "note"] == ["Asks for too much"]
    assert not any("too much" in sent.text for sent in channel.sent)


def test_reject_silently_sends_nothing_and_warns_without_a_contact(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    accounts.update_workspace(ctx, company.as_jun, public_contact="")
    assert "There is no public contact address" in words_of(desk.get(f"/desk/t/{mina.thread_id}/reject").text)
    sent = len(channel.sent)
    assert desk.post(f"/desk/t/{mina.thread_id}/reject", data={"text": "unused", "how": "silent"}).status_code == 303
    pump()
    assert len(channel.sent) == sent


def test_a_failed_delivery_is_shown_with_the_button_that_mends_it(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    channel.script = [Failed("5.2.2", "mailbox full")]
    desk.post(url, data={"text": "Hello"})
    pump()
    page = desk.get(url).text
    assert "E-mail not delivered. The mailbox is full." in words_of(page)
    again = re.search(r'action="(/desk/deliveries/[^"]+/again)"', page)
    assert again
    assert desk.post(again[1]).status_code == 303
    pump()
    assert "Sent by e-mail" in words_of(desk.get(url).text)


def test_a_wrong_address_can_be_corrected(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    channel.script = [Failed("5.1.1", "no such user")]
    desk.post(url, data={"text": "Hello"})
    pump()
    page = desk.get(url).text
    assert "There is no such address." in words_of(page)
    again = re.search(r'action="(/desk/deliveries/[^"]+/again)"', page)
    assert again
    assert desk.post(again[1], data={"to": "not an address"}).status_code == 422
    assert desk.post(again[1], data={"to": "mina@new.example"}).status_code == 303
    pump()
    assert channel.sent[-1].to == "mina@new.example"


def test_a_manual_applicant_has_a_conversation_like_any_other(
    ctx: Context, company: Company, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    """SJ-17."""
    form = {"opening": company.opening.id, "name": "Eva", "email": "", "locale": "cs"}
    missing = desk.post("/desk/applicants/new", data=form)
    assert missing.status_code == 422
    assert 'value="Eva"' in missing.text
    form |= {"email": "eva@mail.example", "key": hidden(missing.text, "key")}
    made, again = (desk.post("/desk/applicants/new", data=form) for _ in range(2))
    assert made.status_code == 303
    assert again.headers["location"] == made.headers["location"]  # a double click is one person
    desk.post(made.headers["location"], data={"text": "Dobrý den"})
    pump()
    assert "Dobrý den" in channel.to("eva@mail.example")[-1].text


@pytest.mark.parametrize("address", ["jo..an@mail.example", "joan@mail", "@mail.example", f"{'j' * 65}@mail.example"])
def test_an_address_that_is_none_is_said_at_its_field_by_the_one_rule(
    ctx: Context, company: Company, desk: TestClient, address: str
) -> None:
    applicant = {"opening": company.opening.id, "name": "Joan", "email": address}
    opening = {"title": "Cook", "notify_emails": address}
    for path, data in (("/desk/applicants/new", applicant), ("/desk/openings/new", opening)):
        answer = desk.post(path, data=data)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert desk.post("/desk/settings", data={"name": "Moa", "public_contact": address}).status_code == 422


def test_notify_addresses_of_an_opening(ctx: Context, company: Company, desk: TestClient) -> None:
    """SJ-10: one a line; a wrong one is named."""
    url = "/desk/openings/designer"
    form = {"title": "Product Designer", "notify_emails": "a@x.example\r\nnot-one", "public_contact": ""}
    wrong = desk.post(url, data=form)
    assert wrong.status_code == 422
    assert "These are not addresses: not-one." in words_of(wrong.text)
    assert desk.post(url, data=form | {"notify_emails": "a@x.example,\r\nb@x.example"}).status_code == 303
    opening = applicants.find_opening(ctx, company.as_jun, "designer")
    assert opening.notify_emails == ("a@x.example", "b@x.example")
    assert "a@x.example, b@x.example" in words_of(desk.get("/desk/openings").text)


def test_the_public_contact_is_set_in_the_settings(ctx: Context, company: Company, desk: TestClient) -> None:
    assert desk.post("/desk/settings", data={"name": "Moa", "public_contact": "nope"}).status_code == 422
    assert desk.post("/desk/settings", data={"name": "Moa", "public_contact": "hi@moa.example"}).status_code == 303
    assert accounts.read_workspace(ctx, company.as_jun).public_contact == "hi@moa.example"


def test_views_search_and_openings(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, clock: FakeClock
) -> None:
    other = make_applicant(ctx, company, external_id="o", name="Oskar Berg", email="oskar@mail.example")
    from_mina(ctx, mina, "When is the interview?")
    clock.move(days=2)
    assert "No answer for 2 days" in words_of(desk.get("/desk/unanswered").text)
    change_stage(ctx, company.as_jun, other.thread_id, "rejected")
    rejected = words_of(desk.get("/desk/rejected").text)
    assert "Oskar Berg" in rejected
    assert "Mina Han" not in rejected
    assert "Oskar Berg" not in words_of(desk.get("/desk/all?q=Mina").text)
    assert desk.get("/desk/nonsense").status_code == 404
    assert desk.get("/desk/counts").json()["unanswered"] >= 1


def test_opening_a_conversation_marks_it_read_but_a_prefetch_does_not(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    from_mina(ctx, mina, "Hello")
    url = f"/desk/t/{mina.thread_id}"
    desk.get(url, headers={"Sec-Purpose": "prefetch"})
    assert desk.get("/desk/counts").json()["unread"] == 1
    desk.get(url)
    assert desk.get("/desk/counts").json()["unread"] == 0


def test_another_companys_things_do_not_exist_here(ctx: Context, company: Company, desk: TestClient) -> None:
    nordlys = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    theirs = make_applicant(ctx, nordlys, external_id="t", name="Tove", email="tove@mail.example")
    for path in ("", "/reject", "/restore", "/stream"):
        assert desk.get(f"/desk/t/{theirs.thread_id}{path}").status_code == 404
    assert desk.post(f"/desk/t/{theirs.thread_id}", data={"text": "hi"}).status_code == 404
    assert "Tove" not in desk.get("/desk/all").text


@pytest.mark.parametrize(
    "place", ["2020-01-01", "2020-01-01T00:00:00+00:00 \0", "0001-01-01T00:00+23:59 x", "x", "\xff"]
)
def test_an_altered_link_to_the_next_page_of_the_list_is_refused_in_words(desk: TestClient, place: str) -> None:
    cursor = base64.urlsafe_b64encode(place.encode()).decode()
    answer = desk.get("/desk/all", params={"cursor": cursor})
    assert answer.status_code == 422
