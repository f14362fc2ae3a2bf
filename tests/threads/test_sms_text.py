"""How long texts are on phone networks: CP949 in Korea, GSM 7-bit or UCS-2 elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.threads.sms_text import (
    LMS_BYTES,
    SMS_BYTES,
    Form,
    count_bytes,
    count_segments,
    cut_bytes,
    korean_form,
    plain_for_korea,
)


def test_every_hangul_syllable_has_two_bytes() -> None:
    """Python's euc_kr writes 8,822 of them as eight."""
    assert all(count_bytes(chr(c)) == 2 for c in range(0xAC00, 0xD7A4))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("가" * 45, Form.SMS),
        ("가" * 45 + "a", Form.LMS),
        ("a" * 90, Form.SMS),
        ("가" * 1000, Form.LMS),
        ("가" * 1000 + "a", None),
        ("", Form.SMS),
    ],
)
def test_sms_lms_or_too_long(text: str, form: Form | None) -> None:
    assert korean_form(text) is form


def test_a_title_makes_an_lms() -> None:
    assert korean_form("짧음", title="안내") is Form.LMS


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a–b—c", "a-b-c"),
        ("₩1,000", "￦1,000"),
        ("• 점", "· 점"),
        ("한\u00a0칸", "한 칸"),
        ("\u1112\u1161\u11ab", "한"),  # decomposed, as macOS types it
        ("좋아요 👍", "좋아요 ?"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_what_cp949_lacks_is_replaced_where_something_is_as_good(text: str, plain: str) -> None:
    assert plain_for_korea(text) == plain


@given(st.text())
def test_plain_text_can_always_be_counted_and_cut(text: str) -> None:
    plain = plain_for_korea(text)
    assert count_bytes(cut_bytes(plain, 40)) <= 40
    assert plain.startswith(cut_bytes(plain, 40))
    assert plain_for_korea(plain) == plain
    assert (korean_form(plain) is Form.SMS) == (count_bytes(plain) <= SMS_BYTES)
    assert (korean_form(plain) is None) == (count_bytes(plain) > LMS_BYTES)


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("å" * 160, "GSM-7", 1),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("č" * 70, "UCS-2", 1),
        ("č" * 71, "UCS-2", 2),
        ("я" * 134, "UCS-2", 2),
        ("я" * 135, "UCS-2", 3),
        ("👍" * 35, "UCS-2", 1),
        ("", "GSM-7", 0),
    ],
)
def test_segments_abroad(text: str, encoding: str, count: int) -> None:
    found = count_segments(text)
    assert (found.encoding, found.count) == (encoding, count)


def test_a_pair_is_never_parted_between_segments() -> None:
    """152 plain characters and an escape pair: the pair moves whole into the second segment, 153 each."""
    assert count_segments("a" * 152 + "€" + "a" * 152).count == 3
    assert count_segments("č" * 66 + "👍" + "č" * 66).count == 3
