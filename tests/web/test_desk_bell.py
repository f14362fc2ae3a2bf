"""The bell and a member's own choices in the pages, without scripts (NH-P3, SJ-11)."""

from __future__ import annotations

import re

import pytest
from cast import ARA, JUN, Company, as_candidate
from fakes import FakeChannel, FakeClock
from running import Pump
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.threads.channel import Failed
from gateway.threads.model import MessageKind
from gateway.usecases.applicants import find_opening, put_opening
from gateway.usecases.compose import send
from gateway.usecases.context import Context
from gateway.usecases.members import invite_member
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.usecases.views import ApplicantView

PATH = "/desk/settings/personal"
NIGHT = {  # as the form sends it: hours on, 09-18, Monday to Friday in Seoul
    **{"do": "notify", "on.email": "yes", "email.message": "yes", "email.failed": "yes", "on.hours": "yes"},
    **{"hours_begin": "09:00", "hours_end": "18:00", "timezone": "Asia/Seoul"},
    **{f"days.{day}": "yes" for day in range(5)},
}


def test_the_bell_lists_what_is_new_and_is_read_at_once_or_one_by_one(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, pump: Pump, channel: FakeChannel
) -> None:
    """SJ-11: a number beside the bell; reading by one does not clear the others'."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When <b>may</b> I come?"))
    send(ctx, company.as_ara, mina.thread_id, NewMessage(text="@Jun your turn", kind=MessageKind.NOTE))
    pump()
    channel.script.append(Failed("5.1.1", "no such user"))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Tomorrow"))
    pump()
    page = desk.get("/desk").text
    assert 'id="count-bell">3</span>' in page
    shown = words_of(desk.get("/desk/bell").text)
    for said in (
        "Mina Han wrote New Product Designer",
        "When <b>may</b> I come?",
        "Ara Kim mentioned you in a note about Mina Han New",
        "Your message to Mina Han was not delivered New",
    ):
        assert said in shown
    ara = browser_of(make_app(ctx, company), company.ara)
    assert desk.post("/desk/bell").headers["location"] == "/desk/bell#main"
    assert "New" not in words_of(desk.get("/desk/bell").text).split()
    assert 'id="count-bell"></span>' in desk.get("/desk").text
    assert 'id="count-bell">1</span>' in ara.get("/desk/bell").text
    assert ara.get(f"/desk/t/{mina.thread_id}").status_code == 200  # opening the conversation is reading it
    assert 'id="count-bell"></span>' in ara.get("/desk/bell").text


def test_only_a_mention_that_is_heard_stands_out(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """Not the name of a colleague who does not see the conversation, nor a first name that two share."""
    put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    for name, opening in (("Eva Stone", "engineer"), ("Ada Byron", "designer"), ("Ada Wong", "designer")):
        place = {"opening_id": find_opening(ctx, company.as_jun, opening).id, "opening_role": "evaluator"}
        email = f"{name.split()[1].lower()}@agency.example"
        invite_member(ctx, company.as_jun, email=email, name=name, role="member", **place)
    note = "@Ara, @Eva Stone, @Eva, @Ada and @Ada Wong: who has time?"
    send(ctx, company.as_jun, mina.thread_id, NewMessage(text=note, kind=MessageKind.NOTE))
    page = desk.get(f"/desk/t/{mina.thread_id}").text
    assert re.findall('<span class="mention">(.*?)</span>', page) == ["@Ara", "@Ada Wong"]


def test_receiving_hours_chosen_in_the_page_hold_for_the_mails(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    desk: TestClient,
    pump: Pump,
    channel: FakeChannel,
    clock: FakeClock,
) -> None:
    """NH-P3: 18:00 in Seoul is outside 09-18; the next morning it comes."""
    assert desk.post(PATH, data=NIGHT).headers["location"] == f"{PATH}#saved"
    page = desk.get(PATH).text
    assert 'name="on.hours" value="yes" checked' in page
    assert 'name="email.mentioned" value="yes">' in page
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="At 18:00"))
    pump()
    assert channel.to(JUN) == []
    thread = words_of(desk.get(f"/desk/t/{mina.thread_id}?before=99").text)
    assert "outside their receiving hours and comes when they begin" in thread
    clock.move(hours=15)
    pump()
    assert len(channel.to(JUN)) == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hours_end": "08:00"}, "The hours must end later than they begin"),
        ({"timezone": "Mars/Olympus"}, "Name a time zone of the IANA list"),
        ({"on.slack": "yes"}, "Give the address of the incoming webhook"),
        ({"slack_url": "http://127.0.0.1/"}, "Use an https:// address"),
    ],
)
def test_a_wrong_choice_is_handed_back_with_what_to_do(
    desk: TestClient, change: dict[str, str], complaint: str
) -> None:
    answer = desk.post(PATH, data={**NIGHT, "hours_begin": "09:30", **change})
    assert answer.status_code == 422
    assert complaint in words_of(answer.text)
    assert 'value="09:30"' in answer.text
    assert 'name="on.hours" value="yes">' in desk.get(PATH).text  # nothing was kept


def test_a_slack_address_is_shown_to_nobody_again(desk: TestClient) -> None:
    hook = "https://hooks.slack.example/services/T0/B0/very-secret"
    assert desk.post(PATH, data={**NIGHT, "on.slack": "yes", "slack_url": hook}).status_code == 303
    page = desk.get(PATH).text
    assert "very-secret" not in page
    assert "An address is stored" in page
    assert desk.post(PATH, data={**NIGHT, "slack_forget": "yes"}).status_code == 303
    assert "An address is stored" not in desk.get(PATH).text


def test_own_seconds_to_undo(ctx: Context, company: Company, mina: ApplicantView, desk: TestClient) -> None:
    """ux §5 undo, WCAG 2.2.1: 0 to 60 seconds, each for themselves; empty is the installation's."""
    assert desk.post(PATH, data={"do": "undo", "undo": "40"}).status_code == 303
    assert 'name="undo" type="number" value="40"' in desk.get(PATH).text
    send(ctx, company.as_jun, mina.thread_id, NewMessage(text="Mine"))
    send(ctx, company.as_ara, mina.thread_id, NewMessage(text="Hers"))
    mine, hers = (s.message for s in messages_after(ctx, company.as_jun, mina.thread_id))
    assert mine.goes_out_at is not None
    assert (mine.goes_out_at - ctx.now).total_seconds() == 40
    assert hers.goes_out_at is None  # the tests' installation has none
    for wrong in ("61", "-1", "soon"):
        refused = desk.post(PATH, data={"do": "undo", "undo": wrong})
        assert refused.status_code == 422
        assert "Choose 0 to 60 seconds." in words_of(refused.text)
    assert desk.post(PATH, data={"do": "undo", "undo": ""}).status_code == 303
    assert 'name="undo" type="number" value=""' in desk.get(PATH).text


def test_the_bell_is_nobody_elses(ctx: Context, company: Company, mina: ApplicantView, desk: TestClient) -> None:
    send(ctx, company.as_jun, mina.thread_id, NewMessage(text="@Ara look", kind=MessageKind.NOTE))
    assert "mentioned you" not in words_of(desk.get("/desk/bell").text)
    stranger = browser_of(make_app(ctx, company))
    assert stranger.get("/desk/bell").headers["location"].startswith("/sign-in")
    assert stranger.get("/desk/bell/stream").status_code == 401
    assert ARA not in desk.get("/desk/bell").text
