"""Who is invited to what: what a new member sees from the first moment (reliability 54)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from cast import Company, as_candidate
from fakes import FakeChannel
from running import Pump

from flows.test_members import as_, both_databases, other, threads_of  # noqa: F401
from gateway import operate
from gateway.config import Settings
from gateway.errors import Invalid, NotFound
from gateway.usecases import accounts, members, sign_in
from gateway.usecases.applicants import list_openings, put_applicant, put_opening
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import counts, list_conversations, read_page
from gateway.usecases.views import ApplicantView


@both_databases
def test_who_is_invited_for_an_opening_sees_nothing_else_from_the_first_moment(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    other: ApplicantView,  # noqa: F811
    channel: FakeChannel,
    pump: Pump,
) -> None:
    """Reliability 54: between the invitation and a role an evaluator read every conversation of the company."""
    asked = {"email": "eva@agency.example", "name": "Eva", "role": "member"}
    members.invite_member(ctx, company.as_jun, **asked, opening_id=company.opening.id, opening_role="evaluator")
    pump()
    link = re.search(r"/sign-in/link/(\S+)", channel.to("eva@agency.example")[0].text)
    assert link
    eva = sign_in.viewer_for_session(ctx, sign_in.redeem_login_link(ctx, link[1]) or "")
    assert eva
    assert threads_of(ctx, eva) == {mina.thread_id}
    assert list_conversations(ctx, eva, query="Dae")[0] == []
    assert [o.id for o in list_openings(ctx, eva)] == [company.opening.id]
    with pytest.raises(NotFound):
        read_page(ctx, eva, other.thread_id)


@pytest.mark.parametrize(
    "wrong", [{"role": "admin"}, {"opening_id": "nowhere"}, {"opening_role": "boss"}, {"opening_role": ""}]
)
def test_an_invitation_that_says_what_cannot_be_is_none(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump, wrong: dict[str, str]
) -> None:
    """An admin is kept to no opening; nobody is left half invited, who would see what they should not."""
    asked = {"email": "eva@agency.example", "name": "Eva", "role": "member"}
    asked |= {"opening_id": company.opening.id, "opening_role": "evaluator"} | wrong
    with pytest.raises(Invalid):
        members.invite_member(ctx, company.as_jun, **asked)
    pump()
    assert channel.sent == []
    assert "eva@agency.example" not in [m.email for m in accounts.list_members(ctx, company.as_jun)]


@both_databases
def test_where_all_see_only_their_own_openings_who_has_no_role_sees_none_until_an_admin_allows_it(ctx: Context) -> None:
    new = accounts.create_workspace(ctx, name="New", slug="new", public_contact="jobs@n.example")
    admin = as_(ctx, accounts.create_member(ctx, new.id, email="eva@n.example", name="Eva"))
    members.show_own_openings_only(ctx, admin, only=True)
    ida = accounts.create_member(ctx, new.id, email="ida@n.example", name="Ida", role="member")
    put_opening(ctx, admin, "designer", title="Designer", notify_emails=[ida.email])
    view = put_applicant(ctx, admin, "m-1", opening="designer", name="Mina", email="m@mail.example", locale="en")
    post_message(ctx, as_candidate(ctx, view), view.thread_id, NewMessage("Hello"))
    viewer = as_(ctx, ida)
    assert (threads_of(ctx, viewer), list_openings(ctx, viewer), counts(ctx, viewer).bell) == (set(), [], 0)
    assert (threads_of(ctx, admin), counts(ctx, admin).bell) == ({view.thread_id}, 1)
    with pytest.raises(NotFound):
        read_page(ctx, viewer, view.thread_id)
    members.show_own_openings_only(ctx, admin, only=False)
    assert threads_of(ctx, as_(ctx, ida)) == {view.thread_id}


def test_the_operator_invites_for_one_opening_too(
    ctx: Context, company: Company, mina: ApplicantView, gateway_settings: Settings
) -> None:
    operate.invite(
        gateway_settings,
        company.workspace.slug,
        email="eva@agency.example",
        name="Eva",
        role="member",
        opening="designer",
        opening_role="evaluator",
    )
    (eva,) = (m for m in members.read_team(ctx, company.as_jun).members if m.member.name == "Eva")
    assert [(opening.id, role) for opening, role in eva.roles] == [(company.opening.id, "evaluator")]


def test_the_operator_invites_under_no_name(ctx: Context, company: Company, channel: FakeChannel, pump: Pump) -> None:
    operator = replace(operate.OPERATOR, workspace_id=company.workspace.id)
    members.invite_member(ctx, operator, email="eva@agency.example", name="Eva", role="member")
    members.invite_member(ctx, company.as_jun, email="ada@agency.example", name="Ada", role="member")
    pump()
    assert "The operator of this system invites you" in channel.to("eva@agency.example")[0].text
    assert f"{company.jun.name} invites you" in channel.to("ada@agency.example")[0].text
