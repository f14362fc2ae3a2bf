"""The candidate's page when something goes wrong: a lost line, an end meanwhile, words from right to left."""

from __future__ import annotations

from browser.windows import DESK, PHONE, OpenWindow
from cast import Company
from playwright.sync_api import Page, expect
from web.web_kit import Served, path_of

from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

ARABIC = "\u0646\u0639\u0645 \u063a\u062f\u0627."  # "Yes, tomorrow."


def is_right_to_left(page: Page, element: str) -> bool:
    """Does the full stop of its first line stand to the left of the first letter, as Arabic is read?"""
    measure = """element => {
      const words = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
      const left = (at) => {
        const range = document.createRange();
        range.setStart(words, at);
        range.setEnd(words, at + 1);
        return range.getBoundingClientRect().left;
      };
      return left(words.data.indexOf(".")) < left(0);
    }"""
    return bool(page.locator(element).last.evaluate(measure))


def test_going_back_to_the_page_that_said_sent_loses_no_word_written_since(
    mina: ApplicantView, site: Served, open_window: OpenWindow
) -> None:  # fmt: skip
    """The line was lost in mid-send, and "back" led to `#sent`, which took the draft for the one that had been sent."""
    page = open_window(size=PHONE).page
    page.goto(site.url + path_of(mina))
    page.fill("#text", "Hello")
    page.click(".write button[type=submit]")
    page.wait_for_url("**#sent")
    assert page.input_value("#text") == ""
    page.goto(site.url + path_of(mina))
    page.fill("#text", "Written in a tunnel")
    page.context.set_offline(True)
    page.click(".write button[type=submit]")
    page.wait_for_url("chrome-error://**")
    page.context.set_offline(False)
    page.go_back()
    expect(page.locator("#text")).to_have_value("Written in a tunnel")
    page.goto(site.url + path_of(mina))
    assert page.input_value("#text") == "Written in a tunnel"


def test_without_a_connection_it_is_said_that_words_are_kept(
    mina: ApplicantView, site: Served, open_window: OpenWindow
) -> None:  # fmt: skip
    """ux §7: as long as it lasts, and no longer."""
    page = open_window(size=PHONE).page
    page.goto(f"{site.url}{path_of(mina)}?lang=ko")
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_have_text("연결이 끊겼습니다. 작성 중인 내용은 보관됩니다.")
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_be_empty()


def test_who_wrote_when_it_had_ended_is_led_to_the_words_that_were_not_sent(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """SJ-16, ux §7: below a long conversation nobody would have seen it; a screen reader hears of the end at once."""
    for number in range(20):
        post_message(
            ctx, company.as_jun, mina.thread_id, NewMessage(text=f"{number}. Tell us about your project. " * 9)
        )
    page = open_window(size=PHONE).page
    page.goto(site.url + path_of(mina))
    page.fill("#text", "A long letter")
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    expect(page.locator("#status")).to_have_text("This conversation has ended. You can still read everything below.")
    assert page.evaluate("document.activeElement.id") == "text"
    page.click(".write button[type=submit]")
    expect(page.locator("#kept")).to_be_in_viewport()
    assert page.evaluate("document.activeElement.id") == "closed"
    change_stage(ctx, company.as_jun, mina.thread_id, "restored")
    expect(page.locator("#status")).to_contain_text("open again")


def test_words_from_right_to_left_are_set_so_on_both_pages(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=ARABIC + "\nSee you."))
    page = open_window(size=PHONE).page
    page.goto(site.url + path_of(mina))
    assert is_right_to_left(page, ".bubble p")
    assert page.evaluate("getComputedStyle(document.querySelector('#text')).unicodeBidi") == "plaintext"
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    assert is_right_to_left(page, ".log .bubble p")


def test_what_is_wrong_stands_apart_from_the_title(
    mina: ApplicantView, site: Served, open_window: OpenWindow
) -> None:  # fmt: skip
    page = open_window(size=PHONE).page
    page.goto(site.url + path_of(mina))
    page.click(".write button[type=submit]")
    box, title = page.locator(".errors").bounding_box(), page.locator("h1").bounding_box()
    assert box
    assert title
    assert box["y"] + box["height"] + 8 <= title["y"]
