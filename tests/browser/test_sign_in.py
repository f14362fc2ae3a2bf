"""A person invited by mail: link, second step, sessions; in a real browser (reliability 60, 61; SJ-P4)."""

from __future__ import annotations

import os
import re

import pyotp
from cast import Company
from fakes import FakeChannel, FakeClock
from playwright.sync_api import Browser
from running import Pump
from web.web_kit import make_app, serve

from gateway.usecases import members
from gateway.usecases.context import Context

SHOTS = os.environ.get("SHOTS", "")  # a folder for pictures to look at


def test_from_the_invitation_to_the_list_of_sessions(
    ctx: Context, company: Company, channel: FakeChannel, pump: Pump, clock: FakeClock, browser: Browser
) -> None:
    members.invite_member(ctx, company.as_jun, email="new@moalabs.example", name="New Person", role="admin")
    pump()
    path = re.search(r"/sign-in/link/\S+", channel.sent[-1].text)
    assert path
    with serve(make_app(ctx, company)) as site:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)

        def shoot(name: str) -> None:
            for width, dark, language in ((1440, False, "en"), (768, True, "ko"), (360, False, "ko")) if SHOTS else ():
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme="dark" if dark else "light")
                page.goto(f"{page.url.split('#')[0].split('?')[0]}?lang={language}")
                page.screenshot(path=f"{SHOTS}/{name}-{width}-{language}.png", full_page=True)
            if SHOTS:
                page.set_viewport_size({"width": 1440, "height": 900})
                page.goto(f"{page.url.split('?')[0]}?lang=en")

        page.goto(site.url + path[0])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/desk")
        page.goto(site.url + "/desk/settings/security")
        page.get_by_role("button", name="Set it up").click()
        assert page.locator("img.qr").evaluate("i => i.complete && i.naturalWidth") > 100
        secret = page.locator("p > .mono").inner_text()
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/setup.png", full_page=True)
        page.get_by_label("Code", exact=True).fill(pyotp.TOTP(secret).at(clock.now))
        page.get_by_role("button", name="Turn on").click()
        assert page.locator(".codes li").count() == 10
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/codes.png", full_page=True)
        page.goto(site.url + "/desk/settings/security")
        shoot("security")
        page.goto(site.url + "/desk/settings/members")
        shoot("members")
        page.goto(site.url + "/desk/settings/company")
        shoot("company")
        page.goto(site.url + "/desk/settings/security")
        page.get_by_label("New password").fill("long enough too")
        page.get_by_role("button", name="Change password").click()
        page.wait_for_url("**/security#saved")

        clock.move(seconds=30)
        other = browser.new_context().new_page()
        other.goto(site.url + "/sign-in")
        other.get_by_label("E-mail").fill("new@moalabs.example")
        other.get_by_label("Password").fill("long enough too")
        other.get_by_role("button", name="Sign in").first.click()
        other.wait_for_url("**/sign-in/code**")
        other.get_by_label("Code").fill(pyotp.TOTP(secret).at(clock.now))
        other.get_by_role("button", name="Sign in").click()
        other.wait_for_url("**/desk")
        page.reload()
        page.get_by_role("button", name="Sign out there").click()
        other.goto(site.url + "/desk")
        assert "/sign-in" in other.url
        assert complaints == []
        other.context.close()
        context.close()
