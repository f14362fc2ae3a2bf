"""The desk when something goes wrong or is regretted: too large, signed out meanwhile, sent too soon, a small phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from browser.windows import DESK, PHONE, OpenWindow
from cast import STRANGER, Company, as_candidate, make_mail
from fakes import FakeClock
from playwright.sync_api import Page, Route, expect
from running import Pump
from web.web_kit import Served

from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.incoming import Envelope
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_page
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.reject import reject_applicant
from gateway.usecases.views import ApplicantView


@pytest.fixture
def desk(company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow) -> Page:
    """Mina's conversation, open before a recruiter."""
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    return page


def test_a_file_that_no_request_may_carry_is_refused_in_a_line_not_in_a_page_within_the_page(
    desk: Page, tmp_path: Path
) -> None:
    file = tmp_path / "film.mp4"
    file.touch()
    with file.open("r+b") as opened:
        opened.truncate(45_000_000)
    desk.set_input_files("#files", file)
    expect(desk.locator("#compose-error")).to_have_text("That is too large")
    expect(desk.locator("h1")).to_have_count(1)
    expect(desk.locator("#uploading")).to_be_hidden()


def test_who_is_signed_out_meanwhile_is_told_so_whatever_they_do(
    ctx: Context, mina: ApplicantView, desk: Page, tmp_path: Path
) -> None:
    """ux §5: a file vanished silently, "Draft saved" stayed over words that were not, keys said "No connection"."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    file = tmp_path / "plan.txt"
    file.write_text("1. 2. 3.")
    desk.fill("#text", "Dear Mina")
    expect(desk.locator("#draft-state")).to_have_text("Draft saved")
    desk.context.clear_cookies()
    desk.fill("#text", "Dear Mina, thank you")
    expect(desk.locator("#alarm")).to_contain_text("You are signed out. What you write is kept.")
    expect(desk.locator("#draft-state")).to_have_text("")
    for deed in (lambda: desk.set_input_files("#files", file), lambda: desk.keyboard.press("e")):
        desk.evaluate("document.querySelector('#alarm').textContent = ''")
        desk.locator("#rows a.row").first.focus()
        deed()
        expect(desk.locator("#alarm a")).to_have_text("Sign in")
        expect(desk.locator("#alarm")).to_contain_text("You are signed out")


def test_what_is_written_while_a_message_is_under_way_stays(
    ctx: Context, company: Company, mina: ApplicantView, desk: Page
) -> None:
    """On a slow line the answer comes seconds later, and emptied the field with all that stood in it by then."""
    under_way: list[Route] = []
    desk.route(f"**/desk/t/{mina.thread_id}", lambda route: under_way.append(route))
    desk.fill("#text", "Could we meet?")
    with desk.expect_request(lambda request: request.method == "POST" and request.url.endswith(mina.thread_id)):
        desk.press("#text", "Control+Enter")
    desk.press("#text", "Control+End")
    desk.keyboard.type("\n\nOn Tuesday, say")
    under_way[0].continue_()
    expect(desk.locator("#text")).to_have_value("On Tuesday, say")
    expect(desk.locator("#draft-state")).to_have_text("Draft saved")
    assert [m.message.text for m in messages_after(ctx, company.as_jun, mina.thread_id)] == ["Could we meet?"]
    desk.unroute_all()
    desk.reload()
    expect(desk.locator("#text")).to_have_value("On Tuesday, say")


def test_a_table_is_pasted_as_its_words_and_a_picture_as_a_file(desk: Page) -> None:
    """Office programs put a picture of what is copied beside the words: the words vanished, and the picture came."""
    paste = """([words, name]) => {
        const data = new DataTransfer();
        if (words) data.setData("text/plain", words);
        data.items.add(new File(["..."], name, { type: "image/png" }));
        const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
        return document.querySelector("#text").dispatchEvent(event);
    }"""
    assert desk.evaluate(paste, ["Tuesday\t10:00\nFriday\t14:00", "image.png"])  # left to the browser
    expect(desk.locator("#draft-files li")).to_have_count(0)
    for number, words in enumerate(("", "plan.png", "/home/jun/plan.png"), start=1):
        assert not desk.evaluate(paste, [words, "plan.png"])
        expect(desk.locator("#draft-files li")).to_have_count(number)


class TestUndo:
    @pytest.fixture
    def settings_values(self) -> dict[str, Any]:
        return {"undo_seconds": 60}

    def test_z_takes_back_what_was_just_sent_and_nothing_that_was_done_before(
        self, ctx: Context, company: Company, mina: ApplicantView, desk: Page
    ) -> None:
        """ux §6: z undoes the last action, also when that was sending."""
        row = desk.locator("#rows a.row").first
        row.focus()
        desk.keyboard.press("e")
        expect(row).to_have_count(0)
        desk.fill("#text", "Too soon")
        desk.keyboard.press("Control+Enter")
        expect(desk.locator("ol.log [data-undo]")).to_be_visible()
        expect(desk.locator("#status")).to_have_text("Sent")
        desk.keyboard.press("Escape")
        desk.keyboard.press("z")
        expect(desk.locator("#text")).to_have_value("Too soon")
        expect(desk.locator("#text")).to_be_focused()
        expect(desk.locator("#status")).to_have_text("Undone.")
        assert "undone" not in desk.url  # read anew it is not said again
        (sent,) = messages_after(ctx, company.as_jun, mina.thread_id)
        assert sent.message.cancelled
        expect(desk.locator("#rows a.row")).to_have_count(0)

    def test_after_undo_the_focus_is_where_the_words_are_now(
        self, ctx: Context, company: Company, mina: ApplicantView, desk: Page
    ) -> None:
        """ux §7: the button that had the focus is gone with what it undid; nothing was said (WCAG 4.1.3)."""
        farewell = NewMessage(text="Sorry", send_at=ctx.now + timedelta(seconds=50))
        change_stage(ctx, company.as_jun, mina.thread_id, "rejected", notify=farewell)
        desk.reload()
        desk.locator("ol.log [data-undo]").press("Enter")
        expect(desk.locator("ol.log article.taken-back")).to_be_focused()
        expect(desk.locator("#status")).to_have_text("Undone.")
        reject_applicant(ctx, company.as_jun, mina.thread_id, notify=None, undo=50)
        desk.reload()
        expect(desk.locator("#closed-banner [data-undo]")).to_be_visible()
        desk.locator("[data-log]").focus()
        desk.keyboard.press("z")
        expect(desk.locator("#text")).to_be_focused()
        expect(desk.locator("#status")).to_have_text("Undone.")
        expect(desk.locator("#closed-banner [data-undo]")).to_have_count(0)

    def test_a_row_that_comes_back_gets_the_focus(self, desk: Page) -> None:
        row = desk.locator("#rows a.row").first
        for undo in (lambda: desk.keyboard.press("z"), lambda: desk.locator("#undo").press("Enter")):
            row.focus()
            desk.keyboard.press("e")
            expect(row).to_have_count(0)
            undo()
            expect(row).to_be_focused()
            expect(desk.locator("#status")).to_have_text("Undone.")

    def test_the_seconds_to_undo_many_rejections_are_counted_on_their_page_too(
        self, mina: ApplicantView, desk: Page
    ) -> None:
        """They stood still where no composer was: "Closes in 60 s", for ever."""
        desk.goto(desk.url.replace(f"/t/{mina.thread_id}", f"/reject?ids={mina.thread_id}"))
        desk.get_by_role("button", name="Close silently").click()
        button = desk.get_by_role("button", name="Undo 1 rejection")
        expect(button).to_be_focused()
        expect(desk.locator("[data-left]")).not_to_have_text("60")
        button.press("Enter")
        expect(desk.locator("main [role=status]")).to_be_focused()
        expect(desk.locator("main [role=status]")).to_contain_text("taken back")
        desk.goto(desk.url.replace("/undo", f"?ids={mina.thread_id}"))
        desk.get_by_role("button", name="Close silently").click()
        expect(button).to_be_visible()
        desk.evaluate("document.querySelector('[data-left]').dataset.left = 1")
        expect(button).to_be_hidden()


def test_on_a_narrow_phone_words_are_whole_and_fields_can_be_written_in(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow, pump: Pump,
) -> None:  # fmt: skip
    """ux §4: 320 px, in Russian, whose words are long."""
    person = read_page(ctx, company.as_jun, mina.thread_id).conversation.candidate
    to = reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
    writer = MailWriter(ctx.database)
    envelope = Envelope(mail_from=STRANGER, rcpt_tos=(to,), peer="192.0.2.1")
    accept_mail(ctx, writer, envelope, make_mail("From my other address", from_=STRANGER, to=to)).result(10)
    writer.close()
    pump()
    page = open_window(size=PHONE | {"width": 320}).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/openings?lang=ru")
    lines = "element => element.getClientRects().length"
    addresses = page.locator(".facts dd").first.bounding_box()
    assert addresses
    assert addresses["width"] > 200
    page.goto(f"{site.url}/desk/review")
    links = page.locator(".held-body .sent a")
    assert "Показать целиком" in links.all_inner_texts()
    assert links.first.evaluate(lines) == 1
    page.goto(f"{site.url}/desk/t/{mina.thread_id}/merge")
    field = page.locator("#find").bounding_box()
    assert field
    assert field["width"] > 120


def test_the_list_names_the_day_of_what_came_last_night(
    ctx: Context, company: Company, mina: ApplicantView, desk: Page, clock: FakeClock
) -> None:
    """Of less than a day ago only the time was shown: 22:00, at nine in the morning."""
    clock.now = clock.now.replace(hour=13)
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Good evening"))
    desk.goto(desk.url)
    expect(desk.locator("#rows time").first).to_have_text("22:00")
    clock.now = clock.now.replace(day=24, hour=0)
    desk.goto(desk.url)
    expect(desk.locator("#rows time").first).to_have_text("Mon")
