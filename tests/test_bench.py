"""The benchmark's own checks in a tiny form (DESIGN §7): what it counts is what arrived; nothing stays behind."""

from __future__ import annotations

import argparse
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

from bench import __main__ as commands
from bench import mail, soak, streams
from bench.load import LoadError, send_all
from bench.mails import Author, make_large, make_small
from bench.report import make_rows, write_page
from bench.servers import run_sink

MINA = Author("한미나", "mina@mail.example", "r+token@reply.example.test", "thread-1")


@pytest.fixture
def without_yardstick_and_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "why_no_postfix", lambda: "left out by the test")
    monkeypatch.setattr(mail, "why_no_postgres", lambda: "left out by the test")
    monkeypatch.setattr(mail, "WARM_UP", (20, 1))


@pytest.mark.usefixtures("without_yardstick_and_postgres")
def test_a_tiny_run_counts_every_mail_in_its_thread_and_leaves_nothing(tmp_path: Path) -> None:
    turns = mail.run_rounds(rounds=1, small=24, large=3, folder=tmp_path)

    gateway = [t for t in turns if t.server == "gateway on SQLite"]
    assert [t.size for t in gateway] == list(mail.SIZES)
    assert all(t.accepted > 0 and t.visible and t.cpu_ms > 0 and t.peak_mb > 1 for t in gateway)
    assert all(t.visible is None for t in turns if t.server == "aiosmtpd that drops")
    assert list(tmp_path.iterdir()) == []


def test_each_message_is_timed_to_the_page_on_the_other_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    monkeypatch.setattr(
        sys, "argv", ["bench streams", *["--streams", "8", "--desks", "2", "--messages", "4", "--page"], str(page)]
    )
    monkeypatch.setattr(streams, "BAR", 60_000.0)
    assert streams.main() == 0
    assert "to candidates" in capsys.readouterr().out
    assert "8 open pages, 2 of them desks; 4 messages" in page.read_text("utf-8")


def test_a_short_soak_loses_nothing_and_says_when_memory_grows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reliability 70, in its short form: `python -m bench soak` runs half an hour."""
    monkeypatch.setattr(sys, "argv", ["bench soak", "--minutes", "0.1", "--rate", "10", "--burst", "1"])
    for bound in ("MOST_GROWTH", "MOST_FILES", "MOST_SECONDS", "MOST_DRAIN"):  # it tests no speed
        monkeypatch.setattr(soak, bound, 1_000_000.0)
    assert soak.main() == 0
    assert "160 mails, each in its thread once" in capsys.readouterr().out

    leaking = soak.Soak(times=[0.1], looks=[(1000 * n, 100.0 + 2 * n, 50) for n in range(10)])
    assert leaking.growth == pytest.approx(2.0)
    monkeypatch.undo()
    assert soak.report(leaking) == 1
    level = [(1000 * n, 100.0, 50) for n in range(10)]
    assert soak.report(soak.Soak(times=[0.1], looks=level)) == 0
    assert soak.report(soak.Soak(times=[0.1], looks=[*level[:-1], (9000, 100.0, 150)])) == 1


def test_mails_are_different_and_of_the_sizes_promised() -> None:
    small, large = make_small([MINA], count=3, label="a"), make_large([MINA], count=2, label="b")
    assert len({m.wire for m in (*small, *large)}) == len({m.message_id for m in (*small, *large)}) == 5
    assert all(3_500 < len(m.wire) < 4_500 for m in small)
    assert all(195_000 < len(m.wire) < 205_000 for m in large)
    assert make_small([MINA], count=3, label="a") == small  # the same bytes for every server

    read = message_from_bytes(large[0].wire.removesuffix(b".\r\n"))
    kinds = [part.get_content_type() for part in read.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/pdf"]


def test_a_refused_mail_ends_the_run_instead_of_making_it_faster(tmp_path: Path) -> None:
    stranger = Author("x", "not an address@@", "also not one", "thread-1")
    with run_sink(tmp_path) as sink:
        mails = make_small([MINA], count=30, label="a") + make_small([stranger], count=1, label="b")
        with pytest.raises(LoadError, match="the server said: 5"):
            send_all(sink.address, mails)


def test_ratios_are_of_the_same_round(tmp_path: Path) -> None:
    rates = {"Postfix": (100.0, 400.0), "gateway on SQLite": (50.0, 800.0)}
    turns = [
        mail.Turn(name, "4 kB", number, rate, rate / 2 if name != "Postfix" else None, 1.0, 10.0, 5.0, 9.0)
        for name, found in rates.items()
        for number, rate in enumerate(found)
    ]
    row = make_rows(turns, "4 kB")[1]
    assert row[:5] == ["gateway on SQLite", "425 (50-800)", "1.25", "212 (25-400)", "0.62"]

    page = tmp_path / "performance.md"
    write_page(page, turns, ("4 kB",), machine="2 cores", setting="2 rounds", missing=["no PostgreSQL"])
    assert "| gateway on SQLite | 425 (50-800) | 1.25 |" in page.read_text("utf-8")
    assert "no PostgreSQL" in page.read_text("utf-8")


def test_an_unknown_benchmark_is_named_in_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["speed"]) == 2
    assert "'speed'" in capsys.readouterr().err


def test_options_have_a_form_that_ends_within_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench mail"])
    options: argparse.Namespace = mail.read_options()
    assert options.rounds >= 5
    assert options.page == Path("docs/performance.md")
