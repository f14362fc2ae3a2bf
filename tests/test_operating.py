"""Commands of the operator on a database that is not as it should be, and on words that a mail server chose."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cast import MINA, STRANGER, Company, make_mail
from fakes import FakeChannel
from flows.test_conversation import receive
from flows.test_gate import address_of
from running import Pump, both_databases
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gateway import __main__, operate
from gateway.app import load_prepared_settings
from gateway.config import Settings
from gateway.errors import SettingsError, Unavailable
from gateway.last_words import last_words
from gateway.store.migrate import HEAD, upgrade
from gateway.threads.channel import Failed, Retry
from gateway.threads.model import ViewerKind
from gateway.usecases.accounts import find_workspace
from gateway.usecases.applicants import put_applicant, put_opening
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.sign_in import sign_in
from gateway.usecases.views import ApplicantView


def run_command(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the process would end with: 0, or the line that it says."""
    monkeypatch.setattr("sys.argv", ["gateway", *arguments])
    monkeypatch.setattr("gateway.app.set_up_logs", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    return ended.value.code


def test_a_command_before_the_first_migration_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    said = run_command("workspace", "list", monkeypatch=monkeypatch)
    assert said == "gateway: The database does not have this version's tables: run `gateway migrate` first."
    run_command("migrate", monkeypatch=monkeypatch)
    assert run_command("workspace", "list", monkeypatch=monkeypatch) == 0


def test_a_database_that_is_away_is_one_line_that_leads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://gateway:secret@127.0.0.1:1/gateway")
    monkeypatch.setenv("GATEWAY_OUTBOUND_SMTP_URL", "mailbox:")
    for command in (("migrate",), ("workspace", "list"), ("worker",)):
        said = run_command(*command, monkeypatch=monkeypatch)
        assert said == "gateway: The database does not answer at the moment. `gateway doctor` says more."


def test_a_value_that_is_not_taken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    run_command("migrate", monkeypatch=monkeypatch)
    wrong = ("workspace", "create", "acme", "--name", "Acme", "--public-contact", "nobody")
    assert "public_contact: This is no e-mail address" in run_command(*wrong, monkeypatch=monkeypatch)
    said = run_command("member", "list", "nowhere", monkeypatch=monkeypatch)
    assert said == "gateway: not found: workspace nowhere"


@both_databases
def test_an_older_version_leaves_a_newer_database_alone(ctx: Context, gateway_settings: Settings) -> None:
    with ctx.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    said = f"The database is at revision 9999, of a newer version; this one knows up to {HEAD}"
    with pytest.raises(SettingsError, match=said):
        upgrade(gateway_settings.database_address)
    with pytest.raises(SettingsError, match=said), operate.operator_context(gateway_settings):
        pass


def test_a_database_file_that_cannot_be_opened_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "gateway.db").mkdir()
    with pytest.raises(Unavailable):
        upgrade(f"sqlite:///{tmp_path / 'gateway.db'}")


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


