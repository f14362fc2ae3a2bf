"""Members and roles: who sees which openings, who may write, and what ends with their access (SJ-11, SJ-P4)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from cast import Company, as_candidate, make_company, make_mail
from fakes import FakeChannel
from running import Pump

from flows.test_conversation import receive
from gateway.errors import Conflict, Invalid, NotFound, Refused
from gateway.threads.decisions import Reason
from gateway.threads.model import Member, MessageKind, Viewer
from gateway.usecases import accounts, members, second_step, sign_in
from gateway.usecases.applicants import ask_new_link, find_opening, list_openings, put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.organise import Assign, Wanted, arrange, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import counts, list_conversations, read_page
from gateway.usecases.review_inbox import list_entries, release
from gateway.usecases.views import ApplicantView

both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def sora(ctx: Context, company: Company) -> Member:
    """A member who is no admin."""
    return accounts.create_member(
        ctx, company.workspace.id, email="sora@moalabs.example", name="Sora Lim", role="member", password="long enough"
    )


def as_(ctx: Context, member: Member) -> Viewer:
    """The member as they ask after signing in."""
    viewer = sign_in.viewer_for_session(ctx, sign_in.demo_session(ctx, member.id))
    assert viewer is not None
    return viewer


def threads_of(ctx: Context, viewer: Viewer) -> set[str]:
    return {row.thread_id for row in list_conversations(ctx, viewer)[0]}


@pytest.fixture
def other(ctx: Context, company: Company) -> ApplicantView:
    """An applicant to another opening."""
    put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    return put_applicant(
        ctx, company.ats, "dae-1", opening="engineer", name="Dae Choi", email="dae@mail.example", locale="en"
    )


@both_databases
def test_a_role_in_one_opening_hides_the_others(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, other: ApplicantView
) -> None:
    """Reliability 54: lists, numbers, pages, search and openings agree; without any role all is seen, as before."""
    assert threads_of(ctx, as_(ctx, sora)) == {mina.thread_id, other.thread_id}
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    viewer = as_(ctx, sora)
    assert threads_of(ctx, viewer) == {mina.thread_id}
    assert (counts(ctx, viewer).all, counts(ctx, company.as_jun).all) == (1, 2)
    assert [o.id for o in list_openings(ctx, viewer)] == [company.opening.id]
    with pytest.raises(NotFound):
        read_page(ctx, viewer, other.thread_id)
    with pytest.raises(NotFound):
        find_opening(ctx, viewer, "engineer")
    assert list_conversations(ctx, viewer, query="Dae")[0] == []
    assert threads_of(ctx, company.as_jun) == {mina.thread_id, other.thread_id}


@both_databases
def test_only_their_openings(ctx: Context, company: Company, sora: Member, mina: ApplicantView) -> None:
    """With the workspace's setting on, a member without a role sees nothing, and an admin everything."""
    members.show_own_openings_only(ctx, company.as_jun, only=True)
    assert threads_of(ctx, as_(ctx, sora)) == set()
    with pytest.raises(NotFound):
        read_page(ctx, as_(ctx, sora), mina.thread_id)
    assert threads_of(ctx, as_(ctx, company.ara)) == {mina.thread_id}


def test_an_evaluator_writes_notes_and_nothing_else(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, channel: FakeChannel, pump: Pump
) -> None:
    """NH-SP: an evaluator reads and writes notes; the candidate hears nothing from them, by no way."""
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    viewer = as_(ctx, sora)
    post_message(ctx, viewer, mina.thread_id, NewMessage("Strong portfolio.", kind=MessageKind.NOTE))
    with pytest.raises(Refused) as refused:
        post_message(ctx, viewer, mina.thread_id, NewMessage("Hello Mina"))
    assert refused.value.decision.reason is Reason.EVALUATOR
    with pytest.raises(Refused):
        change_stage(ctx, viewer, mina.thread_id, "rejected")
    with pytest.raises(Refused):
        arrange(ctx, viewer, mina.thread_id, Wanted(assignee=company.jun.email, tags=("mine",), done=True))
    with pytest.raises(Refused):
        put_opening(ctx, viewer, company.opening.external_id, title="Mine now", notify_emails=[])
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="manager")
    post_message(ctx, as_(ctx, sora), mina.thread_id, NewMessage("Hello Mina"))
    pump()
    assert [m.to for m in channel.sent if "Hello Mina" in m.text] == ["mina@mail.example"]


