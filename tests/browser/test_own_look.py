"""A company's logo and colour in a real browser: chosen in the settings, seen by candidates, within the budget."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.axe_kit import find_faults, say_all
from browser.test_candidate import counting
from browser.windows import DESK, PHONE, OpenWindow
from cast import Company, as_candidate
from playwright.sync_api import expect
from web.test_look import make_png
from web.web_kit import Served, path_of

from gateway.usecases import branding
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

pytestmark = pytest.mark.timeout(180)


def test_a_logo_and_a_colour_are_chosen_and_candidates_see_them(
    company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow, tmp_path: Path,
) -> None:  # fmt: skip
    file = tmp_path / "logo.png"
    file.write_bytes(make_png(300, 80))
    page, faults = open_window(size=DESK).page, {}
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/settings/look")
    page.set_input_files("#f-logo", file)
    page.click("button[value=logo]")
    page.wait_for_url("**#saved")
    expect(page.locator(".look .logo")).to_have_js_property("naturalWidth", 300)
    page.fill("#f-brand", "#ffe066")
    page.click("button[value=colour]")
    expect(page.locator(".banner-warn")).to_contain_text("we use the darker")
    faults["darkened"] = find_faults(page)
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.set_input_files("#f-logo", tmp_path / "logo.svg")
    page.click("button[value=logo]")
    expect(page.locator(".errors")).to_contain_text("no PNG, JPEG or WebP")
    faults["refused"] = find_faults(page)
    page.goto(site.url + path_of(mina))
    expect(page.locator(".cand-head .logo")).to_have_js_property("naturalWidth", 300)
    faults["candidate"] = find_faults(page)
    page.goto(f"{site.url}/desk/settings/look")
    page.click(".sure summary")
    page.click("button[value=remove]")
    page.goto(site.url + path_of(mina))
    expect(page.locator(".cand-head .mark")).to_have_text("M")
    assert not any(faults.values()), say_all(faults)


def test_the_largest_logo_keeps_the_candidates_first_view_small(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """ux §13: 60 kB; the picture is one request more than the 6 of a page without it."""
    branding.set_logo(ctx, company.as_jun, make_png(300, 80, padding=branding.LARGEST - 1_000))
    for number in range(15):
        words = f"{number}. Could you tell us about the project that you are most proud of? " * 4
        post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=words))
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=words[::-1]))
    page = open_window(size=PHONE).page
    with counting(page) as first:
        page.goto(site.url + path_of(mina), wait_until="load")
        expect(page.locator(".logo")).to_have_js_property("naturalWidth", 300)
    assert branding.LARGEST - 1_000 < first["bytes"] <= 60_000
    assert first["requests"] <= 7
