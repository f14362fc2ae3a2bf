"""In charge of: medians, ratios by round, the tables and the page. Not in charge of: measuring."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.mail import Turn

YARDSTICK = "Postfix"
HEAD = ("", "accepted /s", "× Postfix", "visible /s", "× Postfix", "CPU ms", "memory MB", "p50 ms", "p99 ms")
REMARKS = """\
- **accepted**: 250 received; the mail is on stable storage (aiosmtpd: nowhere). **visible**: from the first MAIL until
  the last mail of the round is a message in its thread, counted in the database. Rates are medians over the rounds, the
  smallest and largest in brackets. **× Postfix** is the median of the rounds' own ratios, always to Postfix's
  *accepted* rate.
- The gateway begins to work on mails while others still come in: its accepted rate is measured under its own work.
- **CPU** is user and system time per mail of all processes of a server until all is done; for PostgreSQL with the
  backends of our connections but without its shared writers. **memory** is the most that all processes held together,
  shared pages once (PSS), looked at every second. **p50** and **p99** run from MAIL to the 250 after the final dot.
- Postfix is a private instance as it comes, but for `in_flow_delay = 0` and that it holds every mail: nothing but
  queueing is counted. It logs to a file, as the gateway does. What it queued is removed after each round, as it removes
  what it has delivered; it makes a file for each mail, and ext4 looks longer for a free inode where many were freed
  within the last minutes. Where its mails stayed (27 November 2026, once), it took 1,885 of 4 kB a second, and the
  gateway on SQLite was at 0.84 × accepted and 0.41 × visible. aiosmtpd is the stock controller with a handler that
  says 250.
- 20 kept connections, PIPELINING where offered. The load generator and all servers share the processors: compare
  ratios of one run, never rates of different runs. Differences under about 30 % are noise on a shared machine.
- Postfix waits for the disk, the gateway computes: the ratios follow the processor and the build of Python, and the
  same machine lends more or less of itself from hour to hour. On 28 November 2026 they were, for SQLite, PostgreSQL
  and SQLite at 200 kB, about 0.9 × accepted and 0.42 × visible, 0.67 and 0.32, 0.57 and 0.25 in the morning (2.5 ms of
  processor a mail); a few hours later, when a mail took a third more of it, 0.92 and 0.37, 0.65 and 0.29, 0.60 and
  0.23; that evening, when it gave still less, 0.70 and 0.28, 0.53 and 0.25, 0.58 and 0.24. On the slowest machine they
  were 0.64 and 0.28 on pyenv's Python, which is built without optimisations, and 0.80 and 0.37 on Debian's; on the
  fastest, with pyenv's, 1.20 and 0.53.
- The table above is of the night of 28 November, on a machine that ran at half its speed for seconds on end. A run of
  the same code shortly before gave 1.00 and 0.45, 0.76 and 0.37, 0.72 and 0.34; three rounds before that night's
  changes 1.11 and 0.49, 0.76 and 0.37, 0.86 and 0.37. In turns, six rounds beside other work, those changes let in
  1.13 times as many a second on SQLite and showed 1.04 times as many. The bars that are missed: 0.6 visible at 4 kB on
  SQLite, 0.8 accepted at 200 kB. Almost a third of both processors is idle while mails come in on SQLite, for whoever
  settles waits for the front door's commits; to read further ahead meanwhile gained nothing in five rounds.
- While the front door waits for its turn to write, workers settle a dozen mails at a time. Beside other programs that
  kept both processors busy, 822 mails a second were accepted without and 1,083 with it, 198 and 239 were visible, and
  99 of 100 had their 250 within 122 and 84 ms; on an idle machine it makes no difference. Held back until the last 250,
  the workers would have let 0.98 in where it was 0.74, but shown fewer a second: they are not. Compiled by mypyc, the
  modules that read mail need 15 % less: not worth two builds.
- Changes of the evening (a mail is read with a third fewer instructions, settled with a sixth fewer) in turns with the
  commit before, two rounds each, Debian's Python: 924 and 1,078 before, 1,133 and 1,085 after were accepted a second on
  SQLite, 387 and 405, 486 and 472 were visible; on PostgreSQL 651 and 708, 737 and 759; 326 and 347, 360 and 402.
- Every run checks itself: all mails acknowledged, stored and visible, each in its thread, none twice, the numbers in
  each thread without a gap, each file's digest. A run in which one of these fails prints no table.
"""


def describe_machine(folder: Path) -> str:
    """One line: cores, Python, Postfix, file system."""
    parts = [f"{os.cpu_count()} cores", platform.machine(), f"Python {platform.python_version()}", _postfix_version()]
    return ", ".join(p for p in (*parts, f"{_file_system(folder)} under the data") if p)


def print_tables(turns: Sequence[Turn], sizes: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 140)
    for size in sizes:
        table = Table(*HEAD, title=f"{size} mails")
        for row in make_rows(turns, size):
            table.add_row(*row)
        console.print(table)


def write_page(
    path: Path, turns: Sequence[Turn], sizes: Sequence[str], *, machine: str, setting: str, missing: Sequence[str]
) -> None:
    """docs/performance.md: what was measured, where, how, and how far to believe it."""
    tables = "\n".join(f"## {size} mails\n\n{_markdown(make_rows(turns, size))}" for size in sizes)
    left_out = "".join(f"- Left out in this run: {why}.\n" for why in missing)
    path.write_text(
        f"# Performance\n\nWritten by `make bench` (`python -m bench mail`) on {datetime.now(UTC):%Y-%m-%d}.\n\n"
        f"Machine: {machine}. {setting}, servers in turn within each round.\n\n"
        f"{tables}\n## How to read this\n\n{REMARKS}{left_out}",
        "utf-8",
    )


def make_rows(turns: Sequence[Turn], size: str) -> list[list[str]]:
    """One row for each server, in the order in which they first ran."""
    names = dict.fromkeys(t.server for t in turns)
    yardstick = {t.round: t.accepted for t in turns if t.server == YARDSTICK and t.size == size}
    rows = []
    for name in names:
        mine = [t for t in turns if t.server == name and t.size == size]
        rows.append(
            [
                name,
                _spread([t.accepted for t in mine]),
                _ratio(mine, yardstick, lambda t: t.accepted),
                _spread([t.visible for t in mine if t.visible is not None]),
                _ratio(mine, yardstick, lambda t: t.visible),
                f"{median(t.cpu_ms for t in mine):.2f}",
                f"{max(t.peak_mb for t in mine):.0f}",
                f"{median(t.p50_ms for t in mine):.0f}",
                f"{median(t.p99_ms for t in mine):.0f}",
            ]
        )
    return rows


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.0f} ({min(values):.0f}-{max(values):.0f})" if values else "-"


def _ratio(turns: Sequence[Turn], yardstick: dict[int, float], rate: Callable[[Turn], float | None]) -> str:
    ratios = [r / yardstick[t.round] for t in turns if t.round in yardstick and (r := rate(t)) is not None]
    return f"{median(ratios):.2f}" if ratios else "-"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEAD, ["---"] + ["---:"] * (len(HEAD) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _postfix_version() -> str:
    try:
        found = subprocess.run(
            ["/usr/sbin/postconf", "-dh", "mail_version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"Postfix {found.stdout.strip()}"


def _file_system(folder: Path) -> str:
    """The type of the file system that holds the folder: on tmpfs a sync costs nothing and no rate means anything."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if folder.resolve().is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]
