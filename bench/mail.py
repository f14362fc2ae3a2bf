"""In charge of: the mail benchmark — servers in interleaved rounds, ratios by round — and its report.

Not in charge of: servers, mails, or the load generator.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.gateways import run_gateway, why_no_postgres
from bench.load import LoadError, send_all
from bench.mails import Author, Mail, make_large, make_small
from bench.processes import MemoryWatch, ServerError
from bench.report import describe_machine, print_tables, write_page
from bench.servers import Server, run_postfix, run_sink, why_no_postfix

MAILS_PER_PERSON = 20  # a long conversation; the gateway holds what one sender writes beyond 60 an hour
WARM_UP = (60, 10)  # small and large mails, before anything is measured
SIZES = ("4 kB", "200 kB")


@dataclass(frozen=True, slots=True)
class Turn:
    """One server, one size of mail, one round. Rates: mails a second; `visible` is None where there are no threads."""

    server: str
    size: str
    round: int
    accepted: float
    visible: float | None
    cpu_ms: float
    peak_mb: float
    p50_ms: float
    p99_ms: float


def main() -> int:
    options = read_options()
    missing = [why for why in (why_no_postfix(), why_no_postgres()) if why]
    for why in missing:
        print(f"Left out: {why}.", file=sys.stderr)
    began = time.monotonic()
    try:
        turns = run_rounds(rounds=options.rounds, small=options.small, large=options.large, folder=options.folder)
    except (LoadError, ServerError) as error:
        print(f"The benchmark is not valid: {error}", file=sys.stderr)
        return 1
    machine = describe_machine(options.folder or Path(tempfile.gettempdir()))
    setting = f"{options.rounds} rounds of {options.small} mails of 4 kB and {options.large} of 200 kB"
    print(f"{machine}\n{setting}, {time.monotonic() - began:.0f} s\n")
    print_tables(turns, SIZES)
    if str(options.page) != "-":
        write_page(options.page, turns, SIZES, machine=machine, setting=setting, missing=missing)
        print(f"Written to {options.page}")
    return 0


def read_options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--small", type=int, default=2000, help="mails of 4 kB in a round")
    options.add_argument("--large", type=int, default=300, help="mails of 200 kB in a round")
    options.add_argument("--folder", type=Path, help="where servers keep their data meanwhile: a real disk")
    options.add_argument("--page", type=Path, default=Path("docs/performance.md"), help="the report; - for none")
    return options.parse_args()


def run_rounds(*, rounds: int, small: int, large: int, folder: Path | None = None) -> list[Turn]:
    """Measure; everything that is started is taken down again. Raises LoadError, ServerError."""
    total = rounds * (small + large) + sum(WARM_UP)
    people = max(200, -(-total // MAILS_PER_PERSON))
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-bench-", dir=folder)))
        root.chmod(0o755)  # Postfix's processes are not root
        authors: list[Author] = []
        servers = [
            stack.enter_context(start(_make_folder(root, n))) for n, start in enumerate(_starters(authors, people))
        ]
        for server in servers:
            take_turn(server, make_small(authors, count=WARM_UP[0], label="w0"), size="", number=0)
            take_turn(server, make_large(authors, count=WARM_UP[1], label="w1"), size="", number=0)
        turns: list[Turn] = []
        for number in range(rounds):
            mails = {
                SIZES[0]: make_small(authors, count=small, label=f"s{number}"),
                SIZES[1]: make_large(authors, count=large, label=f"l{number}"),
            }
            first = number % len(servers)
            for server in servers[first:] + servers[:first]:
                for size in SIZES:
                    turns.append(take_turn(server, mails[size], size=size, number=number))
                    print(f"round {number + 1}: {turns[-1]}", file=sys.stderr)
        return turns


def _starters(authors: list[Author], people: int) -> list[Callable[[Path], AbstractContextManager[Server]]]:
    starters: list[Callable[[Path], AbstractContextManager[Server]]] = [] if why_no_postfix() else [run_postfix]
    starters += [run_sink, partial(run_gateway, authors=authors, people=people)]
    if not why_no_postgres():
        starters.append(partial(run_gateway, authors=authors, people=people, postgres=True))
    return starters


def _make_folder(root: Path, number: int) -> Path:
    folder = root / str(number)
    folder.mkdir()
    return folder


def take_turn(server: Server, mails: list[Mail], *, size: str, number: int) -> Turn:
    """Send the mails to one server, wait until it has done with them, and check that nothing is missing or twice."""
    before = server.cpu_ms()
    with MemoryWatch(server.pids) as memory:
        sent = send_all(server.address, mails)
        visible = server.wait_visible(mails)
        server.wait_idle()
        cpu = server.cpu_ms() - before
    server.verify(mails)
    return Turn(
        server=server.name,
        size=size,
        round=number,
        accepted=sent.per_second,
        visible=len(mails) / (visible - sent.started) if server.threads else None,
        cpu_ms=cpu / len(mails),
        peak_mb=memory.peak_mb,
        p50_ms=1000 * sent.percentile(0.5),
        p99_ms=1000 * sent.percentile(0.99),
    )
