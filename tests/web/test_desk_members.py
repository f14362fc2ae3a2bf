"""Members in the desk, without scripts: invited, given roles, put out; what an evaluator is shown (SJ-P4, ux §6)."""

from __future__ import annotations

import pytest
from cast import Company
from starlette.applications import Starlette
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, words_of

from gateway.threads.model import Member
from gateway.usecases import accounts, members, sign_in
from gateway.usecases.context import Context
from gateway.usecases.organise import AddTag, organise
from gateway.usecases.views import ApplicantView

PATH = "/desk/settings/members"


@pytest.fixture
def sora(ctx: Context, company: Company) -> Member:
    return accounts.create_member(
        ctx, company.workspace.id, email="sora@moalabs.example", name="Sora Lim", role="member"
    )


def signed_in(ctx: Context, app: Starlette, member: Member) -> TestClient:
    client = browser_of(app)
    client.cookies.set("gateway", sign_in.demo_session(ctx, member.id))
    return client


def test_somebody_is_invited_and_a_wrong_address_is_explained(company: Company, desk: TestClient) -> None:
    wrong = desk.post(PATH, data={"do": "invite", "email": "nope", "name": "New", "role": "member"})
    assert wrong.status_code == 422
    assert 'value="New"' in wrong.text
    form = {"do": "invite", "email": "new@moalabs.example", "name": "New Person", "role": "member"}
    done = desk.post(PATH, data=form)
    assert done.headers["location"] == f"{PATH}#invited"
    assert "New Person" in words_of(desk.get(PATH).text)
    assert desk.post(PATH, data=form).status_code == 422


def test_roles_and_access_are_changed(company: Company, desk: TestClient, sora: Member) -> None:
    where = f"{PATH}/{sora.id}"
    role = {"do": "role", "opening": company.opening.id, "opening_role": "evaluator"}
    assert desk.post(where, data=role).status_code == 303
    page = desk.get(PATH).text
    assert "Product Designer Evaluator Take away" in words_of(page)
    assert "Without one they see every opening" in words_of(page)
    assert 'name="sure"' in page
    last = {"do": "role", "opening": company.opening.id, "opening_role": ""}
    refused = desk.post(where, data=last)
    assert refused.status_code == 409
    assert "remove their access" in words_of(refused.text)
    assert desk.post(where, data={**last, "sure": "yes"}).status_code == 303
    assert "Without one they see every opening" not in words_of(desk.get(PATH).text)
    assert desk.post(where, data={"do": "deactivate"}).status_code == 303
    assert "No access" in words_of(desk.get(PATH).text)
    assert desk.post(where, data={"do": "nothing"}).status_code == 404
    own = desk.post(f"{PATH}/{company.jun.id}", data={"do": "deactivate"})
    assert own.status_code == 409
    assert "ask another admin" in words_of(own.text)


def test_an_openings_admin_does_not_make_themselves_a_member_of_everything(
    ctx: Context, app: Starlette, company: Company, sora: Member
) -> None:
    """The page offers what they may do and says why not the rest; a form made by hand is refused."""
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="admin")
    accounts.create_member(ctx, company.workspace.id, email="bora@moalabs.example", name="Bora", role="member")
    client = signed_in(ctx, app, sora)
    page = client.get(PATH)
    assert "so only an admin takes it away" in words_of(page.text)
    assert "Take away" not in words_of(page.text)
    assert page.text.count("Role in an opening") == 1  # nobody gives Bora, who sees all, a first one
    made = {"do": "role", "opening": company.opening.id, "opening_role": "", "sure": "yes"}
    refused = client.post(f"{PATH}/{sora.id}", data=made)
    assert refused.status_code == 409
    assert "ask an admin" in words_of(refused.text)


