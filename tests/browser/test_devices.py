"""Web push in a real browser: the service worker under our policy, what it shows, where a click leads, whose device it
is, and what is said where the browser cannot.

A push reaches the service worker by the browser's own tools. Makers' push services cannot be reached from here, so what
the browser holds of one (`SUBSCRIBED`) is a double; and nobody can click on the system's notifications, so the click is
dispatched, with leave to take the focus.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from browser.axe_kit import find_faults
from browser.windows import DESK
from cast import Company
from playwright.sync_api import Page, Worker, expect
from simulators.push import text_of
from web.web_kit import Served, wait_until

from gateway.outbound.vapid import PushKeys
from gateway.usecases.context import Context
from gateway.usecases.devices import find_device, list_devices, push_key, remove_device
from gateway.usecases.views import ApplicantView

WHOLE_CHROMIUM = True  # for notifications
PATH = "/desk/settings/personal"
BROWSER_KEY = PushKeys([b"any point of the curve serves"]).public
SUBSCRIBED = """(() => {
  const plain = (text) => text.replaceAll("-", "+").replaceAll("_", "/");
  const bytes = (text) => Uint8Array.from(atob(plain(text)), (c) => c.charCodeAt(0)).buffer;
  const held = () => localStorage.held && {
    endpoint: localStorage.held,
    options: { applicationServerKey: bytes(localStorage.vapid) },
    toJSON: () => ({ endpoint: localStorage.held, keys: { p256dh: "BROWSER_KEY", auth: "AUTH" } }),
    unsubscribe: async () => { delete localStorage.held; return true; },
  };
  PushManager.prototype.getSubscription = async () => held() ?? null;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    if (localStorage.held && localStorage.vapid !== applicationServerKey) throw new Error("another key");
    localStorage.vapid = applicationServerKey;
    localStorage.held ??= "https://push.example/" + Math.random();
    return held();
  };
})()""".replace("BROWSER_KEY", BROWSER_KEY).replace("AUTH", text_of(b"0123456789abcdef"))


COUNTED = """(() => {
  const show = ServiceWorkerRegistration.prototype.showNotification;
  self.presented = 0;
  ServiceWorkerRegistration.prototype.showNotification = async function (...told) {
    await show.apply(this, told);
    self.presented += 1;
  };
})()"""


@pytest.fixture
def page(company: Company, site: Served, open_window: Any) -> Page:
    """Jun's desk, in a browser that may show notifications."""
    window = open_window(size=DESK)
    window.context.grant_permissions(["notifications"], origin=site.url)
    found: Page = window.page
    found.goto(f"{site.url}/dev/login/{company.jun.id}")
    return found


@dataclass
class PushedTo:
    """The service worker of a page, and what it shows."""

    page: Page
    worker: Worker

    def push(self, **told: str) -> None:
        """As the push service hands it to the browser; until it is shown. Looking at the list meanwhile would remove
        it: Chromium drops from its list what the screen does not have yet.
        """
        before = self.worker.evaluate("self.presented")
        cdp = self.page.context.new_cdp_session(self.page)
        registrations: list[dict[str, str]] = []
        cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
        cdp.send("ServiceWorker.enable")
        while not registrations:
            self.page.evaluate("0")  # events come with answers
        origin = "/".join(self.page.url.split("/")[:3])
        data = json.dumps(told) if told else "no JSON"
        about = {"origin": origin, "registrationId": registrations[0]["registrationId"], "data": data}
        cdp.send("ServiceWorker.deliverPushMessage", about)
        cdp.detach()
        wait_until(lambda: self.worker.evaluate("self.presented") == before + 1)

    def shown(self) -> list[list[Any]]:
        found: list[list[Any]] = self.worker.evaluate(
            "registration.getNotifications().then((all) => all.map((n) => [n.title, n.body, n.data.path ?? '']))"
        )
        return found

    def click(self) -> None:
        """On the newest notification."""
        focus, opened = "self.focused = this.url; return this;", "self.opened = String(to);"
        self.worker.evaluate(f"void (WindowClient.prototype.focus = async function () {{ {focus} }})")
        self.worker.evaluate(f"void (clients.openWindow = async (to) => {{ {opened} }})")
        self.worker.evaluate(
            "registration.getNotifications().then((all) =>"
            " dispatchEvent(new NotificationEvent('notificationclick', { notification: all.at(-1) })))"
        )


