"""The words of AlimTalk and SMS in every language: complete, short enough, and nothing but what was approved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.errors import Invalid
from gateway.rendering import MissingVariable, Rendering
from gateway.threads.sms_text import ALIMTALK_CHARS, korean_form, plain_for_korea

ROOT = Path(__file__).parents[1]
LOCALES = ("en", "ko", "cs", "ru", "sv")
NOTICES = ("candidate.new_message", "candidate.blocked_notice")
VALUES = {
    "company": "모아랩스",
    "opening": "프로덕트 디자이너",
    "candidate_name": "한지우",
    "author_name": "김서연",
    "contact": "jobs@moalabs.example",
    "token": "a2" * 26,
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("notice", NOTICES)
def test_an_sms_names_company_and_link_and_fits(rendering: Rendering, notice: str, locale: str) -> None:
    link = "https://talk.moalabs.example/c/" + VALUES["token"]
    text = rendering.sms(notice, locale, {**VALUES, "link": link})
    assert text.startswith("[모아랩스]")
    assert text.endswith(link)
    assert "\n" not in text
    assert korean_form(plain_for_korea(text)) is not None
    assert len(text) < 400


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("notice", NOTICES)
def test_an_alimtalk_is_the_approved_text_with_its_values(rendering: Rendering, notice: str, locale: str) -> None:
    kakao = rendering.kakao(notice, locale, VALUES)
    source = (ROOT / "templates/notices" / notice / locale / "kakao.txt").read_text("utf-8")
    body = source.partition("\n---\n")[0].strip()
    assert kakao.text == re.sub(r"#\{(\w+)\}", lambda m: VALUES[m[1]], body)
    assert set(kakao.values) == set(re.findall(r"#\{(\w+)\}", source))
    assert kakao.link == f"/c/{VALUES['token']}"
    assert len(kakao.text) <= ALIMTALK_CHARS
    korean = locale == "ko"
    assert not korean or (0 < len(kakao.button) <= 14)  # Kakao's limit


def test_what_people_wrote_is_data_in_both(rendering: Rendering) -> None:
    """reliability 56: no template language in names, no line breaks into the approved text."""
    hostile = {**VALUES, "company": "{{ 7*7 }} #{token}", "candidate_name": "a\nb"}
    kakao = rendering.kakao("candidate.new_message", "en", hostile)
    assert "{{ 7*7 }} #{token}" in kakao.text
    assert "a b" in kakao.text
    assert "{{ 7*7 }}" in rendering.sms("candidate.new_message", "en", {**hostile, "link": "x"})


def test_a_missing_value_is_named_and_a_notice_without_phone_words_refused(rendering: Rendering) -> None:
    with pytest.raises(MissingVariable) as missing:
        rendering.kakao("candidate.new_message", "ko", {**VALUES, "opening": ""})
    assert missing.value.field == "opening"
    with pytest.raises(MissingVariable):
        rendering.sms("candidate.new_message", "ko", VALUES)
    with pytest.raises(Invalid):
        rendering.kakao("member.login_link", "ko", VALUES)
