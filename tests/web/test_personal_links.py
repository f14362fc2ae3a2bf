"""Links that let somebody in as the candidate: who may not write to the candidate does not find them anywhere."""

from __future__ import annotations

import re

import pytest
from cast import MINA, Company, make_mail
from fakes import FakeChannel
from flows.test_conversation import receive
from flows.test_gate import address_of
from running import Pump
from starlette.applications import Starlette
from starlette.testclient import TestClient
from web.web_kit import browser_of

from gateway.threads.keys import KeyScope
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases import accounts, members
from gateway.usecases.api_keys import create_api_key
from gateway.usecases.confirm_sender import ask_sender
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import read_page
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.templates import put_template
from gateway.usecases.views import ApplicantView
from gateway.web.api.app import mount_api

PERSONAL = re.compile(r"/(?:c|u|c/confirm)/[\w-]{40,}")


@pytest.fixture
def evaluator(ctx: Context, company: Company, app: Starlette) -> TestClient:
    """A hiring client who may read and write notes."""
    sora = accounts.create_member(
        ctx, company.workspace.id, email="sora@moalabs.example", name="Sora Lim", role="member", password="long enough"
    )
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    client = browser_of(app)
    data = {"email": sora.email, "password": "long enough", "do": "password"}
    assert client.post("/sign-in", data=data).status_code == 303
    return client


def test_an_evaluator_finds_no_way_into_the_candidates_page(
    ctx: Context, company: Company, mina: ApplicantView, evaluator: TestClient, app: Starlette, pump: Pump
) -> None:
    """SJ-P4: on the card, in a message with the link, in quotes, in copies, templates, the search."""
    bodies = {"en": Body(MailBody("Come", "Look: {{ link }}", ""), "", None)}
    put_template(ctx, company.as_jun, "invite", purpose=Purpose.TRANSACTIONAL, variables=[], bodies=bodies)
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=f"Here it is: {mina.portal_url}"))
    pump()
    quote = f"Thank you!\n\nOn Monday, Moa Labs wrote:\n> Read it here: {mina.portal_url}#latest\n"
    to = address_of(ctx, mina)
    receive(ctx, make_mail(quote, to=to), to=to, from_=MINA)
    pump()
    recruiter = browser_of(app, company.jun)
    thread = f"/desk/t/{mina.thread_id}"
    assert mina.portal_url in recruiter.get(thread).text
    assert PERSONAL.search(recruiter.get(f"{thread}/templates").text)
    shown = evaluator.get(thread).text
    assert "http://gateway.test/c/•••" in shown
    copy = f"/desk/deliveries/{posted.deliveries[0].id}/copy"
    received = re.findall(r"/desk/review/\w+/mail", shown)
    for path in (thread, f"{thread}/templates", copy, f"{copy}/html", "/desk/all", "/desk/search?q=Here", *received):
        answer = evaluator.get(path)
        assert answer.status_code == 200, path
        assert not PERSONAL.search(answer.text), path
    (entry,) = {path.split("/")[3] for path in received}
    assert f"/desk/review/{entry}/raw" not in shown
    for path in ("raw", "source", "compare"):
        assert evaluator.get(f"/desk/review/{entry}/{path}").status_code == 403
        assert recruiter.get(f"/desk/review/{entry}/{path}").status_code == 200


def test_nobody_of_the_team_can_answer_in_the_candidates_place_whether_a_mail_is_theirs(
    ctx: Context, company: Company, mina: ApplicantView, app: Starlette, pump: Pump, channel: FakeChannel
) -> None:
    """The copy of the question is word for word, but for what makes its link work."""
    to = address_of(ctx, mina)
    receive(ctx, make_mail("from elsewhere", from_="other@x.example", to=to), to=to, from_="other@x.example")
    pump()
    (entry,) = list_entries(ctx, company.as_jun)[0]
    ask_sender(ctx, company.as_jun, entry.id)
    pump()
    assert PERSONAL.search(channel.to(MINA)[-1].text)
    ((_, delivery),) = read_page(ctx, company.as_jun, mina.thread_id).notices
    desk = browser_of(app, company.jun)
    for path in (f"/desk/deliveries/{delivery.id}/copy", f"/desk/deliveries/{delivery.id}/copy/html"):
        page = desk.get(path).text
        assert "/c/confirm/•••" in page
        assert not PERSONAL.search(page)


def test_a_copy_of_earlier_days_shows_no_link_either(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    app: Starlette,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateway.threads.copies.mask_links", lambda text: text)
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    pump()
    monkeypatch.undo()
    desk = browser_of(app, company.jun)
    for path in ("copy", "copy/html"):
        page = desk.get(f"/desk/deliveries/{posted.deliveries[0].id}/{path}").text
        assert "/c/•••" in page
        assert not PERSONAL.search(page)


def test_a_key_that_may_only_read_learns_no_personal_link(ctx: Context, company: Company, mina: ApplicantView) -> None:
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=f"Here it is: {mina.portal_url}"))
    client = TestClient(Starlette(routes=[mount_api(ctx)]))
    paths = (f"threads/{mina.thread_id}", "applicants/mina-1", f"threads/{mina.thread_id}/messages")
    answers = {}
    for scopes in ([KeyScope.READ], [KeyScope.READ, KeyScope.WRITE]):
        key = create_api_key(ctx, company.workspace.id, name="A key", scopes=scopes)
        headers = {"Authorization": f"Bearer {key}"}
        answers[len(scopes)] = [client.get(f"/api/v1/{path}", headers=headers).json() for path in paths]
    thread, applicant, messages = answers[1]
    assert (thread["portal_url"], applicant["portal_url"]) == (None, None)
    assert messages["items"][0]["text"] == "Here it is: http://gateway.test/c/•••"
    thread, applicant, messages = answers[2]
    assert thread["portal_url"] == applicant["portal_url"] == mina.portal_url
    assert messages["items"][0]["text"] == f"Here it is: {mina.portal_url}"
