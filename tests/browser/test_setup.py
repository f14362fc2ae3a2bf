"""A template from its first word to many readers, in a real browser: preview while typing, samples, progress, done."""

from __future__ import annotations

from collections.abc import Iterator

from browser.axe_kit import find_faults, say_all
from browser.windows import DESK, Window
from cast import Company
from fakes import FakeClock
from playwright.sync_api import expect
from web.web_kit import Served

from gateway.usecases.bulk import find_due_bulks, run_bulk
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.usecases.views import ApplicantView


def test_a_template_is_written_looked_at_and_sent_to_many(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    site: Served,
    open_window: Iterator[Window],
) -> None:
    page = open_window(size=DESK).page  # type: ignore[operator]
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/settings/new-template")
    page.fill("#f-key", "invite")
    page.fill("#f-variables", "when")
    page.locator("[id='f-en.text']").press_sequentially("Dear {{ candidate.name }}, {{ when }}?")
    page.select_option("#f-show", "en")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Dear Mina Han, ‹when›?")
    page.fill("[id='f-en.sms']", "{{ company.name }}: {{ when }}? ")
    expect(preview).to_contain_text("of 90 bytes")
    page.fill("[id='f-en.sms']", "{{ company.nam }}")
    expect(preview).to_contain_text("There is no value “company.nam”")
    page.fill("[id='f-en.sms']", "")
    page.click("button[value=save]")
    page.wait_for_url("**/settings/templates/invite#saved")

    page.goto(f"{site.url}/desk/settings/new-bulk")
    page.select_option("#f-template", "invite")
    page.click("button[value=try]")
    expect(page.locator("#samples")).to_contain_text("“when” has no value for this person")
    page.fill("#f-variables", "when = 3 May")
    page.click("button[value=try]")
    expect(page.locator("#samples")).to_contain_text("Dear Mina Han, 3 May?")
    page.click("button[value=send]")
    expect(page.locator("#progress")).to_contain_text("0 of 1")
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    expect(page.locator("#progress")).to_contain_text("1 of 1")  # by itself
    expect(page.locator("#progress")).to_contain_text("Done")
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert shown.message.text == "Dear Mina Han, 3 May?"


def test_how_long_things_are_kept_passes_axe_when_it_warns_and_when_it_refuses(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    clock: FakeClock,
    site: Served,
    open_window: Iterator[Window],
) -> None:
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    clock.move(days=40)
    page, faults = open_window(size=DESK).page, {}  # type: ignore[operator]
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/settings/keeping")
    page.fill("#f-days", "30")
    page.keyboard.press("Enter")
    expect(page.locator("#effect")).to_contain_text("1 conversation is older")
    faults["warns"] = find_faults(page)
    page.fill("#f-days", "7")
    page.keyboard.press("Enter")
    expect(page.locator(".errors")).to_contain_text("Give 30 to 3650 days")
    faults["refuses"] = find_faults(page)
    assert not any(faults.values()), say_all(faults)
