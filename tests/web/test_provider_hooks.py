"""Calls that providers make to us: genuine or nothing (reliability 59), once, in any order (68)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cast import Company
from simulators import nhn, solapi, twilio
from starlette.testclient import TestClient
from web_kit import BASE, browser_of, make_app

from gateway.config import Settings
from gateway.outbound.registry import build_channels, build_hooks
from gateway.threads.model import Delivery, DeliveryState
from gateway.usecases import applicants
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one
from gateway.usecases.post_message import NewMessage, post_message

KOREAN, SWEDISH = "+821012345678", "+46701234567"
HOOKS = {"nhn": "/hooks/nhn/reports", "solapi": f"/hooks/solapi/{solapi.WEBHOOK_SECRET}", "twilio": "/hooks/twilio/sms"}


@pytest.fixture
def servers(clock: Any) -> Iterator[tuple[nhn.Nhn, solapi.SolapiServer, twilio.TwilioServer]]:
    started = (nhn.Nhn(clock=clock), solapi.SolapiServer(clock=clock), twilio.TwilioServer(clock=clock))
    yield started
    for server in started:
        server.close()


@pytest.fixture
def settings_values(servers: Any) -> dict[str, Any]:
    korean, other, abroad = servers
    return {
        "outbound_smtp_url": "mailbox:",
        "channels": ["sms", "email"],
        "sms_provider": "nhn",
        "sms_abroad_provider": "twilio",
        "sms_sender": nhn.SEND_NO,
        "nhn_sms_app_key": nhn.APP_KEY,
        "nhn_sms_secret": nhn.SECRET,
        "nhn_webhook_secret": nhn.WEBHOOK_SECRET,
        "nhn_sms_url": korean.url,
        "solapi_api_key": solapi.KEY,
        "solapi_api_secret": solapi.SECRET,
        "solapi_webhook_secret": solapi.WEBHOOK_SECRET,
        "solapi_url": other.url,
        "twilio_account_sid": twilio.ACCOUNT,
        "twilio_auth_token": twilio.TOKEN,
        "twilio_from": twilio.NUMBER,
        "twilio_url": abroad.url,
    }


@pytest.fixture
def ctx(ctx: Context, channel: Any, gateway_settings: Settings, clock: Any) -> Iterator[Context]:
    channels = {**build_channels(gateway_settings, clock=clock), "email": channel}
    hooks = build_hooks(gateway_settings, clock=clock)
    yield replace(ctx, channels=channels, hooks=hooks)
    for edge in (channels["sms"], *hooks.values()):
        edge.close()


@pytest.fixture
def client(ctx: Context) -> TestClient:
    return browser_of(make_app(ctx))


def send(ctx: Context, company: Company, *, phone: str) -> Delivery:
    """A message that its provider took."""
    view = applicants.put_applicant(
        ctx,
        company.ats,
        f"of-{phone}",
        opening=company.opening.external_id,
        name="Jiwoo",
        email="jiwoo@mail.example",
        phone=phone,
        source="applied",
    )
    posted = post_message(ctx, company.as_jun, view.thread_id, NewMessage(text="Hello"))
    assert deliver_one(ctx, posted.deliveries[0].id) is DeliveryState.ACCEPTED
    return posted.deliveries[0]


def state_of(ctx: Context, delivery: Delivery) -> DeliveryState:
    with ctx.database.read() as tx:
        found = tx.outbox.find(delivery.id)
    assert found is not None
    return found.state


@pytest.mark.parametrize("path", [*HOOKS.values(), "/hooks/solapi/wrong", "/hooks/twilio/status/01d"])
@pytest.mark.parametrize("headers", [{}, {"x-toast-webhook-signature": "wrong", "x-twilio-signature": "d3Jvbmc="}])
def test_what_is_not_proven_changes_nothing(client: TestClient, path: str, headers: dict[str, str]) -> None:
    """Reliability 59."""
    answer = client.post(path, content=b'[{"data": {}}]', headers=headers)
    assert answer.status_code == (200 if path == HOOKS["solapi"] else 401)


@pytest.mark.parametrize("provider", ["nhn", "solapi", "twilio"])
def test_a_provider_without_a_secret_is_closed(ctx: Context, clock: Any, provider: str) -> None:
    """Reliability 59: unset secret = closed; a call that carries an empty one is no better."""
    none = {"nhn_webhook_secret": "", "solapi_webhook_secret": "", "twilio_auth_token": "", "sms_abroad_provider": ""}
    settings = Settings(**{**ctx.settings.model_dump(), **none})
    client = browser_of(make_app(replace(ctx, hooks=build_hooks(settings, clock=clock))))
    empty = {"x-toast-webhook-signature": "", "x-twilio-signature": ""}
    assert client.post(f"/hooks/{provider}/", headers=empty).status_code in (401, 404)
    body, signature = twilio.signed(f"{BASE}/hooks/twilio/sms", {"MessageSid": "SM1"}, token="")
    forged = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    assert client.post("/hooks/twilio/sms", content=body, headers=forged).status_code == 401


def test_no_such_provider_and_too_much(client: TestClient) -> None:
    assert client.post("/hooks/other/x").status_code == 404
    assert client.post("/hooks/nhn/x", content=b"x" * 2_000_001).status_code == 413
    assert client.get("/hooks/nhn/x").status_code == 405


@pytest.mark.parametrize("misspelled", [False, True])
def test_nhn_reports_with_the_key_as_written_and_as_in_its_example(
    ctx: Context, company: Company, client: TestClient, servers: Any, misspelled: bool
) -> None:
    delivery = send(ctx, company, phone=KOREAN)
    body = servers[0].report(servers[0].messages[0], "1000", misspelled=misspelled)
    headers = {"x-toast-webhook-signature": nhn.WEBHOOK_SECRET}
    assert [client.post(HOOKS["nhn"], content=body, headers=headers).status_code for _ in range(2)] == [200, 200]
    assert state_of(ctx, delivery) is DeliveryState.DELIVERED
    with ctx.database.read() as tx:
        found = tx.outbox.find(delivery.id, attempts=True)
    assert found is not None
    assert [a.outcome for a in found.attempts] == ["accepted", "delivered"]


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b'{"event": "UNSUBSCRIBE"}', b'{"hooks": 7}', b"\xff\xfe"])
def test_a_genuine_call_that_says_nothing_is_taken(client: TestClient, body: bytes) -> None:
    headers = {"x-toast-webhook-signature": nhn.WEBHOOK_SECRET}
    assert client.post(HOOKS["nhn"], content=body, headers=headers).status_code == 200
    assert client.post(HOOKS["solapi"], content=body).status_code == 200


def twilio_call(client: TestClient, path: str, fields: dict[str, str], **how: Any) -> int:
    body, signature = twilio.signed(f"{BASE}{path}", fields, **how)
    headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    return int(client.post(path, content=body, headers=headers).status_code)


def test_twilio_reports_in_any_order(ctx: Context, company: Company, client: TestClient, servers: Any) -> None:
    delivery = send(ctx, company, phone=SWEDISH)
    [call] = servers[2].posts()
    path = call.body["StatusCallback"].removeprefix(BASE)
    [sid] = servers[2].messages
    for status in ("delivered", "sent", "delivered", "failed", "queued"):
        assert twilio_call(client, path, {"MessageSid": sid, "MessageStatus": status}) == 200
    assert state_of(ctx, delivery) is DeliveryState.DELIVERED


def test_twilio_says_that_nobody_has_the_number(
    ctx: Context, company: Company, client: TestClient, servers: Any, channel: Any, pump: Any
) -> None:
    delivery = send(ctx, company, phone=SWEDISH)
    fields = {"MessageSid": next(iter(servers[2].messages)), "MessageStatus": "undelivered", "ErrorCode": "30005"}
    assert twilio_call(client, f"/hooks/twilio/status/{delivery.id}", fields) == 200
    assert state_of(ctx, delivery) is DeliveryState.FELL_BACK
    pump()
    assert [o.to for o in channel.sent] == ["jiwoo@mail.example"]


def test_a_signature_of_another_body_or_address_is_refused(client: TestClient) -> None:
    """Reliability 59."""
    body, signature = twilio.signed(f"{BASE}/hooks/twilio/sms", {"MessageSid": "SM1", "Body": "yes"})
    headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    assert client.post("/hooks/twilio/sms", content=body, headers=headers).status_code == 200
    assert client.post("/hooks/twilio/sms", content=body + b"&x=1", headers=headers).status_code == 401
    assert client.post("/hooks/twilio/sms?x=1", content=body, headers=headers).status_code == 401
    other = {**headers, "host": "evil.example", "x-forwarded-host": "evil.example"}
    assert client.post("/hooks/twilio/sms", content=body, headers=other).status_code == 200  # our own address counts
    settings = {**headers, "x-twilio-webhooks-signature-settings": "key=1,algorithm=HMAC_MD5"}
    assert client.post("/hooks/twilio/sms", content=body, headers=settings).status_code == 401


def test_an_sms_to_us_enters_the_thread(ctx: Context, company: Company, client: TestClient) -> None:
    """Reliability 59."""
    delivery = send(ctx, company, phone=SWEDISH)
    fields = {"MessageSid": "SM9", "From": SWEDISH, "To": twilio.NUMBER, "Body": "Ja, gärna!", "NumMedia": "0"}
    assert [twilio_call(client, "/hooks/twilio/sms", fields) for _ in range(2)] == [200, 200]
    with ctx.database.read() as tx:
        messages = tx.messages.newest(delivery.thread_id or "", before=100, limit=5)
    assert [m.text for m in messages] == ["Hello", "Ja, gärna!"]


def test_solapi_is_believed_only_after_it_was_asked(
    ctx: Context, company: Company, client: TestClient, servers: Any, clock: Any
) -> None:
    """Its calls carry no signature: what they say is a hint."""
    settings = Settings(**{**ctx.settings.model_dump(), "sms_provider": "solapi"})
    channels = build_channels(settings, clock=clock)
    delivery = send(replace(ctx, settings=settings, channels={**ctx.channels, **channels}), company, phone=KOREAN)
    [message_id] = servers[1].messages
    forged = servers[1].report(message_id).replace(b'"3000"', b'"4000"')
    assert client.post(HOOKS["solapi"], content=forged).status_code == 200
    assert state_of(ctx, delivery) is DeliveryState.ACCEPTED
    servers[1].messages[message_id]["statusCode"] = "4000"
    for flat in (True, False):
        assert client.post(HOOKS["solapi"], content=servers[1].report(message_id, flat=flat)).status_code == 200
    assert state_of(ctx, delivery) is DeliveryState.DELIVERED
    channels["sms"].close()
