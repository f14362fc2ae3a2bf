"""In charge of: the commands that concern many applicants at once — a file of them, a message to them.

Not in charge of: what these do (use cases); the other commands (`__main__`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.moments import TIME

if TYPE_CHECKING:
    from gateway.threads.bulk import Bulk, Trouble
    from gateway.threads.model import Viewer
    from gateway.usecases.context import Context
    from gateway.usecases.import_applicants import RowResult

applicant_cli = typer.Typer(no_args_is_help=True, help="Applicants.")
bulk_cli = typer.Typer(no_args_is_help=True, help="Messages to many applicants.")

Workspace = Annotated[str, typer.Option(help="The workspace's slug.")]
BulkId = Annotated[str, typer.Argument(help="The id that `bulk send` printed.")]
FILE = partial(typer.Argument, exists=True, dir_okay=False, readable=True)  # else the command line says what is wrong
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]


@contextmanager
def _operator_of(slug: str) -> Iterator[tuple[Context, Viewer, str]]:
    """A context, the operator as one of that company, and the company's name."""
    from gateway.app import load_prepared_settings
    from gateway.operate import OPERATOR, operator_context
    from gateway.usecases.accounts import find_workspace

    with operator_context(load_prepared_settings()) as ctx:
        workspace = find_workspace(ctx, slug)
        yield ctx, replace(OPERATOR, workspace_id=workspace.id), workspace.name


@applicant_cli.command("import")
def applicant_import(
    file: Annotated[Path, FILE(help="CSV with external_id, opening, name, email, phone, locale, consent_*, fields.*.")],
    workspace: Workspace,
    dry_run: DryRun = False,
    report: Annotated[Path | None, typer.Option(help="Write what became of each row to this CSV file.")] = None,
) -> None:
    """Create and change applicants from a CSV file (UTF-8, UTF-16, CP949). Refused rows stop no others: exit status 1.

    The same file again changes nothing, so a run that broke off is simply repeated.
    """
    from gateway.threads.applicant_file import read_applicant_file
    from gateway.usecases.import_applicants import Outcome, import_applicants

    with _operator_of(workspace) as (ctx, viewer, _):
        found = read_applicant_file(file.read_bytes())
        results = import_applicants(ctx, viewer, found.rows, dry_run=dry_run)
    if found.ignored:
        print(f"Not used: {', '.join(found.ignored)}")
    refused = [r for r in results if r.outcome is Outcome.REFUSED]
    for row in refused:
        print(f"row {row.number}  {row.external_id}  {_why(row)}")
    counts = Counter(r.outcome for r in results)
    said = ", ".join(f"{counts[o]} {o}" for o in Outcome)
    print(f"{'Would be: ' if dry_run else ''}{said}")
    if report:
        report.write_text(_report(results), "utf-8-sig")
    raise typer.Exit(1 if refused else 0)


def _why(row: RowResult) -> str:
    return f"{row.fault.field}: {row.fault.message}" if row.fault else ""


def _report(results: Sequence[RowResult]) -> str:
    from gateway.threads.applicant_file import write_rows

    lines = [(str(r.number), r.external_id, r.name, str(r.outcome), " ".join(r.changed), _why(r)) for r in results]
    return write_rows([("row", "external_id", "name", "outcome", "changed", "problem"), *lines])


