"""In charge of: half an hour of steady mail with a burst in its middle (reliability 70): nothing lost, memory and open
files level, 250s quick, the backlog soon gone.

Not in charge of: the most that can be taken in (`mail`), pages (`desk`) or streams (`streams`).

    python -m bench soak [--minutes 30] [--rate 100] [--burst 60] [--postgres]

The burst offers ten times the rate for that many seconds: more than is taken, so that senders wait for each other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import linear_regression

from bench.gateways import run_gateway, why_no_postgres
from bench.load import LoadError, send_all
from bench.mails import Author, Mail, make_small
from bench.processes import ServerError, count_files, memory_of
from bench.report import describe_machine
from bench.servers import Server

TIMES = 10  # the burst, of the rate
CHUNK = 2000  # mails of the burst that are made and sent together
LOOK_EVERY = 15.0  # seconds between two looks at memory and files
MAILS_PER_PERSON = 25  # within an hour; the gateway holds what one sender writes beyond 60
SETTLED = 0.5  # of the looks, the last ones: what is loaded once is loaded by then
MOST_SECONDS = 1.0  # to the 250, for 99 of 100 steady mails
MOST_DRAIN = 300.0  # seconds from the burst's last 250 until its last mail is in its thread
MOST_GROWTH = 1.0  # MB of memory for a thousand mails
MOST_FILES = 50  # more open files at one of the later looks than at another; PostgreSQL's own come and go


@dataclass
class Soak:
    """What was seen. `looks`: (mails so far, MB, open files)."""

    mails: list[Mail] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # seconds to each steady 250
    looks: list[tuple[int, float, int]] = field(default_factory=list)
    burst_per_second: float = 0.0
    drain: float = 0.0

    @property
    def p99(self) -> float:
        return sorted(self.times)[int(0.99 * (len(self.times) - 1))]

    @property
    def growth(self) -> float:
        """MB for a thousand mails, over the later looks."""
        late = self.looks[int(len(self.looks) * SETTLED) :]
        if len({mails for mails, _, _ in late}) < 2:
            return 0.0
        return 1000 * linear_regression([mails for mails, _, _ in late], [mb for _, mb, _ in late]).slope

    @property
    def files(self) -> tuple[int, int]:
        """Open files: the fewest and the most of the later looks."""
        late = [files for _, _, files in self.looks[int(len(self.looks) * SETTLED) :]]
        return min(late), max(late)


def main() -> int:
    """Run, check that every mail is in its thread once, print what was seen; 1 if a bound is passed."""
    parser = argparse.ArgumentParser(prog="python -m bench soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=int, default=100, help="mails a second")
    parser.add_argument("--burst", type=float, default=60, help="seconds of ten times the rate, in the middle")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    options = parser.parse_args()
    if options.postgres and why_no_postgres():
        print(f"Left out: {why_no_postgres()}.", file=sys.stderr)
        return 0
    total = int(options.rate * (60 * options.minutes + TIMES * options.burst))
    authors: list[Author] = []
    people = max(100, total // MAILS_PER_PERSON)
    with tempfile.TemporaryDirectory(prefix="gateway-soak-") as folder:
        try:
            with run_gateway(Path(folder), authors, people=people, postgres=options.postgres) as server:
                soak = run(server, authors, seconds=60 * options.minutes, rate=options.rate, burst=options.burst)
        except (LoadError, ServerError) as error:
            print(f"It did not hold: {error}", file=sys.stderr)
            return 1
    print(describe_machine(Path(tempfile.gettempdir())))
    print(f"{'PostgreSQL' if options.postgres else 'SQLite'}, {options.minutes:g} min of {options.rate} mails a second")
    return report(soak)


def run(server: Server, authors: Sequence[Author], *, seconds: float, rate: int, burst: float) -> Soak:
    """Half of the time, the burst, the other half, then the check. Raises LoadError, ServerError."""
    soak = Soak()
    _send_steadily(server, authors, soak, seconds=seconds / 2, rate=rate)
    _send_burst(server, authors, soak, count=int(TIMES * rate * burst))
    _send_steadily(server, authors, soak, seconds=seconds / 2, rate=rate)
    server.wait_visible(soak.mails)
    server.wait_idle()
    _look(server, soak)
    server.verify(soak.mails)
    return soak


def report(soak: Soak) -> int:
    """Print it; 1 if a bound is passed."""
    fewest, most = soak.files
    print(f"{len(soak.mails)} mails, each in its thread once")
    print(f"99 of 100 steady mails had their 250 within {1000 * soak.p99:.0f} ms (at most {1000 * MOST_SECONDS:.0f})")
    print(
        f"burst: {soak.burst_per_second:.0f} a second, in its threads {soak.drain:.0f} s later (at most {MOST_DRAIN:g})"
    )
    print("memory MB: " + " ".join(f"{mb:.0f}" for _, mb, _ in soak.looks))
    print(f"later half: {soak.growth:.2f} MB for a thousand mails (at most {MOST_GROWTH:g}), files {fewest} to {most}")
    quick = soak.p99 <= MOST_SECONDS and soak.drain <= MOST_DRAIN
    level = soak.growth <= MOST_GROWTH and most - fewest <= MOST_FILES
    return 0 if quick and level else 1


def _send_steadily(server: Server, authors: Sequence[Author], soak: Soak, *, seconds: float, rate: int) -> None:
    """The mails of each second within it; if the server is late, the next second's follow at once."""
    began = time.monotonic()
    look_at = began
    for second in range(round(seconds)):
        soak.times += _send(server, _make(authors, soak, count=rate), soak)
        if time.monotonic() >= look_at:
            _look(server, soak)
            look_at += LOOK_EVERY
        time.sleep(max(0.0, began + second + 1 - time.monotonic()))


def _send_burst(server: Server, authors: Sequence[Author], soak: Soak, *, count: int) -> None:
    began = time.monotonic()
    for left in range(count, 0, -CHUNK):
        _send(server, _make(authors, soak, count=min(left, CHUNK)), soak)
    ended = time.monotonic()
    server.wait_visible(soak.mails)
    soak.burst_per_second = count / (ended - began) if count else 0.0
    soak.drain = time.monotonic() - ended
    _look(server, soak)


def _make(authors: Sequence[Author], soak: Soak, *, count: int) -> list[Mail]:
    """Mails that go on with the people where the last ones ended."""
    at = len(soak.mails) % len(authors)
    return make_small([*authors[at:], *authors[:at]], count=count, label=f"soak.{len(soak.mails)}")


def _send(server: Server, mails: list[Mail], soak: Soak) -> tuple[float, ...]:
    sent = send_all(server.address, mails)
    soak.mails += [replace(mail, wire=b"") for mail in mails]
    return sent.times


def _look(server: Server, soak: Soak) -> None:
    pids = server.pids()
    soak.looks.append((len(soak.mails), memory_of(pids), count_files(pids)))
