"""In charge of: the bodies and answers of templates. Not in charge of: what they may say (`usecases.templates`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints

from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, KakaoBody, MailBody, MessageWords, Review, Template
from gateway.usecases.templates import Preview
from gateway.web.api.schemas import ExternalId, Input, Line, Text
from gateway.web.api.schemas_in import Locale, Variables

Source = Annotated[Text, Field(max_length=50_000)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Purposes = Literal["transactional", "legal_notice", "reminder", "advertising"]


class MailBodyIn(Input):
    """What goes by e-mail and stands in the conversation."""

    subject: Annotated[Text, Field(max_length=500)] = Field("", description="Left out: the usual one.")
    text: Annotated[Source, Field(min_length=1)]
    html: Source = Field("", description="Your own design; it is cleaned. Left out: made from the text.")


class SmsBodyIn(Input):
    """What goes by SMS or LMS: in Korea 90 and 2,000 bytes."""

    text: Annotated[Text, Field(min_length=1, max_length=4000)]


class KakaoBodyIn(Input):
    """An AlimTalk as it is registered at KakaoTalk."""

    text: Annotated[Text, Field(min_length=1, max_length=1000)] = Field(description="With #{names}, as approved.")
    code: Annotated[Line, Field(max_length=100)] = ""
    values: dict[Annotated[Line, Field(max_length=50)], Annotated[Text, Field(max_length=2000)]] = Field(
        default_factory=dict,
        max_length=40,
        description="For each #{name} what it is filled with: `{{ candidate.name }}`.",
    )
    button: Annotated[Line, Field(max_length=14)] = Field("", description="Its words; it opens the conversation.")
    review: Literal["draft", "registered", "in_review", "approved", "rejected"] = Field(
        "draft", description="Only an approved one is sent; until then the usual notice goes instead."
    )
    review_note: Annotated[Text, Field(max_length=2000)] = Field("", description="The reviewer's reason.")


class TemplateBodyIn(Input):
    """One language."""

    email: MailBodyIn
    sms: SmsBodyIn | None = None
    alimtalk: KakaoBodyIn | None = None

    def to_body(self) -> Body:
        kakao = self.alimtalk
        return Body(
            email=MailBody(self.email.subject, self.email.text, self.email.html),
            sms=self.sms.text if self.sms else "",
            alimtalk=KakaoBody(**{**kakao.model_dump(), "review": Review(kakao.review)}) if kakao else None,
        )


class TemplateBodies(Input):
    """A body for each language; at least one."""

    en: TemplateBodyIn | None = None
    ko: TemplateBodyIn | None = None
    cs: TemplateBodyIn | None = None
    ru: TemplateBodyIn | None = None
    sv: TemplateBodyIn | None = None


class TemplateIn(Input):
    """A text of yours for many people. `{{ candidate.name }}`, `{{ company.name }}`, `{{ company.contact }}`,
    `{{ opening.title }}`, `{{ stage }}`, `{{ link }}`, `{{ fields.yours }}`, and what `variables` declares.
    """

    purpose: Purposes = "transactional"
    variables: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,49}$")]] = Field(
        default_factory=list, max_length=50, description="Names that you give with each message."
    )
    bodies: TemplateBodies

    def to_bodies(self) -> dict[str, Body]:
        given = {locale: getattr(self.bodies, locale) for locale in TemplateBodies.model_fields}
        return {locale: body.to_body() for locale, body in given.items() if body is not None}


class MailBodyOut(BaseModel):
    subject: str
    text: str
    html: str


class SmsBodyOut(BaseModel):
    text: str


class KakaoBodyOut(BaseModel):
    text: str
    code: str
    values: dict[str, str]
    button: str
    review: Review
    review_note: str


class TemplateBodyOut(BaseModel):
    email: MailBodyOut
    sms: SmsBodyOut | None
    alimtalk: KakaoBodyOut | None


class TemplateOut(BaseModel):
    """A template as it is stored."""

    key: str
    purpose: Purpose
    variables: list[str]
    bodies: dict[str, TemplateBodyOut]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(
            key=template.key,
            purpose=template.purpose,
            variables=list(template.variables),
            bodies={locale: _body_out(body) for locale, body in template.bodies.items()},
            created_at=template.created_at,
            updated_at=template.updated_at,
        )


class TemplatePage(BaseModel):
    """In the order of their keys."""

    items: list[TemplateOut]
    next: str | None


class PreviewIn(Input):
    """For whom to show it."""

    applicant: ExternalId = Field(description="Your id of a real applicant.")
    locale: Locale | None = Field(None, description="Left out: the applicant's, then the workspace's, then English.")
    variables: Variables = Field(default_factory=dict)


class KakaoWordsOut(BaseModel):
    text: str
    code: str
    values: dict[str, str]
    button: str


class WordsOut(BaseModel):
    """What one person gets. `sms` null: the usual notice with a link goes by SMS."""

    locale: str
    subject: str
    text: str
    html: str
    sms: str | None
    alimtalk: KakaoWordsOut | None

    @classmethod
    def of(cls, words: MessageWords) -> Self:
        kakao = words.alimtalk
        return cls(
            locale=words.locale,
            subject=words.subject,
            text=words.text,
            html=words.html,
            sms=words.sms or None,
            alimtalk=KakaoWordsOut(text=kakao.text, code=kakao.code, values=dict(kakao.values), button=kakao.button)
            if kakao
            else None,
        )


class PreviewOut(BaseModel):
    """The words, and what the SMS costs: bytes in Korea, segments elsewhere."""

    words: WordsOut
    sms_bytes: int = Field(description="In CP949: up to 90 an SMS, up to 2,000 an LMS.")
    sms_encoding: Literal["GSM-7", "UCS-2"]
    sms_segments: int

    @classmethod
    def of(cls, preview: Preview) -> Self:
        segments = preview.sms_segments
        encoding: Literal["GSM-7", "UCS-2"] = "GSM-7" if segments.encoding == "GSM-7" else "UCS-2"
        return cls(
            words=WordsOut.of(preview.words),
            sms_bytes=preview.sms_bytes,
            sms_encoding=encoding,
            sms_segments=segments.count,
        )


def _body_out(body: Body) -> TemplateBodyOut:
    mail, kakao = body.email, body.alimtalk
    return TemplateBodyOut(
        email=MailBodyOut(subject=mail.subject, text=mail.text, html=mail.html),
        sms=SmsBodyOut(text=body.sms) if body.sms else None,
        alimtalk=KakaoBodyOut(
            text=kakao.text,
            code=kakao.code,
            values=dict(kakao.values),
            button=kakao.button,
            review=kakao.review,
            review_note=kakao.review_note,
        )
        if kakao
        else None,
    )
