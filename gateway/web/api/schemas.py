"""In charge of: the text types that every field of the API is made of, and the page query.

Not in charge of: the bodies
themselves (`schemas_in`, `schemas_out`), nor whether an address or a phone number is real (the use cases).

Every string goes through `Text`: NUL and lone surrogates are refused, because PostgreSQL cannot keep the one and
UTF-8 cannot carry the other.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from gateway.errors import Invalid
from gateway.threads.blanks import BLANKS, is_blank

# The same rules as patterns, for the OpenAPI document: clients and generators read them.
NOT_NUL = r"^[^\u0000]*$"
NOT_BLANK = rf"^[^\u0000]*[^{BLANKS}][^\u0000]*$"
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
_EDGE = r"[^\u0000-\u0020\u007f-\u00a0\u2028\u2029]"
_INNER = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
ONE_FULL_LINE = f"^{_EDGE}({_INNER}*{_EDGE})?$"
EXTERNAL_ID = r"^[^\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufffd/\\?#%]+$"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_IDS = re.compile(r"[\s\x00-\x1f\x7f-\x9f/\\?#%]")


PortalUrl = Annotated[
    str | None,
    Field(description="The candidate's own page. null for a key without `write`: who has it writes as the candidate."),
]


def _check_storable(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("nul", "holds the character U+0000: remove it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("surrogate", "holds half of a surrogate pair: send valid Unicode") from None
    return value


def _check_line(value: str) -> str:
    if _CONTROL.search(value):
        raise PydanticCustomError("control", "holds a line break or a control character: send one line")
    return value


def _check_not_blank(value: str) -> str:
    if is_blank(value):
        raise PydanticCustomError("blank", "is blank: write something, or leave the field out")
    return value


def _check_external_id(value: str) -> str:
    if "\ufffd" in value:  # what a server reads where bytes are no UTF-8: two ids would be one
        raise PydanticCustomError("external_id_bytes", "is not UTF-8: encode its letters as UTF-8, then in %XX")
    if _NOT_IN_IDS.search(value) or not value.strip("."):
        raise PydanticCustomError(
            "external_id", "holds a character that an id must not hold: no spaces and none of / \\ ? # %"
        )
    return value


def _strip(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _pattern(pattern: str) -> dict[str, object]:
    return {"pattern": pattern}


Text = Annotated[str, Field(json_schema_extra=_pattern(NOT_NUL)), AfterValidator(_check_storable)]
"""Any text that both databases can keep, line breaks included."""

Body = Annotated[
    str,
    Field(min_length=1, max_length=1_000_000, json_schema_extra=_pattern(NOT_BLANK)),
    AfterValidator(_check_storable),
    AfterValidator(_check_not_blank),
]
"""The words of a message. Its limit in force is a setting; this one only bounds the work."""

Line = Annotated[
    str,
    Field(json_schema_extra=_pattern(ONE_LINE)),
    AfterValidator(_check_storable),
    AfterValidator(_check_line),
]
"""One line: nothing that could start a new header of a mail."""

FullLine = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra=_pattern(ONE_FULL_LINE)),
    BeforeValidator(_strip),
    AfterValidator(_check_storable),
    AfterValidator(_check_line),
]
"""One line with something in it; blanks around it are taken off."""

Address = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"format": "email"}),
    BeforeValidator(_strip),
    AfterValidator(_check_storable),
    AfterValidator(_check_line),
]
"""An e-mail address by its length only (RFC 5321 §4.5.3.1.3); the use case checks the rest."""

ExternalId = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra=_pattern(EXTERNAL_ID)),
    AfterValidator(_check_storable),
    AfterValidator(_check_external_id),
]
"""The caller's own id of an opening or applicant; it stands in addresses of this API."""

Id = Annotated[
    str,
    Field(min_length=1, max_length=64, json_schema_extra=_pattern(EXTERNAL_ID)),
    AfterValidator(_check_storable),
]
"""One of our ids. An unknown one is answered 404, whatever it looks like."""


class Input(BaseModel):
    """What a caller sends: unknown fields are refused by name, so that a typing mistake is seen at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", hide_input_in_errors=True)


def check_cursor(cursor: str, form: re.Pattern[str]) -> None:
    """Raises Invalid for what cannot be `next` of one of our pages: it would silently begin somewhere."""
    if cursor and not form.fullmatch(cursor):
        raise Invalid("cursor", "is not one of ours: send `next` of the page before, or leave it out")


class PageQuery(Input):
    """Which page of a list."""

    cursor: Annotated[Line, Field(max_length=200)] = Field("", description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=100, description="Most items in one answer.")
