"""Channels to simulated providers, and ordinary messages for them. Not in charge of checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mail_servers import free_port
from simulators import nhn, solapi, twilio

from gateway.outbound.guard import Guard, Rate
from gateway.outbound.http import Api
from gateway.outbound.providers.nhn_alimtalk import NhnAlimtalk
from gateway.outbound.providers.nhn_sms import NhnSms
from gateway.outbound.providers.solapi import Solapi, SolapiApi
from gateway.outbound.providers.twilio import Twilio
from gateway.threads.channel import Outgoing, Phone

OPEN: list[Api] = []  # closed after each test
CLOCK = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KOREAN, SWEDISH = Phone("82", "01012345678"), Phone("46", "701234567")
SMS = Outgoing(delivery_id="01d", channel="sms", to="+821012345678", text="안녕하세요 https://g.test/c/x", phone=KOREAN)
ALIMTALK = replace(
    SMS,
    channel="alimtalk",
    sender=nhn.SENDER_KEY,
    template_code="NEWMSG",
    template_values={"company": "Moa", "token": "x"},
)
ATA = replace(ALIMTALK, sender=solapi.PF_ID, template_code=solapi.TEMPLATE)
ABROAD = replace(SMS, to="+46701234567", phone=SWEDISH)


def guard() -> Guard:
    return Guard(Rate("", setting="X"), name="test")


def api(url: str, **options: Any) -> Api:
    OPEN.append(Api(url, seconds=3.0, **options))
    return OPEN[-1]


def nowhere() -> str:
    return f"http://127.0.0.1:{free_port()}"


def make_alimtalk(url: str) -> NhnAlimtalk:
    return NhnAlimtalk(api(url), guard(), app_key=nhn.APP_KEY, secret=nhn.SECRET)


def make_nhn_sms(url: str) -> NhnSms:
    return NhnSms(api(url), guard(), app_key=nhn.APP_KEY, secret=nhn.SECRET, sender=nhn.SEND_NO)


def make_solapi(url: str, channel: str) -> Solapi:
    signed = SolapiApi(api(url), key=solapi.KEY, secret=solapi.SECRET, clock=lambda: CLOCK)
    return Solapi(signed, guard(), channel=channel, sender=solapi.SENDER if channel == "sms" else solapi.PF_ID)


def make_twilio(url: str) -> Twilio:
    auth = (twilio.ACCOUNT, twilio.TOKEN)
    sender, hook = twilio.NUMBER, "https://g.test/hooks/twilio"
    return Twilio(api(url, auth=auth), guard(), account=twilio.ACCOUNT, sender=sender, hook_url=hook)