def register(page: Page, url: str) -> PushedTo:
    """The service worker, as the settings' button registers it."""
    page.goto(url + PATH)
    page.evaluate("navigator.serviceWorker.register('/push-worker.js', { scope: '/desk' })")
    wait_until(lambda: page.evaluate("Boolean(navigator.serviceWorker.controller)"))
    worker = page.context.service_workers[0]
    worker.evaluate(COUNTED)
    return PushedTo(page, worker)


def show_here(page: Page, url: str) -> None:
    """The button of the settings, in a browser whose push service is a double."""
    page.add_init_script(SUBSCRIBED)
    page.goto(url + PATH)
    page.click("text=Show on this device")
    expect(page.locator("[data-devices] .chip")).to_be_visible()


def test_what_is_pushed_is_shown_and_a_later_one_about_the_same_takes_its_place(page: Page, site: Served) -> None:
    """From our own origin under the strict policy (the window complains otherwise)."""
    device = register(page, site.url)
    device.push(title="Mina Han wrote", body="Product Designer", tag="mina", lang="en", path="/desk/t/1")
    device.push(title="Anna Berg wrote", body="Product Designer", tag="anna", lang="en", path="/desk/t/2")
    device.push(title="Mina Han: 2 new messages", body="Product Designer", tag="mina", lang="en", path="/desk/t/1")
    wait_until(lambda: len(device.shown()) == 2)
    assert sorted(device.shown()) == [
        ["Anna Berg wrote", "Product Designer", "/desk/t/2"],
        ["Mina Han: 2 new messages", "Product Designer", "/desk/t/1"],
    ]
    device.push()  # nothing that can be read: browsers want something to be shown
    wait_until(lambda: len(device.shown()) == 3)
    assert ["127.0.0.1:" + site.url.rpartition(":")[2], "", ""] in device.shown()


def test_a_click_opens_the_conversation_in_the_desk_that_is_open(page: Page, site: Served, mina: ApplicantView) -> None:
    device = register(page, site.url)
    path = f"/desk/t/{mina.thread_id}"
    device.push(title="Mina Han wrote", body="", tag="mina", lang="en", path=f"{path}#latest")
    wait_until(lambda: bool(device.shown()))
    device.click()
    page.wait_for_url(f"**{path}#latest")
    assert device.shown() == []
    page.fill("#text", "Half a sen")
    device.push(title="Mina Han wrote", body="", tag="mina", lang="en", path=f"{path}#msg-1")
    wait_until(lambda: bool(device.shown()))
    device.click()
    wait_until(lambda: device.worker.evaluate("self.focused").endswith("#latest"))
    assert page.input_value("#text") == "Half a sen"  # the tab is there already: it is only brought to the front
    page.goto(f"{site.url}/c/lost")
    tabs = "clients.matchAll({ type: 'window', includeUncontrolled: true }).then((all) => all.map((tab) => tab.url))"
    wait_until(lambda: device.worker.evaluate(tabs) == [f"{site.url}/c/lost"])
    device.push(title="Mina Han wrote", body="", tag="mina", lang="en", path=path)
    wait_until(lambda: bool(device.shown()))
    device.click()
    wait_until(lambda: device.worker.evaluate("self.opened") == site.url + path)  # no desk is open
    device.push(title="Elsewhere", body="", tag="x", lang="en", path="https://evil.example/")
    wait_until(lambda: bool(device.shown()))
    device.click()
    wait_until(lambda: not device.shown())
    assert device.worker.evaluate("self.opened") == site.url + path


