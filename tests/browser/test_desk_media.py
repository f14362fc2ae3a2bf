"""The desk on paper, in colours that the system forces, and by keys in a narrow window (ux §4, §7, §8)."""

from __future__ import annotations

import pytest
from browser.windows import DESK, OpenWindow
from cast import Company, as_candidate
from fakes import FakeChannel
from playwright.sync_api import Page, expect
from running import Pump
from web.web_kit import Served

from gateway.threads.channel import Failed
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

DARKNESS = """selector => {
  const [r, g, b] = getComputedStyle(document.querySelector(selector)).color.match(/[0-9.]+/g).map(Number);
  return 255 - (0.2126 * r + 0.7152 * g + 0.0722 * b);
}"""


@pytest.fixture
def told(ctx: Context, company: Company, mina: ApplicantView, channel: FakeChannel, pump: Pump) -> ApplicantView:
    """Mina wrote, and the answer did not arrive."""
    post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="Hello"))
    pump()
    channel.script.append(Failed("5.1.1", "no such user"))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="For the record"))
    pump()
    return mina


def desk_of(company: Company, site: Served, page: Page) -> Page:
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark", "chosen"])
def test_on_paper_a_conversation_is_its_words_dark_on_white(
    company: Company, told: ApplicantView, site: Served, open_window: OpenWindow, scheme: str,
) -> None:  # fmt: skip
    """In the dark scheme words were black on near black, and the buttons were printed with them."""
    page = desk_of(company, site, open_window(size=DESK, dark=scheme == "dark").page)
    if scheme == "chosen":
        page.context.add_cookies([{"name": "theme", "value": "dark", "url": site.url}])
    page.goto(f"{site.url}/desk/t/{told.thread_id}")
    page.emulate_media(media="print")
    expect(page.locator("ol.log")).to_contain_text("For the record")
    expect(page.get_by_text("E-mail not delivered.")).to_be_visible()
    for what in ("#composer", "nav", ".list", ".mend button", ".msg-menu", ".thread-acts"):
        expect(page.locator(what).first).to_be_hidden()
    for what in ("h1", ".msg-by b", ".msg-out .bubble", ".fail-why"):
        assert page.evaluate(DARKNESS, what) > 150, what
    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--surface')") == "#FFFFFF"


def test_on_paper_the_list_is_its_rows(
    company: Company, told: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """Of a list "Choose a conversation" was printed, and nothing else."""
    page = desk_of(company, site, open_window(size=DESK).page)
    page.goto(f"{site.url}/desk/all")
    page.emulate_media(media="print")
    expect(page.locator("#rows")).to_contain_text("Mina Han")
    expect(page.locator("#rows a.row")).to_be_visible()
    for what in (".find", ".filters", ".wide", "nav"):
        expect(page.locator(what).first).to_be_hidden()


def test_in_forced_colours_what_is_chosen_has_an_edge(
    company: Company, told: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """Backgrounds are gone there: the view, the tab and the kind of message looked like their neighbours."""
    page = desk_of(company, site, open_window(size=DESK).page)
    page.emulate_media(forced_colors="active")
    for path, chosen in (
        ("/desk/open", ".filters a[aria-current]"),
        ("/desk/review", ".tabs a[aria-current]"),
        ("/desk/settings", ".setup-nav a[aria-current]"),
        (f"/desk/t/{told.thread_id}", ".seg label:has(:checked)"),
    ):
        page.goto(site.url + path)
        edge = "e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]"
        assert page.locator(chosen).evaluate(edge) == ["solid", "2px"], chosen


@pytest.mark.parametrize("width", [1440, 900])
def test_after_a_deed_of_the_card_the_focus_stays_in_the_card(
    company: Company, told: ApplicantView, site: Served, open_window: OpenWindow, width: int,
) -> None:  # fmt: skip
    """By keys alone each tag began anew at the top of the page; where the card is opened for it, it closed."""
    page = desk_of(company, site, open_window(size=DESK | {"width": width}).page)
    page.goto(f"{site.url}/desk/t/{told.thread_id}")
    page.keyboard.press("l")
    expect(page.locator("#order-tag")).to_be_focused()
    page.keyboard.type("portfolio")
    page.keyboard.press("Enter")
    expect(page.locator(".tags")).to_contain_text("portfolio")
    expect(page.locator("#c-order")).to_be_focused()
    expect(page.locator("#c-order")).to_be_visible()


def test_escape_closes_the_menu_that_is_open_and_leaves_the_conversation_open(
    company: Company, told: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """It closed the menu, and led away to the list by the same key."""
    page = desk_of(company, site, open_window(size=DESK).page)
    thread = f"{site.url}/desk/t/{told.thread_id}"
    page.goto(thread)
    menu = page.locator(".msg-menu").last
    page.keyboard.press(".")
    expect(menu.locator("a").first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu.locator("a").first).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
    later = page.locator(".split summary")
    later.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(later).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-log]")).to_be_focused()
    assert page.url == thread
    page.keyboard.press("Escape")
    page.wait_for_url("**/desk/open")
