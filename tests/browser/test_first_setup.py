"""A new recruiter in a real browser: from the first page to a sent test message; every step passes axe (NH-P5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from browser.axe_kit import WIDTHS, find_faults, say_all
from browser.windows import DESK, Window
from fakes import FakeChannel
from inbound.signing_kit import DictDNS
from playwright.sync_api import expect
from running import Pump
from web.web_kit import Served, make_app, serve

from gateway.inbound.domaincheck import ReplyDomain
from gateway.threads.channel import Failed
from gateway.usecases import accounts
from gateway.usecases.context import Context

pytestmark = pytest.mark.timeout(180)
EVA, PASSWORD = "eva@nordlys.example", "correct horse"
NARROW_AND_WIDE = (360, 1440)
STEPS = ("name", "contact", "domain", "mail", "channels", "done")
KEY = "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 12


@pytest.fixture
def dns() -> DictDNS:
    return DictDNS()


@pytest.fixture
def site(ctx: Context, dns: DictDNS) -> Iterator[Served]:
    """An installation with one workspace that nobody has seen yet."""
    workspace = accounts.create_workspace(ctx, name="Nordlys", slug="nordlys")
    accounts.create_member(ctx, workspace.id, email=EVA, name="Eva", password=PASSWORD)
    domain = ReplyDomain("reply.example.test", dns, dkim_selector="s1", dkim_value=KEY)
    with serve(make_app(replace(ctx, own_domain=domain))) as served:
        yield served


def test_from_the_first_page_to_a_sent_test_message(
    site: Served, dns: DictDNS, open_window: Callable[..., Window],
    channel: FakeChannel, pump: Pump,
) -> None:  # fmt: skip
    page = open_window(size=DESK).page
    page.goto(site.url)
    page.fill("#email", EVA)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/setup/name")
    page.fill("#f-name", "Nordlys AB")
    page.keyboard.press("Enter")  # the keyboard alone is enough
    page.wait_for_url("**/setup/contact")
    page.click("button[value=skip]")
    page.wait_for_url("**/setup/domain")
    expect(page.locator("#f-dkim-value")).to_have_value(KEY)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("[data-copy=f-dmarc-value]")
    expect(page.locator("#status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "v=DMARC1; p=reject"
    page.click("text=Look now")
    expect(page.locator("#record-dmarc")).to_contain_text("Not there yet")
    dns.txt("_dmarc.reply.example.test", b"v=DMARC1; p=reject")
    page.click("text=Look now")
    expect(page.locator("#record-dmarc .chip-ok")).to_have_text("Found")
    page.click("text=Continue")
    page.wait_for_url("**/setup/mail")
    channel.script.append(Failed("5.7.1", "relaying denied"))
    page.click("button[value=test]")
    pump()
    tested = page.locator("#test-email")
    expect(tested).to_contain_text("relaying denied")  # by itself
    page.click("button[value=test]")
    pump()
    expect(tested).to_contain_text("Sent by e-mail")
    assert channel.to(EVA)[-1].subject == "Test message of Nordlys AB"
    page.click("text=Continue")
    page.wait_for_url("**/setup/channels")
    page.click("text=Continue")
    page.wait_for_url("**/setup/done")
    expect(page.locator(".lines")).to_contain_text("There is no contact address")
    page.click("button[value=finish]")
    page.wait_for_url("**/desk")
    page.goto(f"{site.url}/desk/settings")
    page.click(".setup-nav >> text=Set up, step by step")
    page.wait_for_url("**/setup/name")


def test_every_step_passes_axe_in_every_language_also_with_errors(
    ctx: Context, site: Served, open_window: Callable[..., Window],
    channel: FakeChannel, pump: Pump,
) -> None:  # fmt: skip
    """In English at all widths; in the other languages, where only words differ, at the narrowest and the widest."""
    page, faults = open_window(size=DESK).page, {}
    page.goto(f"{site.url}/sign-in")
    page.fill("#email", EVA)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/setup/name")
    channel.script.append(Failed("5.1.1", "no such user " + "x" * 200))
    page.goto(f"{site.url}/desk/settings/setup/mail")
    page.click("button[value=test]")
    pump()
    expect(page.locator("#test-email .chip-bad")).to_be_visible()
    for locale in ("en", "ko", "cs", "ru", "sv"):
        for step in STEPS:
            page.goto(f"{site.url}/desk/settings/setup/{step}?lang={locale}&check=now")
            expect(page.locator("html")).to_have_attribute("lang", locale)
            faults[f"{locale} {step}"] = find_faults(page, widths=WIDTHS if locale == "en" else NARROW_AND_WIDE)
        page.goto(f"{site.url}/desk/settings/setup/contact?lang={locale}")
        page.fill("#f-privacy_url", "https://nordlys")
        page.click("button[value=save]")
        expect(page.locator("#e-privacy_url")).to_be_visible()
        faults[f"{locale} refused"] = find_faults(page, widths=(360,))
    assert not any(faults.values()), say_all(faults)
