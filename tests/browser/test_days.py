"""An open page past midnight: "Today" becomes a date, and what comes on the new day stands under its own line (ux §5).

The company, and so both pages, are in Seoul; the browser is elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from browser.windows import DESK, PHONE
from cast import Company, as_candidate
from fakes import FakeClock
from playwright.sync_api import Page, expect
from web.web_kit import Served, path_of

from gateway.usecases.context import Context
from gateway.usecases.organise import Assign, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

EVENING = datetime(2026, 11, 23, 14, 50, tzinfo=UTC)  # ten to midnight in Seoul
NIGHT = datetime(2026, 11, 23, 15, 10, tzinfo=UTC)
DAYS = "ol.log > li.day:not(.day-new)"
LINES = f"{DAYS}, ol.log p:has-text('one'), ol.log p:has-text('two')"


def make_it(clock: FakeClock, page: Page, at: datetime) -> None:
    clock.now = at
    page.clock.set_fixed_time(at)


@pytest.mark.parametrize("side", ["desk", "candidate"])
def test_todays_line_is_renamed_and_the_new_days_line_comes_with_the_first_message(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, clock: FakeClock,
    side: str,
) -> None:  # fmt: skip
    page = open_window(size=DESK if side == "desk" else PHONE).page
    make_it(clock, page, EVENING)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="one"))
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(site.url + (f"/desk/t/{mina.thread_id}" if side == "desk" else path_of(mina)))
    days = page.locator(DAYS)
    expect(days).to_have_text(["Today"])
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="one more"))
    expect(page.locator("ol.log >> text=one more")).to_be_visible()
    expect(days).to_have_text(["Today"])
    make_it(clock, page, NIGHT)
    expect(days).to_have_text(["Monday 23 November"], timeout=15_000)
    for words in ("two", "two more"):
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=words))
        expect(page.locator(f"ol.log >> text={words}").first).to_be_visible()
    expect(days).to_have_text(["Monday 23 November", "Today"])
    live = page.locator(LINES).all_inner_texts()
    assert live == ["Monday 23 November", "one", "one more", "Today", "two", "two more"]
    page.reload()
    assert page.locator(LINES).all_inner_texts() == live


def test_an_event_of_the_new_day_stands_under_its_line_too(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: Any, clock: FakeClock,
) -> None:  # fmt: skip
    page = open_window(size=DESK).page
    make_it(clock, page, EVENING)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="one"))
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    make_it(clock, page, NIGHT)
    organise(ctx, company.as_ara, [mina.thread_id], Assign(company.jun.id))
    expect(page.locator("ol.log > li.day + li.event")).to_contain_text("Ara Kim")
    expect(page.locator(DAYS)).to_have_text(["Monday 23 November", "Today"])
