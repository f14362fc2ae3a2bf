"""In charge of: what providers' result codes mean — one closed table for each provider and channel.

Not in charge of: asking providers. Pure. Codes are kept with their space, `nhn.alimtalk.3019`, because numbers collide:
3019 is "no KakaoTalk user" there and "forged sender" in NHN's SMS. The words of each meaning are `fail.<meaning>` in
gateway/locales.

Sources: TOAST-DOCS/Alimtalk and TOAST-DOCS/SMS `ko/error-code.md`; Solapi documents and SDKs; Twilio error pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

NHN_ALIMTALK, NHN_SMS, SOLAPI, TWILIO = "nhn.alimtalk", "nhn.sms", "solapi", "twilio"


class Kind(StrEnum):
    """What follows from a code."""

    OK = "ok"
    PENDING = "pending"
    UNCONFIRMED = "unconfirmed"  # never sent again blindly
    RETRY = "retry"
    PERMANENT = "permanent"  # this person cannot be reached so
    CONFIG = "config"  # the company's or the operator's to mend: the same for everybody


class Why(StrEnum):
    """Every meaning, once; `fail.<value>` are its words."""

    NOT_KAKAO = "not_kakao"
    KAKAO_BLOCKED = "kakao_blocked"
    KAKAO_UNREACHABLE = "kakao_unreachable"
    KAKAO_PROFILE = "kakao_profile"
    TEMPLATE = "template"
    NUMBER = "number"
    NO_SUBSCRIBER = "no_subscriber"
    HANDSET = "handset"
    NETWORK = "network"
    SPAM = "spam"
    OPTED_OUT = "opted_out"
    SENDER_NUMBER = "sender_number"
    TOO_LONG = "too_long"
    LETTERS = "letters"
    KEYS = "keys"
    BALANCE = "balance"
    QUOTA = "quota"
    COUNTRY = "country"
    ADVERTISING = "advertising"
    HOURS = "hours"
    REPEATED = "repeated"
    PROVIDER = "provider"
    NO_REPORT = "no_report"
    REQUEST = "request"
    DEADLINE = "deadline"
    DAILY_CAP = "daily_cap"
    CHANNEL_OFF = "channel_off"


@dataclass(frozen=True, slots=True)
class Result:
    """One code with what follows from it. `why` None: the provider's own words have to do."""

    code: str  # with its space
    kind: Kind
    why: Why | None


def _table(*rows: tuple[Kind, Why, str]) -> dict[str, tuple[Kind, Why | None]]:
    """Rows of kind, meaning and codes: single ones and ranges such as 3028-3043, separated by spaces."""
    return {code: (kind, why) for kind, why, codes in rows for code in _spread(codes)}


def _spread(codes: str) -> Iterator[str]:
    for word in codes.split():
        first, _, last = word[1:].partition("-") if word.startswith("-") else word.partition("-")
        sign = "-" if word.startswith("-") else ""
        numbers = range(int(first), int(last) + 1) if last else ()
        yield from (f"{sign}{n}" for n in numbers) if last else (word,)


_C, _P, _R = Kind.CONFIG, Kind.PERMANENT, Kind.RETRY

