"""In charge of: the commands.

Not in charge of: what they do (`app`, `demo`, use cases): a command parses, calls,
prints.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.config import Settings
from gateway.errors import GatewayError
from gateway.last_words import last_words
from gateway.many import applicant_cli, bulk_cli
from gateway.moments import TIME

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="One conversation per applicant, by mail and web.")
workspace_cli = typer.Typer(no_args_is_help=True, help="Companies.")
member_cli = typer.Typer(no_args_is_help=True, help="Recruiters.")
key_cli = typer.Typer(no_args_is_help=True, help="API keys.")
cli.add_typer(workspace_cli, name="workspace")
cli.add_typer(member_cli, name="member")
cli.add_typer(key_cli, name="api-key")
cli.add_typer(applicant_cli, name="applicant")
cli.add_typer(bulk_cli, name="bulk")

Listen = Annotated[str, typer.Option(help="HOST:PORT; empty means the setting.")]


def _settings(**values: object) -> Settings:
    from gateway.app import load_prepared_settings

    return load_prepared_settings(**values)


@cli.command()
def serve(http: Listen = "", smtp: Listen = "") -> None:
    """Everything: web and SMTP in one process, the workers beside it (migrates first)."""
    from gateway.serve import run

    run(_settings(http_listen=http, smtp_listen=smtp), web=True, smtp=True, workers=True, migrate=True)


@cli.command()
def smtp(listen: Listen = "") -> None:
    """The SMTP server only."""
    from gateway.serve import run

    run(_settings(smtp_listen=listen), smtp=True)


@cli.command()
def http(listen: Listen = "") -> None:
    """The web server only."""
    from gateway.serve import run

    run(_settings(http_listen=listen), web=True)


@cli.command()
def worker() -> None:
    """Workers only: they process mails and deliveries, and search for forgotten ones."""
    from gateway.serve import run

    run(_settings(), workers=True)


@cli.command()
def demo(
    http: Listen = "127.0.0.1:8000",
    smtp: Listen = "127.0.0.1:8025",
    data: Annotated[Path, typer.Option(help="Folder for the demo's data; kept between runs.")] = Path(".demo"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON line when ready.")] = False,
) -> None:
    """Everything on this machine, with people and mail in it."""
    from gateway.demo import run_demo

    run_demo(http=http, smtp=smtp, data=data, as_json=json)


@cli.command()
def migrate() -> None:
    """Bring the database to the present tables."""
    from gateway.store.migrate import upgrade

    print(f"The database is at revision {upgrade(_settings().database_address)}.")


@cli.command()
def doctor() -> None:
    """Check settings, database, broker, smarthost and the reply domain's DNS; says what is missing."""
    from gateway.doctor import examine

    raise typer.Exit(examine(_settings()))


