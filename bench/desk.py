"""In charge of: how long the desk's pages take with a million messages, against the same pages with a thousand, in one
run, request by request in turn.

Not in charge of: what is in them (`desk_world`).

python -m bench desk [--messages N] [--rounds N] [--page FILE]
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from starlette.testclient import TestClient

from bench import desk_world
from bench.gateways import open_database, why_no_postgres
from bench.report import describe_machine
from gateway.app import build_context, close_context, make_rendering
from gateway.config import Settings
from gateway.store.migrate import upgrade
from gateway.usecases import read_thread, sign_in
from gateway.usecases.context import Context
from gateway.web.routes import build_web

FEW = 1000  # messages
BAR = 1.5  # × the p95 of the small company
SEARCH_BAR = 200.0  # ms
BASE = "http://gateway.test"
Request = Callable[["Company", int], None]


@dataclass
class Company:
    """One company with its desk, and what was measured there, in ms."""

    client: TestClient
    threads: Sequence[str]
    deep: str  # the cursor of page 20
    spent: dict[str, list[float]] = field(default_factory=dict)

    def get(self, path: str) -> None:
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)

    def thread(self, number: int) -> str:
        return self.threads[number * 7919 % len(self.threads)]


def _get(path: str) -> Request:
    return lambda company, number: company.get(path)


def _open_thread(company: Company, number: int) -> None:
    company.get(f"/desk/t/{company.thread(number)}")


def _send(company: Company, number: int) -> None:
    data = {"text": f"See you on Tuesday, number {number}", "kind": "note", "key": f"{number}-{time.monotonic_ns()}"}
    answer = company.client.post(f"/desk/t/{company.thread(number)}", data=data, headers={"HX-Request": "true"})
    assert answer.status_code == 204, answer.status_code


def _page_20(company: Company, number: int) -> None:
    company.get(f"/desk/all?cursor={company.deep}")


REQUESTS: dict[str, Request] = {
    "list: open": _get("/desk"),
    "list: unread": _get("/desk/unread"),
    "list: unanswered": _get("/desk/unanswered"),
    "list: needs attention": _get("/desk/attention"),
    "list: all": _get("/desk/all"),
    "list: all, page 20": _page_20,
    "numbers beside the views": _get("/desk/counts"),
    "open a conversation": _open_thread,
    "send a note": _send,
    "search: a rare word": _get(f"/desk/search?q={desk_world.RARE}"),
    "search: a frequent word": _get(f"/desk/search?q={desk_world.FREQUENT}"),
    "search: two Korean syllables": _get(f"/desk/search?q={desk_world.KOREAN}"),
    "search: a name": _get(f"/desk/search?q={desk_world.NAME}"),
    "search: two letters": _get("/desk/search?q=in"),
    "search: rare and frequent": _get(f"/desk/search?q=the+{desk_world.RARE}"),
    "search: nothing there": _get("/desk/search?q=xylophones"),
}


def main() -> int:
    """Measure, print and write the tables; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench desk")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--page", type=Path, default=Path("docs/performance-desk.md"))
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    tables = {}
    for kind in ("sqlite", "postgresql") if not options.only else (options.only,):
        if kind == "postgresql" and why_no_postgres():
            print(why_no_postgres())
            continue
        with ExitStack() as stack:
            small, large = (stack.enter_context(_open_company(kind, count)) for count in (FEW, options.messages))
            measure((small, large), rounds=options.rounds)
            tables[kind] = list(make_rows(small, large))
        print(f"\n{kind}\n" + "\n".join(" | ".join(row) for row in tables[kind]))
    write_page(options.page, tables, messages=options.messages)
    return int(any(row[-1] for rows in tables.values() for row in rows))


