"""A member's devices in the settings, and what a browser's script says to us (NH-P3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cast import Company
from fakes import FakeChannel
from running import Pump
from simulators.push import PushService
from starlette.testclient import TestClient
from web.test_words import LOCALES
from web.web_kit import browser_of, make_app, words_of

from gateway.outbound.ats import WebhookClient
from gateway.outbound.push import PushChannel
from gateway.outbound.vapid import PushKeys
from gateway.threads.notifying import PUSH
from gateway.usecases.context import Context
from gateway.usecases.devices import push_key

PATH = "/desk/settings/personal"


@pytest.fixture
def settings_values() -> dict[str, object]:
    return {"webhook_private_addresses": True}


def give(ctx: Context, desk: TestClient, service: PushService, **other: str) -> str:
    """What the script does after the browser subscribed; the device's id."""
    held = service.subscribe(push_key(ctx))[1]
    fields = {"endpoint": held.endpoint, "p256dh": held.p256dh, "auth": held.auth, "key": held.vapid, **other}
    answer = desk.post("/desk/devices", data=fields, headers={"user-agent": "Mozilla/5.0 (Linux) Firefox/140"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_device_is_listed_tried_and_removed(
    ctx: Context, company: Company, desk: TestClient, service: PushService, channel: FakeChannel
) -> None:
    """Which browser, since when; everything but adding works without scripts."""
    page = desk.get(PATH).text
    assert f'data-devices="{push_key(ctx)}"' in page
    assert 'id="device-on" hidden' in page  # nothing is offered to who has no scripts
    assert "To add this device, switch JavaScript on." in words_of(page)
    device = give(ctx, desk, service)
    shown = words_of(desk.get(PATH).text)
    assert "Firefox, Linux" in shown
    assert "This device" in shown
    assert 'id="device-on"' not in desk.get(PATH).text
    assert 'name="on.push" value="yes" checked' in desk.get(PATH).text
    assert desk.post(f"/desk/devices/{device}", data={"do": "test"}).headers["location"] == f"{PATH}#tested"
    client = WebhookClient(seconds=5, allow_private=True)
    pushing = PushChannel(client, keys=PushKeys(ctx.settings.keys), contact="mailto:a@b.example", clock=ctx.clock)
    Pump(replace(ctx, channels={"email": channel, PUSH: pushing}))()
    assert service.browsers[0].pushed[0].told["title"] == "Notifications work on this device"
    elsewhere = browser_of(make_app(ctx, company), company.jun)
    assert desk.get(f"/desk/devices/{device}").json() == {"key": push_key(ctx), "current": True}
    assert elsewhere.get(f"/desk/devices/{device}").json() == {"key": push_key(ctx), "current": False}
    assert "This device" not in words_of(elsewhere.get(PATH).text)
    assert elsewhere.post(f"/desk/devices/{device}", data={"do": "remove"}).status_code == 303
    assert "Firefox, Linux" not in words_of(desk.get(PATH).text)
    assert desk.get(f"/desk/devices/{device}").status_code == 404  # so that browser ends its subscription


def test_a_device_is_nobody_elses(ctx: Context, company: Company, desk: TestClient, service: PushService) -> None:
    device = give(ctx, desk, service)
    ara = browser_of(make_app(ctx, company), company.ara)
    assert ara.get(f"/desk/devices/{device}").status_code == 404
    for deed in ("test", "remove", "other"):
        assert ara.post(f"/desk/devices/{device}", data={"do": deed}).status_code == 404
    stranger = browser_of(make_app(ctx, company))
    assert stranger.post("/desk/devices", data={}, headers={"hx-request": "true"}).status_code == 401
    assert desk.post("/desk/devices", data={}, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert desk.get(f"/desk/devices/{device}").status_code == 200


def test_too_many_tests_are_complained_about_and_the_form_is_as_it_was(
    ctx: Context, desk: TestClient, service: PushService
) -> None:
    device = give(ctx, desk, service)
    for _ in range(10):
        assert desk.post(f"/desk/devices/{device}", data={"do": "test"}).status_code == 303
    answer = desk.post(f"/desk/devices/{device}", data={"do": "test"})
    assert answer.status_code == 422
    assert "Too many tries. Wait an hour." in words_of(answer.text)
    assert 'name="on.email" value="yes" checked' in answer.text


def test_a_subscription_that_is_none_is_refused_in_words(desk: TestClient) -> None:
    answer = desk.post("/desk/devices", data={"endpoint": "https://push.example/1", "p256dh": "no"})
    assert answer.status_code == 422
    assert "try again" in answer.text


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_says_it_in_every_language(desk: TestClient, locale: str) -> None:
    assert desk.get(f"{PATH}?lang={locale}").status_code == 200
    page = desk.get(PATH).text
    assert "personal.device" not in page
    assert "data-denied=" in page


def test_the_service_worker_is_ours_and_is_asked_for_anew(desk: TestClient) -> None:
    """From our own origin, under the strict policy, and never an old one out of a cache."""
    answer = desk.get("/push-worker.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-store"
    assert "worker-src 'self'" in answer.headers["content-security-policy"]
    assert "showNotification" in answer.text
