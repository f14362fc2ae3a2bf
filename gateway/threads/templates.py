"""In charge of: what a workspace's template is — purpose, languages, a body for each channel — and which language and
body a person gets.

Not in charge of: filling it in (`rendering.workspace`), or sending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.threads.purpose import Purpose

KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
VARIABLE = re.compile(r"[^\W\d]\w{0,49}\Z")
KAKAO_VARIABLE = re.compile(r"#\{([^{}]{1,50})\}")
GIVEN = (  # what every template may say; `fields` are the applicant's own, by the ATS's names
    "candidate.name",
    "company.name",
    "company.contact",
    "opening.title",
    "stage",
    "link",
)
GROUPS = ("candidate", "company", "opening", "fields")


class Review(StrEnum):
    """Where an AlimTalk template stands at KakaoTalk: only an approved one is sent."""

    DRAFT = "draft"
    REGISTERED = "registered"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class MailBody:
    """Sources: `html` "" means that the text is shown."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class KakaoBody:
    """An AlimTalk as it was registered: `text` holds #{names}, `values` says with what each is filled."""

    text: str
    code: str
    values: Mapping[str, str] = field(default_factory=dict)
    button: str = ""  # its words; it opens the conversation
    review: Review = Review.DRAFT
    review_note: str = ""  # the reviewer's reason

    @property
    def sendable(self) -> bool:
        return self.review is Review.APPROVED and bool(self.code)

    @property
    def waits(self) -> bool:
        """Does somebody at KakaoTalk still have to decide about it?"""
        return self.review in (Review.REGISTERED, Review.IN_REVIEW) and bool(self.code)


@dataclass(frozen=True, slots=True)
class Body:
    """One language of a template. A channel without a body gets the usual notice with a link."""

    email: MailBody
    sms: str = ""
    alimtalk: KakaoBody | None = None

    def sources(self) -> list[tuple[str, str, bool]]:
        """(path of the field, source, is it HTML) of everything that is filled in."""
        found = [
            ("email.subject", self.email.subject, False),
            ("email.text", self.email.text, False),
            ("email.html", self.email.html, True),
            ("sms.text", self.sms, False),
        ]
        if self.alimtalk:
            found += [(f"alimtalk.values.{name}", source, False) for name, source in self.alimtalk.values.items()]
        return [entry for entry in found if entry[1]]


@dataclass(frozen=True, slots=True)
class Template:
    """A workspace's template. `variables` are the names that a sender must give beyond what we know ourselves."""

    id: str
    workspace_id: str
    key: str
    purpose: Purpose
    variables: tuple[str, ...]
    bodies: Mapping[str, Body]  # by language
    created_at: datetime
    updated_at: datetime
    saved_by: str = ""  # the member who saved it last, "" for the ATS

    @property
    def waits(self) -> bool:
        """Is an AlimTalk of it still under review?"""
        return any(body.alimtalk is not None and body.alimtalk.waits for body in self.bodies.values())


@dataclass(frozen=True, slots=True)
class KakaoWords:
    """A filled-in AlimTalk."""

    text: str
    code: str
    values: Mapping[str, str]
    button: str = ""


@dataclass(frozen=True, slots=True)
class MessageWords:
    """What one message says by each channel, filled in for one person; `sms` "" and None mean the usual notice."""

    template: str
    locale: str
    subject: str
    text: str
    html: str = ""
    sms: str = ""
    alimtalk: KakaoWords | None = None


def next_review_look(since: datetime, now: datetime) -> datetime | None:
    """When the provider is asked next about a review that has waited `since` then: often at first, for it may be
    quick, and less and less, for it may take days; None when nobody expects an answer any more.
    """
    for age, wait in _REVIEW_LOOKS:
        if now - since < age:
            return now + wait
    return None


_REVIEW_LOOKS = (  # (as long as it has waited less than this, ask again after that)
    (timedelta(hours=1), timedelta(minutes=5)),
    (timedelta(days=1), timedelta(minutes=30)),
    (timedelta(days=7), timedelta(hours=3)),
    (timedelta(days=60), timedelta(days=1)),
)


def choose_locale(available: Iterable[str], *wanted: str) -> str:
    """The first wanted language that there is (applicant's, opening's, workspace's), else English, else any."""
    have = list(available)
    return next((tag for tag in (*wanted, "en") if tag in have), have[0])


def kakao_names(text: str) -> tuple[str, ...]:
    """The #{names} of an AlimTalk's text, each once."""
    return tuple(dict.fromkeys(KAKAO_VARIABLE.findall(text)))


def fill_kakao(text: str, values: Mapping[str, str]) -> str:
    """The text with its values; they are never looked at again, whatever they hold."""
    return KAKAO_VARIABLE.sub(lambda found: values[found[1]], text)
