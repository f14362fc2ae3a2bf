"""In charge of: scoring reply extractors on folders of cases, per language and source, with their speed.

Not in charge of: the cases themselves, or the extractors (`extractors`).

    python -m bench replies [FOLDER …] [--show] [--peers]

FOLDER holds `index.jsonl`, one case a line: {id, kind: text|html|eml, input, expected, optional?, known?, language?,
source?}, the paths relative to it; or sub-folders that do. Without a folder: tests/emails/replies. Tokens are words,
single CJK signs and emoji, NFC and case-folded. *lost*: more than 10 % of the expected tokens are missing. *leak*: more
than 10 % of the output's tokens are neither expected nor optional. *ok*: neither. *exact*: equal after white space is
folded. *F1*: of expected tokens, optional ones left out of account.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.extractors import OURS, OURS_KNOWING, Body, Extract, find_extractors, missing_peers
from bench.report import describe_machine
from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import is_forwarded

CASES = Path("tests/emails/replies")
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[\u2600-\u27bf\U0001f300-\U0001faff]|[^\W_]+"
)
REMARKS = """\
# How well replies are told from quotes

Written by `python -m bench replies --peers --replies-page docs/performance-replies.md`; do not edit.

- **lost**: more than a tenth of the writer's words are missing. **leak**: more than a tenth of what is shown is
  somebody else's. **ok**: neither. **exact**: the same words in the same order, signature included.
- **F1** is of words (CJK signs count each), the mean over the cases; words that may go either way (signature, quoted
  lines between answers) are left out of account.
- Processor time of one process. Peers that read only text get the words of an HTML body as the gateway reads them. No
  peer can be told what was sent before, so the gateway is shown without that too. The tables by language and source
  are of the gateway that knows it.
- The cases are ours, written from the formats of mail clients, and the rules were made with them in view: the
  figure says that nothing got worse. How mail fares that nobody has seen is in [first-sight.md](first-sight.md). A
  folder of other cases is scored with `python -m bench replies FOLDER`.
"""
HEAD = ("", "cases", "ok", "exact", "F1", "lost", "leak")


@dataclass(frozen=True, slots=True)
class Case:
    """A body, what must be left of it, and what may be."""

    id: str
    language: str
    source: str
    body: Body
    expected: str
    optional: str


@dataclass(frozen=True, slots=True)
class Score:
    """How one extractor did on one case."""

    case: Case
    lost: bool
    leak: bool
    exact: bool
    f1: float
    seconds: float  # of processor time
    output: str

    @property
    def ok(self) -> bool:
        return not self.lost and not self.leak


def count_tokens(text: str) -> Counter[str]:
    """The tokens that the score counts."""
    return Counter(_TOKEN.findall(unicodedata.normalize("NFC", text).casefold()))


def read_cases(folder: Path) -> Iterator[Case]:
    """Every case below a folder."""
    for index in sorted(folder.rglob("index.jsonl")):
        for line in index.read_text("utf-8").splitlines():
            if line.strip():
                yield _read_case(index.parent, json.loads(line))


def _read_case(folder: Path, row: dict[str, Any]) -> Case:
    def read(name: str) -> str:
        return (folder / name).read_text("utf-8", "replace")

    text, html, subject = "", "", str(row.get("subject", ""))
    if row["kind"] == "eml":
        mail = parse_mail((folder / row["input"]).read_bytes())
        text, html, subject = mail.text, mail.html, mail.subject
    elif row["kind"] == "html":
        html = read(row["input"])
    else:
        text = read(row["input"])
    body = Body(text, html, tuple(read(name) for name in row.get("known", [])), is_forwarded(subject))
    optional = read(row["optional"]) if row.get("optional") else ""
    source = str(row.get("source", folder.name))
    return Case(row["id"], str(row.get("language", "?")), source, body, read(row["expected"]), optional)


def score_case(case: Case, extract: Extract) -> Score:
    """Run one case and compare. An extractor that raises keeps nothing."""
    began = time.process_time()
    try:
        output = extract(case.body)
    except Exception:
        output = ""
    seconds = time.process_time() - began
    wanted, got, optional = count_tokens(case.expected), count_tokens(output), count_tokens(case.optional)
    missing = sum((wanted - got).values())
    foreign = sum((got - wanted - optional).values())
    hits = wanted.total() - missing
    return Score(
        case=case,
        lost=missing > 0.1 * wanted.total(),
        leak=foreign > 0.1 * got.total(),
        exact=output.split() == case.expected.split(),
        f1=2 * hits / (2 * hits + missing + foreign) if hits else float(not missing and not foreign),
        seconds=seconds,
        output=output,
    )


def make_row(name: str, scores: Sequence[Score]) -> tuple[str, ...]:
    """One line of a table."""
    count = len(scores)

    def share(hits: int) -> str:
        return f"{100 * hits / count:.1f} %"

    shares = [share(sum(getattr(s, kind) for s in scores)) for kind in ("ok", "exact")]
    errors = [share(sum(getattr(s, kind) for s in scores)) for kind in ("lost", "leak")]
    return (name, str(count), *shares, f"{sum(s.f1 for s in scores) / count:.3f}", *errors)


def make_table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """A Markdown table."""
    lines = [head, ("---", *("---:" for _ in head[1:])), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def compare_extractors(cases: Sequence[Case], extractors: dict[str, Extract]) -> str:
    """A table of all extractors; peers do not know the thread, so ours is shown with and without."""
    rows = []
    for name, extract in extractors.items():
        scores = [score_case(case, extract) for case in cases]
        taken = sum(s.seconds for s in scores)
        slowest = max(s.seconds for s in scores)
        rows.append((*make_row(name, scores), f"{len(scores) / taken:.0f}", f"{1000 * slowest:.1f}"))
    return make_table(rows, (*HEAD, "bodies /s", "slowest, ms"))


def compare_groups(scores: Sequence[Score], kind: str) -> str:
    """A table per language or source, the largest groups first."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(getattr(score.case, kind), []).append(score)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return make_table([make_row(name, group) for name, group in ordered], HEAD)


