"""In charge of: the bodies that callers send.

Not in charge of: what they mean (use cases) or the answers (`schemas_out`).
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.threads.organising import LONGEST_TAG
from gateway.threads.policies.rejection import read_stage
from gateway.web.api.problems import MESSAGE_BRANCH, SWITCH_BRANCH
from gateway.web.api.schemas import (
    NOT_NUL,
    ONE_FULL_LINE,
    Address,
    Body,
    ExternalId,
    FullLine,
    Id,
    Input,
    Line,
    PageQuery,
    Text,
)

LOCALES = ("en", "ko", "cs", "ru", "sv")

TEMPLATE = r"^[a-z0-9][a-z0-9._-]{0,62}$"
VARIABLE = r"^[A-Za-z][A-Za-z0-9_]{0,49}$"
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_LANGUAGES = "|".join(f"[{c[0]}{c[0].upper()}][{c[1]}{c[1].upper()}]" for c in LOCALES)
_LOCALE_PATTERN = f"^({_LANGUAGES})([-_][A-Za-z0-9]{{1,8}}){{0,3}}$"
_BASE64_PATTERN = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


def _read_time(value: object, read: ValidatorFunctionWrapHandler) -> datetime:
    wrong = PydanticCustomError("time", "is not a time: write it like 2030-01-31T09:00:00+09:00 (RFC 3339)")
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise wrong
    try:
        found: datetime = read(value)
    except ValidationError:  # of the right form, but no such hour, day or offset
        raise wrong from None
    try:
        return found.astimezone(UTC)
    except (OverflowError, ValueError):
        raise PydanticCustomError("time", "is out of range: send a time between the years 2 and 9998") from None


def _decode_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise PydanticCustomError("base64", "is not text: send the file's content in base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise PydanticCustomError(
            "base64", "is not valid base64: encode the whole file, with padding (RFC 4648 §4)"
        ) from None


def _to_locale(value: str) -> str:
    """One of our languages for a BCP 47 tag: `ko-KR` and `KO` mean `ko`."""
    if not re.fullmatch(_LOCALE_PATTERN, value):
        raise PydanticCustomError("locale", f"is not a language we have: use one of {', '.join(LOCALES)}")
    return value[:2].lower()


SEND_AT = "Not before this time (RFC 3339), at most a year ahead. Left out: now. More than 5 minutes past: 422."
SendAt = Annotated[AwareDatetime, WrapValidator(_read_time)]
FileContent = Annotated[
    bytes,
    BeforeValidator(_decode_base64),
    WithJsonSchema({"type": "string", "contentEncoding": "base64", "pattern": _BASE64_PATTERN}),
]
Locale = Annotated[Line, AfterValidator(_to_locale), WithJsonSchema({"type": "string", "pattern": _LOCALE_PATTERN})]
OwnFields = Annotated[
    dict[Annotated[FullLine, Field(max_length=100)], Annotated[Text, Field(max_length=2000)]],
    Field(max_length=100),
    WithJsonSchema(  # pydantic would write the keys' pattern as patternProperties, which lets any other key pass
        {
            "type": "object",
            "maxProperties": 100,
            "propertyNames": {"minLength": 1, "maxLength": 100, "pattern": ONE_FULL_LINE},
            "additionalProperties": {"type": "string", "maxLength": 2000, "pattern": NOT_NUL},
        }
    ),
]
Variables = Annotated[
    dict[Annotated[str, StringConstraints(pattern=VARIABLE)], Annotated[Text, Field(max_length=2000)]],
    Field(max_length=50),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 50,
            "propertyNames": {"pattern": VARIABLE},
            "additionalProperties": {"type": "string", "maxLength": 2000, "pattern": NOT_NUL},
        }
    ),
]
Stage = Annotated[FullLine, AfterValidator(read_stage), Field(max_length=100)]
TagName = Annotated[FullLine, Field(max_length=LONGEST_TAG)]


class OpeningIn(Input):
    """A job, by your own id."""

    title: FullLine = Field(description="Its name, as people read it.")
    notify_emails: list[Address] = Field(
        max_length=50, description="Who gets a mail when a candidate writes. `[]` is legal: nobody."
    )
    public_contact: Address | None = Field(
        None, description="Where rejected candidates are pointed to; without it, the workspace's address."
    )
    locale: Locale | None = Field(None, description="Of applicants who name none; without it, the workspace's.")


class ApplicantIn(Input):
    """One person's application to one opening, by your own id."""

    opening: ExternalId = Field(description="`external_id` of the opening.")
    name: FullLine
    email: Address | None = Field(None, description="Left out, the one that you sent before is taken away.")
    phone: Annotated[Line, Field(max_length=32)] | None = Field(
        None,
        description="In international form: +82 10 1234 5678. Left out, the one that you sent before is taken away.",
    )
    locale: Locale | None = Field(
        None,
        description="Language for this person: en, ko, cs, ru or sv; `ko-KR` means ko. Left out, it stays; a new "
        "applicant has the opening's, else the workspace's.",
    )
    source: Literal["applied", "manual", "ats"] = Field("ats", description="How the application came to you.")
    fields: OwnFields = Field(
        default_factory=dict, description="Values of your own, for templates; those left out stay."
    )


