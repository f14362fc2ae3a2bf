"""In charge of: every answer that is no success, as RFC 9457 problem+json.

Not in charge of: finding the faults.

A problem names the field and the remedy; it never repeats what was sent and never shows our own exception's text.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import Conflict, GatewayError, Invalid, NotFound, Refused, Unavailable
from gateway.threads.decisions import MEANINGS
from gateway.threads.keys import KeyScope

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
HOME = str(Path(__file__).parents[2])
MESSAGE_BRANCH, SWITCH_BRANCH = "[message]", "[switch]"  # of a field that may be true, false or a message
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="gateway"'}

log = logging.getLogger("gateway.web.api")


class MissingScope(GatewayError):
    """The key is good, but not for this."""

    def __init__(self, scope: KeyScope) -> None:
        super().__init__(scope.value)
        self.scope = scope


class FieldError(BaseModel):
    """One field that is wrong, and what to do."""

    field: str = Field(description="Path of the field: `attachments[0].filename`, or a parameter's name.")
    message: str


class Problem(BaseModel):
    """What went wrong (RFC 9457). `code` is stable; `detail` is for people."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    code: str = Field(description="For programs: not_found, invalid, thread_blocked …")
    detail: str
    errors: list[FieldError] = Field(default_factory=list, description="Fields to mend, if any.")
    trace: str | None = Field(None, description="Our own faults only: name it when you ask the operator.")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    trace: str | None = None,
) -> Response:
    """A problem as an answer."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
        trace=trace,
    )
    return Response(body.model_dump_json(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE)


def answer_fault(fault: Exception, *, trace: str) -> Response:
    """The problem for any exception; what we do not know is a 500 whose text stays with us."""
    match fault:
        case NotFound():
            return problem(404, code_of(fault), "There is no such thing, or it is not yours to see.")
        case Invalid():
            return invalid([FieldError(field=fault.field, message=fault.message)])
        case Conflict():
            return problem(_CONFLICTS.get(fault.code, 409), code_of(fault), fault.message)
        case MissingScope():
            detail = f"This key lacks the scope `{fault.scope.value}`: use one that has it."
            return problem(403, "scope_missing", detail)
        case Refused():
            meaning = MEANINGS[fault.decision.reason]
            return problem(meaning.http, code_of(fault), meaning.sentence)
        case RequestValidationError():
            return _answer_validation(fault.errors())
        case HTTPException():
            return _answer_status(fault)
        case Unavailable():
            log.warning("unavailable trace=%s", trace)
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            detail = "We cannot do this at the moment. Nothing was stored; send the same request again."
            return problem(503, "unavailable", detail, headers=headers, trace=trace)
    log.error("fault trace=%s %s\n%s", trace, type(fault).__name__, _places(fault))
    return problem(500, "fault", "Something went wrong on our side. Name the trace when you ask about it.", trace=trace)


def code_of(fault: GatewayError) -> str:
    """The stable `code` by which programs know what the caller did wrong (docs/reasons.md)."""
    match fault:
        case NotFound():
            return "not_found"
        case Conflict():
            return fault.code
        case Refused():
            return fault.decision.reason.value
    return "invalid"


def _places(fault: Exception) -> str:
    """Where in our own code it happened: places only, because the text of an exception may hold what people wrote."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [f for f in frames[:-1] if f.filename.startswith(HOME)]
    return "".join(traceback.format_list([*ours, *frames[-1:]]))


def invalid(errors: Sequence[FieldError]) -> Response:
    """422 with the fields to mend."""
    names = ", ".join(e.field for e in errors[:5])
    return problem(422, "invalid", f"Not accepted; mend and send again: {names}.", errors=errors)


def unauthorized() -> Response:
    """401 for a missing or unknown key; never says which."""
    return problem(401, "unauthorized", "Send a valid API key: Authorization: Bearer KEY.", headers=CHALLENGE)


_CONFLICTS = {"too_many": 429, "changed_meanwhile": 412}
_STATUSES = {
    400: ("bad_request", "The body cannot be read: send JSON in UTF-8 that is not nested deeply."),
    404: (
        "not_found",
        "The API has no such address: see /api/docs. None ends with a slash, and no id holds one, not even as %2F.",
    ),
    405: (
        "method_not_allowed",
        "This address does not know this method; the header Allow lists those it knows.",
    ),
    413: ("too_large", "The body is too large; send fewer or smaller files."),
    415: (
        "unsupported_media_type",
        "Send the body as JSON, with Content-Type: application/json, and not compressed; a file of applicants also as "
        "text/csv.",
    ),
}


def _answer_status(fault: HTTPException) -> Response:
    code, detail = _STATUSES.get(fault.status_code, ("refused", HTTPStatus(fault.status_code).phrase))
    return problem(fault.status_code, code, detail, headers=fault.headers)


# ---- fields ------------------------------------------------------------------------------------------------------

_WORDS: dict[str, str] = {
    "missing": "is missing: send it",
    "extra_forbidden": "is not known here: leave it out",
    "string_type": "is not text: send a string",
    "string_unicode": "holds half of a surrogate pair: send valid Unicode",
    "string_too_long": "is too long: at most {max_length} characters",
    "string_too_short": "is empty: send at least {min_length} character",
    "too_long": "is too long: at most {max_length}",
    "too_short": "is too short: at least {min_length}",
    "literal_error": "must be one of: {expected}",
    "enum": "must be one of: {expected}",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "timezone_aware": "has no time zone: end it with Z or an offset like +09:00",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_pattern_mismatch": "does not have the right form: {pattern}",
}
_NO_OBJECT = ("model_type", "model_attributes_type", "dict_type")
_LONGEST_FIELD = 100
_MOST_ERRORS = 20


def _answer_validation(faults: Sequence[Any]) -> Response:
    if any(f["type"] == "json_invalid" for f in faults):
        return problem(400, "bad_json", "The body is not valid JSON.")
    return invalid([_field_error(f) for f in faults[:_MOST_ERRORS]])


def _field_error(fault: Mapping[str, Any]) -> FieldError:
    of_message = fault["loc"][-1:] == (MESSAGE_BRANCH,)
    words = (
        "must be true, false or a message" if of_message and fault["type"] in _NO_OBJECT else _WORDS.get(fault["type"])
    )
    message = words.format(**fault.get("ctx", {})) if words else fault["msg"]
    return FieldError(field=_field_path(fault["loc"]), message=message)


def _field_path(where: Sequence[str | int]) -> str:
    """`("body", "attachments", 0, "filename")` as `attachments[0].filename`; others' keys are cut and cleaned."""
    path = ""
    for part in (p for p in where[1:] if p not in ("[key]", MESSAGE_BRANCH, SWITCH_BRANCH)):
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    printable = "".join(c if c.isprintable() else "?" for c in path.removeprefix("."))
    return printable[:_LONGEST_FIELD] or str(where[0] if where else "body")


class AnswerFaults:
    """Outermost: turns whatever escapes into a problem, so that no server page and no text of ours gets out."""

    def __init__(self, app: ASGIApp, *, new_trace: Callable[[], str]) -> None:
        self.app = app
        self.new_trace = new_trace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_noting)
        except Exception as fault:  # the last net: whatever it is, the caller gets a problem
            response = answer_fault(fault, trace=self.new_trace())
            if not started:
                await response(scope, receive, send)
