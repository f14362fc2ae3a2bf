"""What `gateway doctor` says of KakaoTalk and SMS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mail_servers import free_port
from provider_kit import CLOCK
from simulators import nhn, twilio

from gateway.config import Settings
from gateway.outbound.channelcheck import check_channels

BASE: dict[str, Any] = {"secret_key": "k" * 40, "sms_provider": "nhn", "alimtalk_provider": "nhn"}


@pytest.fixture
def server() -> Iterator[nhn.Nhn]:
    started = nhn.Nhn(clock=lambda: CLOCK)
    yield started
    started.close()


def found(**values: Any) -> list[tuple[str, bool | None, str]]:
    return [(c.name, c.ok, c.found + " " + c.remedy) for c in check_channels(Settings(**values))]


def keys(server: Any, **changes: Any) -> dict[str, Any]:
    return {
        **BASE,
        "nhn_sms_app_key": nhn.APP_KEY,
        "nhn_sms_secret": nhn.SECRET,
        "nhn_alimtalk_app_key": nhn.APP_KEY,
        "nhn_alimtalk_secret": nhn.SECRET,
        "nhn_sms_url": server.url,
        "nhn_alimtalk_url": server.url,
        **changes,
    }


def test_without_phones_it_says_where_to_read() -> None:
    [(_, ok, words)] = found(secret_key="k" * 40)
    assert ok is None
    assert "docs/channels.md" in words


def test_missing_keys_are_named() -> None:
    [(_, ok, words)] = found(**BASE)
    assert ok is False
    assert "GATEWAY_NHN_ALIMTALK_APP_KEY" in words


def test_keys_that_work_and_what_is_missing_besides(server: nhn.Nhn) -> None:
    told = found(**keys(server))
    assert ("alimtalk", True) in [(name, ok) for name, ok, _ in told]
    assert ("sms", True) in [(name, ok) for name, ok, _ in told]
    words = " ".join(w for _, _, w in told)
    for setting in ("ALIMTALK_SENDER", "SMS_SENDER", "ALIMTALK_TEMPLATES", "NHN_WEBHOOK_SECRET"):
        assert f"GATEWAY_{setting}" in words
    assert server.posts() == []  # asked, nothing sent


def test_wrong_keys_and_an_unreachable_provider_are_wrong(server: nhn.Nhn) -> None:
    assert ("sms", False) in [(n, ok) for n, ok, _ in found(**keys(server, nhn_sms_secret="wrong"))]
    away = f"http://127.0.0.1:{free_port()}"
    assert ("sms", False) in [(n, ok) for n, ok, _ in found(**keys(server, nhn_sms_url=away))]


def test_twilio_needs_a_number() -> None:
    values = {
        "secret_key": "k" * 40,
        "sms_abroad_provider": "twilio",
        "twilio_account_sid": twilio.ACCOUNT,
        "twilio_auth_token": twilio.TOKEN,
        "twilio_url": f"http://127.0.0.1:{free_port()}",
    }
    assert any("GATEWAY_TWILIO_FROM" in words for _, _, words in found(**values))