def test_nobody_is_given_a_conversation_that_they_do_not_see(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, other: ApplicantView
) -> None:
    """They would hear nothing of it, and for the others it would be in somebody's hands."""
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    for give in (
        lambda: organise(ctx, company.as_jun, [mina.thread_id, other.thread_id], Assign(sora.id)),
        lambda: arrange(ctx, company.ats, other.thread_id, Wanted(assignee=sora.email)),
    ):
        with pytest.raises(Invalid) as refused:
            give()
        assert (refused.value.field, refused.value.code) == ("assignee", "assignee_no_access")
    assert counts(ctx, company.as_jun).unassigned == 2
    assert organise(ctx, company.as_jun, [mina.thread_id], Assign(sora.id)) == 1


def test_an_evaluators_mail_waits_for_a_manager(
    ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump
) -> None:
    """The mail of an evaluator does not go on to the candidate: a manager decides; nothing is lost."""
    members.set_role(ctx, company.as_jun, company.ara.id, "member")
    members.set_opening_role(ctx, company.as_jun, company.ara.id, opening_id=company.opening.id, role="evaluator")
    put_opening(ctx, company.ats, "designer", title="Designer", notify_emails=[company.ara.email])
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage("When do we talk?"))
    pump()
    (told,) = channel.to(company.ara.email)
    mail = make_mail("Tuesday at ten.", from_=company.ara.email, name="Ara Kim", to=told.reply_to)
    receive(ctx, mail, to=told.reply_to, from_=company.ara.email)
    pump()
    (entry,) = list_entries(ctx, as_(ctx, company.ara))[0]
    assert entry.reason == "evaluator"
    with pytest.raises(Refused):
        release(ctx, as_(ctx, company.ara), entry.id)
    assert channel.to("mina@mail.example") == []
    release(ctx, company.as_jun, entry.id)
    pump()
    assert [m.to for m in channel.to("mina@mail.example")] == ["mina@mail.example"]


def test_an_opening_admin_chooses_its_team_and_no_other(
    ctx: Context, company: Company, sora: Member, other: ApplicantView
) -> None:
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="admin")
    viewer, engineer = as_(ctx, sora), find_opening(ctx, company.as_jun, "engineer")
    members.set_opening_role(ctx, viewer, company.ara.id, opening_id=company.opening.id, role="manager")
    assert [o.id for o in members.read_team(ctx, viewer).openings] == [company.opening.id]
    with pytest.raises(Invalid):
        members.set_opening_role(ctx, viewer, sora.id, opening_id=engineer.id, role="admin")
    for forbidden in (
        lambda: members.set_role(ctx, viewer, sora.id, "admin"),
        lambda: members.set_active(ctx, viewer, company.jun.id, active=False),
        lambda: members.show_own_openings_only(ctx, viewer, only=False),
        lambda: members.invite_member(ctx, viewer, email="x@moalabs.example", name="X", role="admin"),
        lambda: members.invite_again(ctx, viewer, company.jun.id),
        lambda: second_step.clear_for(ctx, viewer, company.jun.id),
    ):
        with pytest.raises(NotFound):
            forbidden()


