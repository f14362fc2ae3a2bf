"""Every documented result code of every provider has a class and words (facts: TOAST-DOCS error-code.md, Solapi status
codes, Twilio error pages)."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from gateway.threads.results import (
    NHN_ALIMTALK,
    NHN_SMS,
    OWN,
    SOLAPI,
    TABLES,
    TWILIO,
    Kind,
    Why,
    read_result,
    why_failed,
)

ROOT = Path(__file__).parents[2]
ALL = [(space, code) for space, table in TABLES.items() for code in table]


@pytest.mark.parametrize(
    ("space", "code", "kind"),
    [
        (NHN_ALIMTALK, "1000", Kind.OK),
        (NHN_ALIMTALK, "3019", Kind.PERMANENT),  # no KakaoTalk user
        (NHN_ALIMTALK, "3020", Kind.PERMANENT),
        (NHN_ALIMTALK, "3018", Kind.PERMANENT),
        (NHN_ALIMTALK, "3005", Kind.UNCONFIRMED),  # may still arrive within three days
        (NHN_ALIMTALK, "4000", Kind.UNCONFIRMED),
        (NHN_ALIMTALK, "4001", Kind.UNCONFIRMED),
        (NHN_ALIMTALK, "4161", Kind.PENDING),
        (NHN_ALIMTALK, "3000", Kind.RETRY),
        (NHN_ALIMTALK, "9999", Kind.RETRY),
        (NHN_ALIMTALK, "3016", Kind.CONFIG),  # template defect
        (NHN_ALIMTALK, "3043", Kind.CONFIG),
        (NHN_ALIMTALK, "1007", Kind.CONFIG),  # profile blocked
        (NHN_ALIMTALK, "-1005", Kind.UNCONFIRMED),  # an earlier attempt was taken
        (NHN_ALIMTALK, "-3005", Kind.CONFIG),
        (NHN_SMS, "3019", Kind.CONFIG),  # the same number, another meaning: forged sender
        (NHN_SMS, "3001", Kind.PERMANENT),
        (NHN_SMS, "2000", Kind.PERMANENT),  # no report in 25 or 80 hours; not sent again
        (NHN_SMS, "E919", Kind.PERMANENT),
        (NHN_SMS, "-2312", Kind.CONFIG),
        (NHN_SMS, "-2050", Kind.PERMANENT),
        (SOLAPI, "3000", Kind.PENDING),
        (SOLAPI, "4000", Kind.OK),
        (SOLAPI, "3104", Kind.PERMANENT),
        (SOLAPI, "1062", Kind.CONFIG),
        (SOLAPI, "DuplicatedSignature", Kind.RETRY),
        (TWILIO, "21610", Kind.PERMANENT),
        (TWILIO, "20429", Kind.RETRY),
        (TWILIO, "21606", Kind.CONFIG),
    ],
)
def test_what_follows_from_a_code(space: str, code: str, kind: Kind) -> None:
    assert read_result(space, code).kind is kind


def test_an_unknown_code_counts_against_the_recipient_and_is_kept() -> None:
    """Another channel may reach them; repeating what nobody understands helps nobody."""
    result = read_result(NHN_SMS, "7777")
    assert (result.code, result.kind, result.why) == ("nhn.sms.7777", Kind.PERMANENT, None)


@pytest.mark.parametrize(("space", "code"), ALL)
def test_every_code_that_is_a_no_can_be_said_in_words(space: str, code: str) -> None:
    kind = TABLES[space][code][0]
    why = why_failed(f"{space}.{code}")
    assert (why is None) == (kind is Kind.OK or (space == SOLAPI and kind is Kind.PENDING))
    assert len(f"{space}.{code}") <= 40


def test_codes_of_mail_are_not_ours() -> None:
    assert why_failed("5.1.1") is None
    assert why_failed("") is None
    assert all(why_failed(code) is why for code, why in OWN.items())


@pytest.mark.parametrize("locale", ["en", "ko", "cs", "ru", "sv"])
def test_every_meaning_has_words_in_every_language(locale: str) -> None:
    with (ROOT / "gateway/locales" / locale / "LC_MESSAGES/messages.po").open("rb") as file:
        words = {m.id: m.string for m in read_po(file) if m.id}
    assert [w for w in Why if not words.get(f"fail.{w.value}")] == []
