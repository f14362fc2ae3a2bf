"""In charge of: which channels there are, built from the settings.

Not in charge of: who is reached by which (`threads.routing`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.config import Settings
from gateway.errors import SettingsError
from gateway.outbound.dkim import Signer, load_signer
from gateway.outbound.mail import MailChannel
from gateway.outbound.mailbox import Mailbox, MailboxChannel
from gateway.outbound.smtp_client import read_relay
from gateway.threads.channel import Channel

MAILBOX_URL = "mailbox:"


def build_channels(settings: Settings, *, clock: Callable[[], datetime]) -> dict[str, Channel]:
    """Every channel by its name. Raises SettingsError that names the setting. A new channel is one more line here."""
    return {channel.name: channel for channel in (_mail_channel(settings, clock),)}


def open_mailbox(settings: Settings) -> Mailbox:
    """The built-in mailbox of this installation."""
    return Mailbox(settings.data_dir / "mailbox")


def _mail_channel(settings: Settings, clock: Callable[[], datetime]) -> Channel:
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
    return MailChannel(relay, domain=domain, clock=clock, signer=signer)


def _signer(settings: Settings) -> Signer | None:
    pem = settings.dkim_key.get_secret_value()
    return load_signer(settings.reply_domain, settings.dkim_selector, pem) if pem else None