@pytest.mark.parametrize("command", [("migrate",), ("serve", "--http", "127.0.0.1:0", "--smtp", "127.0.0.1:0")])
def test_a_disk_that_takes_no_more_is_one_line_and_nothing_half_done(tmp_path: Path, command: tuple[str, ...]) -> None:
    ours = {"GATEWAY_DATA_DIR": str(tmp_path), "GATEWAY_OUTBOUND_SMTP_URL": "mailbox:"}
    run = [sys.executable, "-m", "gateway", *command]
    ended = subprocess.run(
        run, env=os.environ | ours, preexec_fn=limit_files, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    said = ended.stderr.splitlines()[-1]
    assert said.startswith("gateway: The migration stopped, and nothing of it was done (")
    assert "Traceback" not in ended.stderr
    assert upgrade(f"sqlite:///{tmp_path / 'gateway.db'}") == HEAD


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_at_start_is_one_line(fault: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_values: object) -> None:
        raise OSError(fault, os.strerror(fault), "/var/lib/gateway/blobs")

    monkeypatch.setattr("gateway.app.load_prepared_settings", fail)
    said = run_command("worker", monkeypatch=monkeypatch)
    assert said.startswith(f"gateway: {os.strerror(fault)}: /var/lib/gateway/blobs. Make room")


def test_a_full_disk_under_the_database_is_told_as_such() -> None:
    fault = Unavailable("The database does not answer at the moment.")
    fault.__cause__ = OperationalError("BEGIN", {}, sqlite3.OperationalError("database or disk is full"))
    assert "Its disk takes nothing more (disk is full): make room" in str(last_words(fault))
    fault.__cause__ = OperationalError("BEGIN", {}, sqlite3.OperationalError("password=secret"))
    assert "secret" not in str(last_words(fault))


def test_trace_tells_what_a_mail_server_said_letter_for_letter(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It may look like markup, and be longer than a window."""
    said = "550 5.7.1 [red]blocked[/] [/list] using zen.lists.example; see https://lists.example/query/ip/192.0.2.25"
    channel.script.append(Failed("5.7.1", said))
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    pump()
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(operate, "build_context", lambda settings, **_: ctx)
    monkeypatch.setattr(operate, "close_context", lambda ctx: None)
    assert operate.trace_subject(ctx.settings, posted.message.id) == 0
    assert said in capsys.readouterr().out


def test_trace_says_in_words_what_was_decided(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    entry_id = receive(ctx, make_mail("Why?", to=address_of(ctx, mina)), to=address_of(ctx, mina), from_=MINA)
    pump()
    monkeypatch.setattr(operate, "build_context", lambda settings, **_: ctx)
    monkeypatch.setattr(operate, "close_context", lambda ctx: None)
    assert operate.trace_subject(ctx.settings, entry_id) == 0
    told = capsys.readouterr().out
    assert "decision  refused  thread_blocked" in told
    assert "The candidate was rejected, so they can no longer write here." in told


def test_trace_of_a_conversation_tells_also_of_the_mails_that_are_no_messages_and_when_it_tries_again(
    ctx: Context,
    company: Company,
    mina: ApplicantView,
    channel: FakeChannel,
    pump: Pump,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    channel.script.append(Retry("4.4.1", "away"))
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    to = address_of(ctx, mina)
    said = receive(ctx, make_mail("Hello", to=to, from_=STRANGER), to=to, from_=STRANGER)
    pump()
    monkeypatch.setattr(operate, "build_context", lambda settings, **_: ctx)
    monkeypatch.setattr(operate, "close_context", lambda ctx: None)
    assert operate.trace_subject(ctx.settings, mina.thread_id) == 0
    told = capsys.readouterr().out
    assert f"sha256 {said}" in told
    assert "2026-11-23 09:00:00Z  295 bytes" in told
    assert "decision  held  other_sender" in told
    assert "deferred  4.4.1  next try 2026-11-23 09:01:00Z" in told


def test_a_password_that_is_asked_for_signs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As docs/deploy.md has it: the word is typed, never an argument that stays in the shell's history."""
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    run_command("migrate", monkeypatch=monkeypatch)
    run_command("workspace", "create", "acme", "--name", "Acme", "--public-contact", "", monkeypatch=monkeypatch)
    typed = iter(["battery staple"] * 2)
    monkeypatch.setattr("getpass.getpass", lambda *_args, **_more: next(typed))
    who = ("--email", "jun@acme.example", "--name", "Jun Park", "--password")
    assert run_command("member", "create", "acme", *who, monkeypatch=monkeypatch) == 0
    with operate.operator_context(load_prepared_settings()) as ctx:
        assert sign_in(ctx, "jun@acme.example", "battery staple")
        assert not sign_in(ctx, "jun@acme.example", "something else")


def test_an_entry_or_applicant_that_is_not_there_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path))
    run_command("migrate", monkeypatch=monkeypatch)
    assert run_command("replay", "nonsense", monkeypatch=monkeypatch) == 1
    assert "nonsense  no such entry" in capsys.readouterr().out
    run_command("workspace", "create", "acme", "--name", "Acme", "--public-contact", "", monkeypatch=monkeypatch)
    for command in (("export", "acme", "a1"), ("erase", "acme", "a1", "--yes")):
        said = run_command(*command, monkeypatch=monkeypatch)
        assert said == "gateway: not found: applicant a1: give the external id, by which the ATS names them"
    who = ("--email", "eva@acme.example", "--name", "Eva", "--opening", "dev")
    said = run_command("member", "invite", "acme", *who, monkeypatch=monkeypatch)
    assert said == "gateway: not found: opening dev: give the external id, by which the ATS names it"


def test_the_copies_of_two_people_never_lie_in_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second person would be handed the files of the first; a ZIP of the desk holds one person alone."""
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "copy").mkdir()
    run_command("migrate", monkeypatch=monkeypatch)
    run_command("workspace", "create", "acme", "--name", "Acme", "--public-contact", "", monkeypatch=monkeypatch)
    with operate.operator_context(load_prepared_settings()) as ctx:
        ats = replace(operate.OPERATOR, workspace_id=find_workspace(ctx, "acme").id, kind=ViewerKind.ATS)
        put_opening(ctx, ats, "dev", title="Developer", notify_emails=[])
        for who in ("a1", "a2"):
            put_applicant(ctx, ats, who, opening="dev", name=who, source="ats")
    to = ("--to", str(tmp_path / "copy"))
    assert run_command("export", "acme", "a1", *to, monkeypatch=monkeypatch) == 0
    before = (tmp_path / "copy" / "thread.json").read_bytes()
    said = run_command("export", "acme", "a2", *to, monkeypatch=monkeypatch)
    assert said == f"gateway: to: {tmp_path / 'copy'} holds something already: name another folder."
    assert (tmp_path / "copy" / "thread.json").read_bytes() == before