@both_databases
def test_an_opening_admin_who_takes_away_a_last_role_opens_nothing(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, other: ApplicantView
) -> None:
    """Neither their own nor an evaluator's: without any role both would see everything (reliability 54)."""
    eva = accounts.create_member(ctx, company.workspace.id, email="eva@agency.example", name="Eva", role="member")
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="admin")
    members.set_opening_role(ctx, company.as_jun, eva.id, opening_id=company.opening.id, role="evaluator")
    for member in (sora, eva):
        with pytest.raises(Conflict) as conflict:
            members.set_opening_role(ctx, as_(ctx, sora), member.id, opening_id=company.opening.id, role="", sure=True)
        assert conflict.value.code == "beyond_opening"
        assert threads_of(ctx, as_(ctx, member)) == {mina.thread_id}
    engineer = find_opening(ctx, company.as_jun, "engineer")
    members.set_opening_role(ctx, company.as_jun, eva.id, opening_id=engineer.id, role="evaluator")
    members.set_opening_role(ctx, as_(ctx, sora), eva.id, opening_id=company.opening.id, role="")
    assert threads_of(ctx, as_(ctx, eva)) == {other.thread_id}


def test_an_opening_admin_takes_nobodys_other_openings(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, other: ApplicantView
) -> None:
    """Who sees all would be kept to one opening by their first role; where all see only their own, nobody is."""
    bora = accounts.create_member(ctx, company.workspace.id, email="bora@moalabs.example", name="Bora", role="member")
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="admin")
    with pytest.raises(Conflict):
        members.set_opening_role(ctx, as_(ctx, sora), bora.id, opening_id=company.opening.id, role="evaluator")
    assert threads_of(ctx, as_(ctx, bora)) == {mina.thread_id, other.thread_id}
    members.show_own_openings_only(ctx, company.as_jun, only=True)
    members.set_opening_role(ctx, as_(ctx, sora), bora.id, opening_id=company.opening.id, role="evaluator")
    assert threads_of(ctx, as_(ctx, bora)) == {mina.thread_id}
    members.set_opening_role(ctx, as_(ctx, sora), bora.id, opening_id=company.opening.id, role="")
    assert threads_of(ctx, as_(ctx, bora)) == set()


def test_an_admin_takes_away_a_last_role_only_when_sure(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, other: ApplicantView
) -> None:
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="evaluator")
    with pytest.raises(Conflict) as conflict:
        members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="")
    assert conflict.value.code == "last_role"
    assert threads_of(ctx, as_(ctx, sora)) == {mina.thread_id}
    members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=company.opening.id, role="", sure=True)
    assert threads_of(ctx, as_(ctx, sora)) == {mina.thread_id, other.thread_id}


@both_databases
def test_two_last_roles_taken_away_at_the_same_time_leave_one(
    ctx: Context, company: Company, sora: Member, mina: ApplicantView, other: ApplicantView
) -> None:
    engineer = find_opening(ctx, company.as_jun, "engineer")
    roles = (company.opening.id, engineer.id)
    for opening_id in roles:
        members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=opening_id, role="evaluator")

    def take_away(opening_id: str) -> str:
        try:
            members.set_opening_role(ctx, company.as_jun, sora.id, opening_id=opening_id, role="")
        except Conflict as conflict:
            return conflict.code
        return ""

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(take_away, roles)) == ["", "last_role"]
    assert len(threads_of(ctx, as_(ctx, sora))) == 1


@both_databases
def test_an_invited_person_signs_in_once_with_the_link(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump
) -> None:
    """SJ-P4, reliability 60: one person, one account; the link works once, and a new one ends the old one."""
    new = members.invite_member(
        ctx, company.as_jun, email="New@Moalabs.example", name="New Person", role="member", locale="ko"
    )
    members.invite_again(ctx, company.as_jun, new.id)
    pump()
    first, second = (re.search(r"/sign-in/link/(\S+)", m.text)[1] for m in channel.sent)  # type: ignore[index]
    assert {m.to for m in channel.sent} == {"new@moalabs.example"}
    assert sign_in.redeem_login_link(ctx, first) is None
    token = sign_in.redeem_login_link(ctx, second)
    assert token
    assert sign_in.redeem_login_link(ctx, second) is None
    viewer = sign_in.viewer_for_session(ctx, token)
    assert viewer
    assert (viewer.email, viewer.locale, viewer.admin) == ("new@moalabs.example", "ko", False)
    with pytest.raises(Conflict):
        members.invite_member(ctx, company.as_jun, email="new@moalabs.example", name="Again", role="member")


