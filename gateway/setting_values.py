"""In charge of: which values a setting may have, and in which words another one is refused.

Not in charge of: the settings themselves and where they come from (`config`).
"""

from __future__ import annotations

import json
import logging
import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator

from gateway.errors import SettingsError

_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def split_listen(value: str) -> tuple[str, int]:
    """`HOST:PORT` or `[::1]:PORT` as a pair. Raises SettingsError."""
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise SettingsError(f"{value!r} is no address: write HOST:PORT, for example 127.0.0.1:8000.")
    return host.strip("[]"), int(port)


def read_json(value: Any, *, kind: type) -> Any:
    """A list or an object, which a variable or a file of its own holds as JSON."""
    if not isinstance(value, str):
        return value
    example = 'a JSON list, for example ["one", "two"]' if kind is list else 'a JSON object, for example {"name": "x"}'
    try:
        found = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, kind):
        raise ValueError(f"write {example}")
    return found


def read_value_file(variable: str, path: str) -> str:
    """The value in a file that a variable names. Raises SettingsError: a secret must not be taken for "none"."""
    try:
        value = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable} names {path}, which cannot be read: {error}") from None
    if not value:
        raise SettingsError(f"{variable} names {path}, which is empty: write the value into it.")
    return value


def _check_listen(value: str) -> str:
    try:
        split_listen(value)
    except SettingsError as error:
        raise ValueError(str(error)) from None
    return value


def _check_public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is no web address: write https://HOST, for example https://jobs.company.example")
    return value.rstrip("/")


def _check_domain(value: str) -> str:
    domain = value.lower().rstrip(".")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"{value!r} is no domain: write reply.company.example (international names as xn--…)")
    return domain


def _check_addresses(values: list[str]) -> list[str]:
    """IP addresses in the one spelling that they are compared in."""
    return [_read_ip(value) for value in values]


def _read_ip(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError(f"{value!r} is no IP address: write 192.0.2.1 or 2001:db8::1") from None


def _check_networks(values: list[str]) -> list[str]:
    for value in values:
        try:
            ip_network(value)
        except ValueError:
            raise ValueError(f"{value!r} is no IP address or network: write 192.0.2.1 or 192.0.2.0/24") from None
    return values


def _check_proxies(values: list[str]) -> list[str]:
    """Networks, or "*" alone: where nobody but the proxy reaches the web server."""
    return values if values == ["*"] else _check_networks(values)


def _check_channels(values: list[str]) -> list[str]:
    unknown = [c for c in values if c not in ("email", "alimtalk", "sms")]
    if unknown or not values:
        raise ValueError(f"name at least one of email, alimtalk, sms; {', '.join(unknown) or 'nothing'} is none")
    return values


def _check_level(value: str) -> str:
    if value.upper() not in logging.getLevelNamesMapping():
        raise ValueError(f"{value!r} is no level: write DEBUG, INFO, WARNING or ERROR")
    return value


Listen = Annotated[str, AfterValidator(_check_listen)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
Domain = Annotated[str, AfterValidator(_check_domain)]
Addresses = Annotated[list[str], AfterValidator(_check_addresses)]
Networks = Annotated[list[str], AfterValidator(_check_networks)]
Proxies = Annotated[list[str], AfterValidator(_check_proxies)]
Channels = Annotated[list[str], AfterValidator(_check_channels)]
LogLevel = Annotated[str, AfterValidator(_check_level)]
