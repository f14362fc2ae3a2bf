"""In charge of: `gateway doctor` — what is missing for this installation to work, each with the remedy. Not in
charge of: mending it.
"""

from __future__ import annotations

import logging
import shutil
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape

from gateway.app import make_own_domain
from gateway.config import Settings, unknown_names
from gateway.errors import GatewayError, SettingsError, Unavailable
from gateway.outbound.channelcheck import check_channels
from gateway.outbound.smtp_client import read_relay
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.migrate import check_tables
from gateway.worker import make_broker

SMTP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `ok` None means: could not be found out."""

    name: str
    ok: bool | None
    found: str
    remedy: str = ""


def examine(settings: Settings) -> int:
    """Print every finding; exit status 1 if something is wrong."""
    console = Console(highlight=False, soft_wrap=True)  # a DNS record that is wrapped cannot be copied
    findings = list(find_all(settings))
    signs = {True: ("green", "ok"), False: ("red", "wrong"), None: ("yellow", "?")}
    for finding in findings:
        colour, sign = signs[finding.ok]
        console.print(f"[{colour}]{sign:<8}[/] {finding.name:<12} {escape(finding.found)}")
        if finding.ok is not True and finding.remedy:
            console.print(f"{'':<8} → {escape(finding.remedy)}")
    return 1 if any(f.ok is False for f in findings) else 0


def find_all(settings: Settings) -> Iterator[Finding]:
    """Settings, disk, database, broker, smarthost, and the reply domain's DNS."""
    for name in unknown_names():
        yield Finding("settings", False, f"{name} is no setting", "Look for the right name in docs/settings.md.")
    if settings.demo:
        yield Finding("settings", None, "demo mode is on", "Never use it with real data.")
    if not settings.public_url.startswith("https://"):
        yield Finding("settings", None, "PUBLIC_URL is not https", "Put the web server behind TLS and set PUBLIC_URL.")
    own_key = settings.data_dir / "secret.key"
    if not settings.has_memory_broker and own_key.is_file() and own_key.read_bytes().strip() == settings.key:
        found = "made in DATA_DIR: a process with another DATA_DIR does not know it, and answers 550"
        yield Finding("secret key", None, found, "Give all processes the same GATEWAY_SECRET_KEY_FILE.")
    yield _check_disk(settings)
    yield from _check_database(settings)
    yield _check_broker(settings)
    yield _check_smarthost(settings)
    for seen in check_channels(settings):
        yield Finding(seen.name, seen.ok, seen.found, seen.remedy)
    try:
        domain = make_own_domain(settings)
    except SettingsError as error:
        yield Finding("dkim", False, str(error))
        return
    for check in domain.check():
        yield Finding(check.name, check.ok, check.found, check.remedy)


def _check_disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data_dir).free
    enough = free > 1_000_000_000
    return Finding(
        "disk", enough, f"{free // 1_000_000} MB free in DATA_DIR", "Make room: mails are refused when it is full."
    )


def _check_database(settings: Settings) -> Iterator[Finding]:
    try:
        database = Database(settings.database_address, Blobs(settings.blobs_address), pool_size=1)
        database.check()
    except SettingsError as error:
        yield Finding("database", False, str(error))
        return
    except Unavailable as error:
        yield Finding("database", False, f"does not answer ({_why(error)})", "Check GATEWAY_DATABASE_URL.")
        return
    kind = database.engine.dialect.name
    yield Finding("database", True, f"{kind}, durable commits")
    try:
        check_tables(database.engine)
    except GatewayError as error:
        yield Finding("database", False, str(error))
    database.close()


def _why(error: Unavailable) -> str:
    """The driver's own words, in one line. They name address and user, never a password."""
    said = " ".join(str(getattr(error.__cause__, "orig", error.__cause__)).split())
    return said or type(error.__cause__).__name__


def _check_broker(settings: Settings) -> Finding:
    kind = settings.broker_url.split(":")[0]
    if kind == "memory":
        return Finding("broker", True, "in memory: web, SMTP and workers must be one `gateway serve`")
    try:
        _log_in(settings.broker_url)
    except SettingsError as error:
        return Finding("broker", False, str(error))
    except Exception as error:  # whatever the client libraries raise: the library that logs in differs by broker
        found, remedy = _explain_broker(error)
        return Finding("broker", False, f"{kind}: {found}", f"{remedy} Mail still flows, by the sweep.")
    return Finding("broker", True, f"{kind}, logged in")


def _log_in(url: str) -> None:
    """Log in and leave, within some ten seconds. Raises SettingsError, and whatever the broker's library raises."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it would tell every failure, too
    limits = "socket_timeout=3&stack_timeout=5" if url.startswith("amqp") else "socket_timeout=3"
    broker: Any = make_broker(";".join(f"{one}{'&' if '?' in one else '?'}{limits}" for one in url.split(";")))
    try:
        if url.startswith("amqp"):
            _ = broker.connection  # made when it is asked for
        else:
            broker.client.ping()
    finally:
        broker.close()


def _explain_broker(error: Exception) -> tuple[str, str]:
    """What the broker said, and what to do. Only the kind: its own words may hold the password."""
    name = type(error).__name__
    if "Authentication" in name or "AccessDenied" in name or "Permission" in name:
        return (
            f"it refuses this user and password ({name})",
            "Correct user, password, database or vhost in GATEWAY_BROKER_URL.",
        )
    return (
        f"it does not answer as it should ({name})",
        "Check host and port in GATEWAY_BROKER_URL, and that the broker runs.",
    )


def _check_smarthost(settings: Settings) -> Finding:
    url = settings.outbound_smtp_url
    if not url:
        return Finding(
            "smarthost", False, "none: nothing can be sent", "Set GATEWAY_OUTBOUND_SMTP_URL to your mail relay."
        )
    if url.startswith("mailbox:"):
        return Finding("smarthost", None, "the built-in mailbox: nothing leaves", "Set GATEWAY_OUTBOUND_SMTP_URL.")
    parts = urlsplit(url)
    try:
        read_relay(url, helo="", require_tls=settings.outbound_require_tls)
    except SettingsError as error:
        return Finding("smarthost", False, str(error))
    try:
        server = (smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP)(timeout=SMTP_SECONDS)
        server.connect(parts.hostname or "", parts.port or (465 if parts.scheme == "smtps" else 587))
        server.ehlo()
        tls = parts.scheme == "smtps" or server.has_extn("starttls")
        server.quit()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            "smarthost", False, f"{parts.hostname}: {type(error).__name__}", "Check GATEWAY_OUTBOUND_SMTP_URL."
        )
    if not tls:
        return Finding("smarthost", None, f"{parts.hostname} offers no TLS", "Ask its operator for STARTTLS.")
    return Finding("smarthost", True, f"{parts.hostname}, TLS")