@both_databases
def test_nobody_ends_an_invitation_by_asking_for_a_sign_in_link(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump
) -> None:
    """SJ-P4, reliability 60: who knows the address may ask; the first of the two that is used ends the other."""
    for name, used in (("new", 0), ("other", 1)):
        address = f"{name}@moalabs.example"
        members.invite_member(ctx, company.as_jun, email=address, name=name, role="member")
        sign_in.ask_login_link(ctx, address)
        pump()
        links = [re.search(r"/sign-in/link/(\S+)", m.text)[1] for m in channel.to(address)]  # type: ignore[index]
        assert sign_in.redeem_login_link(ctx, links.pop(used))
        assert sign_in.redeem_login_link(ctx, links[0]) is None


def test_without_access_nothing_works_at_once(ctx: Context, company: Company, sora: Member) -> None:
    """Reliability 61: sessions and links end at once; the last admin and one's own access stay."""
    token = sign_in.sign_in(ctx, sora.email, "long enough")
    assert token
    members.set_active(ctx, company.as_jun, sora.id, active=False)
    assert sign_in.viewer_for_session(ctx, token) is None
    assert sign_in.sign_in(ctx, sora.email, "long enough") is None
    with pytest.raises(Conflict):
        members.invite_again(ctx, company.as_jun, sora.id)
    members.set_active(ctx, company.as_jun, sora.id, active=True)
    assert sign_in.sign_in(ctx, sora.email, "long enough")
    with pytest.raises(Conflict):
        members.set_active(ctx, company.as_jun, company.jun.id, active=False)
    members.set_role(ctx, company.as_jun, company.ara.id, "member")
    with pytest.raises(Conflict):
        members.set_role(ctx, company.as_jun, company.jun.id, "member")


def test_another_company_is_no_member_of_ours(ctx: Context, company: Company) -> None:
    theirs = make_company(ctx, slug="nordlys", name="Nordlys", domain="nordlys.example")
    for forbidden in (
        lambda: members.set_role(ctx, theirs.as_jun, company.ara.id, "member"),
        lambda: members.set_active(ctx, theirs.as_jun, company.ara.id, active=False),
        lambda: members.invite_again(ctx, theirs.as_jun, company.ara.id),
        lambda: members.set_opening_role(
            ctx, theirs.as_jun, company.ara.id, opening_id=theirs.opening.id, role="manager"
        ),
    ):
        with pytest.raises(NotFound):
            forbidden()
    with pytest.raises(Invalid):
        members.set_opening_role(ctx, theirs.as_jun, theirs.ara.id, opening_id=company.opening.id, role="manager")


@both_databases
def test_an_address_of_any_length_may_be_tried_at_the_sign_in(ctx: Context, company: Company) -> None:
    address = f"{'a' * 250}@moalabs.example"
    assert sign_in.sign_in(ctx, address, "whatever") is None
    sign_in.ask_login_link(ctx, address)
    ask_new_link(ctx, address)


@both_databases
def test_ten_wrong_passwords_end_the_tries_of_that_address_alone(ctx: Context, company: Company) -> None:
    for _ in range(sign_in.TRIES):
        assert sign_in.sign_in(ctx, "jun@moalabs.example", "wrong") is None
    with pytest.raises(Conflict):
        sign_in.sign_in(ctx, "JUN@moalabs.example", "correct horse")
    assert sign_in.sign_in(ctx, "ara@moalabs.example", "battery staple")


def test_a_stored_password_is_dear_to_guess(real_hasher: PasswordHasher) -> None:
    """OWASP's password storage cheat sheet: Argon2id with 19 MiB, two iterations, one degree of parallelism."""
    assert real_hasher.hash("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