TABLES: dict[str, dict[str, tuple[Kind, Why | None]]] = {
    NHN_ALIMTALK: {"0": (Kind.OK, None), "1000": (Kind.OK, None)}
    | _table(
        # send results
        (_C, Why.KAKAO_PROFILE, "1001-1016 1021-1025 1027"),
        (_P, Why.NUMBER, "1020 3008"),
        (_C, Why.REQUEST, "1030 3011 3013 3023"),
        (_R, Why.PROVIDER, "2001 3000 3006 3010 3012 9998 9999"),
        (Kind.UNCONFIRMED, Why.NO_REPORT, "3005 4000 4001"),
        (Kind.PENDING, Why.NO_REPORT, "4161"),
        (_C, Why.TOO_LONG, "3014 3025 3026"),
        (_C, Why.TEMPLATE, "3015 3016 3024 3027-3043 4132-4134"),
        (_P, Why.KAKAO_UNREACHABLE, "3018 3021"),
        (_P, Why.NOT_KAKAO, "3019"),
        (_P, Why.KAKAO_BLOCKED, "3020"),
        (_P, Why.HOURS, "3022"),
        (_P, Why.REPEATED, "4131"),
        (_P, Why.NO_REPORT, "4143"),
        (_C, Why.QUOTA, "4156"),
        # the API's own codes
        (_R, Why.KEYS, "-1000 -1001"),
        (_C, Why.KEYS, "-1002"),
        (_C, Why.SENDER_NUMBER, "-1003"),
        (Kind.UNCONFIRMED, Why.REPEATED, "-1005"),
        (_C, Why.KAKAO_PROFILE, "-1014 -1027 -2017"),
        (_C, Why.TOO_LONG, "-1028"),
        (_C, Why.TEMPLATE, "-2018 -2502 -2505 -3003 -3004 -3005 -3010 -3011 -8008"),
        (_C, Why.REQUEST, "-2025 -2026 -4003 -9992 -9996 -9998"),
        (_P, Why.NUMBER, "-5000"),
        (_R, Why.PROVIDER, "-7000 -9999"),
    ),
    NHN_SMS: {"0": (Kind.OK, None), "1000": (Kind.OK, None)}
    | _table(
        # receive results
        (_R, Why.NETWORK, "1001"),
        (_P, Why.NUMBER, "1002 1003 3003"),
        (_P, Why.NO_REPORT, "1019 2000"),
        (_P, Why.HANDSET, "2001-2007"),
        (_P, Why.NO_SUBSCRIBER, "3001"),
        (_P, Why.HANDSET, "3006"),
        (_P, Why.SPAM, "3012"),
        (_C, Why.REQUEST, "3016"),
        (_C, Why.SENDER_NUMBER, "3017-3019"),
        (_P, Why.COUNTRY, "4001-4010"),
        (_R, Why.PROVIDER, "E900 E999"),
        (_C, Why.REQUEST, "E911 E913"),
        (_P, Why.REPEATED, "E915"),
        (_P, Why.HOURS, "E919"),
        # the API's own codes
        (_C, Why.REQUEST, "4 -2016 -2022 -9996 -9998"),
        (_R, Why.KEYS, "-1000 -1001"),
        (_P, Why.NUMBER, "-2018 -2019"),
        (_C, Why.LETTERS, "-2023"),
        (_P, Why.COUNTRY, "-2024 -2044-2053"),
        (_C, Why.SENDER_NUMBER, "-2312 -2313"),
        (_P, Why.OPTED_OUT, "-6001"),
        (_C, Why.ADVERTISING, "-6003 -8000"),
        (_R, Why.PROVIDER, "-9999"),
    ),
    SOLAPI: {"4000": (Kind.OK, None), "2000": (Kind.PENDING, None), "3000": (Kind.PENDING, None)}
    | _table(
        # refused at registration
        (_C, Why.REQUEST, "1010 1011"),
        (_P, Why.REPEATED, "1026"),
        (_C, Why.LETTERS, "1029"),
        (_C, Why.BALANCE, "1030"),
        (_C, Why.TOO_LONG, "1031"),
        (_C, Why.KAKAO_PROFILE, "1041"),
        (_C, Why.TEMPLATE, "1042-1052"),
        (_P, Why.OPTED_OUT, "1061"),
        (_C, Why.SENDER_NUMBER, "1062"),
        # refusals of the API as a whole
        (_R, Why.KEYS, "InvalidAPIKey SignatureDoesNotMatch RequestTimeTooSkewed DuplicatedSignature"),
        (_C, Why.BALANCE, "NotEnoughBalance"),
        (_C, Why.REQUEST, "ValidationError"),
        # what the network said
        (_P, Why.HANDSET, "3031 3043"),
        (_P, Why.NO_SUBSCRIBER, "3032"),
        (_P, Why.NO_REPORT, "3040"),
        (_P, Why.HANDSET, "3047"),
        (_P, Why.SPAM, "3054"),
        (_C, Why.SENDER_NUMBER, "3059"),
        (_C, Why.KAKAO_PROFILE, "3101"),
        (_P, Why.KAKAO_UNREACHABLE, "3102 3107"),
        (_C, Why.TEMPLATE, "3103 3105"),
        (_P, Why.NOT_KAKAO, "3104"),
        (_P, Why.HOURS, "3108"),
    ),
    TWILIO: _table(
        (_R, Why.KEYS, "20003"),
        (_R, Why.QUOTA, "20429"),
        (_P, Why.NUMBER, "21211 21614 30006"),
        (_C, Why.COUNTRY, "21408 21612"),
        (_C, Why.SENDER_NUMBER, "21606 21608"),
        (_P, Why.OPTED_OUT, "21610"),
        (_C, Why.TOO_LONG, "21617"),
        (_P, Why.HANDSET, "30003"),
        (_P, Why.SPAM, "30004 30007"),
        (_P, Why.NO_SUBSCRIBER, "30005"),
        (_P, Why.NETWORK, "30008"),
    ),
}
OWN = {w.value: w for w in (Why.DEADLINE, Why.DAILY_CAP, Why.CHANNEL_OFF)} | {"auth": Why.KEYS}


def read_result(space: str, code: str) -> Result:
    """What this provider's code means. A code that no table has counts against the recipient: another channel may
    still reach them, and repeating what is not understood helps nobody.
    """
    kind, why = TABLES[space].get(code, (Kind.PERMANENT, None))
    return Result(f"{space}.{code}", kind, why)


def why_failed(code: str) -> Why | None:
    """The meaning of a delivery's code, with its space, for people; None for mail's codes and unknown ones."""
    space, _, number = code.rpartition(".")
    if space in TABLES:
        return TABLES[space].get(number, (None, None))[1]
    return OWN.get(code)
