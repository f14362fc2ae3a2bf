"""AlimTalk templates under review: the provider is asked, less and less often, and what KakaoTalk decided appears by
itself, with the reviewer's words (seeds GW-9; TOAST-DOCS/Alimtalk `ko/alimtalk-api-guide.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import Company
from running import both_databases
from simulators import nhn
from web.web_kit import browser_of, make_app, words_of

from gateway.config import Settings
from gateway.outbound.registry import build_channels
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, KakaoBody, MailBody, Review
from gateway.usecases.bell import read_bell
from gateway.usecases.context import Context
from gateway.usecases.review_templates import ask_for_reviews
from gateway.usecases.templates import find_template, put_template
from gateway.worker_asking import Asker

REASON = {"id": 2, "content": "광고 문구가 있습니다.", "createdAt": "2026-11-23 18:20:00", "status": "REJ"}
QUESTION = {"id": 3, "content": "왜 반려되었나요?", "createdAt": "2026-11-23 18:30:00", "status": "INQ"}


@pytest.fixture
def provider(provider: nhn.Nhn) -> nhn.Nhn:
    provider.reviews = {"invite_ko": ("TSC02", []), "invite_en": ("TSC01", [])}
    return provider


@pytest.fixture
def settings_values(provider: nhn.Nhn) -> dict[str, Any]:
    return {
        "outbound_smtp_url": "mailbox:",
        "channels": ["alimtalk", "email"],
        "alimtalk_provider": "nhn",
        "alimtalk_sender": nhn.SENDER_KEY,
        "nhn_alimtalk_app_key": nhn.APP_KEY,
        "nhn_alimtalk_secret": nhn.SECRET,
        "nhn_alimtalk_url": provider.url,
        "provider_seconds": 3.0,
        "provider_rate": "",
    }


@pytest.fixture
def ctx(ctx: Context, channel: Any, gateway_settings: Settings, clock: Any) -> Iterator[Context]:
    channels = {**build_channels(gateway_settings, clock=clock), "email": channel}
    yield replace(ctx, channels=channels)
    channels["alimtalk"].close()


def save(
    ctx: Context, company: Company, review: Review = Review.IN_REVIEW, *, codes: tuple[str, ...] = ("ko",)
) -> None:
    bodies = {
        tag: Body(MailBody("", "면접 안내"), alimtalk=KakaoBody("면접 안내", f"invite_{tag}", review=review))
        for tag in codes
    }
    put_template(ctx, company.as_jun, "invite", purpose=Purpose.TRANSACTIONAL, variables=[], bodies=bodies)


def state(ctx: Context, company: Company, tag: str = "ko") -> tuple[str, str]:
    kakao = find_template(ctx, company.as_jun, "invite").bodies[tag].alimtalk
    assert kakao is not None
    return kakao.review.value, kakao.review_note


def bell(ctx: Context, company: Company) -> list[str]:
    return [one.news.kind.value for one in read_bell(ctx, company.as_jun)[0]]


@both_databases
def test_an_approval_appears_by_itself_and_its_author_is_told(
    ctx: Context, company: Company, provider: nhn.Nhn, clock: Any
) -> None:
    save(ctx, company)
    assert ask_for_reviews(ctx) == 0  # not yet: it was saved just now
    assert provider.calls == []
    clock.move(minutes=5)
    assert ask_for_reviews(ctx) == 0
    assert state(ctx, company) == ("in_review", "")
    provider.reviews["invite_ko"] = ("TSC03", [])
    clock.move(minutes=5)
    Asker(ctx).ask_once()
    assert state(ctx, company) == ("approved", "")
    assert bell(ctx, company) == ["approved"]
    desk = browser_of(make_app(ctx, company), company.jun)
    page = desk.get("/desk/bell").text
    assert "KakaoTalk approved your template “invite”" in words_of(page)
    assert 'href="/desk/settings/templates/invite"' in page
    asked = len(provider.calls)
    clock.move(days=1)
    assert ask_for_reviews(ctx) == 0
    assert len(provider.calls) == asked  # decided: nobody is asked again


def test_a_rejection_brings_the_reviewers_words(ctx: Context, company: Company, provider: nhn.Nhn, clock: Any) -> None:
    """Not our own question about it, which is the newest comment; each language is a template of its own."""
    save(ctx, company, codes=("ko", "en"))
    provider.reviews |= {"invite_ko": ("TSC04", [REASON, QUESTION])}
    clock.move(minutes=5)
    assert ask_for_reviews(ctx) == 1
    assert state(ctx, company) == ("rejected", "광고 문구가 있습니다.")
    assert state(ctx, company, "en") == ("registered", "")
    assert bell(ctx, company) == ["rejected"]
    desk = browser_of(make_app(ctx, company), company.jun)
    assert "광고 문구가 있습니다." in words_of(desk.get("/desk/settings/templates").text)
    audit = words_of(desk.get("/desk/settings/audit?action=template").text)
    assert "KakaoTalk did not approve the template invite (ko)" in audit
    clock.move(minutes=5)
    provider.reviews["invite_en"] = ("TSC03", [])
    assert ask_for_reviews(ctx) == 1
    assert state(ctx, company, "en") == ("approved", "")
    assert state(ctx, company) == ("rejected", "광고 문구가 있습니다.")


def test_it_is_asked_less_and_less_often_and_in_the_end_not_any_more(
    ctx: Context, company: Company, provider: nhn.Nhn, clock: Any
) -> None:
    save(ctx, company)
    asked: list[int] = []
    for days in (1, 7, 60, 80):
        begin = len(provider.calls)
        until = clock() + timedelta(days=days - sum((0,) if not asked else (1, 6, 53)[: len(asked)]))
        while clock() < until:
            clock.move(minutes=30)
            ask_for_reviews(ctx)
        asked.append(len(provider.calls) - begin)
    assert asked[0] <= 48
    assert 40 <= asked[1] <= 56  # every three hours
    assert 40 <= asked[2] <= 60  # every day
    assert asked[3] == 0


def test_what_somebody_saved_meanwhile_stays_theirs(
    ctx: Context, company: Company, provider: nhn.Nhn, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider's answer comes to another text than the one that was asked about."""
    save(ctx, company)
    provider.reviews["invite_ko"] = ("TSC03", [])
    clock.move(minutes=5)
    channel = ctx.channels["alimtalk"]
    real = channel.find_review  # type: ignore[attr-defined]

    def saved_meanwhile(**asked: str) -> Any:
        save(ctx, company, Review.DRAFT)
        return real(**asked)

    monkeypatch.setattr(channel, "find_review", saved_meanwhile)
    assert ask_for_reviews(ctx) == 0
    assert state(ctx, company) == ("draft", "")


def test_a_provider_that_does_not_answer_is_asked_again(
    ctx: Context, company: Company, provider: nhn.Nhn, clock: Any
) -> None:
    save(ctx, company)
    provider.reviews.clear()  # NHN: no such template
    clock.move(minutes=5)
    assert ask_for_reviews(ctx) == 0
    assert state(ctx, company) == ("in_review", "")
    provider.reviews["invite_ko"] = ("TSC03", [])
    clock.move(minutes=5)
    assert ask_for_reviews(ctx) == 1
