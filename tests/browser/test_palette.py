"""The palette in a real browser: opened, narrowed and left by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser.windows import DESK, PHONE, Window
from cast import Company, as_candidate
from playwright.sync_api import expect
from web.web_kit import Served

from gateway.threads.channel import OutgoingFile
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView


@pytest.fixture
def window(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    site: Served,
    open_window: Iterator[Window],
) -> Window:
    cv = OutgoingFile("면접 자료.pdf", "application/pdf", b"%PDF-1.7")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="화요일 면접에 갑니다", files=(cv,)))
    opened: Window = open_window(size=DESK)  # type: ignore[operator]
    opened.page.goto(f"{site.url}/dev/login/{company.jun.id}")
    return opened


def test_people_files_and_commands_are_reached_by_keys(window: Window, mina: ApplicantView, site: Served) -> None:
    """ux §5 palette: people first, then messages and files, then what can be done here, each with its key."""
    page = window.page
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette).to_be_visible()
    page.keyboard.type("mina")
    expect(palette.locator("[role=option][aria-selected=true]")).to_contain_text("Mina Han")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/t/{mina.thread_id}")

    page.locator("#text").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("면접")
    expect(palette.locator("mark").first).to_have_text("면접")
    assert palette.locator("[role=option]").first.inner_text().startswith("면접 자료.pdf")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.locator("#text")).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.type("note")
    page.keyboard.press("Enter")
    expect(page.locator("input[name=kind][value=note]")).to_be_checked()
    expect(page.locator("#text")).to_be_focused()


def test_without_scripts_the_same_place_leads_to_the_search_page(
    company: Company,
    site: Served,
    open_window: Iterator[Window],
) -> None:
    page = open_window(size=PHONE, scripts=False).page  # type: ignore[operator]
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.locator("[data-palette]").click()
    page.wait_for_url("**/desk/search")
    page.locator("#q").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Nothing was found")
