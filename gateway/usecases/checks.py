"""In charge of: values that people and systems give us — addresses, phone numbers, languages — made clean or
refused with a remedy.

Not in charge of: the content of messages (`post_message.check_content`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import phonenumbers
from phonenumbers import PhoneNumberType, timezone

from gateway.errors import Invalid
from gateway.threads.blanks import visible_on_one_line
from gateway.threads.channel import Phone
from gateway.threads.routing import CHANNELS

LOCALES = ("en", "ko", "cs", "ru", "sv")
REGIONS = {"ko": "KR", "cs": "CZ", "ru": "RU", "sv": "SE", "en": "GB"}
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_NOT_IN_IDS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufffd/\\?#%]")  # U+FFFD: bytes that were no UTF-8 once
_NOT_IN_URLS = re.compile(r"[\s\x00-\x1f\x7f-\x9f<>\"\\^`{|}]")  # RFC 3986 §2; letters of every script are taken
_HOST = re.compile(r"([\w-]+\.)+[\w-]*[^\W\d][\w-]*\Z")  # a name with a dot, and no bare IPv4 address
LONGEST_URL = 500  # characters
_EMAIL = re.compile(rf"{_ATOM}(\.{_ATOM})*@([\w-]+\.)+[\w-]+\Z")


def is_email(value: str) -> bool:
    """Is this an address (RFC 5321 §4.1.2 dot-string form and §4.5.3.1 lengths, UTF-8 allowed)?"""
    local, _, domain = value.partition("@")
    return bool(_EMAIL.match(value)) and len(local.encode()) <= 64 and len(domain.encode()) <= 255


def check_email(field: str, value: str, *, optional: bool = False) -> str:
    """An address (`is_email`) in lower case. Raises Invalid."""
    value = value.strip()
    if not value and optional:
        return ""
    if not is_email(value):
        raise Invalid(field, "This is no e-mail address. Write it as name@company.com.", code="email")
    return value.lower()


def check_outer_email(field: str, value: str, *, reply_domain: str, optional: bool = False) -> str:
    """As `check_email`, of somebody who can read what is sent there: mail to an address that we gave out comes back to
    us, and would be dropped as our own. Raises Invalid.
    """
    email = check_email(field, value, optional=optional)
    if email.endswith(f"@{reply_domain}"):
        words = "Mail to this address would come back to us: give the person's own, not one at our reply domain."
        raise Invalid(field, words, code="email_ours")
    return email


def check_page_url(field: str, value: str) -> str:
    """The https address of a page (RFC 9110 §4.2.2), as it was written; "" for none. Raises Invalid."""
    value = value.strip()
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        is_page = parts.scheme == "https" and "@" not in parts.netloc and bool(_HOST.match(parts.hostname or ""))
        is_page = is_page and parts.port != 0  # raises for what is no port
    except ValueError:
        is_page = False
    if not is_page or len(value) > LONGEST_URL or _NOT_IN_URLS.search(value):
        raise Invalid(
            field,
            "Give the full address of a page, beginning with https://, for example https://company.com/privacy.",
            code="page_url",
        )
    return value


def check_phone(field: str, value: str, *, locale: str) -> str:
    """A phone number in E.164. A number without a country is read in the locale's country. Raises Invalid."""
    if not value.strip():
        return ""
    try:
        number = phonenumbers.parse(value, REGIONS.get(locale, "GB"))
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Invalid(
            field, "This is no phone number. Write it with the country, for example +82 10 1234 5678.", code="phone"
        )
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def check_mobile(field: str, value: str, *, locale: str) -> str:
    """A mobile number in E.164: what KakaoTalk and SMS reach. Raises Invalid, also for none."""
    number = check_phone(field, value, locale=locale)
    if read_mobile(number) is None:
        raise Invalid(field, "This is no mobile number: neither KakaoTalk nor SMS reaches it.", code="not_mobile")
    return number


def read_mobile(number: str) -> Phone | None:
    """A number in E.164 as providers want it; None if it is no mobile number (fixed line, 070, 080, 1588)."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if not phonenumbers.is_valid_number(parsed) or phonenumbers.number_type(parsed) not in kinds:
        return None
    digits = phonenumbers.national_significant_number(parsed)
    return Phone(str(parsed.country_code), f"0{digits}" if parsed.country_code == 82 else digits)


def zones_of(number: str) -> tuple[str, ...]:
    """The IANA time zones in which a number in E.164 can be; () when that is not known."""
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(z for z in zones if z != "Etc/Unknown")


def check_channels(field: str, value: Sequence[str]) -> list[str]:
    """Channels in an order, each once. Raises Invalid."""
    if len(set(value)) != len(value) or any(c not in CHANNELS for c in value):
        raise Invalid(field, "Name email, alimtalk or sms, each once.", code="channels")
    return list(value)


def check_locale(field: str, value: str, *, default: str) -> str:
    """One of our languages for a BCP 47 tag such as ko-KR; the default when empty. Raises Invalid."""
    if not value:
        return default
    language = value.replace("_", "-").split("-")[0].lower()
    if language not in LOCALES:
        raise Invalid(
            field,
            f"We speak {', '.join(LOCALES)}; use one of these.",
            code="locale",
            params={"known": ", ".join(LOCALES)},
        )
    return language


def check_external_id(field: str, value: str) -> str:
    """A company's own id of an opening or applicant, as it stands in addresses of the API. Raises Invalid."""
    if not value.strip(".") or len(value) > 200 or _NOT_IN_IDS.search(value):
        raise Invalid(
            field, "Give an id of 1 to 200 characters, without blanks and without / \\ ? # %.", code="external_id"
        )
    return value


def check_name(field: str, value: str, *, limit: int = 200) -> str:
    """One line of 1 to `limit` characters without control characters. Raises Invalid."""
    value = visible_on_one_line(value)
    if not value:
        raise Invalid(field, "This must not be empty.", code="name_empty")
    if len(value) > limit:
        raise Invalid(field, f"Use at most {limit} characters.", code="name_long", params={"limit": limit})
    return value
