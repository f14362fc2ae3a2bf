"""Mails word for word in a browser: the preview opens beside the composer, frames stay locked (ux §5)."""

from __future__ import annotations

from typing import Any

from browser.axe_kit import find_faults
from browser.windows import DESK
from cast import MINA, Company, make_mail
from flows.test_conversation import receive
from playwright.sync_api import expect
from running import Pump
from web.web_kit import Served

from gateway.usecases.context import Context
from gateway.usecases.read_thread import read_page, reply_addresses
from gateway.usecases.views import ApplicantView


def test_a_preview_beside_the_composer_and_the_mail_as_it_was_sent(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    site: Served,
    open_window: Any,
) -> None:
    window = open_window(size=DESK)
    page = window.page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.fill("#text", "Could you come on Tuesday?")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Preview").click()
    preview = opened.value
    expect(preview.get_by_role("heading", name="Preview")).to_be_visible()
    expect(preview.frame_locator("iframe").locator("p", has_text="Could you come on Tuesday?").first).to_be_visible()
    assert find_faults(preview) == []
    preview.close()
    expect(page.locator("#text")).to_have_value("Could you come on Tuesday?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("li[data-seq]")).to_have_count(1)
    pump()
    page.reload()
    page.locator("details.sent summary").click()
    page.get_by_role("link", name="Show as sent").click()
    expect(page.get_by_role("heading", name="As it was sent")).to_be_visible()
    expect(page.frame_locator("iframe").locator("p", has_text="Could you come on Tuesday?").first).to_be_visible()
    assert find_faults(page) == []


def test_a_strangers_page_stays_in_its_frame(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    site: Served,
    open_window: Any,
) -> None:
    """Reliability 51, 53: GW-10: a link in it leads nowhere, and nothing is asked of other servers."""
    people = read_page(ctx, company.as_jun, mina.thread_id).conversation
    to = reply_addresses(ctx, people)[people.candidate.id]
    html = '<p><a href="https://evil.example/">Prize</a><img src="https://evil.example/p.gif"></p>'
    receive(ctx, make_mail("Prize", html=html), to=to, from_=MINA)
    pump()
    page = open_window(size=DESK).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.locator(".msg-menu summary").click()
    page.get_by_role("link", name="Show as received").click()
    page.frame_locator("iframe").get_by_text("Prize").click()
    expect(page.get_by_role("heading", name="As it was received")).to_be_visible()
    assert not [url for url in asked if "evil.example" in url]
    assert find_faults(page) == []
