"""In charge of: what `gateway doctor` says of KakaoTalk and SMS: keys, senders, templates, secrets of webhooks. Not in
charge of: mending it. Providers are asked, nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.config import Settings
from gateway.errors import SettingsError
from gateway.outbound.registry import build_channels
from gateway.threads.channel import CannotTell, Channel, Phone, Sent, TraceableChannel
from gateway.threads.routing import ALIMTALK, SMS

NOTICES = ("candidate.new_message", "candidate.blocked_notice")
HOOK_SECRETS = {"nhn": "nhn_webhook_secret", "solapi": "solapi_webhook_secret", "twilio": "twilio_auth_token"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` None means: not wrong, but to be known."""

    name: str
    ok: bool | None
    found: str
    remedy: str = ""


def check_channels(settings: Settings) -> Iterator[Check]:
    """Each channel to phones that is switched on."""
    if not settings.phone_channels:
        yield Check("phones", None, "neither KakaoTalk nor SMS is set up", "docs/channels.md says how.")
        return
    try:
        channels = build_channels(settings.model_copy(update={"outbound_smtp_url": "mailbox:"}), clock=_now)
    except SettingsError as error:
        yield Check("phones", False, str(error), "docs/channels.md says where each value is found.")
        return
    for name in settings.phone_channels:
        yield _ask(name, channels[name])
        channels[name].close()
    if settings.alimtalk_provider:
        yield from _check_alimtalk(settings)
    if settings.sms_provider in ("nhn", "solapi") and not settings.sms_sender:
        yield Check(SMS, False, "no sender number", "Register one with the provider; set GATEWAY_SMS_SENDER.")
    if "twilio" in (settings.sms_provider, settings.sms_abroad_provider) and not settings.twilio_from:
        yield Check(SMS, False, "no Twilio number", "Set GATEWAY_TWILIO_FROM.")
    yield from _check_hooks(settings)


def _ask(name: str, channel: Channel) -> Check:
    """Do the provider's keys work? Asked about a message that never was."""
    if not isinstance(channel, TraceableChannel):
        return Check(name, None, "cannot be asked")
    sent = Sent("doctor", "+821000000000", _now(), phone=Phone("82", "01000000000"))
    found = channel.trace(sent)
    if isinstance(found, CannotTell):
        return Check(name, False, found.why, "Check its keys and that this machine reaches the provider.")
    return Check(name, True, "the provider answers and takes our keys")


def _check_alimtalk(settings: Settings) -> Iterator[Check]:
    if not settings.alimtalk_sender and settings.alimtalk_provider != "phone:":
        yield Check(ALIMTALK, False, "no sender profile", "Set GATEWAY_ALIMTALK_SENDER (senderKey or pfId).")
    for notice in NOTICES:
        if not settings.template_code(notice, "ko"):
            remedy = (
                f"Have templates/notices/{notice}/ko/kakao.txt approved; add its code to GATEWAY_ALIMTALK_TEMPLATES."
            )
            yield Check(ALIMTALK, None, f"no template for {notice}: it goes by the next channel", remedy)


def _check_hooks(settings: Settings) -> Iterator[Check]:
    used = {settings.alimtalk_provider, settings.sms_provider, settings.sms_abroad_provider}
    for provider, field in HOOK_SECRETS.items():
        if provider in used and not getattr(settings, field).get_secret_value():
            remedy = f"Set GATEWAY_{field.upper()} and the address {settings.public_url}/hooks/{provider}/… there."
            yield Check(provider, None, "its reports are refused: no secret; results come by asking, later", remedy)


def _now() -> datetime:
    return datetime.now(UTC)
