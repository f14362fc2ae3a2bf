"""A recruiter and their bell in a real browser: it rings by itself, leads to what it is about, and falls silent."""

from __future__ import annotations

from typing import Any

from browser.windows import DESK, PHONE
from cast import Company, as_candidate
from playwright.sync_api import expect
from web.web_kit import Served

from gateway.threads.model import MessageKind
from gateway.usecases.compose import send
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView


def test_the_bell_rings_on_the_open_page_and_is_read(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:  # fmt: skip
    """NH-P3, SJ-11: in the list and on the bell's own page, live."""
    listed, own = open_window(size=DESK).page, open_window(size=PHONE).page
    for page, path in ((listed, "/desk"), (own, "/desk/bell")):
        page.goto(f"{site.url}/dev/login/{company.jun.id}")
        page.goto(site.url + path)
    expect(own.locator("#bell")).to_contain_text("Nothing is new for you.")
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When may I come?"))
    expect(listed.locator("#count-bell")).to_have_text("1")
    expect(own.locator("#bell li")).to_contain_text("Mina Han wrote")
    expect(own.locator("#status")).to_have_text("Mina Han wrote")  # for who does not see it
    send(ctx, company.as_ara, mina.thread_id, NewMessage(text="@Jun your turn", kind=MessageKind.NOTE))
    expect(own.locator("#bell li")).to_have_count(2)
    expect(listed.locator("#count-bell")).to_have_text("2")
    own.click("text=Mina Han wrote")
    own.wait_for_url(f"**/desk/t/{mina.thread_id}#msg-*")
    expect(own.locator("article", has_text="When may I come?")).to_be_visible()
    listed.reload()
    expect(listed.locator("#count-bell")).to_have_text("")  # the conversation was opened: both are read


def test_hours_are_chosen_and_the_bell_is_emptied_without_scripts(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any
) -> None:  # fmt: skip
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="When may I come?"))
    page = open_window(size=PHONE, scripts=False).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/bell")
    assert page.is_visible("text=Mina Han wrote")
    page.click("text=Mark all as read")
    assert page.locator(".ring-new").count() == 0
    page.click("text=What I am told of, and when")
    page.check("[name='on.hours']")
    page.fill("#f-hours_begin", "10:00")
    page.click("button[value=notify]")
    page.wait_for_url("**#saved")
    assert page.is_checked("[name='on.hours']")
    assert page.input_value("#f-hours_begin") == "10:00"
    page.fill("#f-undo", "30")
    page.click("button[value=undo]")
    assert page.input_value("#f-undo") == "30"
    assert page.input_value("#f-hours_begin") == "10:00"