class AuthorIn(Input):
    """Who wrote it, on the company's side."""

    name: FullLine
    email: Address | None = None


class AttachmentIn(Input):
    """A file that travels with the message."""

    filename: Annotated[FullLine, Field(max_length=255)]
    content_type: Annotated[
        str, Field(max_length=127, pattern=r"^[A-Za-z0-9][A-Za-z0-9.+_-]*/[A-Za-z0-9][A-Za-z0-9.+_-]*$")
    ]
    content: FileContent = Field(description="The file in base64.")


def _ask_for_content(schema: dict[str, Any]) -> None:
    text = {"type": "string"}
    files = {"type": "array", "minItems": 1}
    schema["anyOf"] = [
        {"required": ["text"], "properties": {"text": text}},
        {"required": ["html"], "properties": {"html": text}},
        {"required": ["attachments"], "properties": {"attachments": files}},
        {"required": ["template"], "properties": {"template": text}},
    ]


class MessageIn(Input, json_schema_extra=_ask_for_content):
    """A message of the company to the people of a thread: `text`, `html` or both, or else a `template`, never a
    template beside them; also with files.
    """

    text: Body | None = Field(None, description="Plain text. Left out, it is made from `html`.")
    html: Body | None = Field(None, description="HTML; it is cleaned before anybody sees it.")
    template: Annotated[str, StringConstraints(pattern=TEMPLATE)] | None = Field(
        None, description="Key of a template of yours. It takes the place of `text` and `html`: with either, 422."
    )
    variables: Variables = Field(default_factory=dict, description="Values of what the template declares.")
    author: AuthorIn | None = Field(None, description="Left out, the message is the workspace's own.")
    channels: list[Literal["email", "alimtalk", "sms"]] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description="How the candidate is reached, in this order; the next is used when one fails. Left out: as the "
        "workspace has it. KakaoTalk and SMS carry a notice with a link, never the text.",
    )
    purpose: Literal["transactional", "legal_notice", "reminder"] = Field(
        "transactional",
        description="Reminders wait for the recipient's morning; what the law demands goes out in spite of an opt-out.",
    )
    send_at: SendAt | None = Field(None, description=SEND_AT)
    attachments: list[AttachmentIn] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if self.text is None and self.html is None and self.template is None and not self.attachments:
            raise PydanticCustomError("no_content", "has no content: send `text`, `html`, `template` or `attachments`")
        if self.template is not None and (self.text is not None or self.html is not None):
            raise PydanticCustomError("two_contents", "has two contents: send `template`, or `text` and `html`")
        if self.template is None and self.variables:
            raise PydanticCustomError("no_template", "has `variables` without a `template`: leave them out")
        return self


def _kind_of_notify(value: object) -> str:
    """Which branch of `Notify` is meant, so that a complaint names the caller's own field only."""
    return SWITCH_BRANCH if isinstance(value, bool) else MESSAGE_BRANCH


Notify = Annotated[
    Annotated[MessageIn, Tag(MESSAGE_BRANCH)] | Annotated[StrictBool, Tag(SWITCH_BRANCH)],
    Discriminator(_kind_of_notify),
]


class StageIn(Input):
    """A step of the hiring process. `rejected` closes the gate, `restored` opens it."""

    stage: Stage = Field(description="`rejected`, `restored`, or any other stage by your own name.")
    notify: Notify | None = Field(
        None,
        description="A message to the candidate that goes with it. With `rejected`, `true` sends our own kind message "
        "in the candidate's language; `false` or nothing sends none. With another stage `true` sends nothing, too.",
    )


class OrderIn(Input):
    """How the team keeps a thread in order. What is left out stays; candidates never see it."""

    assignee: Address | Literal[""] | None = Field(None, description="Address of a member; an empty text is nobody.")
    tags: list[TagName] | None = Field(
        None, max_length=20, description="All that it is to have, by name; new ones are made."
    )
    done: StrictBool | None = Field(None, description="Out of the way until the candidate writes.")


class ReleaseIn(Input):
    """Where a mail of the review queue belongs."""

    thread_id: Id | None = Field(None, description="Needed when the mail names no thread.")
    as_note: StrictBool = Field(False, description="Only for the team, never for the candidate.")
    sender_is: Literal["candidate", "guest", "colleague"] | None = Field(
        None,
        description="Who the sender is, when a person has made sure: the candidate, from another address of theirs; "
        "somebody else on their side; or one of yours, whose words go on to the candidate. The thread knows them then.",
    )
    sender_name: Line = Field("", max_length=200, description="Of a new person; left out: as the mail has it.")

    @model_validator(mode="after")
    def _decides_once(self) -> Self:
        if self.as_note and self.sender_is:
            raise PydanticCustomError("two_decisions", "decides twice: send `as_note` or `sender_is`")
        return self


class MessagesQuery(PageQuery):
    """Which messages of a thread."""

    after: int = Field(0, ge=0, le=2**31 - 1, description="Messages with a greater `seq`; 0 is the beginning.")


class InboxQuery(PageQuery):
    """Which entries of the inbox."""

    state: (
        Literal["held", "unmatched", "failed", "refused", "ignored", "discarded", "threaded", "received", "processing"]
        | None
    ) = Field(None, description="Left out: everything that waits for a decision (held, unmatched, failed).")