def main() -> int:
    """Score the folders given on the command line."""
    options = read_options()
    folders = options.folders or [CASES]
    extractors = find_extractors()
    if not options.peers:
        extractors = {name: extractors[name] for name in (OURS, OURS_KNOWING)}
    parts = []
    for folder in folders:
        cases = list(read_cases(folder))
        if not cases:
            print(f"No index.jsonl below {folder}.", file=sys.stderr)
            return 2
        scores = [score_case(case, extractors[OURS_KNOWING]) for case in cases]
        show_failures(scores, all_of_it=options.show)
        title = f"## {folder.name}" if folder != CASES else "## The cases of the tests"
        parts.append(f"{title}\n\n{compare_extractors(cases, extractors)}")
        parts.append(f"{compare_groups(scores, 'language')}\n\n{compare_groups(scores, 'source')}")
    text = "\n\n".join(parts) + "\n"
    print(text)
    for name in missing_peers(extractors) if options.peers else ():
        print(f"{name} is not installed (or does not run here): uv sync --group peers")
    if options.replies_page:
        write_page(Path(options.replies_page), text)
        print(f"Written to {options.replies_page}")
    return 0


def show_failures(scores: Sequence[Score], *, all_of_it: bool) -> None:
    """The cases that are not ok, by id; with what was expected and what came, if asked for."""
    for score in scores:
        if not score.ok:
            kinds = " ".join(name for name in ("lost", "leak") if getattr(score, name))
            print(f"=== {score.case.id}: {kinds}")
            if all_of_it:
                print(f"--- expected\n{score.case.expected[:600]}\n--- got\n{score.output[:600]}")


def write_page(page: Path, text: str) -> None:
    """The tables with how to read them."""
    page.write_text(f"{REMARKS}\nMachine: {describe_machine(page.parent)}.\n\n{text}", "utf-8")


def read_options() -> argparse.Namespace:
    """The folders, and what to show of them."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", type=Path, nargs="*", help="folders with index.jsonl")
    options.add_argument("--show", action="store_true", help="print every case that is not ok")
    options.add_argument("--peers", action="store_true", help="score the other extractors too")
    options.add_argument("--replies-page", default="", help="write the tables to this page")
    return options.parse_args()


if __name__ == "__main__":
    sys.exit(main())
