"""Order among conversations on the desk, without scripts: choosing, deeds, filters, rejecting many (ux §5, §12)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest
from cast import CONTACT, MINA, Company, as_candidate, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump
from starlette.testclient import TestClient
from web.web_kit import browser_of, hidden, make_app, words_of

from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.organise import AddTag, Assign, organise, read_choices
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import events_of_thread, messages_after
from gateway.usecases.views import ApplicantView


@pytest.fixture
def waiting_desk(ctx: Context, company: Company) -> TestClient:
    """Where messages and rejections wait 15 seconds before they go out."""
    waits = replace(ctx, settings=ctx.settings.model_copy(update={"undo_seconds": 15}))
    return browser_of(make_app(waits, company), company.jun)


@pytest.fixture
def oskar(ctx: Context, company: Company) -> ApplicantView:
    return make_applicant(ctx, company, external_id="o-1", name="Oskar Berg", email="oskar@mail.example", locale="sv")


def names_in(desk: TestClient, path: str) -> list[str]:
    return re.findall(r'class="row-name"[^>]*>([^<]+)<', desk.get(path).text)


def deed(desk: TestClient, do: str, *people: ApplicantView, path: str = "", **fields: str) -> str:
    """Send the bar's form; where it leads."""
    data = {f"t.{p.thread_id}": "1" for p in people} | {"do": do} | fields
    answer = desk.post(f"/desk/organise{path}", data=data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_many_are_chosen_by_checkboxes_and_changed_by_buttons(
    company: Company, desk: TestClient, mina: ApplicantView, oskar: ApplicantView
) -> None:
    page = desk.get("/desk").text
    assert page.count('form="many"') == 2
    assert deed(desk, "assign", mina, oskar, assignee=company.jun.id) == "/desk/open"
    assert sorted(names_in(desk, "/desk/mine")) == ["Mina Han", "Oskar Berg"]
    deed(desk, "assign", oskar, assignee="none")
    assert names_in(desk, "/desk/unassigned") == ["Oskar Berg"]
    deed(desk, "take", oskar)
    deed(desk, "done", mina, path="?view=mine")
    assert names_in(desk, "/desk/mine") == ["Oskar Berg"]
    deed(desk, "snooze", oskar, until="reply")
    assert "Until they reply" in words_of(desk.get("/desk/snoozed").text)
    assert "See unassigned conversations" in words_of(desk.get("/desk/mine").text)
    deed(desk, "", mina, tag="portfolio")  # Enter in the field of tags
    assert "portfolio" in words_of(desk.get("/desk/all").text)


def test_what_cannot_be_done_is_said_over_the_list(desk: TestClient, mina: ApplicantView) -> None:
    data = {f"t.{mina.thread_id}": "1", "do": "snooze", "day": "2020-01-01"}
    answer = desk.post("/desk/organise", data=data)
    assert answer.status_code == 422
    assert "Choose a day that is still to come." in words_of(answer.text)
    assert desk.post("/desk/organise", data=data, headers={"HX-Request": "true"}).text.startswith("Choose a day")


def test_a_conversation_shows_its_order_and_can_change_it(
    company: Company, ctx: Context, desk: TestClient, mina: ApplicantView
) -> None:
    organise(ctx, company.as_ara, [mina.thread_id], Assign(company.jun.id))
    organise(ctx, company.as_ara, [mina.thread_id], AddTag("portfolio"))
    shown = words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    assert "Ara Kim assigned this to Jun Park" in shown
    assert "assigned to you" in shown
    assert "portfolio remove tag" in shown
    tag = read_choices(ctx, company.as_jun).tags[0]
    back = deed(desk, "untag", mina, beside=mina.thread_id, tag=tag.id, path="?view=mine")
    assert back == f"/desk/t/{mina.thread_id}?view=mine#c-order"
    assert "portfolio remove tag" not in words_of(desk.get(back).text)
    deed(desk, "stage", mina, beside=mina.thread_id, stage="Interview 2")
    assert "Interview 2" in words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    assert deed(desk, "done", mina, beside=mina.thread_id) == "/desk/open"
    assert "Not done after all" in words_of(desk.get(f"/desk/t/{mina.thread_id}").text)
    for typed in ("rejected", " Rejected ", "REJECTED"):
        assert deed(desk, "stage", mina, stage=typed) == f"/desk/reject?ids={mina.thread_id}"


def test_filters_combine_and_stay_in_every_link(
    company: Company, ctx: Context, desk: TestClient, mina: ApplicantView, oskar: ApplicantView
) -> None:
    organise(ctx, company.as_jun, [mina.thread_id, oskar.thread_id], AddTag("second round"))
    tag = read_choices(ctx, company.as_jun).tags[0]
    narrowed = f"/desk/all?tag={tag.id}&language=sv&opening={company.opening.id}&assignee=none"
    assert names_in(desk, narrowed) == ["Oskar Berg"]
    page = desk.get(narrowed).text
    asked = f"view=all&amp;opening={company.opening.id}&amp;tag={tag.id}&amp;assignee=none&amp;language=sv"
    assert f"/desk/t/{oskar.thread_id}?{asked}" in page
    assert f"stream?{asked}" in page.replace("&#38;", "&amp;")
    assert f"/desk/unread?{asked.removeprefix('view=all&amp;')}" in page
    assert names_in(desk, f"/desk/all?stage={quote('no such stage')}") == []
    assert "Clear filters" in words_of(desk.get("/desk/all?language=ru").text)


def test_unread_again_and_a_chip_after_a_day_without_an_answer(
    ctx: Context, desk: TestClient, mina: ApplicantView, clock: FakeClock
) -> None:
    """SJ-P2, SJ-11"""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Any news?"))
    desk.get(f"/desk/t/{mina.thread_id}")
    assert names_in(desk, "/desk/unread") == []
    deed(desk, "unread", mina)
    assert names_in(desk, "/desk/unread") == ["Mina Han"]
    assert "No answer for" not in words_of(desk.get("/desk").text)
    clock.move(days=3)
    assert "No answer for 3 days" in words_of(desk.get("/desk/unanswered").text)


def test_many_are_rejected_each_with_their_own_message(
    ctx: Context,
    company: Company,
    desk: TestClient,
    mina: ApplicantView,
    oskar: ApplicantView,
    pump: Pump,
    channel: FakeChannel,
) -> None:
    """SJ-P1: preview for each, the effect with the public contact, the reason for the team alone."""
    page = deed(desk, "reject", mina, oskar, path="?view=all")
    shown = words_of(desk.get(page).text)
    assert "Reject 2 people" in shown
    assert "Dear Mina Han" in shown
    assert "Oskar Berg" in shown
    assert f"2 people can read but not answer; they are pointed to {CONTACT}" in shown
    chosen = {f"t.{p.thread_id}": "1" for p in (mina, oskar)}
    done = desk.post("/desk/reject?view=all", data=chosen | {"how": "send", "reason": "No portfolio"})
    assert done.headers["location"] == "/desk/all?view=all"
    pump()
    assert sorted(names_in(desk, "/desk/rejected")) == ["Mina Han", "Oskar Berg"]
    told = [mail.text for mail in channel.to(MINA)]
    assert len(told) == 1
    assert "Dear Mina Han" in told[0]
    assert "No portfolio" not in told[0]
    assert [s.message.kind.value for s in messages_after(ctx, company.as_jun, mina.thread_id)] == ["message", "note"]


def test_a_rejection_whose_button_is_pressed_twice_is_one_letter(
    company: Company, ctx: Context, mina: ApplicantView, oskar: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """GW-8: at once, and many together; nor is the reason noted twice."""
    at_once = replace(ctx, settings=ctx.settings.model_copy(update={"undo_seconds": 0}))
    desk = browser_of(make_app(at_once, company), company.jun)
    one, many = f"/desk/t/{mina.thread_id}/reject", f"/desk/reject?ids={oskar.thread_id}"
    letter = {"how": "send", "text": "Sorry, Mina", "key": hidden(desk.get(one).text, "key")}
    each = {"how": "send", "reason": "No portfolio", f"t.{oskar.thread_id}": "1"}
    each["key"] = hidden(desk.get(many).text, "key")
    for _ in range(2):
        assert desk.post(one, data=letter).status_code == 303
        assert desk.post("/desk/reject", data=each).status_code == 303
    pump()
    assert len(channel.to(MINA)) == len(channel.to(oskar.applicant.email)) == 1
    assert [s.message.kind.value for s in messages_after(ctx, company.as_jun, oskar.thread_id)] == ["message", "note"]


def test_many_rejections_are_taken_back_with_one_button(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    oskar: ApplicantView,
    pump: Pump,
    channel: FakeChannel,
    clock: FakeClock,
    waiting_desk: TestClient,
) -> None:
    """ux §5, reject dialog: undo within 15 s. Nothing is sent, and the gate never closes; who was quicker is named."""
    vera = make_applicant(ctx, company, external_id="v-1", name="Vera Lind", email="vera@mail.example")
    waiting_desk.post("/desk/reject", data={f"t.{vera.thread_id}": "1", "how": "send"})
    clock.move(seconds=10)
    chosen = {f"t.{p.thread_id}": "1" for p in (mina, oskar)}
    done = waiting_desk.post("/desk/reject?view=mine", data=chosen | {"how": "send"})
    there = done.headers["location"]
    assert there.startswith("/desk/reject/undo?ids=")
    page = words_of(waiting_desk.get(there).text)
    assert "Goes out in 15 s" in page
    assert "Undo 2 rejections" in page
    clock.move(seconds=10)
    pump()
    everybody = chosen | {f"t.{vera.thread_id}": "1"}
    undone = words_of(waiting_desk.post("/desk/reject/undo", data=everybody).text)
    assert "2 rejections were taken back. Nothing was sent for them." in undone
    assert "Too late to undo" in undone.split("Vera Lind")[1]
    said = words_of(waiting_desk.get(f"/desk/t/{mina.thread_id}").text)
    assert "took the rejection back" in said
    assert said.count("moved to stage") == 1  # to that of the rejection
    clock.move(minutes=1)
    pump()
    assert {mail.to for mail in channel.sent} == {"vera@mail.example"}
    assert names_in(waiting_desk, "/desk/rejected") == ["Vera Lind"]
    for person in (mina, oskar):
        names = {e.name for e in events_of_thread(ctx, company.as_jun, person.thread_id, after=0)}
        assert "thread.blocked" not in names
        post_message(ctx, as_candidate(ctx, person), person.thread_id, NewMessage(text="I am still here"))
    assert "The time to undo is over" in words_of(waiting_desk.get(there).text)


def test_many_are_closed_silently(
    desk: TestClient, mina: ApplicantView, oskar: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    desk.post("/desk/reject", data={f"t.{p.thread_id}": "1" for p in (mina, oskar)} | {"how": "silent"})
    pump()
    assert len(names_in(desk, "/desk/rejected")) == 2
    assert channel.to(MINA) == []
    assert "Nobody is selected" in words_of(desk.get("/desk/reject").text)


def test_silent_rejections_of_many_are_taken_back_with_one_button(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    oskar: ApplicantView,
    pump: Pump,
    clock: FakeClock,
    waiting_desk: TestClient,
) -> None:
    """ux §5, reject dialog: the same undo as with messages; who was quicker is named."""
    vera = make_applicant(ctx, company, external_id="v-1", name="Vera Lind", email="vera@mail.example")
    waiting_desk.post("/desk/reject", data={f"t.{vera.thread_id}": "1", "how": "silent"})
    clock.move(seconds=10)
    chosen = {f"t.{p.thread_id}": "1" for p in (mina, oskar)}
    there = waiting_desk.post("/desk/reject", data=chosen | {"how": "silent"}).headers["location"]
    page = words_of(waiting_desk.get(there).text)
    assert "The conversations close in a moment, without a message." in page
    assert "Closes in 15 s" in page
    clock.move(seconds=10)
    pump()
    undone = words_of(waiting_desk.post("/desk/reject/undo", data=chosen | {f"t.{vera.thread_id}": "1"}).text)
    assert "2 rejections were taken back." in undone
    assert "Too late to undo" in undone.split("Vera Lind")[1]
    clock.move(minutes=1)
    pump()
    assert names_in(waiting_desk, "/desk/rejected") == ["Vera Lind"]


def test_a_silent_rejection_is_taken_back_in_the_conversation(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, clock: FakeClock, waiting_desk: TestClient
) -> None:
    thread = f"/desk/t/{mina.thread_id}"
    waiting_desk.post(f"{thread}/reject", data={"how": "silent"})
    assert "Mina Han is rejected, without a message. The conversation closes in 15 s." in words_of(
        waiting_desk.get(thread).text
    )
    button = {f"t.{mina.thread_id}": "1", "beside": mina.thread_id}
    assert waiting_desk.post("/desk/reject/undo", data=button).headers["location"] == f"{thread}?undone=yes#text"
    assert "Undone." in words_of(waiting_desk.get(f"{thread}?undone=yes").text.split('id="composer"')[1])
    assert "is rejected" not in words_of(waiting_desk.get(thread).text)
    farewell = NewMessage(text="Sorry", send_at=ctx.now + timedelta(seconds=15))
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected", notify=farewell)
    page = words_of(waiting_desk.get(thread).text)  # counts it down at the message alone
    assert "15 s" in page
    assert "without a message" not in page
    waiting_desk.post("/desk/reject/undo", data=button)
    waiting_desk.post(f"{thread}/reject", data={"how": "silent"})
    clock.move(seconds=20)
    pump()
    assert waiting_desk.post("/desk/reject/undo", data=button).headers["location"] == f"{thread}?late=yes#text"
    assert names_in(waiting_desk, "/desk/rejected") == ["Mina Han"]


def test_single_keys_can_be_switched_off(desk: TestClient) -> None:
    """WCAG 2.1.4"""
    assert "data-keys-off" not in desk.get("/desk").text
    desk.post("/desk/keys", data={"keys": "off"})
    assert "data-keys-off" in desk.get("/desk").text
    assert "Switch single keys on" in words_of(desk.get("/desk").text)


def test_two_colleagues_who_reject_the_same_person_send_one_letter(
    ctx: Context, company: Company, mina: ApplicantView, oskar: ApplicantView, pump: Pump, channel: FakeChannel
) -> None:
    """The second one is told, keeps their words, and rejects the others of the selection."""
    app = make_app(ctx, company)
    jun, ara = browser_of(app, company.jun), browser_of(app, company.ara)
    one, many = f"/desk/t/{mina.thread_id}/reject", f"/desk/reject?ids={mina.thread_id},{oskar.thread_id}"
    form, selection = jun.get(one).text, ara.get(many).text
    letter = {"how": "send", "text": "Sorry, Mina", "key": "1", "seen_event": hidden(form, "seen_event")}
    assert ara.post(one, data=letter | {"key": "2"}).status_code == 303
    late = jun.post(one, data=letter)
    assert late.status_code == 409
    said = words_of(late.text)
    assert "This person was rejected meanwhile: nothing more was sent." in said
    assert "Sorry, Mina" in said
    each = {f"t.{p.thread_id}": "1" for p in (mina, oskar)} | {"how": "send", "key": "3"}
    each |= {name: hidden(selection, name) for name in (f"seen.{p.thread_id}" for p in (mina, oskar))}
    rest = jun.post("/desk/reject", data=each)
    assert rest.status_code == 422
    assert "rejected meanwhile" in words_of(rest.text)
    assert "Oskar" not in words_of(rest.text)
    pump()
    assert [len(channel.to(p.applicant.email)) for p in (mina, oskar)] == [1, 1]


def test_what_worked_of_many_rejections_is_taken_back_beside_what_did_not(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    oskar: ApplicantView,
    pump: Pump,
    channel: FakeChannel,
    clock: FakeClock,
    waiting_desk: TestClient,
) -> None:
    """ux §5, reject dialog: the page that says for whom it failed had no way back for the others."""
    for how, said in (("send", "Goes out in 15 s"), ("silent", "Closes in 15 s")):
        chosen = {f"t.{p.thread_id}": "1" for p in (mina, oskar)} | {"how": how}
        selection = waiting_desk.get(f"/desk/reject?ids={mina.thread_id},{oskar.thread_id}").text
        chosen |= {name: hidden(selection, name) for name in (f"seen.{p.thread_id}" for p in (mina, oskar))}
        change_stage(ctx, company.as_ara, mina.thread_id, "rejected")
        page = waiting_desk.post("/desk/reject", data=chosen)
        assert page.status_code == 422
        offered = page.text.split('action="/desk/reject/undo"')[1].split("</form>")[0]
        assert "Oskar Berg" in offered
        assert said in words_of(offered)
        assert "Undo 1 rejection" in words_of(offered)
        fields = {name: "1" for name in re.findall(r'name="(t\.[^"]+)"', offered)}
        assert list(fields) == [f"t.{oskar.thread_id}"]
        assert "1 rejection was taken back." in words_of(waiting_desk.post("/desk/reject/undo", data=fields).text)
        change_stage(ctx, company.as_ara, mina.thread_id, "restored")
    clock.move(minutes=1)
    pump()
    assert channel.sent == []
    assert names_in(waiting_desk, "/desk/rejected") == []
