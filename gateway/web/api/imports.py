"""In charge of: `/applicants/import`, many applicants in one call, as a CSV file or as JSON.

Not in charge of: the rows' meaning (`usecases.import_applicants`), reading CSV (`threads.applicant_file`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from gateway.threads.applicant_file import LONGEST_CELL, MOST_ROWS, ApplicantFile, ApplicantRow, read_applicant_file
from gateway.usecases.import_applicants import Outcome, RowResult, import_applicants
from gateway.web.api.answers import answer_once
from gateway.web.api.auth import IdempotencyKey, Writer
from gateway.web.api.bodies import CSV, media_type_of
from gateway.web.api.schemas import Input, Text
from gateway.web.api.schemas_in import OwnFields

router = APIRouter(tags=["Applicants"])
MOMENT = "2026-01-31, 2026-01-31 09:00 by the workspace's clock, or RFC 3339"
Cell = Annotated[Text, Field(max_length=LONGEST_CELL)]


class ImportRowIn(Input):
    """One person. What is wrong with one is said in its row of the answer, and the others are taken."""

    external_id: Cell
    opening: Cell = Field(description="`external_id` of the opening, or its title where only one has it.")
    name: Cell
    email: Cell = Field("", description="Empty or left out: what is known stays. So with all that follows.")
    phone: Cell = ""
    locale: Cell = ""
    consent_email: Cell = Field("", description="The words of a consent to advertising by e-mail, not yes or no.")
    consent_email_at: Cell = Field("", description=f"When it was given: {MOMENT}. Needed with the words.")
    consent_phone: Cell = Field("", description="The same for KakaoTalk and SMS.")
    consent_phone_at: Cell = ""
    fields: OwnFields = Field(default_factory=dict)

    def to_row(self, number: int) -> ApplicantRow:
        values = self.model_dump(exclude={"fields"})
        return ApplicantRow(number, {name: cell.strip() for name, cell in values.items()}, self.fields)


class ImportIn(Input):
    """Many applicants."""

    rows: list[ImportRowIn] = Field(min_length=1, max_length=MOST_ROWS)


class RowProblemOut(BaseModel):
    field: str
    message: str


class ImportRowOut(BaseModel):
    """One row; its number is the one that a spreadsheet shows, or its place in `rows`, counted from 1."""

    row: int
    external_id: str
    name: str
    outcome: Outcome
    changed: list[str] = Field(description="What is new about the person, if `changed`.")
    problem: RowProblemOut | None = Field(description="Why it was not taken, if `refused`.")

    @classmethod
    def of(cls, result: RowResult) -> Self:
        fault = result.fault
        return cls(
            row=result.number,
            external_id=result.external_id,
            name=result.name,
            outcome=result.outcome,
            changed=list(result.changed),
            problem=RowProblemOut(field=fault.field, message=fault.message) if fault else None,
        )


class ImportOut(BaseModel):
    """What became of the rows, or would with `dry_run`."""

    dry_run: bool
    new: int
    changed: int
    unchanged: int
    refused: int
    ignored_columns: list[str]
    rows: list[ImportRowOut]

    @classmethod
    def of(cls, results: Sequence[RowResult], *, ignored: Sequence[str], dry_run: bool) -> Self:
        counts = {o.value: sum(r.outcome is o for r in results) for o in Outcome}
        rows = [ImportRowOut.of(r) for r in results]
        return cls(dry_run=dry_run, ignored_columns=list(ignored), rows=rows, **counts)


class _Sent(BaseModel):
    """What stands for the body when a repeated call is compared with the first."""

    digest: str


async def _body_of(request: Request) -> tuple[bytes, bool]:
    """The body, and whether it is CSV; `TakeJson` has let in nothing but CSV and JSON."""
    return await request.body(), media_type_of(request.headers.get("content-type", "")) == CSV


def _read(body: bytes, *, is_csv: bool) -> ApplicantFile:
    if is_csv:
        return read_applicant_file(body)
    try:
        sent = ImportIn.model_validate_json(body)
    except ValidationError as fault:
        found = [{**e, "loc": ("body", *e["loc"])} for e in fault.errors(include_url=False, include_input=False)]
        raise RequestValidationError(found) from None
    return ApplicantFile(tuple(row.to_row(n) for n, row in enumerate(sent.rows, 1)))


def _describe_body() -> dict[str, Any]:
    rows = {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": ImportRowIn.model_json_schema()}
    whole = {"type": "object", "properties": {"rows": rows}, "required": ["rows"], "additionalProperties": False}
    content = {
        "application/json": {"schema": whole},
        CSV: {"schema": {"type": "string", "description": "The first row names the columns."}},
    }
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/applicants/import",
    response_model=ImportOut,
    summary="Create or change many applicants",
    description="As JSON, or as CSV with the columns external_id, opening, name, and email, phone, locale, "
    "consent_email, consent_email_at, consent_phone, consent_phone_at, fields.*. A row that is refused does not stop "
    "the others. The same file again changes nothing. With `dry_run=true` nothing is written.",
    openapi_extra=_describe_body(),
)
def post_import(
    request: Request,
    sent: Annotated[tuple[bytes, bool], Depends(_body_of)],
    caller: Writer,
    dry_run: Annotated[Literal["true", "false"], Query()] = "false",
    key: IdempotencyKey = None,
) -> Response:
    body, is_csv = sent
    only_try = dry_run == "true"

    def run() -> ImportOut:
        file = _read(body, is_csv=is_csv)
        results = import_applicants(caller.ctx, caller.viewer, file.rows, dry_run=only_try)
        return ImportOut.of(results, ignored=file.ignored, dry_run=only_try)

    digest = _Sent(digest=f"{dry_run} {hashlib.sha256(body).hexdigest()}")
    return answer_once(request, caller, key=key, body=digest, status=200, run=run)
