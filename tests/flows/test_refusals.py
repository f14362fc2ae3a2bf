"""Calls to the free number (080) that stands in advertising by SMS: no more advertising to that number, everything else
goes on (정보통신망법 §50; seeds §6.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from cast import Company, consents_of
from running import both_databases
from simulators import nhn
from starlette.testclient import TestClient
from web.web_kit import browser_of, make_app, words_of

from gateway.config import Settings
from gateway.errors import Conflict
from gateway.outbound.registry import build_channels, build_hooks
from gateway.threads.consents import ConsentKind
from gateway.threads.model import DeliveryState
from gateway.threads.purpose import Purpose
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.consents import give_consent
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one, find_due
from gateway.usecases.post_message import NewMessage, Posted, post_message
from gateway.usecases.record_refusals import ask_for_refusals
from gateway.usecases.views import ApplicantView
from gateway.worker_asking import Asker

LOCAL = "01012345678"
SIGNED = {"X-Toast-Webhook-Signature": nhn.WEBHOOK_SECRET, "Content-Type": "application/json"}


@pytest.fixture
def settings_values(provider: nhn.Nhn) -> dict[str, Any]:
    return {
        "outbound_smtp_url": "mailbox:",
        "channels": ["sms", "email"],
        "sms_provider": "nhn",
        "sms_sender": nhn.SEND_NO,
        "sms_refusal_number": "080-123-4567",
        "nhn_sms_app_key": nhn.APP_KEY,
        "nhn_sms_secret": nhn.SECRET,
        "nhn_webhook_secret": nhn.WEBHOOK_SECRET,
        "nhn_sms_url": provider.url,
        "provider_seconds": 3.0,
        "provider_rate": "",
    }


@pytest.fixture
def ctx(ctx: Context, channel: Any, gateway_settings: Settings, clock: Any) -> Iterator[Context]:
    channels = {**build_channels(gateway_settings, clock=clock), "email": channel}
    yield replace(ctx, channels=channels, hooks=build_hooks(gateway_settings, clock=clock))
    channels["sms"].close()


@pytest.fixture
def jiwoo(ctx: Context, company: Company) -> ApplicantView:
    made = enter(ctx, company, "jiwoo-1", opening=company.opening.external_id)
    agree(ctx, company)
    return made


def enter(ctx: Context, company: Company, external_id: str, *, opening: str) -> ApplicantView:
    person = {"name": "한지우", "email": "jiwoo@mail.example", "phone": "010-1234-5678", "locale": "ko"}
    return put_applicant(ctx, company.ats, external_id, opening=opening, source="applied", **person)


def agree(ctx: Context, company: Company) -> None:
    give_consent(ctx, company.ats, "jiwoo-1", ConsentKind.PHONE, words="새 채용 소식을 받겠습니다.")


def send(ctx: Context, company: Company, jiwoo: ApplicantView, purpose: Purpose) -> Posted:
    new = NewMessage(text="안녕하세요", purpose=purpose, channels=("sms",))
    return post_message(ctx, company.as_jun, jiwoo.thread_id, new)


def call_us(ctx: Context, company: Company, body: bytes) -> int:
    with TestClient(make_app(ctx, company)) as client:
        return client.post("/hooks/nhn/reports", content=body, headers=SIGNED).status_code


def opted_out(ctx: Context, thread_id: str) -> list[dict[str, str]]:
    with ctx.database.read() as tx:
        return [e.data for e in tx.events.named(thread_id, ("candidate.opted_out",))]


@both_databases
def test_a_call_ends_advertising_and_nothing_else(
    ctx: Context, company: Company, jiwoo: ApplicantView, provider: nhn.Nhn
) -> None:
    """Told by the webhook; seen in the conversation, on the consent, and in the audit log."""
    planned = send(ctx, company, jiwoo, Purpose.ADVERTISING)
    assert planned.deliveries[0].state in (DeliveryState.QUEUED, DeliveryState.SCHEDULED)
    assert call_us(ctx, company, provider.refuse(LOCAL)) == 200
    with pytest.raises(Conflict, match="has not agreed"):
        send(ctx, company, jiwoo, Purpose.ADVERTISING)
    for purpose in (Purpose.TRANSACTIONAL, Purpose.LEGAL_NOTICE):
        [delivery] = send(ctx, company, jiwoo, purpose).deliveries
        assert delivery.state is DeliveryState.QUEUED
    for delivery_id in find_due(ctx)[1]:
        deliver_one(ctx, delivery_id)
    assert [m.text.startswith("(광고)") for m in provider.messages] == [False, False]  # what was planned stays here
    (consent,) = consents_of(ctx, company, "jiwoo-1")
    assert (consent.in_force, consent.withdrawn_by) == (False, "080")
    assert opted_out(ctx, jiwoo.thread_id) == [{"channel": "sms", "by": "080"}]
    desk = browser_of(make_app(ctx, company), company.jun)
    assert "Called the free number: gets no more advertising by SMS" in words_of(
        desk.get(f"/desk/t/{jiwoo.thread_id}").text
    )
    audit = words_of(desk.get("/desk/settings/audit").text)
    assert "The candidate took back the consent to advertising by phone (by the free 080 number)" in audit


def test_it_is_told_again_and_again_and_counts_once(
    ctx: Context, company: Company, jiwoo: ApplicantView, provider: nhn.Nhn, clock: Any
) -> None:
    """By webhook, and by asking; a consent that the person gave after the call stands."""
    for _ in range(2):
        call_us(ctx, company, provider.refuse(LOCAL))
    clock.move(minutes=1)
    assert ask_for_refusals(ctx) == 0
    assert len(opted_out(ctx, jiwoo.thread_id)) == 1
    clock.move(hours=1)
    agree(ctx, company)
    clock.move(hours=1)
    assert ask_for_refusals(ctx) == 0
    assert send(ctx, company, jiwoo, Purpose.ADVERTISING).deliveries[0].state is not DeliveryState.SKIPPED
    call_us(ctx, company, provider.refuse(LOCAL))  # and a call after that ends it again
    assert len(opted_out(ctx, jiwoo.thread_id)) == 2


@both_databases
def test_a_lost_push_is_made_good_by_asking(
    ctx: Context, company: Company, jiwoo: ApplicantView, provider: nhn.Nhn, clock: Any
) -> None:
    """A month back, page by page, and not more often than every five minutes, whichever process asks."""
    provider.refuse(LOCAL)
    provider.refused_at |= {f"0105{n:07}": clock() for n in range(1500)}  # people whom we do not know
    clock.move(minutes=5)
    Asker(ctx).ask_once()
    Asker(ctx).ask_once()
    assert [c.query["pageNum"] for c in provider.calls if "blockservice" in c.path] == ["1", "2"]
    assert len(opted_out(ctx, jiwoo.thread_id)) == 1
    clock.move(days=40)
    agree(ctx, company)
    assert ask_for_refusals(ctx) == 0


def test_a_call_holds_for_every_application_with_that_number(
    ctx: Context, company: Company, jiwoo: ApplicantView, provider: nhn.Nhn
) -> None:
    put_opening(ctx, company.ats, "design", title="Designer", notify_emails=[])
    other = enter(ctx, company, "jiwoo-2", opening="design")
    call_us(ctx, company, provider.refuse(LOCAL))
    assert len(opted_out(ctx, jiwoo.thread_id)) == len(opted_out(ctx, other.thread_id)) == 1


def test_a_forged_or_odd_call_changes_nothing(
    ctx: Context, company: Company, jiwoo: ApplicantView, provider: nhn.Nhn
) -> None:
    body = provider.refuse(LOCAL)
    with TestClient(make_app(ctx, company)) as client:
        assert client.post("/hooks/nhn/reports", content=body).status_code == 401
    odd = (
        body.replace(LOCAL.encode(), b"nobody"),
        body.replace(b"createdDateTime", b"when"),
        b'{"event": "UNSUBSCRIBE"}',
    )
    assert [call_us(ctx, company, one) for one in odd] == [200, 200, 200]
    assert opted_out(ctx, jiwoo.thread_id) == []


def test_an_installation_without_a_free_number_asks_nobody(ctx: Context, provider: nhn.Nhn) -> None:
    settings = ctx.settings.model_copy(update={"sms_refusal_number": ""})
    assert ask_for_refusals(replace(ctx, settings=settings)) == 0
    assert provider.calls == []