def test_an_evaluator_is_shown_notes_only(
    ctx: Context, app: Starlette, company: Company, sora: Member, mina: ApplicantView
) -> None:
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    client = signed_in(ctx, app, sora)
    page = client.get(f"/desk/t/{mina.thread_id}").text
    assert f' href="/desk/t/{mina.thread_id}/reject"' not in page
    form = {"key": hidden(page, "key"), "seen_seq": hidden(page, "seen_seq")}
    refused = client.post(f"/desk/t/{mina.thread_id}", data={"text": "Hello Mina", "kind": "reply", **form})
    assert refused.status_code == 422
    assert "write a note" in words_of(refused.text)
    assert client.post(f"/desk/t/{mina.thread_id}", data={"text": "A note", "kind": "note", **form}).status_code == 303
    assert client.get(PATH).status_code == 404
    assert client.post(f"{PATH}/{company.jun.id}", data={"do": "member"}).status_code == 404


def test_an_evaluator_is_told_who_can_do_what_they_cannot(
    ctx: Context, company: Company, mina: ApplicantView, app: Starlette, sora: Member
) -> None:
    """SJ-P4: not that their form came from elsewhere; and no button is offered that would be refused."""
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    organise(ctx, company.as_jun, [mina.thread_id], AddTag("portfolio"))
    desk, thread = signed_in(ctx, app, sora), f"/desk/t/{mina.thread_id}"
    page = desk.get(thread).text
    assert "portfolio" in words_of(page)
    for do in ("assign", "take", "snooze", "done", "tag", "untag", "stage"):
        assert f'value="{do}"' not in page.split("<main")[1], do
    assert 'value="unread"' in page
    chosen = {f"t.{mina.thread_id}": "1"}
    refused = [
        desk.get(f"{thread}/reject"),
        desk.post(f"{thread}/reject", data={"how": "silent"}),
        desk.get(f"{thread}/restore"),
        desk.post("/desk/organise", data=chosen | {"do": "done"}),
        desk.post("/desk/organise", data=chosen | {"do": "done"}, headers={"HX-Request": "true"}),
    ]
    for answer in refused:
        assert answer.status_code == 403
        assert "You evaluate in this opening: ask one of its managers to do this." in words_of(answer.text)
    many = words_of(desk.post("/desk/reject", data=chosen | {"how": "silent"}).text)
    assert "You evaluate in this opening" in many


def test_somebody_is_invited_for_one_opening(company: Company, desk: TestClient) -> None:
    """The form asks what they may see before the link goes out, and keeps the choice when something is wrong."""
    asked = {"do": "invite", "email": "eva@agency.example", "name": "Eva", "role": "admin"}
    asked |= {"opening": company.opening.id, "opening_role": "manager"}
    wrong = desk.post(PATH, data=asked)
    assert wrong.status_code == 422
    assert "An admin sees every opening: choose Member, or leave the opening out." in words_of(wrong.text)
    assert f'<option value="{company.opening.id}" selected>' in wrong.text
    assert '<option value="manager" selected>' in wrong.text
    assert desk.post(PATH, data=asked | {"role": "member"}).headers["location"] == f"{PATH}#invited"
    assert "eva@agency.example Product Designer Manager" in words_of(desk.get(PATH).text)
    form = desk.get(PATH).text.split("Invite somebody")[1]
    assert "Takes part in no opening in particular, and sees all." in words_of(form)
    desk.post(PATH, data={"do": "own_only", "only": "yes"})
    form = desk.get(PATH).text.split("Invite somebody")[1]
    assert "Takes part in no opening, and sees none yet." in words_of(form)


def test_who_takes_part_in_no_opening_yet_is_told_so(
    ctx: Context, app: Starlette, company: Company, sora: Member, mina: ApplicantView
) -> None:
    """Not to set up the company, which they may not."""
    members.show_own_openings_only(ctx, company.as_jun, only=True)
    page = signed_in(ctx, app, sora).get("/desk").text
    assert "You take part in no opening yet. An admin gives you a role in one." in words_of(page)
    assert "/desk/openings/new" not in page
    assert "Mina" not in page