@bulk_cli.command("send")
def bulk_send(
    file: Annotated[Path, FILE(help="The applicants' external ids, one a line.")],
    workspace: Workspace,
    template: Annotated[str, typer.Option(help="Key of a template.")] = "",
    text: Annotated[str, typer.Option(help="The same words for all, in place of a template.")] = "",
    var: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for the template; may be repeated.")] = None,
    author: Annotated[str, typer.Option(help="A member's address, to write in their name; none: the company's.")] = "",
    send_at: Annotated[datetime | None, TIME(help="When it goes out, in UTC; none: at once.")] = None,
    again: Annotated[
        str, typer.Option(metavar="BULK", help="The same words went out as this one just now, and are meant to again.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Write to many applicants, each alone in their own conversation; prints an id. The workers send it. The same words
    to the same people within a quarter of an hour are asked about first: nothing is sent, and the exit code is 1.
    """
    from gateway.threads.applicant_file import read_text
    from gateway.threads.bulk import Bulk, BulkMessage
    from gateway.usecases.bulk import start_unless_same
    from gateway.usecases.plan_bulk import try_bulk
    from gateway.usecases.waiting import check_time

    people = [line.strip() for line in read_text(file.read_bytes()).splitlines() if line.strip()]
    variables = dict(pair.partition("=")[::2] for pair in var or ())
    with _operator_of(workspace) as (ctx, viewer, company):
        at = check_time(ctx, send_at) if send_at else None
        message = BulkMessage(
            text=text,
            template=template,
            variables=variables,
            send_at=at.isoformat() if at else "",
            author_name=company,
            author_email=author,
        )
        if not dry_run:
            started = start_unless_same(ctx, viewer, people, message, sure_of=again)
            if isinstance(started, Bulk):
                print(_line(started))
                return
            print(f"The same words went to {started.people} of these people just now, as {_line(started.bulk)}")
            print(f"Nothing was sent. To send them once more: --again {started.bulk.id}")
            raise typer.Exit(1)
        samples = try_bulk(ctx, viewer, people, message, samples=5)
    for sample in samples:
        said = f"{sample.words.subject}\n{sample.words.text}".strip() if sample.words else _said(sample.trouble)
        print(f"--- {sample.applicant}\n{said}")
    print(f"Would go to {len(set(people))} applicants; these are the first {len(samples)}.")
    raise typer.Exit(1 if any(s.trouble for s in samples) else 0)


@bulk_cli.command("list")
def bulk_list(workspace: Workspace) -> None:
    """The last 50 messages to many: id, state, how many of how many, when, and why it stopped."""
    from gateway.usecases.bulk import list_bulks

    with _operator_of(workspace) as (ctx, viewer, _):
        for bulk in list_bulks(ctx, viewer, before="", limit=50):
            print(_line(bulk))


@bulk_cli.command("status")
def bulk_status(bulk: BulkId, workspace: Workspace) -> None:
    """How far it is, and who could not be written to."""
    from gateway.threads.bulk import RecipientState
    from gateway.usecases.bulk import find_bulk, list_recipients
    from gateway.usecases.plan_bulk import MOST

    with _operator_of(workspace) as (ctx, viewer, _):
        print(_line(find_bulk(ctx, viewer, bulk)))
        for person in list_recipients(ctx, viewer, bulk, after=0, limit=MOST):
            if person.state is RecipientState.FAILED:
                print(f"{person.applicant}  {_said(person.trouble)}")


@bulk_cli.command("cancel")
def bulk_cancel(bulk: BulkId, workspace: Workspace) -> None:
    """Write to nobody more, and take back what has not gone out; what went out stays."""
    from gateway.usecases.bulk import cancel_bulk

    with _operator_of(workspace) as (ctx, viewer, _):
        print(_line(cancel_bulk(ctx, viewer, bulk)))


@bulk_cli.command("resume")
def bulk_resume(bulk: BulkId, workspace: Workspace) -> None:
    """Go on with the person at whom it stopped."""
    from gateway.usecases.bulk import resume_bulk

    with _operator_of(workspace) as (ctx, viewer, _):
        print(_line(resume_bulk(ctx, viewer, bulk)))


def _said(trouble: Trouble | None) -> str:
    return trouble.detail if trouble else ""


def _line(bulk: Bulk) -> str:
    done = bulk.posted + bulk.failed
    failed = f", {bulk.failed} failed" if bulk.failed else ""
    why = f"  {bulk.trouble.applicant}: {bulk.trouble.detail}" if bulk.trouble else ""
    return f"{bulk.id}  {bulk.state}  {done} of {bulk.total}{failed}  {bulk.created_at:%Y-%m-%d %H:%M}{why}"
