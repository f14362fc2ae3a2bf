"""The candidate's page as one nervous person meets it: small, announced, by keys alone (ux §8, §13, §14)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from browser.windows import DESK, PHONE, OpenWindow
from cast import MINA, STRANGER, Company, as_candidate, make_mail
from fakes import FakeChannel
from playwright.sync_api import Page, expect
from running import Pump
from web.web_kit import Served, path_of, wait_until

from gateway.store.writer import MailWriter
from gateway.threads.addresses import reply_address
from gateway.threads.channel import Failed
from gateway.threads.incoming import Envelope
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after, read_page
from gateway.usecases.receive_email import accept_mail
from gateway.usecases.views import ApplicantView


@contextmanager
def counting(page: Page) -> Iterator[dict[str, float]]:
    """What comes over the wire meanwhile: bytes, and requests that no cache answered."""
    line: Any = page.context.new_cdp_session(page)
    line.send("Network.enable")
    told = {"bytes": 0.0, "requests": 0.0}

    def count(change: int, event: dict[str, Any]) -> None:
        told["requests"] += change if not event.get("request", {}).get("url", "").startswith("data:") else 0

    line.on("Network.loadingFinished", lambda e: told.update(bytes=told["bytes"] + e["encodedDataLength"]))
    line.on("Network.requestWillBeSent", lambda e: count(1, e))
    line.on("Network.requestServedFromCache", lambda e: count(-1, e))
    line.on("Network.responseReceived", lambda e: count(-1, e) if e["response"].get("fromDiskCache") else None)
    yield told
    line.detach()


def walk_to(page: Page, selector: str, *, most: int = 90) -> None:
    """Tab until the element has the focus, as a person without a mouse does."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"{selector} was not reached by Tab on {page.url}")


def test_the_first_view_is_small_and_later_ones_are_tiny(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """ux §13: 60 kB and 6 requests, then 6 kB in one (the stream of what is new besides)."""
    for number in range(15):
        words = f"{number}. Could you tell us about the project that you are most proud of? " * 4
        post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text=words))
        post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text=words[::-1]))
    page = open_window(size=PHONE).page
    with counting(page) as first:
        page.goto(site.url + path_of(mina), wait_until="load")
        wait_until(lambda: page.evaluate("performance.getEntriesByType('resource').length") >= 3)
        page.wait_for_timeout(1)
    assert 2_000 < first["bytes"] <= 60_000
    assert first["requests"] <= 6
    with counting(page) as later:
        page.goto(f"{site.url}{path_of(mina)}?lang=en", wait_until="load")
        page.wait_for_timeout(1)
    assert later["bytes"] <= 6_000
    assert later["requests"] <= 2


def test_read_answer_sent_by_keys_alone_and_an_answer_is_announced(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """ux §14: the skip link leads to the field, Enter sends, the green line has the focus; §7: one polite line."""
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="When could you come?"))
    page = open_window(size=PHONE).page
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{site.url}{path_of(mina)}#latest")
    expect(page.locator("#latest")).to_be_in_viewport()
    page.goto(site.url + path_of(mina))
    walk_to(page, "a.skip", most=2)
    page.keyboard.press("Enter")
    walk_to(page, "#text", most=3)
    page.keyboard.type("On Tuesday")
    walk_to(page, ".write button[type=submit]", most=4)
    page.keyboard.press("Enter")
    page.wait_for_url("**#sent")
    assert page.evaluate("document.activeElement.id") == "sent"
    expect(page.locator("#sent")).to_contain_text("mi•••@mail.example")
    walk_to(page, "#text")
    page.keyboard.type("P.S.")
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Tuesday is fine"))
    page.wait_for_selector("ol.log >> text=Tuesday is fine")
    expect(page.locator("#status")).to_contain_text("New message from Jun Park")
    assert page.evaluate("[document.activeElement.id, document.activeElement.value]") == ["text", "P.S."]
    assert page.evaluate("document.getAnimations().length") == 0
    page.reload()
    assert page.input_value("#text") == "P.S."


def test_what_is_wrong_is_said_at_the_top_with_focus_and_leads_to_the_field(
    mina: ApplicantView, site: Served, open_window: OpenWindow
) -> None:  # fmt: skip
    page = open_window(size=PHONE).page
    page.goto(site.url + path_of(mina))
    page.click(".write button[type=submit]")
    page.wait_for_selector(".errors")
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.className") == "errors"
    walk_to(page, ".errors a", most=1)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "text"


def test_a_failed_mail_is_mended_and_a_held_one_put_into_its_conversation_by_keys_alone(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
    channel: FakeChannel, pump: Pump,
) -> None:  # fmt: skip
    """ux §14: failed → mended; held → into conversation."""
    channel.script.append(Failed("5.2.2", "The mailbox is full."))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello Mina"))
    pump()
    person = read_page(ctx, company.as_jun, mina.thread_id).conversation.candidate
    to = reply_address(ctx.settings.key, person.id, ctx.settings.reply_domain)
    writer = MailWriter(ctx.database)
    envelope = Envelope(mail_from=STRANGER, rcpt_tos=(to,), peer="192.0.2.1")
    accept_mail(ctx, writer, envelope, make_mail("From my other address", from_=STRANGER, to=to)).result(10)
    writer.close()
    pump()
    page = open_window(size=DESK).page
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    page.goto(f"{site.url}/desk/t/{mina.thread_id}")
    walk_to(page, "form[action$='/again'] button", most=150)
    page.keyboard.press("Enter")
    page.wait_for_url("**#msg-*")
    pump()
    assert [mail.subject for mail in channel.to(MINA)] == [channel.to(MINA)[0].subject] * 2
    page.goto(f"{site.url}/desk/review")
    walk_to(page, "button[value=release]", most=150)
    page.keyboard.press("Enter")
    wait_until(lambda: messages_after(ctx, company.as_jun, mina.thread_id)[-1].message.text == "From my other address")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_it_is_a_clean_copy(
    ctx: Context, company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow, scheme: str,
) -> None:  # fmt: skip
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="For your records"))
    page = open_window(size=DESK, dark=scheme == "dark").page
    page.goto(site.url + path_of(mina))
    page.emulate_media(media="print")
    expect(page.locator("text=For your records")).to_be_visible()
    for what in (".write", ".langs", ".skip"):
        expect(page.locator(what)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_czech_is_set_in_a_font_that_has_its_letters(
    company: Company, mina: ApplicantView, site: Served, open_window: OpenWindow,
) -> None:  # fmt: skip
    """A Korean font before the others would set a stray caron beside the letter."""
    page = open_window(size=PHONE).page
    page.goto(f"{site.url}{path_of(mina)}?lang=cs")
    expect(page.locator("#state")).to_contain_text("odpovězte")
    line: Any = page.context.new_cdp_session(page)
    line.send("DOM.enable")
    line.send("CSS.enable")
    root = line.send("DOM.getDocument")["root"]["nodeId"]
    node = line.send("DOM.querySelector", {"nodeId": root, "selector": "#state"})["nodeId"]
    used = {font["familyName"] for font in line.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]}
    assert used
    assert not [name for name in used if "CJK" in name or name.endswith(" KR")]
