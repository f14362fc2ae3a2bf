"""The list by keys alone, in Latin, Korean and Russian layouts, and what arrives while rows are chosen (ux §6)."""

from __future__ import annotations

from typing import Any

import pytest
from browser.windows import DESK, PHONE, Window
from cast import Company, as_candidate, make_applicant
from playwright.sync_api import expect
from web.web_kit import Served

from gateway.usecases import members
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.context import Context
from gateway.usecases.organise import Assign, organise
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView


@pytest.fixture
def people(ctx: Context, company: Company, mina: ApplicantView) -> list[ApplicantView]:
    """Three, the newest first: Vera, Oskar, Mina."""
    oskar = make_applicant(ctx, company, external_id="o-1", name="Oskar Berg", email="oskar@mail.example")
    vera = make_applicant(ctx, company, external_id="v-1", name="Vera Lind", email="vera@mail.example")
    for person in (mina, oskar, vera):
        post_message(ctx, as_candidate(ctx, person), person.thread_id, NewMessage(text="Hello"))
    return [vera, oskar, mina]


def press(window: Window, key: str, code: str) -> None:
    """A key whose letter is of another layout than the place on the keyboard."""
    window.page.evaluate(
        "([key, code]) => (document.activeElement ?? document.body).dispatchEvent("
        "new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }))",
        [key, code],
    )


def test_rows_are_chosen_and_changed_by_keys_and_what_arrives_keeps_the_choice(
    ctx: Context,
    company: Company,
    people: list[ApplicantView],
    site: Served,
    open_window: Any,
) -> None:
    vera, oskar, mina = people
    window = open_window(size=DESK)
    page = window.page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    row = {p.thread_id: page.locator(f"#row-{p.thread_id}") for p in people}
    press(window, "ㅓ", "KeyJ")
    expect(row[vera.thread_id].locator("a.row")).to_be_focused()
    press(window, "о", "KeyJ")
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    expect(page.locator("[data-picked]")).to_have_text("2 selected")

    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="One more thing"))
    expect(row[mina.thread_id]).to_contain_text("One more thing")
    expect(page.locator("input.pick:checked")).to_have_count(2)

    page.keyboard.press("i")
    expect(page.locator("#status")).to_have_text("Changed.")
    expect(page.locator("#count-mine")).to_have_text("2")
    expect(page.locator("#many")).to_be_hidden()

    row[oskar.thread_id].locator("a.row").focus()
    page.keyboard.press("e")
    expect(row[oskar.thread_id]).to_have_count(0)
    page.keyboard.press("z")
    expect(row[oskar.thread_id]).to_have_count(1)

    row[vera.thread_id].locator("a.row").focus()
    page.keyboard.press("h")
    expect(page.locator("#many-until")).to_be_focused()
    page.keyboard.press("?")  # in a field it is no command
    expect(page.locator("#keys")).to_be_hidden()
    page.locator(".many-more button[value=snooze]").click()
    expect(row[vera.thread_id]).to_have_count(0)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("assign to me")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/desk/mine")


def test_the_open_conversation_is_put_in_order_by_keys_and_by_others(
    ctx: Context,
    company: Company,
    people: list[ApplicantView],
    site: Served,
    open_window: Any,
) -> None:
    vera, oskar, _ = people
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{vera.thread_id}")
    organise(ctx, company.as_ara, [vera.thread_id], Assign(company.ara.id))
    expect(page.locator("ol.log")).to_contain_text("Ara Kim assigned this to Ara Kim")
    expect(page.locator("#sub-title")).to_contain_text("Assigned to Ara Kim")
    page.keyboard.press("]")
    page.wait_for_url(f"**/desk/t/{oskar.thread_id}")
    page.keyboard.press("l")
    expect(page.locator("#order-tag")).to_be_focused()
    page.keyboard.type("portfolio")
    page.keyboard.press("Enter")
    expect(page.locator("#order-now")).to_contain_text("portfolio")
    page.keyboard.press("e")
    page.wait_for_url("**/desk/open")
    expect(page.locator(f"#row-{oskar.thread_id}")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_list_fits_a_phone_and_works_without_scripts(
    company: Company,
    people: list[ApplicantView],
    site: Served,
    open_window: Any,
    scripts: bool,
) -> None:
    window = open_window(size=PHONE, scripts=scripts)
    page = window.page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    for person in people[:2]:
        page.locator(f"#row-{person.thread_id} input.pick").check()
    page.locator("#many button[value=done]").click()
    expect(page.locator("#rows > li")).to_have_count(1)
    if scripts:
        assert not window.is_sideways


def test_who_only_evaluates_among_the_chosen_is_told_and_offered_what_is_theirs(
    ctx: Context,
    company: Company,
    people: list[ApplicantView],
    site: Served,
    open_window: Any,
) -> None:
    """SJ-P4: Ara evaluates these and manages another opening; her deeds come back when only hers are chosen."""
    opening, _ = put_opening(ctx, company.ats, "engineer", title="Engineer", notify_emails=[])
    dae = put_applicant(ctx, company.ats, "d-1", opening="engineer", name="Dae", email="d@mail.example", locale="en")
    post_message(ctx, as_candidate(ctx, dae), dae.thread_id, NewMessage(text="Hello"))
    members.set_role(ctx, company.as_jun, company.ara.id, "member")
    members.set_opening_role(ctx, company.as_jun, company.ara.id, opening_id=company.opening.id, role="evaluator")
    members.set_opening_role(ctx, company.as_jun, company.ara.id, opening_id=opening.id, role="manager")
    window = open_window(size=DESK)
    page = window.page
    page.goto(f"{site.url}/dev/login/{company.ara.id}")
    bar, why = page.locator("#many"), "You evaluate some of these: only their managers decide about them."
    page.locator(f"#row-{dae.thread_id} a.row").focus()
    page.keyboard.press("x")
    expect(bar.get_by_role("button", name="Reject")).to_be_visible()
    page.locator(f"#row-{people[0].thread_id} a.row").focus()
    page.keyboard.press("x")
    expect(bar.get_by_role("button", name="Reject")).to_be_hidden()
    expect(bar.get_by_role("button", name="Done")).to_be_hidden()
    expect(bar.get_by_role("button", name="Mark unread")).to_be_visible()
    expect(bar).to_contain_text(why)
    for key in ("e", "h"):
        page.evaluate("document.querySelector('#alarm').textContent = ''")
        page.keyboard.press(key)
        expect(page.locator("#alarm")).to_have_text(why)
    page.keyboard.press("x")
    expect(bar.get_by_role("button", name="Reject")).to_be_visible()
    expect(bar.locator(".evaluates")).to_be_hidden()
