"""The composer without scripts: draft, files, channels, template, send later, undo (ux §5, §12)."""

from __future__ import annotations

import pytest
from cast import Company
from fakes import FakeClock
from starlette.testclient import TestClient
from web.web_kit import hidden, words_of

from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases import accounts
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.drafts import read_draft
from gateway.usecases.presence import note_presence
from gateway.usecases.read_thread import messages_after
from gateway.usecases.sign_in import viewer_of_member
from gateway.usecases.templates import put_template
from gateway.usecases.views import ApplicantView


@pytest.fixture
def settings_values() -> dict[str, object]:
    return {"undo_seconds": 15}


def form_of(page: str, **values: str) -> dict[str, str]:
    names = ("seen_seq", "seen_event", "key")
    shown = {"channels_shown": "yes", "channel_email": "yes"}
    return {name: hidden(page, name) for name in names} | shown | values


def test_a_draft_with_a_file_is_kept_and_sent_and_taken_back(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    file = {"files": ("plan.txt", b"third floor", "text/plain")}
    kept = desk.post(url, data=form_of(desk.get(url).text, text="Dear Mina", do="draft"), files=file)
    assert kept.status_code == 303
    page = desk.get(url).text
    assert "Dear Mina</textarea>" in page
    assert "plan.txt" in words_of(page)
    assert "Draft: Dear Mina" in words_of(desk.get("/desk").text)
    assert desk.post(url, data=form_of(page, text="Dear Mina, hello", do="send")).status_code == 303
    page = desk.get(url).text
    assert "Goes out in 15 s" in words_of(page)
    message = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message
    assert [a.filename for a in message.attachments] == ["plan.txt"]
    desk.post(f"{url}/waiting/{message.id}", data={"do": "undo"})
    page = desk.get(url).text
    assert "Dear Mina, hello</textarea>" in page
    assert "Not sent. It was taken back." in words_of(page)
    late = desk.post(f"{url}/waiting/{message.id}", data={"do": "undo"})
    assert "It has gone out already" in words_of(desk.get(late.headers["location"]).text)


def test_on_a_sunday_the_same_morning_is_offered_once(mina: ApplicantView, desk: TestClient, clock: FakeClock) -> None:
    url = f"/desk/t/{mina.thread_id}"
    assert 'name="do" value="monday"' in desk.get(url).text
    clock.move(days=6)
    page = desk.get(url).text
    assert 'name="do" value="tomorrow"' in page
    assert 'name="do" value="monday"' not in page


def test_what_was_sent_does_not_come_back_as_a_draft(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """The button takes the focus, so that the draft is saved while the message is on its way, and may arrive later."""
    url = f"/desk/t/{mina.thread_id}"
    form = form_of(desk.get(url).text, text="May is fine.")
    assert desk.post(url, data=form | {"do": "send"}).status_code == 303
    assert desk.post(f"{url}/draft", data=form | {"text": "May is fi"}).status_code == 204
    assert read_draft(ctx, company.as_jun, mina.thread_id).text == ""
    fresh = form_of(desk.get(url).text, text="One more thing")
    assert desk.post(f"{url}/draft", data=fresh).status_code == 204
    assert read_draft(ctx, company.as_jun, mina.thread_id).text == "One more thing"


def test_the_same_words_meant_otherwise_are_no_repeat(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """The answer to a note was lost: sent from the same form as a reply, now or later, the words still go out."""
    url = f"/desk/t/{mina.thread_id}"
    form = form_of(desk.get(url).text, text="Could you come on Tuesday?")
    later = {"do": "at", "at": "2026-11-27T10:30"}
    meant = ({"kind": "note", "do": "send"}, {"do": "send"}, later, later | {"at": "2026-11-27T11:30"})
    for how in meant:
        for _ in range(2):
            assert desk.post(url, data=form | how).status_code == 303
            form |= {"seen_event": hidden(desk.get(url).text, "seen_event")}
    found = [s.message for s in messages_after(ctx, company.as_jun, mina.thread_id)]
    assert [m.kind.value for m in found] == ["note", "message", "message", "message"]
    assert len({m.goes_out_at for m in found}) == 4


def test_a_template_blocks_until_its_value_is_written(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    """GW-9: the missing value is named."""
    body = Body(MailBody("Interview", "Dear {{ candidate.name }}, come on {{ day }}.", "<p>Come on {{ day }}</p>"))
    put_template(ctx, company.as_jun, "invite", purpose=Purpose.TRANSACTIONAL, variables=["day"], bodies={"en": body})
    url = f"/desk/t/{mina.thread_id}"
    page = desk.post(url, data=form_of(desk.get(url).text, do="template", template="invite")).text
    assert "Dear Mina Han, come on ‹day›.</textarea>" in page
    text = "Dear Mina Han, come on ‹day›."
    refused = desk.post(url, data=form_of(page, text=text, template="invite", do="send"))
    assert refused.status_code == 422
    assert "Which day?" in words_of(refused.text)
    text = text.replace("‹day›", "Tuesday")
    assert desk.post(url, data=form_of(page, text=text, template="invite", do="send")).status_code == 303
    message = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message
    assert (message.text, message.html) == (text, "")
    assert "invite" in desk.get(f"{url}/templates?q=come", headers={"HX-Request": "true"}).text
    assert "invite" not in desk.get(f"{url}/templates?q=nothing", headers={"HX-Request": "true"}).text


def test_sending_later_in_the_workspaces_zone(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient, clock: FakeClock
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    times = {"tomorrow": "2026-11-24T00:00", "monday": "2026-11-30T00:00", "at": "2026-11-25T07:30"}
    for do, expected in times.items():
        data = form_of(desk.get(url).text, text=f"Later {do}", do=do, at="2026-11-25T16:30", unless_news="yes")
        assert desk.post(url, data=data).status_code == 303
        message = messages_after(ctx, company.as_jun, mina.thread_id)[-1].message
        assert message.goes_out_at is not None
        assert message.goes_out_at.isoformat().startswith(expected)
        assert message.unless_news
    assert "unless Mina Han writes first" in words_of(desk.get(url).text)
    moved = {"do": "move", "at": "2026-12-01T09:00"}
    desk.post(f"{url}/waiting/{message.id}", data=moved)
    assert "1 Dec 2026 09:00" in words_of(desk.get(url).text)
    for at in ("2020-01-01T09:00", "0001-01-01T00:00", "9999-12-31T23:59-09:00", "soon"):
        refused = desk.post(url, data=form_of(desk.get(url).text, text="x", do="at", at=at))
        assert (refused.status_code, "Choose a time to come" in words_of(refused.text)) == (422, True), at


def test_ways_and_what_bars_them(ctx: Context, company: Company, mina: ApplicantView, desk: TestClient) -> None:
    url = f"/desk/t/{mina.thread_id}"
    page = desk.get(url).text
    assert "There is no address." in words_of(page)
    none = form_of(page, text="Hello")
    del none["channel_email"]
    refused = desk.post(url, data=none)
    assert refused.status_code == 422
    assert "Choose at least one way" in words_of(refused.text)
    note_presence(ctx, company.as_ara, mina.thread_id)
    assert "Ara Kim is reading" in words_of(desk.get(url).text)


def test_a_colleague_of_the_same_name_is_somebody_else(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    namesake = accounts.create_member(ctx, company.workspace.id, email="jun2@moalabs.example", name=company.jun.name)
    url = f"/desk/t/{mina.thread_id}"
    form = form_of(desk.get(url).text, text="See you on Tuesday", do="send")
    change_stage(ctx, viewer_of_member(namesake), mina.thread_id, "rejected")
    assert desk.post(url, data=form).status_code == 409
    form = form_of(desk.get(url).text, text="Thank you all the same", do="send")
    change_stage(ctx, company.as_jun, mina.thread_id, "archive")
    assert desk.post(url, data=form).status_code == 303


def test_a_rejection_meanwhile_is_shown_before_anything_is_sent(
    ctx: Context, company: Company, mina: ApplicantView, desk: TestClient
) -> None:
    url = f"/desk/t/{mina.thread_id}"
    form = form_of(desk.get(url).text, text="See you on Tuesday", do="send")
    change_stage(ctx, company.as_ara, mina.thread_id, "rejected")
    stop = desk.post(url, data=form, files={"files": ("map.txt", b"here", "text/plain")})
    assert stop.status_code == 409
    for words in ("Ara Kim rejected Mina Han meanwhile.", "Send although rejected", "See you on Tuesday"):
        assert words in words_of(stop.text)
    draft = read_draft(ctx, company.as_jun, mina.thread_id)
    assert (draft.text, [f.filename for f in draft.files]) == ("See you on Tuesday", ["map.txt"])
    again = form_of(stop.text, text="See you on Tuesday", do="send")
    assert desk.post(url, data=again).status_code == 303
