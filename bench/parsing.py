"""In charge of: how fast raw bytes become a `ReadMail`, beside mail-parser alone on the same mails in the same run.

Not in charge of: the server around it (`mail`) or how well replies are split (`replies`).

    python -m bench parsing [--rounds N]

Processor time of one process, measured mail by mail in turn with the yardstick, so that load on the machine meets
both. mail-parser alone gives headers, texts and files; ours also splits the reply, makes HTML safe, hashes the body.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import mailparser

from bench.mails import Author, make_large, make_small
from bench.report import describe_machine
from gateway.inbound.reading import read_mail

THREADS = 20
EMAILS = Path("tests/emails")
YARDSTICK = "mail-parser alone"
HEAD = ("", "mails /s", "ms a mail", "× mail-parser")
REMARKS = f"""\
- Medians of the processor time of single mails; **× mail-parser** compares rates: 0.5 is half as many mails a second.
- **known texts** are what we sent before in the thread, about 500 characters each, one of them quoted in the mail.
  *again*: {THREADS} threads, whose texts the process has seen before. *new*: no text was ever seen before.
- The reading runs in one process here; in the gateway the trip to the parsing process comes on top.
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read one size of mail: processor seconds of every mail."""

    size: str
    name: str
    seconds: list[float]


def main() -> int:
    options = read_options()
    readings = [*measure("4 kB", rounds=options.rounds, count=200), *measure("200 kB", rounds=options.rounds, count=20)]
    worst = find_worst(EMAILS, rounds=options.rounds)
    machine = describe_machine(Path(tempfile.gettempdir()))
    text = f"{write_tables(readings)}\nSlowest of the mails in `{EMAILS}`: {worst}.\n"
    print(f"{machine}\n\n{text}")
    if options.parsing_page:
        write_page(Path(options.parsing_page), text, machine=machine, rounds=options.rounds)
        print(f"Written to {options.parsing_page}")
    return 0


def read_options() -> argparse.Namespace:
    """Our own options; those of the other benchmarks are theirs."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--parsing-page", default="docs/performance-parsing.md", help="'' for none")
    chosen, _ = options.parse_known_args()
    return chosen


def measure(size: str, *, rounds: int, count: int) -> list[Reading]:
    """Every way in turn on every mail."""
    authors = [
        Author("한지우", f"jiwoo{n}@mail.example", f"moalabs+{n:026d}@reply.example.test", f"{n}")
        for n in range(THREADS)
    ]
    make = make_small if size == "4 kB" else make_large
    mails = [mail.wire.removesuffix(b".\r\n") for mail in make(authors, count=count, label="parsing")]
    quoted = read_mail(mails[0]).split.folded.replace("> ", "")
    sent = {number: [write_texts(f"{n}", number, quoted) for n in range(THREADS)] for number in (5, 30)}
    seconds: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for number, raw in enumerate(mails):
            known: dict[str, Sequence[str] | None] = {
                YARDSTICK: None,
                "gateway, no known texts": (),
                "gateway, 5 known texts again": sent[5][number % THREADS],
                "gateway, 30 known texts again": sent[30][number % THREADS],
                "gateway, 5 known texts new": write_texts(f"new {turn} {number}", 5, quoted),
            }
            for name, texts in known.items():
                taken = time_one(raw, texts)
                if turn:  # the first round only warms up
                    seconds.setdefault(name, []).append(taken)
    return [Reading(size, name, values) for name, values in seconds.items()]


def time_one(raw: bytes, known: Sequence[str] | None) -> float:
    """Processor seconds of one reading; without a list of known texts, of mail-parser's."""
    began = time.process_time()
    if known is None:
        mailparser.parse_from_bytes(raw)
    else:
        read_mail(raw, known)
    return time.process_time() - began


def write_texts(label: str, count: int, quoted: str) -> list[str]:
    """What we sent before in a thread: all different, the last one is the message that the mails quote."""
    chance = random.Random(label)
    syllables = [chr(code) for code in range(0xAC00, 0xAC00 + 800)]
    words = ["".join(chance.choices(syllables, k=chance.randint(2, 4))) for _ in range(140 * count)]
    return [" ".join(words[140 * n : 140 * n + 140]) for n in range(count - 1)] + [f"{quoted}\n{words[-1]}"]


def find_worst(folder: Path, *, rounds: int) -> str:
    """The slowest mail of a folder and its processor time, the best of some rounds each."""
    slowest = (0.0, "none")
    for path in sorted(folder.glob("*.eml")):
        raw = path.read_bytes()
        taken = []
        for _ in range(rounds):
            began = time.process_time()
            read_mail(raw)
            taken.append(time.process_time() - began)
        slowest = max(slowest, (min(taken), path.name))
    return f"{slowest[1]}, {1000 * slowest[0]:.1f} ms"


def write_tables(readings: Sequence[Reading]) -> str:
    """A table for each size, in Markdown."""
    tables = []
    for size in dict.fromkeys(r.size for r in readings):
        mine = [r for r in readings if r.size == size]
        yardstick = median(next(r.seconds for r in mine if r.name == YARDSTICK))
        rows = [HEAD, ("---", "---:", "---:", "---:")]
        for reading in mine:
            typical = median(reading.seconds)
            rows.append((reading.name, f"{1 / typical:.0f}", f"{1000 * typical:.2f}", f"{yardstick / typical:.2f}"))
        tables.append(f"## {size} mails\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows))
    return "\n".join(tables)


def write_page(path: Path, text: str, *, machine: str, rounds: int) -> None:
    """What was measured, where and how."""
    path.write_text(
        f"# Performance of reading mail\n\nWritten by `python -m bench parsing` on {datetime.now(UTC):%Y-%m-%d}.\n\n"
        f"Machine: {machine}. {rounds} rounds, one process.\n\n{text}\n## How to read this\n\n{REMARKS}",
        "utf-8",
    )
