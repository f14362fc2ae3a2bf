"""In charge of: scoring `split_reply` on a folder of cases, with its speed. Not in charge of: the cases themselves.

    python -m bench.replies FOLDER [--show]

FOLDER holds `index.jsonl`, one case a line: {id, kind: text|html|eml, input, expected, optional?, known?, language?},
the paths relative to it; or sub-folders that do. Tokens are words, single CJK signs and emoji, NFC and case-folded.
*lost*: more than 10 % of the expected tokens are missing. *leak*: more than 10 % of the output's tokens are neither
expected nor optional. *ok*: neither. *exact*: equal after white space is folded.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.inbound.mime import parse_mail
from gateway.inbound.reading import is_forwarded
from gateway.inbound.replies import split_reply

_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[\u2600-\u27bf\U0001f300-\U0001faff]|[^\W_]+"
)


@dataclass(frozen=True, slots=True)
class Score:
    id: str
    lost: bool
    leak: bool
    exact: bool
    seconds: float
    output: str
    expected: str

    @property
    def ok(self) -> bool:
        return not self.lost and not self.leak


def count_tokens(text: str) -> Counter[str]:
    """The tokens that the score counts."""
    return Counter(_TOKEN.findall(unicodedata.normalize("NFC", text).casefold()))


def read_cases(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every case below a folder, with the folder that its paths are relative to."""
    for index in sorted(folder.rglob("index.jsonl")):
        for line in index.read_text("utf-8").splitlines():
            if line.strip():
                yield index.parent, json.loads(line)


def score_case(folder: Path, case: dict[str, Any]) -> Score:
    """Run one case and compare."""
    raw = (folder / case["input"]).read_bytes()
    expected = (folder / case["expected"]).read_text("utf-8", "replace")
    optional = (folder / case["optional"]).read_text("utf-8", "replace") if case.get("optional") else ""
    known = [(folder / name).read_text("utf-8", "replace") for name in case.get("known", [])]
    text, html, subject = None, None, str(case.get("subject", ""))
    if case["kind"] == "eml":
        mail = parse_mail(raw)
        text, html, subject = mail.text or None, mail.html or None, mail.subject
    elif case["kind"] == "html":
        html = raw.decode("utf-8", "replace")
    else:
        text = raw.decode("utf-8", "replace")
    started = time.perf_counter()
    reply = split_reply(text, html, known=known, forwarded=is_forwarded(subject)).reply
    seconds = time.perf_counter() - started
    wanted, got = count_tokens(expected), count_tokens(reply)
    missing = sum((wanted - got).values())
    foreign = sum((got - wanted - count_tokens(optional)).values())
    return Score(
        id=case["id"],
        lost=missing > 0.1 * wanted.total(),
        leak=foreign > 0.1 * got.total(),
        exact=reply.split() == expected.split(),
        seconds=seconds,
        output=reply,
        expected=expected,
    )


def print_scores(scores: list[Score], *, show: bool) -> None:
    """The shares of all cases and the speed."""

    def share(count: int) -> str:
        return f"{count:4d} = {100 * count / len(scores):5.1f} %"

    for score in scores:
        if show and not score.ok:
            kinds = " ".join(name for name in ("lost", "leak") if getattr(score, name))
            print(f"=== {score.id}: {kinds}\n--- expected\n{score.expected[:600]}\n--- got\n{score.output[:600]}")
    for name in ("ok", "exact", "lost", "leak"):
        print(f"{name:6} {share(sum(getattr(s, name) for s in scores))}")
    total = sum(s.seconds for s in scores)
    print(f"speed  {len(scores) / total:.0f} texts/s, slowest {1000 * max(s.seconds for s in scores):.1f} ms")


def main() -> int:
    """Score the folder given on the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="folder with index.jsonl")
    options.add_argument("--show", action="store_true", help="print every case that is not ok")
    chosen = options.parse_args()
    scores = [score_case(folder, case) for folder, case in read_cases(chosen.folder)]
    if not scores:
        print(f"No index.jsonl below {chosen.folder}.", file=sys.stderr)
        return 2
    print_scores(scores, show=chosen.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
