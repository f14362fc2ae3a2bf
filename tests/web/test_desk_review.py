"""The review queue: nothing that was accepted is lost; a doubtful mail is a person's decision (DESIGN §4.3, §4.5)."""

from __future__ import annotations

import re

from cast import JUN, MINA, STRANGER, Company, as_candidate, make_mail
from fakes import FakeChannel
from running import Pump
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, path_of, words_of

from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Envelope
from gateway.threads.model import Role
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_page
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.views import ApplicantView


def receive(ctx: Context, company: Company, view: ApplicantView, *, text: str, from_: str, role: Role) -> None:
    page = read_page(ctx, company.as_jun, view.thread_id)
    person = next(p for p in page.conversation.participants if p.role is role)
    to = reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
    raw = make_mail(text, from_=from_, name="Somebody", to=to)
    writer = MailWriter(ctx.database)
    accept_mail(ctx, writer, Envelope(mail_from=from_, rcpt_tos=(to,), peer="192.0.2.1"), raw).result(10)
    writer.close()


def entry_path(page: str) -> str:
    found = re.search(r'action="(/desk/review/[^"]+)"', page)
    assert found
    return found[1]


def test_a_held_mail_is_put_into_its_conversation(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    receive(ctx, company, mina, text="From my other address", from_=STRANGER, role=Role.CANDIDATE)
    pump()
    page = desk.get("/desk/review").text
    assert "It looks like an answer from Mina Han, but came from another address" in words_of(page)
    assert "From my other address" in page
    assert b"From my other address" in desk.get(entry_path(page) + "/raw").content
    assert desk.post(entry_path(page), data={"do": "release"}).status_code == 303
    assert messages_after(ctx, company.as_jun, mina.thread_id)[-1].message.text == "From my other address"
    assert desk.post(entry_path(page), data={"do": "release"}).status_code == 409
    assert "Nothing is waiting here." in words_of(desk.get("/desk/review").text)


def test_an_entry_that_was_decided_says_why_instead_of_asking_for_a_decision(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    receive(ctx, company, mina, text="From my other address", from_=STRANGER, role=Role.CANDIDATE)
    pump()
    path = entry_path(desk.get("/desk/review").text)
    desk.post(path, data={"do": "discard"})
    decided = words_of(desk.get(path).text)
    assert "Somebody decided to ignore it." in decided
    assert "needs a person’s decision" not in decided
    assert "Någon beslutade att bortse från det." in words_of(desk.get(f"{path}?lang=sv").text)


def test_a_mail_in_a_recruiters_name_is_passed_on_only_after_a_second_question(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    """The main button ignores it; passing it on asks again (ux §5, review card)."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    pump()
    receive(ctx, company, mina, text="Send us a deposit", from_="jun@moalabs-hr.example", role=Role.MEMBER)
    pump()
    page = desk.get("/desk/review").text
    assert "Possibly forged" in words_of(page)
    assert re.search(r'btn-main"[^>]*value="discard"', page)
    asked = desk.post(entry_path(page), data={"do": "release"})
    assert "This mail may be forged." in words_of(asked.text)
    assert len(messages_after(ctx, company.as_jun, mina.thread_id)) == 1
    assert desk.post(entry_path(page), data={"do": "discard"}).status_code == 303


def test_a_mail_that_names_a_colleague_to_the_candidates_address_is_theirs_only_when_somebody_says_so(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump, channel: FakeChannel
) -> None:
    """From: Jun, to Mina's own reply address: one click passes nothing on as Jun's (DESIGN §4.5)."""
    receive(ctx, company, mina, text="Send us a deposit", from_=JUN, role=Role.CANDIDATE)
    pump()
    page = desk.get("/desk/review").text
    assert "It names a colleague as its sender" in words_of(page)
    assert "Possibly forged" in words_of(page)
    path = entry_path(page)
    asked = desk.post(path, data={"do": "release"})
    assert "This mail may be forged." in words_of(asked.text)
    assert 'name="who" value="colleague"' in asked.text
    assert re.search(r'name="do" value="add"[^>]*>Pass on all the same', asked.text)
    refused = desk.post(path, data={"do": "add", "who": "guest", "name": "Jun"})
    assert refused.status_code == 409
    assert "say that it is theirs" in words_of(refused.text)
    assert (messages_after(ctx, company.as_jun, mina.thread_id), channel.to(MINA)) == ([], [])
    assert desk.post(path, data={"do": "add", "who": "colleague", "sure": "yes"}).status_code == 303
    assert messages_after(ctx, company.as_jun, mina.thread_id)[-1].message.author.name == "Jun Park"


def test_a_rejected_candidates_mail_shows_that_they_wrote_not_what(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, company, mina, text="But why?", from_=MINA, role=Role.CANDIDATE)
    pump()
    page = desk.get("/desk/review?state=refused").text
    assert "Somebody wrote after the conversation had ended" in words_of(page)
    assert MINA in page
    assert "But why?" not in page
    assert "after the end" in words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    alone = desk.get(entry_path(page)).text
    assert "But why?" not in alone
    assert "Re: New message" not in alone  # its subject is words, too
    assert "Re: New message" not in desk.get(f"{entry_path(page)}/compare").text


def test_an_unmatched_mail_finds_its_conversation_by_search(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    raw = make_mail("Which day?", from_=STRANGER, to="moalabs@reply.example.test")
    writer = MailWriter(ctx.database)
    envelope = Envelope(mail_from=STRANGER, rcpt_tos=("moalabs@reply.example.test",), peer="192.0.2.1")
    accept_mail(ctx, writer, envelope, raw).result(10)
    writer.close()
    pump()
    path = entry_path(desk.get("/desk/review").text)
    assert mina.thread_id in desk.get(path + "?q=Mina").text
    assert desk.post(path, data={"do": "release"}).status_code == 422
    assert desk.post(path, data={"do": "note", "thread": mina.thread_id}).status_code == 303
    assert JUN not in desk.get("/desk/review").text


def test_the_candidate_is_asked_by_mail_and_answers_on_a_page(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 49: opening the link changes nothing; the answer is a POST, and works once."""
    receive(ctx, company, mina, text="From my other address", from_=STRANGER, role=Role.CANDIDATE)
    pump()
    path = entry_path(desk.get("/desk/review").text)
    assert desk.post(path, data={"do": "ask"}).status_code == 303
    assert "The candidate was asked on" in words_of(desk.get(path).text)
    pump()
    link = "/c/confirm/" + channel.to(MINA)[-1].text.split("/c/confirm/")[1].split()[0]
    visitor = browser_of(make_app(ctx, company))
    for _ in range(2):
        page = visitor.get(link, headers={"Accept-Language": "en"})
        assert STRANGER in page.text
        assert "From my other address" not in page.text
    assert messages_after(ctx, company.as_jun, mina.thread_id) == []
    assert visitor.post(link, data={"answer": "maybe"}).status_code == 200
    assert visitor.post(link, data={"answer": "yes"}).status_code == 200
    assert messages_after(ctx, company.as_jun, mina.thread_id)[-1].message.text == "From my other address"
    assert visitor.post(link, data={"answer": "yes"}).status_code == 404
    assert visitor.get("/c/confirm/" + "x" * 43).status_code == 404


def test_a_stranger_is_added_from_the_page_of_their_mail_and_a_colleague_only_after_a_second_question(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    receive(ctx, company, mina, text="I am her mother", from_=STRANGER, role=Role.CANDIDATE)
    pump()
    path = entry_path(desk.get("/desk/review").text)
    page = words_of(desk.get(path).text)
    assert f"Who is {STRANGER}?" in page
    assert f"The address that we know is {MINA}" in page
    asked = desk.post(path, data={"do": "add", "who": "colleague", "name": "Sun"})
    assert asked.status_code == 200
    assert 'value="colleague"' in asked.text
    assert messages_after(ctx, company.as_jun, mina.thread_id) == []
    assert desk.post(path, data={"do": "add", "who": "guest", "name": "Sun Han"}).status_code == 303
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert (shown.message.author.kind, shown.message.author.name) == ("guest", "Sun Han")
    assert "Sun Han" in desk.get(f"/desk/t/{mina.thread_id}").text
    assert "Sun Han" in browser_of(make_app(ctx, company)).get(path_of(mina)).text


def test_the_source_is_shown_as_text_the_mail_is_saved_and_then_stands_beside_now(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump
) -> None:
    receive(ctx, company, mina, text="<script>alert(1)</script> hello", from_=STRANGER, role=Role.CANDIDATE)
    pump()
    path = entry_path(desk.get("/desk/review").text)
    source = desk.get(f"{path}/source")
    assert "&lt;script&gt;alert(1)" in source.text
    assert "<script>alert" not in source.text
    raw = desk.get(f"{path}/raw")
    assert raw.headers["content-disposition"].startswith("attachment;")
    assert raw.content.startswith(b"From:")
    compared = words_of(desk.get(f"{path}/compare").text)
    assert "It would be read the same today." in compared
    assert "Then" in compared
    assert "It came to a personal reply address, but from somebody else's address." in compared
    assert "other_sender" not in compared
