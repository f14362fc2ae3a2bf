"""Messages moved while people look on: both conversations change on open pages, the candidate's too."""

from __future__ import annotations

from typing import Any

from browser.axe_kit import find_faults
from browser.windows import DESK, PHONE
from cast import Company, as_candidate, make_applicant
from flows.test_moving import other_application, say
from playwright.sync_api import expect
from running import Pump
from web.web_kit import Served, path_of

from gateway.usecases.context import Context
from gateway.usecases.move_messages import move_messages
from gateway.usecases.views import ApplicantView


def test_a_message_is_moved_from_its_menu_and_open_pages_follow(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    site: Served,
    open_window: Any,
) -> None:
    other = other_application(ctx, company)
    kept = say(ctx, as_candidate(ctx, mina), mina, "About the designer job")
    moved = say(ctx, as_candidate(ctx, mina), mina, "About the engineer job")
    pump()
    colleague, candidate = open_window(size=DESK).page, open_window(size=PHONE).page
    colleague.goto(f"{site.url}/dev/login/{company.ara.id}")
    colleague.goto(f"{site.url}/desk/t/{mina.thread_id}")
    candidate.goto(site.url + path_of(other))

    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.locator(f"#msg-{moved}").hover()
    page.locator(f"#msg-{moved} .msg-menu summary").click()
    page.get_by_role("link", name="Move to another conversation").click()
    assert find_faults(page) == []
    page.get_by_role("radio", name="Mina Han · Engineer").check()
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(f"#msg-{moved}")).to_contain_text("About the engineer job")
    expect(page.locator(".event").first).to_contain_text("1 message came from: Mina Han · Product Designer")
    assert find_faults(page) == []

    expect(colleague.locator(f"#msg-{moved}")).to_have_count(0)
    expect(colleague.locator(".event")).to_contain_text("1 message moved to: Mina Han · Engineer")
    expect(candidate.locator(f"#msg-{moved}")).to_contain_text("About the engineer job")

    move_messages(ctx, company.as_jun, other.thread_id, [moved], to=mina.thread_id)
    expect(candidate.locator(f"#msg-{moved}")).to_have_count(0)
    expect(colleague.locator(f"#msg-{moved}")).to_contain_text("About the engineer job")
    expect(colleague.locator(f"#msg-{kept}")).to_have_count(1)


def test_a_duplicate_is_merged_from_the_applicants_card_and_split_again(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    site: Served,
    open_window: Any,
) -> None:
    twice = make_applicant(ctx, company, external_id="mina-b", email="mina.han@naver.example")
    said = say(ctx, as_candidate(ctx, twice), twice, "Hello again")
    pump()
    candidate = open_window(size=PHONE).page
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    page.get_by_role("link", name="Merge a duplicate").click()
    assert find_faults(page) == []
    page.get_by_role("radio", name="mina.han@naver.example").check()
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.locator(f"#msg-{said}")).to_contain_text("Hello again")
    assert find_faults(page) == []
    candidate.goto(site.url + path_of(twice))
    expect(candidate.locator(f"#msg-{said}")).to_contain_text("Hello again")
    page.get_by_role("button", name="Split again").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mina Han")
    expect(page.locator(f"#msg-{said}")).to_contain_text("Hello again")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    expect(page.locator(f"#msg-{said}")).to_have_count(0)
