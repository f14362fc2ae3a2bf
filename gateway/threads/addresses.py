"""In charge of: addresses and links that carry a signed token — making them, and reading them back.

Not in charge of: whether the participant still exists (`usecases.receive_email.check_recipients`).

A token is base32(ULID 16 bytes + HMAC-SHA256 cut to 16 bytes): 52 letters and digits, case-insensitive, because
some mail systems change the case of local parts. `r+TOKEN@` and `r-TOKEN@` are the same reply address: some forms
and mail systems refuse a plus. `b+TOKEN@` is the return path of one delivery (VERP), so a bounce names its delivery.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    REPLY = "r"
    BOUNCE = "b"
    LINK = "link"  # candidate's personal page
    FILE = "file"  # attachment link
    UNSUBSCRIBE = "unsubscribe"  # the link in advertising mail


_ULID = "0123456789abcdefghjkmnpqrstvwxyz"
_AS_DIGITS = str.maketrans(f"{_ULID}ilou", "0123456789abcdefghijklmnopqrstuvzzzz")  # z: none of 32, so `int` refuses it
_TOKEN = r"[a-z2-7]{51}[aq]"  # 52 letters hold 260 bits; the last four are not set
_LOCAL = re.compile(rf"(?P<purpose>[rb])[+-](?P<token>{_TOKEN})\Z")
_PLAIN_LOCAL = re.compile(r"[a-z0-9]([a-z0-9._+-]*[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class IssuedAddress:
    """What a recipient address says: a participant's reply address, a delivery's return path, or a fixed name."""

    purpose: str  # "r" | "b" | "name"
    id: str = ""  # participant or delivery id
    name: str = ""  # local part in lower case, when purpose is "name"
    domain: str = ""  # "" for postmaster without a domain


def _ulid_bytes(ulid: str) -> bytes:
    return int(ulid.lower().translate(_AS_DIGITS), 32).to_bytes(16, "big")


def _ulid_text(data: bytes) -> str:
    value = int.from_bytes(data, "big")
    return "".join(_ULID[(value >> shift) & 31] for shift in range(125, -5, -5))


def _mac(key: bytes, purpose: str, data: bytes, version: int) -> bytes:
    text = f"{purpose}:{version}:".encode() + data
    return hmac.digest(key, text, "sha256")[:16]


def make_token(key: bytes, purpose: Purpose, subject_id: str, version: int = 0) -> str:
    """A signed token for one id (a ULID). `version` makes older tokens dead when it is raised."""
    data = _ulid_bytes(subject_id)
    return base64.b32encode(data + _mac(key, purpose, data, version)).decode().rstrip("=").lower()


def read_token(keys: Sequence[bytes], purpose: Purpose, token: str, version: int = 0) -> str | None:
    """The id that a token was made for, or None if it was not made by one of `keys` for this purpose and version."""
    token = token.lower()
    if not re.fullmatch(_TOKEN, token):
        return None
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        return None
    data, mac = raw[:16], raw[16:]
    if any(hmac.compare_digest(mac, _mac(key, purpose, data, version)) for key in keys):
        return _ulid_text(data)
    return None


def token_subject(token: str) -> str | None:
    """The id inside a token without believing it: to look up the version that `read_token` needs."""
    if not re.fullmatch(_TOKEN, token.lower()):
        return None
    return _ulid_text(base64.b32decode(token.upper() + "=" * (-len(token) % 8))[:16])


def reply_address(key: bytes, participant_id: str, domain: str, *, plus: bool = True) -> str:
    """The address by which one participant writes into their thread (SJ-1)."""
    return f"r{'+' if plus else '-'}{make_token(key, Purpose.REPLY, participant_id)}@{domain}"


def bounce_address(key: bytes, delivery_id: str, domain: str) -> str:
    """The return path of one delivery (VERP)."""
    return f"b+{make_token(key, Purpose.BOUNCE, delivery_id)}@{domain}"


def sms_address(number: str) -> str:
    """The sender of an SMS as the review queue has it: no address of ours, and none that anybody has."""
    return f"{number.lstrip('+')}@sms.invalid"


def read_address(keys: Sequence[bytes], address: str, domain: str) -> IssuedAddress | None:
    """What an envelope recipient says, or None for every form that we do not issue.

    The exact ASCII form is compared: quoted local parts, trailing dots, routes, percent hacks and comments are
    refused by not being readable here (RFC 5321 §4.1.2 allows them; nobody to whom we gave an address needs them).
    A token with a wrong signature gives None as well, so that never-existed and forged look the same.
    """
    if address.lower() == "postmaster":
        return IssuedAddress("name", name="postmaster")
    local, at, host = address.rpartition("@")
    if not at or not address.isascii() or host.lower() != domain.lower():
        return None
    local = local.lower()
    found = _LOCAL.match(local)
    if found:
        purpose = Purpose(found["purpose"])
        subject = read_token(keys, purpose, found["token"])
        return IssuedAddress(purpose.value, id=subject, domain=host.lower()) if subject else None
    if len(local) <= 64 and _PLAIN_LOCAL.match(local):
        return IssuedAddress("name", name=local, domain=host.lower())
    return None


def mask_email(address: str) -> str:
    """An address as shown on a page that others might see: `ji•••@naver.example`."""
    local, at, host = address.partition("@")
    return f"{local[:2]}•••@{host}" if at else ""
