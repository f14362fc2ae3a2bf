"""What the desk offers by role: nothing that is refused; a page that is not for somebody says so at once (SJ-P4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cast import Company, make_mail
from fakes import FakeChannel
from flows.test_conversation import receive
from running import Pump
from starlette.applications import Starlette
from starlette.testclient import TestClient
from web.web_kit import browser_of, words_of

from gateway.errors import NotFound, Refused
from gateway.threads.channel import Failed
from gateway.threads.model import Member
from gateway.usecases import accounts, members, sign_in
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

ASK_A_MANAGER = "You evaluate in this opening: ask one of its managers to do this."
ASK_AN_ADMIN = "Your role does not allow this: ask an admin of the opening or of the workspace."


@pytest.fixture
def sora(ctx: Context, company: Company) -> Member:
    """Evaluates in Mina's opening."""
    sora = accounts.create_member(ctx, company.workspace.id, email="s@moalabs.example", name="Sora", role="member")
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    return sora


@pytest.fixture
def desk(ctx: Context, app: Starlette, sora: Member) -> TestClient:
    client = browser_of(app)
    client.cookies.set("gateway", sign_in.demo_session(ctx, sora.id))
    return client


@pytest.fixture
def managed(ctx: Context, company: Company, sora: Member) -> ApplicantView:
    """An applicant to another opening, which Sora manages."""
    opening, _ = put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=opening.id, role="manager")
    return put_applicant(ctx, company.ats, "d-1", opening="engineer", name="Dae", email="dae@mail.example", locale="en")


def test_pages_that_decide_are_not_for_who_only_evaluates(mina: ApplicantView, desk: TestClient) -> None:
    """A form that is refused in the end helps nobody: the answer is the plain sentence, also where the URL is typed."""
    thread = f"/desk/t/{mina.thread_id}"
    told = {
        f"{thread}/merge": ASK_A_MANAGER,
        f"{thread}/consents": ASK_A_MANAGER,
        f"{thread}/reject": ASK_A_MANAGER,
        f"{thread}/restore": ASK_A_MANAGER,
        f"/desk/reject?ids={mina.thread_id}": ASK_A_MANAGER,
        f"/desk/reject/undo?ids={mina.thread_id}": ASK_A_MANAGER,
        "/desk/applicants/new": ASK_AN_ADMIN,
        "/desk/openings/new": ASK_AN_ADMIN,
        "/desk/openings/designer": ASK_AN_ADMIN,
    }
    for path, why in told.items():
        answer = desk.get(path)
        assert (answer.status_code, why in words_of(answer.text), "<form" in answer.text) == (403, True, False), path


def test_a_message_is_moved_by_who_decides(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage("Hello"))
    answer = desk.get(f"/desk/t/{mina.thread_id}/move?ids={posted.message.id}")
    assert answer.status_code == 403
    assert ASK_A_MANAGER in words_of(answer.text)


def test_the_list_and_the_navigation_offer_only_what_a_role_allows(mina: ApplicantView, desk: TestClient) -> None:
    page = desk.get("/desk").text
    bar = page.split('id="many"')[1].split("</form>")[0]
    assert 'value="unread"' in bar
    for do in ("done", "take", "assign", "tag", "snooze", "reject"):
        assert f'value="{do}"' not in bar, do
    assert "/desk/applicants/new" not in page
    openings = desk.get("/desk/openings").text
    assert "Designer" in words_of(openings)
    assert "/desk/openings/designer" not in openings
    assert "/desk/openings/new" not in openings


def test_a_conversation_offers_only_what_a_role_allows(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    """Neither to send again, nor to change or stop what waits, nor to open what was closed."""
    channel.script.append(Failed("5.1.1", "no such user"))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage("Hello"))
    pump()
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage("Tomorrow", send_at=ctx.now + timedelta(days=1)))
    path = f"/desk/t/{mina.thread_id}"
    page = desk.get(path).text
    assert "Not delivered" in words_of(page) or "not delivered" in words_of(page)
    assert "Goes out" in words_of(page)
    assert "/again" not in page
    for do in ("undo", "move", "now"):
        assert f'value="{do}"' not in page, do
    assert 'id="pal-gate"' not in page
    assert 'id="pal-reply"' not in page
    assert "Write to Mina" not in page
    assert "Tag, snooze, stage" not in page
    assert 'value="unread"' in page.split('id="c-order"')[1]
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    assert f"{path}/restore" not in desk.get(path).text


def test_who_manages_elsewhere_is_offered_that_and_no_more(
    company: Company, mina: ApplicantView, managed: ApplicantView, desk: TestClient
) -> None:
    rows = desk.get("/desk").text
    for person, evaluates in ((mina, True), (managed, False)):
        box = rows.split(f'name="t.{person.thread_id}"')[1].split(">")[0]
        assert ("data-evaluates" in box) is evaluates
    assert 'value="reject"' in rows
    form = desk.get("/desk/applicants/new")
    assert form.status_code == 200
    choices = form.text.split('name="opening"')[1].split("</select>")[0]
    assert "Engineer" in choices
    assert company.opening.id not in choices
    both = desk.get(f"/desk/reject?ids={mina.thread_id},{managed.thread_id}")
    assert both.status_code == 403


def test_a_mail_that_waits_is_shown_and_left_to_a_manager(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, channel: FakeChannel, pump: Pump
) -> None:
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage("When do we talk?"))
    pump()
    (told,) = channel.to("mina@mail.example")
    mail = make_mail("Tuesday.", from_="other@mail.example", name="Other", to=told.reply_to)
    receive(ctx, mail, to=told.reply_to, from_="other@mail.example")
    pump()
    queue = desk.get("/desk/review").text
    (entry,) = {part.split('"')[0] for part in queue.split('aria-labelledby="h-')[1:]}
    for page in (queue, desk.get(f"/desk/review/{entry}").text):
        assert "Tuesday." in page
        assert ASK_A_MANAGER in words_of(page)
        assert f'action="/desk/review/{entry}"' not in page


def test_an_opening_is_changed_by_its_admins(
    ctx: Context, company: Company, sora: Member, managed: ApplicantView, desk: TestClient
) -> None:
    """A manager of one is told why not; one that they do not see is not there."""
    manager = sign_in.viewer_for_session(ctx, sign_in.demo_session(ctx, sora.id))
    assert manager is not None
    put_opening(ctx, company.ats, "secret", title="Secret", notify_emails=[])
    with pytest.raises(Refused):
        put_opening(ctx, manager, "engineer", title="Mine", notify_emails=[])
    with pytest.raises(NotFound):
        put_opening(ctx, manager, "secret", title="Mine", notify_emails=[])
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=managed.opening.id, role="admin")
    assert "/desk/openings/engineer" in desk.get("/desk/openings").text
    assert desk.get("/desk/openings/engineer").status_code == 200
