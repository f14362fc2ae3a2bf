"""`make fuzz`: many mutated mails through raw → entry, in one process, repeatable by its seed.

    GATEWAY_CORPORA=/path/to/mails make fuzz EXECUTIONS=1000000 SEED=1

A mail that is read in a new way (other parts, defects, kinds) joins those that are mutated next: what code does guides
the search, at ten times the speed of instrumented code. Findings are written to `fuzz-findings/`, each kind once; the
campaign goes on, and its exit status is 1 if there are any. A line each minute says how far it is.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import sys
import time
from collections.abc import Hashable
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz.mail_fuzz import BLOCK, check_mail, find_seeds, mutate
from gateway.threads.incoming import ReadMail

SMALL = 1536  # bytes of most mails: errors hide in structure, not in size
BIG_EVERY = 40
TWICE_EVERY = 50
MOST_GROWN = 20_000


def name_behaviour(read: ReadMail) -> Hashable:
    """What the reader found, roughly: mails that differ in it ran different code."""
    mail = read.mail
    return (
        mail.automatic,
        tuple(sorted({re.sub(r"\d+", "0", d) for d in mail.defects})),
        tuple(sorted({a.content_type.partition("/")[0] for a in mail.attachments})),
        tuple((r.action, bool(r.recipient), bool(r.status)) for r in mail.reports[:2]),
        (bool(mail.text), bool(mail.html), bool(read.split.folded), bool(read.split.signature)),
        (bool(mail.date), len(mail.from_) > 1, len(mail.to) > 1),
    )


def run(executions: int, seed: int, seconds: float) -> int:
    """Run so many mails, or so long; the number of different findings."""
    chance = random.Random(seed)
    seeds = find_seeds()
    small = [s for s in seeds if len(s) <= SMALL]
    seen: set[Hashable] = set()
    found: set[str] = set()
    started = reported = time.monotonic()
    slowest, done = 0.0, 0
    while done < executions and (not seconds or time.monotonic() - started < seconds):
        big = done % BIG_EVERY == 0
        raw = mutate(chance.choice(seeds if big else small), seeds, chance, most=BLOCK if big else SMALL)
        before = time.process_time()
        try:
            behaviour = name_behaviour(check_mail(raw, twice=done % TWICE_EVERY == 0))
        except Exception as error:
            _keep_finding(raw, error, found)
        else:
            slowest = max(slowest, time.process_time() - before)
            if behaviour not in seen and len(seen) < MOST_GROWN:
                seen.add(behaviour)
                seeds.append(raw)
                small += [raw] if len(raw) <= SMALL else []
        done += 1
        if time.monotonic() - reported > 60 or done == executions:
            reported = time.monotonic()
            print(f"{done} mails, {len(seen)} behaviours, {len(found)} findings, slowest {slowest:.3f} s", flush=True)
    return len(found)


def _keep_finding(raw: bytes, error: Exception, found: set[str]) -> None:
    what = f"{type(error).__name__}: {re.sub(r'[0-9.]+', '0', str(error))[:200]}"
    if what in found:
        return
    found.add(what)
    folder = Path("fuzz-findings")
    folder.mkdir(exist_ok=True)
    path = folder / sha256(raw).hexdigest()[:16]
    path.write_bytes(raw)
    print(f"FOUND {what} → {path}", flush=True)


def main() -> None:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--executions", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=0, help="end sooner, after so long")
    asked = options.parse_args()
    logging.disable(logging.CRITICAL)
    sys.exit(1 if run(asked.executions, asked.seed, asked.seconds) else 0)


if __name__ == "__main__":
    main()
