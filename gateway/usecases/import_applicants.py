"""In charge of: many applicants at a time — first only what would happen, row by row, then in fact.

Not in charge of: reading the file (`threads.applicant_file`) or the rule for one of them (`enter_applicant`).

A block of rows is one transaction. Who is in already and unchanged is left alone, so the same file again, or after a
stop half-way, does what is still to do and nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.errors import Invalid, NotFound
from gateway.store.database import Transaction
from gateway.threads.applicant_file import LONGEST_CELL, ApplicantRow
from gateway.threads.audit import Act
from gateway.threads.model import Applicant, Opening, Source, Viewer, ViewerKind, Workspace
from gateway.threads.policies.rejection import ERASED_STAGE
from gateway.usecases.checks import check_external_id
from gateway.usecases.context import Context
from gateway.usecases.enter_applicant import Draft, Plan, carry_out, plan_applicant
from gateway.usecases.import_consents import column_of, keep_news, read_consents, record_all
from gateway.usecases.note_act import note_act

BLOCK = 100  # rows of one transaction


class Outcome(StrEnum):
    """What a row does, or would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row of the file; `fault` says why it is refused, `changed` what is new about the person."""

    number: int
    external_id: str
    name: str
    outcome: Outcome
    changed: tuple[str, ...] = ()
    fault: Invalid | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What all rows share."""

    workspace: Workspace
    openings: dict[str, Opening]  # by id, and by title where only one has it

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.workspace.timezone)


def import_applicants(ctx: Context, viewer: Viewer, rows: Sequence[ApplicantRow], *, dry_run: bool) -> list[RowResult]:
    """What became of each row, or with `dry_run` would become. Admins and the ATS only. Raises NotFound."""
    if not viewer.admin:
        raise NotFound("import")
    with ctx.database.read() as tx:
        known = _load_known(tx, viewer)
    results: list[RowResult] = []
    seen: dict[str, int] = {}
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        if dry_run:
            with ctx.database.read() as tx:
                results += [_take(ctx, tx, viewer, row, known, seen, write=False) for row in block]
        else:
            with ctx.database.begin() as tx:
                tx.people.lock_workspace(viewer.workspace_id)
                results += [_take(ctx, tx, viewer, row, known, seen, write=True) for row in block]
                note_act(ctx, tx, viewer, Act.APPLICANTS_IMPORT, rows=str(len(block)))
    return results


def _load_known(tx: Transaction, viewer: Viewer) -> _Known:
    workspace = tx.people.find_workspace(viewer.workspace_id)
    if workspace is None:
        raise NotFound("workspace")
    openings = tx.people.list_openings(viewer.workspace_id)
    titles = [o.title for o in openings]
    by_title = {o.title: o for o in openings if titles.count(o.title) == 1}
    return _Known(workspace, by_title | {o.external_id: o for o in openings})


def _take(
    ctx: Context,
    tx: Transaction,
    viewer: Viewer,
    row: ApplicantRow,
    known: _Known,
    seen: dict[str, int],
    *,
    write: bool,
) -> RowResult:
    external_id, name = row.values.get("external_id", ""), row.values.get("name", "")
    try:
        plan = _plan(ctx, tx, viewer, row, known, seen)
        consents = keep_news(tx, plan, read_consents(ctx, viewer, row, zone=known.zone))
    except Invalid as fault:
        return RowResult(row.number, external_id[:200], name[:200], Outcome.REFUSED, fault=fault)
    if write and plan.changed:
        carry_out(ctx, tx, plan, by=viewer)
    if write:
        record_all(ctx, tx, viewer, plan, consents)
    changed = (*plan.changed, *(column_of(c.kind) for c in consents))
    outcome = Outcome.NEW if plan.before is None else Outcome.CHANGED if changed else Outcome.UNCHANGED
    changed = changed if outcome is Outcome.CHANGED else ()
    return RowResult(row.number, external_id, plan.after.name, outcome, changed)


def _plan(
    ctx: Context, tx: Transaction, viewer: Viewer, row: ApplicantRow, known: _Known, seen: dict[str, int]
) -> Plan:
    for column, cell in [*row.values.items(), *row.fields.items()]:
        if len(cell) > LONGEST_CELL:
            raise Invalid(
                column, f"Use at most {LONGEST_CELL} characters.", code="name_long", params={"limit": LONGEST_CELL}
            )
    external_id = check_external_id("external_id", row.values.get("external_id", ""))
    if external_id in seen:
        first = seen[external_id]
        words = f"The row {first} has this id already: each person once."
        raise Invalid("external_id", words, code="import_again", params={"row": first})
    seen[external_id] = row.number
    opening = known.openings.get(row.values.get("opening", ""))
    if opening is None:
        raise Invalid("opening", "There is no such opening: create it first.", code="import_opening")
    before = tx.people.find_applicant(viewer.workspace_id, external_id)
    if before is not None and before.stage == ERASED_STAGE:
        raise Invalid("external_id", "This person was erased: use another id.", code="import_erased")
    draft = _draft(row, before, source=Source.ATS if viewer.kind is ViewerKind.ATS else Source.MANUAL)
    return plan_applicant(ctx, external_id, draft, workspace=known.workspace, opening=opening, before=before)


def _draft(row: ApplicantRow, before: Applicant | None, *, source: Source) -> Draft:
    """What the row says; a cell that is empty leaves what is known of the person, and what a colleague corrected."""

    def said(column: str) -> str:
        known: str = before.corrected.get(column, getattr(before, column)) if before else ""
        return row.values.get(column, "") or known

    return Draft(said("name"), said("email"), said("phone"), said("locale"), source, row.fields)