@contextmanager
def _open_company(kind: str, messages: int) -> Iterator[Company]:
    with tempfile.TemporaryDirectory(prefix="bench-desk-") as name:
        folder = Path(name)
        with open_database(folder, postgres=kind == "postgresql") as url:
            settings = Settings.model_validate(
                {
                    "data_dir": folder,
                    "database_url": url,
                    "secret_key": "a secret key for the benchmark only",
                    "public_url": BASE,
                }
            )
            upgrade(settings.database_address)
            ctx = build_context(settings, sends=False)
            try:
                started = time.monotonic()
                world = desk_world.build_world(ctx, threads=messages // desk_world.PER_THREAD)
                print(f"{kind}: {messages} messages in {time.monotonic() - started:.0f} s")
                login = partial(sign_in.demo_session, ctx)
                with TestClient(build_web(ctx, make_rendering(), demo_login=login), base_url=BASE) as client:
                    client.get(f"/dev/login/{world.member_id}")
                    yield Company(client, world.thread_ids, _find_page(ctx, world.member_id, 20))
            finally:
                close_context(ctx)


def _find_page(ctx: Context, member_id: str, number: int) -> str:
    """The cursor of the list's page of that number, or of the last one."""
    with ctx.database.read() as tx:
        workspace = tx.people.first_workspace()
        assert workspace is not None
        member = next(m for m in tx.people.list_members(workspace.id) if m.id == member_id)
    viewer, cursor = sign_in.viewer_of_member(member), ""
    for _ in range(number - 1):
        _, more = read_thread.list_conversations(ctx, viewer, view="all", cursor=cursor)
        if not more:
            break
        cursor = more
    return cursor


def measure(companies: Sequence[Company], *, rounds: int) -> None:
    """Each request in each company in turn, so that both meet the same machine; the first two rounds warm up."""
    gc.collect()
    for number in range(rounds + 2):
        for name, request in REQUESTS.items():
            for company in companies:
                started = time.perf_counter()
                request(company, number)
                spent = (time.perf_counter() - started) * 1000
                if number >= 2:
                    company.spent.setdefault(name, []).append(spent)


def make_rows(small: Company, large: Company) -> Iterator[list[str]]:
    """A row for each request; the last cell names a bar that is missed."""
    for name in REQUESTS:
        few, many = small.spent[name], large.spent[name]
        ratio = _p95(many) / _p95(few)
        missed = []
        if ratio > BAR:
            missed.append(f"over {BAR:g} ×")
        if name.startswith("search") and _p95(many) > SEARCH_BAR:
            missed.append(f"over {SEARCH_BAR:g} ms")
        numbers = [median(few), _p95(few), median(many), _p95(many)]
        yield [name, *(f"{n:.1f}" for n in numbers), f"{ratio:.2f}", ", ".join(missed)]


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]


def write_page(path: Path, tables: dict[str, list[list[str]]], *, messages: int) -> None:
    """docs/performance-desk.md."""
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    shown = ""
    for kind, rows in tables.items():
        head = ["", f"{FEW:,}: p50 ms", "p95 ms", f"{messages:,}: p50 ms", "p95 ms", "× (p95)", "missed"]
        lines = [head, ["---"] + ["---:"] * 5 + ["---"], *rows]
        shown += f"## {names[kind]}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"
    path.write_text(
        f"# The desk with many messages\n\nWritten by `python -m bench desk` on {datetime.now(UTC):%Y-%m-%d}.\n\n"
        f"Machine: {describe_machine(Path(tempfile.gettempdir()))}.\n\n{shown}{REMARKS}",
        "utf-8",
    )


REMARKS = f"""## How to read this

- The same pages through the whole web application, without a network, for a member of a company with {FEW:,} messages
  and of one with many, ten in each conversation; request by request in turn, so that both meet the same machine.
- The member has not read {desk_world.UNREAD_RECENT + desk_world.UNREAD_OLD} conversations, some of them the oldest.
  One in ten is unanswered, one in 200 has a failed delivery.
- PostgreSQL vacuums once after all was written, as it does by itself where autovacuum is on.
- A bar is {BAR:g} × the small company's p95, and {SEARCH_BAR:g} ms for a search.
"""


if __name__ == "__main__":
    raise SystemExit(main())
