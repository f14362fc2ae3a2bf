"""In charge of: the built-in mailbox and which channel the settings choose."""

from __future__ import annotations

import email
from pathlib import Path
from typing import Any

import pytest
from mail_servers import DOMAIN, NOW

from gateway.config import Settings
from gateway.errors import NotFound, SettingsError
from gateway.outbound.mail import MailChannel
from gateway.outbound.mailbox import Mailbox, MailboxChannel
from gateway.outbound.registry import build_channels, open_mailbox
from gateway.outbound.smtp_client import Tls, read_relay
from gateway.threads.channel import Accepted, Failed, Retry


def channel_in(folder: Path) -> MailboxChannel:
    return MailboxChannel(Mailbox(folder), domain=DOMAIN, clock=lambda: NOW)


def test_a_mail_is_listed_and_can_be_read_after_a_restart(tmp_path: Path, outgoing: Any) -> None:
    result = channel_in(tmp_path / "mailbox").send(outgoing())
    again = Mailbox(tmp_path / "mailbox")
    [mail] = again.list_mails()
    assert isinstance(result, Accepted)
    assert result.provider_id == mail.id
    assert (mail.to, mail.from_) == ("jiwoo@naver.example", outgoing().from_address)
    assert (mail.subject, mail.envelope_from) == (outgoing().subject, outgoing().envelope_from)
    assert email.message_from_bytes(again.read_raw(mail.id))["Message-ID"] == f"<01message@{DOMAIN}>"


def test_the_newest_mail_is_last_and_people_are_told_apart(tmp_path: Path, outgoing: Any) -> None:
    channel = channel_in(tmp_path)
    for number in range(30):
        channel.send(outgoing(subject=f"{number}", to="A@x.example" if number % 2 else "b@x.example"))
    assert [mail.subject for mail in channel.mailbox.list_mails()] == [str(number) for number in range(30)]
    assert [mail.subject for mail in channel.mailbox.list_mails(to="a@X.example")] == [str(n) for n in range(1, 30, 2)]


def test_half_a_mail_is_not_listed(tmp_path: Path, outgoing: Any) -> None:
    """A crash between the two files leaves no entry."""
    channel = channel_in(tmp_path)
    channel.send(outgoing())
    [mail] = channel.mailbox.list_mails()
    (tmp_path / f"{mail.id}.json").unlink()
    (tmp_path / f".{mail.id}.json").write_text("{")
    assert Mailbox(tmp_path).list_mails() == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "", "0" * 20 + "-00000000", "..", "a\x00b"])
def test_only_mails_can_be_read(tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFound):
        Mailbox(tmp_path).read_raw(key)


def test_a_folder_that_cannot_be_written_is_a_retry(tmp_path: Path, outgoing: Any) -> None:
    (tmp_path / "mailbox").write_text("a file stands where the folder should be")
    assert isinstance(channel_in(tmp_path / "mailbox").send(outgoing()), Retry)


def test_what_is_no_address_is_refused_here_too(tmp_path: Path, outgoing: Any) -> None:
    result = channel_in(tmp_path).send(outgoing(to="a@b@c"))
    assert isinstance(result, Failed)
    assert result.code == "5.1.3"


def test_the_settings_choose_the_mailbox(tmp_path: Path, outgoing: Any) -> None:
    settings = Settings(data_dir=tmp_path, outbound_smtp_url="mailbox:")
    build_channels(settings, clock=lambda: NOW)["email"].send(outgoing())
    assert len(open_mailbox(settings).list_mails()) == 1
    assert isinstance(build_channels(Settings(demo=True), clock=lambda: NOW)["email"], MailboxChannel)


def test_the_settings_choose_a_smarthost() -> None:
    settings = Settings(outbound_smtp_url="smtp://post:geheim@mx.example:2525")
    assert isinstance(build_channels(settings, clock=lambda: NOW)["email"], MailChannel)


def test_a_missing_or_mistyped_smarthost_is_named_at_start() -> None:
    for url in ("", "mx.example:25", "http://mx.example", "smtp://", "smtp://mx.example:port", "smtp://mx/inbox"):
        with pytest.raises(SettingsError, match="GATEWAY_OUTBOUND_SMTP_URL"):
            build_channels(Settings(outbound_smtp_url=url), clock=lambda: NOW)


def test_the_parts_of_a_smarthosts_address() -> None:
    relay = read_relay("smtp://us%40er:p%2Fw@mx.example", helo="h", require_tls=True)
    assert (relay.host, relay.port, relay.user, relay.password, relay.tls) == (
        *("mx.example", 587, "us@er", "p/w"),
        Tls.REQUIRED,
    )
    assert read_relay("smtps://[::1]", helo="h", require_tls=False).port == 465
    assert read_relay("smtps://[::1]", helo="h", require_tls=False).tls is Tls.IMPLICIT