@cli.command()
def replay(
    entry: Annotated[str, typer.Argument(help="Inbox entry id; empty with the options below.")] = "",
    state: Annotated[str, typer.Option(help="All in this state: failed, unmatched, held, refused, ignored …")] = "",
    reason: Annotated[str, typer.Option(help="All with this reason, from docs/reasons.md.")] = "",
    since: Annotated[datetime | None, TIME(help="Received at or after this time, UTC.")] = None,
    until: Annotated[datetime | None, TIME(help="Received before this time, UTC.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Understand stored mails again, with today's rules; says for each what it was and what it is."""
    from gateway.operate import Which, replay_entries

    which = Which(entry, state, reason, since, until)
    raise typer.Exit(replay_entries(_settings(), which, dry_run=dry_run))


@cli.command()
def trace(
    subject: Annotated[str, typer.Argument(help="Inbox entry, message, delivery or thread id, or a 250's id.")],
) -> None:
    """Tell the story of one mail or message: entry, decision, message, deliveries, attempts."""
    from gateway.operate import trace_subject

    raise typer.Exit(trace_subject(_settings(), subject))


@cli.command()
def erase(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    applicant: Annotated[str, typer.Argument(help="The applicant's external id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget an applicant: thread, files, addresses and links. Cannot be undone."""
    from gateway.operate import erase_one

    if not yes:
        typer.confirm(f"Erase everything about {applicant}?", abort=True)
    erase_one(_settings(), workspace, applicant)


@cli.command()
def reindex() -> None:
    """Build the index of the search anew: workers do it, from the oldest message on."""
    from gateway.operate import reindex_search

    reindex_search(_settings())


@cli.command()
def export(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    applicant: Annotated[str, typer.Argument(help="The applicant's external id.")],
    to: Annotated[Path, typer.Option(help="Folder for the copy; a new or an empty one.")] = Path("export"),
) -> None:
    """Copy all that is stored about an applicant: thread as JSON, files, raw mails."""
    from gateway.operate import export_one

    export_one(_settings(), workspace, applicant, to)


@workspace_cli.command("create")
def workspace_create(
    slug: Annotated[str, typer.Argument(help="Short name; also its sender address slug@reply-domain.")],
    name: Annotated[str, typer.Option(help="The company's name.")],
    public_contact: Annotated[str, typer.Option(help="Where rejected candidates are pointed to.")],
    locale: Annotated[str, typer.Option(help="en, ko, cs, ru or sv.")] = "en",
    timezone: Annotated[str, typer.Option(help="IANA name, for example Asia/Seoul.")] = "UTC",
) -> None:
    """Add a company."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import create_workspace

    with operator_context(_settings()) as ctx:
        made = create_workspace(
            ctx, name=name, slug=slug, public_contact=public_contact, locale=locale, timezone=timezone
        )
        print(f"Workspace {made.slug} ({made.id})")


@workspace_cli.command("channels")
def workspace_channels(
    slug: Annotated[str, typer.Argument(help="The workspace's slug.")],
    order: Annotated[str | None, typer.Option(help="Such as alimtalk,sms,email; empty: as the installation.")] = None,
    sms_sender: Annotated[str | None, typer.Option(help="The company's own registered sender number.")] = None,
    kakao_sender: Annotated[str | None, typer.Option(help="The company's own senderKey or pfId.")] = None,
) -> None:
    """How a company's candidates are reached, in this order, and as whom."""
    from gateway.operate import change_channels

    made = change_channels(_settings(), slug, order=order, sms_sender=sms_sender, kakao_sender=kakao_sender)
    print(f"{made.slug}: {','.join(made.channels) or 'as the installation'}")


@workspace_cli.command("list")
def workspace_list() -> None:
    """All companies of this installation."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import list_workspaces

    with operator_context(_settings()) as ctx:
        for workspace in list_workspaces(ctx):
            print(f"{workspace.slug}\t{workspace.name}\t{workspace.public_contact}")


@member_cli.command("create")
def member_create(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    email: Annotated[str, typer.Option(help="Personal address: one person, one account.")],
    name: Annotated[str, typer.Option(help="Name that candidates see.")],
    role: Annotated[str, typer.Option(help="admin or member.")] = "admin",
    ask: Annotated[
        bool, typer.Option("--password", help="Ask for a password; without one they sign in by a link that is mailed.")
    ] = False,
) -> None:
    """Add a recruiter."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import create_member, find_workspace

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask else None
    with operator_context(_settings()) as ctx:
        found = find_workspace(ctx, workspace)
        made = create_member(ctx, found.id, email=email, name=name, role=role, password=password)
        print(f"Member {made.email} ({made.id})")


@member_cli.command("invite")
def member_invite(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    email: Annotated[str, typer.Option(help="Personal address; it is mailed a link that works once.")],
    name: Annotated[str, typer.Option(help="Name that candidates see.")],
    role: Annotated[str, typer.Option(help="admin or member.")] = "member",
    opening: Annotated[str, typer.Option(help="External id of an opening, which they see alone; with --as.")] = "",
    opening_role: Annotated[str, typer.Option("--as", help="admin, manager or evaluator there.")] = "evaluator",
) -> None:
    """Add a recruiter and mail them a link to sign in."""
    from gateway.operate import invite

    invite(_settings(), workspace, email=email, name=name, role=role, opening=opening, opening_role=opening_role)


@member_cli.command("list")
def member_list(workspace: Annotated[str, typer.Argument(help="The workspace's slug.")]) -> None:
    """Members of a company: id, address, name, role, and whether they may sign in."""
    from gateway.operate import list_team

    for member in list_team(_settings(), workspace):
        access = "active" if member.active else "no access"
        print(f"{member.id}\t{member.email}\t{member.name}\t{member.role}\t{access}")


@member_cli.command("change")
def member_change(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    email: Annotated[str, typer.Argument(help="The member's address.")],
    role: Annotated[str, typer.Option(help="admin or member; empty: as it is.")] = "",
    access: Annotated[bool | None, typer.Option(help="Whether they may sign in.")] = None,
    opening: Annotated[str, typer.Option(help="External id of an opening, for --as.")] = "",
    opening_role: Annotated[str, typer.Option("--as", help="admin, manager or evaluator there; none ends it.")] = "",
    all_openings: Annotated[
        bool, typer.Option("--all-openings", help="With --as none: also a last role, so that they see all openings.")
    ] = False,
) -> None:
    """Change a member: role, access, and what they are in an opening."""
    from gateway.operate import MemberChange, change_member

    change_member(_settings(), workspace, email, MemberChange(role, access, opening, opening_role, all_openings))
    print("Changed.")


@key_cli.command("create")
def api_key_create(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    name: Annotated[str, typer.Option(help="What uses the key, for example the ATS's name.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, review or manage; may be repeated. None: all of them.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="How long it is in force; 0: until it is revoked.")] = 0,
) -> None:
    """Make an API key and print it: it is shown once."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import find_workspace
    from gateway.usecases.api_keys import create_api_key, read_scopes

    with operator_context(_settings()) as ctx:
        scopes = read_scopes(scope or ())
        expires_at = ctx.now + timedelta(days=days) if days else None
        print(create_api_key(ctx, find_workspace(ctx, workspace).id, name=name, scopes=scopes, expires_at=expires_at))


@key_cli.command("list")
def api_key_list(workspace: Annotated[str, typer.Argument(help="The workspace's slug.")]) -> None:
    """Keys of a workspace: id, name, scopes, when made, until when, and whether in force."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import find_workspace
    from gateway.usecases.api_keys import list_api_keys

    with operator_context(_settings()) as ctx:
        for key in list_api_keys(ctx, find_workspace(ctx, workspace).id):
            until = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "-"
            scopes = ",".join(key.scopes)
            print(f"{key.id}\t{key.name}\t{scopes}\t{key.created_at:%Y-%m-%d}\t{until}\t{key.state(ctx.now)}")


@key_cli.command("rotate")
def api_key_rotate(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    key_id: Annotated[str, typer.Argument(help="The old key's id, from `api-key list`.")],
    days: Annotated[int, typer.Option(min=0, help="How long the old key still works.")] = 7,
) -> None:
    """Make a key that takes another one's place and print it: it is shown once."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import find_workspace
    from gateway.usecases.api_keys import rotate_api_key

    with operator_context(_settings()) as ctx:
        overlap = timedelta(days=days)
        print(rotate_api_key(ctx, find_workspace(ctx, workspace).id, key_id, overlap=overlap)[1])


@key_cli.command("revoke")
def api_key_revoke(
    workspace: Annotated[str, typer.Argument(help="The workspace's slug.")],
    key_id: Annotated[str, typer.Argument(help="The key's id, from `api-key list`.")],
) -> None:
    """Put a key out of force at once."""
    from gateway.operate import operator_context
    from gateway.usecases.accounts import find_workspace
    from gateway.usecases.api_keys import revoke_api_key

    with operator_context(_settings()) as ctx:
        revoke_api_key(ctx, find_workspace(ctx, workspace).id, key_id)
        print("Revoked.")


def main() -> None:
    """Run a command; our own errors become one line and exit status 1."""
    try:
        cli(standalone_mode=True)
    except (GatewayError, OSError) as error:
        if (said := last_words(error)) is None:
            raise
        sys.exit(f"gateway: {said}")


if __name__ == "__main__":
    main()