def test_the_button_shows_news_on_this_device_until_it_is_removed(
    ctx: Context, company: Company, page: Page, site: Served
) -> None:  # fmt: skip
    """NH-P3. Removed from elsewhere, the browser ends its subscription the next time a desk is opened there."""
    page.add_init_script(SUBSCRIBED)
    page.goto(site.url + PATH)
    page.click("text=Show on this device")
    expect(page.locator("[data-devices] .chip")).to_have_text("This device")
    expect(page.locator("[data-devices] .line-what")).to_contain_text("Chrome, Linux")
    expect(page.locator("#device-on")).to_have_count(0)
    assert page.is_checked("[name='on.push']")
    (device,) = list_devices(ctx, company.as_jun)
    assert device.subscription.endpoint == page.evaluate("localStorage.held")
    page.click("text=Send a test")
    page.wait_for_url("**#tested")
    expect(page.locator("#tested")).to_be_visible()
    assert not find_faults(page)  # WCAG 2.2 AA (ux §14)
    remove_device(ctx, company.as_jun, device.id)
    page.goto(f"{site.url}/desk")
    wait_until(lambda: page.evaluate("!localStorage.held"))
    page.goto(site.url + PATH)
    expect(page.locator("#device-on")).to_be_visible()


def test_a_device_goes_on_after_a_new_sign_in_and_with_a_new_key(
    ctx: Context, company: Company, page: Page, site: Served
) -> None:  # fmt: skip
    show_here(page, site.url)
    (before,) = list_devices(ctx, company.as_jun)
    page.evaluate("fetch('/sign-out', { method: 'POST' })")
    wait_until(lambda: list_devices(ctx, company.as_jun) == [])
    page.evaluate(f"localStorage.vapid = {BROWSER_KEY!r}")  # as if it had subscribed with an earlier key
    held = page.evaluate("localStorage.held")
    page.goto(f"{site.url}/dev/login/{company.jun.id}")
    wait_until(lambda: bool(list_devices(ctx, company.as_jun)))
    (after,) = list_devices(ctx, company.as_jun)
    assert (after.id, after.since) == (before.id, before.since)
    assert after.session != before.session
    assert after.subscription.endpoint != held
    assert after.subscription.vapid == push_key(ctx)
    page.goto(f"{site.url}/dev/login/{company.ara.id}")  # a colleague, in the same browser
    wait_until(lambda: page.evaluate("!localStorage.held"))
    assert list_devices(ctx, company.as_ara) == []


def test_a_subscription_that_the_browser_renews_is_given_to_us(
    ctx: Context, company: Company, page: Page, site: Served
) -> None:  # fmt: skip
    """W3C Push API, pushsubscriptionchange: no desk need be open."""
    show_here(page, site.url)
    (device,) = list_devices(ctx, company.as_jun)
    page.context.service_workers[0].evaluate(
        """([key, p256dh]) => {
            const plain = key.replaceAll("-", "+").replaceAll("_", "/");
            const bytes = Uint8Array.from(atob(plain), (c) => c.charCodeAt(0)).buffer;
            const keys = { p256dh, auth: "MDEyMzQ1Njc4OWFiY2RlZg" };
            const fresh = { options: { applicationServerKey: bytes },
                toJSON: () => ({ endpoint: "https://push.example/renewed", keys }) };
            dispatchEvent(Object.assign(new ExtendableEvent("pushsubscriptionchange"), { newSubscription: fresh }));
        }""",
        [push_key(ctx), BROWSER_KEY],
    )
    wait_until(lambda: find_device(ctx, company.as_jun, device.id).subscription.endpoint.endswith("/renewed"))


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            "PushManager.prototype.subscribe = async () => { throw new DOMException('', 'AbortError'); }",
            "could not register",
        ),
        ("Notification.requestPermission = async () => 'denied'", "Allow them for this page"),
        ("delete window.PushManager", "This browser cannot show notifications here"),
    ],
)
def test_what_the_browser_cannot_do_is_said_and_everything_else_works(
    ctx: Context, company: Company, page: Page, site: Served, why: str, said: str
) -> None:  # fmt: skip
    page.add_init_script(why)
    page.goto(site.url + PATH)
    button = page.locator("#device-on")
    if button.is_visible():
        button.click()
    expect(page.locator("#device-said")).to_contain_text(said)
    assert list_devices(ctx, company.as_jun) == []
    page.fill("#f-undo", "30")
    page.click("button[value=undo]")
    assert page.input_value("#f-undo") == "30"
