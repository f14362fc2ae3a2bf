"""In charge of: which channels and hooks there are, built from the settings.

Not in charge of: who is reached by which (`threads.routing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pydantic import SecretStr

from gateway.config import Settings
from gateway.errors import SettingsError
from gateway.outbound.ats import WebhookClient
from gateway.outbound.dkim import Signer, load_signer
from gateway.outbound.guard import Guard, Rate
from gateway.outbound.http import Api
from gateway.outbound.mail import MailChannel
from gateway.outbound.mailbox import Mailbox, MailboxChannel
from gateway.outbound.phonebox import PhoneBox, PhoneBoxChannel
from gateway.outbound.providers.nhn import NhnHook
from gateway.outbound.providers.nhn_alimtalk import NhnAlimtalk
from gateway.outbound.providers.nhn_sms import NhnSms
from gateway.outbound.providers.solapi import Solapi, SolapiApi, SolapiHook
from gateway.outbound.providers.twilio import Twilio, TwilioHook
from gateway.outbound.push import PushChannel
from gateway.outbound.slack import SlackChannel
from gateway.outbound.sms import SmsRouter
from gateway.outbound.smtp_client import read_relay
from gateway.outbound.vapid import PushKeys
from gateway.threads.channel import Channel, Hook
from gateway.threads.routing import ALIMTALK, SMS

MAILBOX_URL = "mailbox:"
PHONE_URL = "phone:"

Clock = Callable[[], datetime]


def build_channels(settings: Settings, *, clock: Clock) -> dict[str, Channel]:
    """Every channel by its name. Raises SettingsError that names the setting."""
    built = [_mail_channel(settings, clock), _alimtalk_channel(settings, clock), _sms_channel(settings, clock)]
    client = WebhookClient(seconds=settings.webhook_seconds, allow_private=settings.webhook_private_addresses)
    contact = f"mailto:postmaster@{settings.reply_domain}"
    built += [SlackChannel(client), PushChannel(client, keys=PushKeys(settings.keys), contact=contact, clock=clock)]
    return {channel.name: channel for channel in built if channel}


def build_hooks(settings: Settings, *, clock: Clock) -> Mapping[str, Hook]:
    """Who reads the calls of which provider, by the name in the address. A provider without a secret is closed."""
    hooks: dict[str, Hook] = {
        "nhn": NhnHook(settings.nhn_webhook_secret.get_secret_value()),
        "twilio": TwilioHook(
            token=settings.twilio_auth_token.get_secret_value(),
            shared_key=settings.twilio_webhook_key.get_secret_value(),
        ),
    }
    if settings.solapi_webhook_secret.get_secret_value():
        asked = [_solapi(settings, clock, channel=name) for name in (ALIMTALK, SMS)]
        secret = settings.solapi_webhook_secret.get_secret_value()
        hooks["solapi"] = SolapiHook(asked, secret=secret, clock=clock)
    return hooks


def open_mailbox(settings: Settings) -> Mailbox:
    """The built-in mailbox of this installation."""
    return Mailbox(settings.data_dir / "mailbox")


def open_phone(settings: Settings) -> PhoneBox:
    """The built-in phone of this installation."""
    return PhoneBox(settings.data_dir / "phone")


def _mail_channel(settings: Settings, clock: Clock) -> Channel:
    url, domain, signer = settings.outbound_smtp_url, settings.reply_domain, _signer(settings)
    if url == MAILBOX_URL or (not url and settings.demo):
        return MailboxChannel(open_mailbox(settings), domain=domain, clock=clock, signer=signer)
    if not url:
        raise SettingsError(
            "GATEWAY_OUTBOUND_SMTP_URL is not set: name your smarthost, for example smtp://user:password@host:587, "
            "or set it to mailbox: to keep outgoing mail in the built-in mailbox."
        )
    helo = settings.smtp_hostname or domain
    relay = read_relay(url, helo=helo, require_tls=settings.outbound_require_tls)
    rate = Rate(settings.mail_per_domain, setting="GATEWAY_MAIL_PER_DOMAIN")
    return MailChannel(relay, domain=domain, clock=clock, signer=signer, per_domain=rate)


def _alimtalk_channel(settings: Settings, clock: Clock) -> Channel | None:
    match settings.alimtalk_provider:
        case "nhn":
            key, secret = settings.nhn_alimtalk_app_key, settings.nhn_alimtalk_secret
            _need(GATEWAY_NHN_ALIMTALK_APP_KEY=key, GATEWAY_NHN_ALIMTALK_SECRET=secret)
            api = Api(settings.nhn_alimtalk_url, seconds=settings.provider_seconds)
            guard = _guard(settings, "nhn.alimtalk")
            return NhnAlimtalk(api, guard, app_key=key, secret=secret.get_secret_value())
        case "solapi":
            return _solapi(settings, clock, channel=ALIMTALK)
        case "phone:":
            return PhoneBoxChannel(open_phone(settings), channel=ALIMTALK, clock=clock)
    return None


def _sms_channel(settings: Settings, clock: Clock) -> Channel | None:
    korea, abroad = settings.sms_provider, settings.sms_abroad_provider
    if not korea and not abroad:
        return None
    built = {name: _sms_provider(settings, clock, name=name) for name in {korea, abroad} if name}
    return SmsRouter(korea=built.get(korea), abroad=built.get(abroad))


def _sms_provider(settings: Settings, clock: Clock, *, name: str) -> Channel:
    match name:
        case "nhn":
            key, secret = settings.nhn_sms_app_key, settings.nhn_sms_secret
            _need(GATEWAY_NHN_SMS_APP_KEY=key, GATEWAY_NHN_SMS_SECRET=secret)
            api = Api(settings.nhn_sms_url, seconds=settings.provider_seconds)
            guard = _guard(settings, "nhn.sms")
            return NhnSms(api, guard, app_key=key, secret=secret.get_secret_value(), sender=settings.sms_sender)
        case "solapi":
            return _solapi(settings, clock, channel=SMS)
        case "twilio":
            account, token = settings.twilio_account_sid, settings.twilio_auth_token
            _need(GATEWAY_TWILIO_ACCOUNT_SID=account, GATEWAY_TWILIO_AUTH_TOKEN=token)
            auth = (account, token.get_secret_value())
            api = Api(settings.twilio_url, seconds=settings.provider_seconds, auth=auth)
            hook = f"{settings.public_url}/hooks/twilio"
            guard = _guard(settings, "twilio")
            return Twilio(api, guard, account=account, sender=settings.twilio_from, hook_url=hook)
    return PhoneBoxChannel(open_phone(settings), channel=SMS, clock=clock)


def _solapi(settings: Settings, clock: Clock, *, channel: str) -> Solapi:
    key, secret = settings.solapi_api_key, settings.solapi_api_secret
    _need(GATEWAY_SOLAPI_API_KEY=key, GATEWAY_SOLAPI_API_SECRET=secret)
    api = Api(settings.solapi_url, seconds=settings.provider_seconds)
    signed = SolapiApi(api, key=key, secret=secret.get_secret_value(), clock=clock)
    sender = settings.alimtalk_sender if channel == ALIMTALK else settings.sms_sender
    return Solapi(signed, _guard(settings, "solapi"), channel=channel, sender=sender)


def _guard(settings: Settings, name: str) -> Guard:
    return Guard(Rate(settings.provider_rate, setting="GATEWAY_PROVIDER_RATE"), name=name)


def _need(**values: str | SecretStr) -> None:
    """Raises SettingsError that names those that are not set."""
    missing = [
        name for name, value in values.items() if not (value if isinstance(value, str) else value.get_secret_value())
    ]
    if missing:
        raise SettingsError(f"{' and '.join(missing)} must be set for the provider that is switched on.")


def _signer(settings: Settings) -> Signer | None:
    pem = settings.dkim_key.get_secret_value()
    return load_signer(settings.reply_domain, settings.dkim_selector, pem) if pem else None
