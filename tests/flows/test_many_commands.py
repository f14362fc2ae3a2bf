"""The commands for many applicants: a file of them, tried first, and a message to them (seeds PE-P3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cast import Company, make_applicant
from click.testing import Result
from typer.testing import CliRunner

from gateway.__main__ import cli
from gateway.moments import read_time
from gateway.threads.purpose import Purpose
from gateway.threads.templates import Body, MailBody
from gateway.usecases.applicants import find_applicant
from gateway.usecases.bulk import find_due_bulks, run_bulk
from gateway.usecases.context import Context
from gateway.usecases.read_thread import messages_after
from gateway.usecases.templates import put_template

Command = Callable[..., Result]


@pytest.fixture
def command(ctx: Context, company: Company, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", ctx.settings.database_url)
    monkeypatch.setenv("GATEWAY_DATA_DIR", str(ctx.settings.data_dir))
    monkeypatch.setenv("GATEWAY_SECRET_KEY", ctx.settings.secret_key.get_secret_value())

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, [*words, "--workspace", "moalabs"])

    return run


def test_a_file_is_tried_taken_and_reported(ctx: Context, company: Company, command: Command, tmp_path: Path) -> None:
    """The report is a spreadsheet again, and no cell of it a formula."""
    file, report = tmp_path / "people.csv", tmp_path / "report.csv"
    file.write_bytes("지원번호,공고,이름\n1,designer,=1+1\n2,nothing,Ada\n".encode("cp949"))
    tried = command("applicant", "import", str(file), "--dry-run")
    assert "Would be: 1 new, 0 changed, 0 unchanged, 1 refused" in tried.output
    assert "row 3  2  opening: There is no such opening" in tried.output
    done = command("applicant", "import", str(file), "--report", str(report))
    assert done.exit_code == 1
    assert find_applicant(ctx, company.ats, "1").applicant.name == "=1+1"
    assert "2,1,'=1+1,new,," in report.read_text("utf-8-sig")
    assert "1 unchanged" in command("applicant", "import", str(file)).output


def test_a_message_to_many_is_tried_sent_followed_and_cancelled(
    ctx: Context, company: Company, command: Command, tmp_path: Path
) -> None:
    mina = make_applicant(ctx, company)
    body = Body(MailBody("Hello", "Dear {{ candidate.name }}, {{ when }}?"))
    put_template(ctx, company.as_jun, "invite", purpose=Purpose.TRANSACTIONAL, variables=["when"], bodies={"en": body})
    ids = tmp_path / "ids.txt"
    ids.write_text("mina-1\n\n")
    send = ("bulk", "send", str(ids), "--template", "invite")
    assert "'when' is missing" in command(*send, "--dry-run").output
    assert "Dear Mina Han, today?" in command(*send, "--var", "when=today", "--dry-run").output
    sent = command(*send, "--var", "when=today", "--author", company.jun.email)
    assert "running  0 of 1" in sent.output
    bulk_id = sent.output.split()[0]
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    assert "done  1 of 1" in command("bulk", "status", bulk_id).output
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert shown.message.author.email == company.jun.email
    twice = command(*send, "--var", "when=today")
    assert twice.exit_code == 1
    assert f"went to 1 of these people just now, as {bulk_id}" in twice.output
    assert len(find_due_bulks(ctx)) == 0
    assert "running  0 of 1" in command(*send, "--var", "when=today", "--again", bulk_id).output
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    assert len(messages_after(ctx, company.as_jun, mina.thread_id)) == 2
    stopped = command(*send, "--text", "").output.split()[0]
    for due in find_due_bulks(ctx):
        run_bulk(ctx, due)
    assert "stopped" in command("bulk", "list").output
    assert "running" in command("bulk", "resume", stopped).output
    assert "cancelled" in command("bulk", "cancel", stopped).output


@pytest.mark.parametrize("wrong", ["yesterday", "2026-02-30", "2026-01-01T25:00", "2026-01-01T09:00:00+99:00"])
@pytest.mark.parametrize(
    "words", [("replay", "--since"), ("replay", "--until"), ("bulk", "send", __file__, "--send-at")]
)
def test_what_is_no_time_is_answered_with_how_to_write_one(words: tuple[str, ...], wrong: str) -> None:
    result = CliRunner().invoke(cli, [*words, wrong], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert f"{wrong!r} is no time: write it like 2026-01-31 or 2026-01-31T09:00, in UTC." in result.output


@pytest.mark.parametrize("words", [("applicant", "import"), ("bulk", "send", "--text", "Hello")])
def test_a_file_that_is_not_there_is_named_in_a_sentence(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*words, "--workspace", "moalabs", "people.csv"], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "'people.csv' does not exist" in result.output


def test_a_list_of_ids_may_be_saved_by_a_korean_spreadsheet(
    ctx: Context, company: Company, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_bytes("지원자-1\r\n".encode("cp949"))
    result = command("bulk", "send", str(tmp_path / "ids.txt"), "--text", "Hello", "--dry-run")
    assert "지원자-1" in str(result.exception)  # the company knows nobody by it, and says so


def test_a_time_is_in_utc_unless_it_names_its_offset() -> None:
    nine = datetime(2026, 1, 31, 9, tzinfo=UTC)
    assert {read_time(t) for t in ("2026-01-31T09:00", "2026-01-31 09:00:00Z", "2026-01-31T18:00+09:00")} == {nine}
    assert read_time("2026-01-31") == nine.replace(hour=0)
