"""In charge of: how soon a message is on the other side's screen while many pages are open on one process.

Not in charge of: the pages, or how a browser draws them: a message is there when its piece of HTML has arrived.

    python -m bench streams [--streams N] [--desks N] [--messages N] [--page FILE]

All pages belong to one company, so that each message concerns every open desk: the worst that one company can do.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

import httpx2

from bench.processes import free_port, start_process, stop_process, wait_for_port
from bench.report import describe_machine
from gateway.app import build_context, close_context
from gateway.config import PREFIX, Settings
from gateway.store.migrate import upgrade
from gateway.usecases import accounts, api_keys, sign_in
from gateway.usecases.applicants import put_applicant, put_opening

BAR = 300.0  # ms, p95
PAUSE = 0.25  # seconds between two messages
PATIENCE = 30.0  # seconds for one message
COOKIE = "gateway"


@dataclass
class Page:
    """One open page: the stream's path, who reads it, and when each message that it showed arrived."""

    stream: str
    post: str
    cookie: str = ""
    arrived: dict[str, float] = field(default_factory=dict)
    shown: Counter[str] = field(default_factory=Counter)
    news: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Pair:
    """A conversation that both sides have open."""

    candidate: Page
    recruiter: Page


def main() -> int:
    """Print and write p50, p95 and most milliseconds for each direction; 1 if a p95 is over the bar."""
    parser = argparse.ArgumentParser(prog="python -m bench streams")
    parser.add_argument("--streams", type=int, default=500, help="open pages altogether")
    parser.add_argument("--desks", type=int, default=100, help="of them recruiters', each with a conversation open")
    parser.add_argument("--messages", type=int, default=100)
    parser.add_argument("--page", type=Path, default=Path("docs/performance-streams.md"), help="the report; - for none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-streams-") as folder:
        machine = describe_machine(Path(folder))
        with run_gateway(Path(folder), streams=options.streams, desks=options.desks) as (url, pairs, others):
            spent = asyncio.run(measure(url, pairs, others, messages=options.messages))
    rows = [[way, *(f"{ms:.0f}" for ms in (median(t), _p95(t), max(t)))] for way, t in spent.items()]
    print("\n".join(" | ".join(row) for row in rows))
    if str(options.page) != "-":
        setting = f"{options.streams} open pages, {options.desks} of them desks; {options.messages} messages"
        write_page(options.page, rows, machine=machine, setting=setting)
    return int(max(map(_p95, spent.values())) > BAR)


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def write_page(path: Path, rows: list[list[str]], *, machine: str, setting: str) -> None:
    """docs/performance-streams.md."""
    lines = [["", "p50 ms", "p95 ms", "most ms"], ["---", "---:", "---:", "---:"], *rows]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    path.write_text(
        f"# Live pages\n\nWritten by `python -m bench streams` on {datetime.now(UTC):%Y-%m-%d}.\n\n"
        f"Machine: {machine}. {setting}.\n\n{table}\n{REMARKS}",
        "utf-8",
    )


REMARKS = f"""## How to read this

- From the moment that one side sends its form until the message's HTML has arrived on the other side's open page, which
  is when a browser shows it. One process serves all pages, its workers run beside it; SQLite; {1 / PAUSE:g} messages a
  second. The readers share the machine with the server.
- All pages belong to one company: each message changes the list and the numbers beside every open desk. Those may come
  later: they are computed one at a time, with a rest after each.
- A run in which a message did not come, or came twice, writes no page. The bar is {BAR:g} ms for each p95.
"""


@contextmanager
def run_gateway(folder: Path, *, streams: int, desks: int) -> Iterator[tuple[str, list[Pair], list[Page]]]:
    """A gateway as an operator starts it, the conversations that both sides have open, and the other open pages."""
    port = free_port()
    values = {
        "data_dir": str(folder),
        "secret_key": "a secret key for the benchmark only",
        "public_url": f"http://127.0.0.1:{port}",
        "reply_domain": "reply.example.test",
        "outbound_smtp_url": "mailbox:",
        "undo_seconds": "0",  # each message goes at once
        "http_listen": f"127.0.0.1:{port}",
    }
    settings = Settings.model_validate(values)
    upgrade(settings.database_address)
    pairs, others = seed(settings, streams=streams, desks=desks)
    env = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    env |= {f"{PREFIX}{k.upper()}": v for k, v in values.items()}
    smtp = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--smtp", f"127.0.0.1:{smtp}"]
    process = start_process(command, log=folder / "output", env=env)
    try:
        wait_for_port(smtp, process, log=folder / "output")
        yield values["public_url"], pairs, others
    finally:
        stop_process(process)


def seed(settings: Settings, *, streams: int, desks: int) -> tuple[list[Pair], list[Page]]:
    """A company with as many applicants as pages are theirs, and a member for each desk."""
    ctx = build_context(settings, sends=False)
    try:
        workspace = accounts.create_workspace(
            ctx, name="Moa Labs", slug="moalabs", public_contact="jobs@moalabs.example"
        )
        ats = api_keys.viewer_for_api_key(ctx, api_keys.create_api_key(ctx, workspace.id, name="Bench"))
        assert ats is not None  # made the line above
        put_opening(ctx, ats, "designer", title="Product Designer", notify_emails=[])
        pairs, others = [], []
        for n in range(streams - desks):
            email = f"applicant-{n}@mail.example"
            view = put_applicant(
                ctx, ats, f"a-{n}", opening="designer", name=f"한지우 {n}", email=email, source="applied"
            )
            path = urlsplit(view.portal_url).path
            candidate = Page(f"{path}/stream?after=0", path)
            if n >= desks:
                others.append(candidate)
                continue
            member = accounts.create_member(ctx, workspace.id, email=f"m-{n}@moalabs.example", name=f"Member {n}")
            desk = f"/desk/t/{view.thread_id}"
            session = sign_in.demo_session(ctx, member.id)
            pairs.append(Pair(candidate, Page(f"{desk}/stream?after=0", desk, session)))
        return pairs, others
    finally:
        close_context(ctx)


async def measure(url: str, pairs: list[Pair], others: list[Page], *, messages: int) -> dict[str, list[float]]:
    """Milliseconds from a post to its arrival on the other side's page, by direction. Raises RuntimeError when a
    message did not come, or came twice.
    """
    spent: dict[str, list[float]] = {"to recruiters": [], "to candidates": []}
    pages = [page for pair in pairs for page in (pair.candidate, pair.recruiter)] + others
    async with AsyncExitStack() as stack:
        await wait_until_up(url)
        for page in pages:
            await stack.enter_async_context(open_page(url, page))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=PATIENCE))
        await asyncio.sleep(3)  # all streams have settled
        for number in range(messages):
            pair = pairs[number % len(pairs)]
            to_recruiter = number % 2 == 0
            writer, reader = (pair.candidate, pair.recruiter) if to_recruiter else (pair.recruiter, pair.candidate)
            text = f"message number {number:05} of the benchmark"
            began = time.perf_counter()
            await post(client, writer, text, key=f"bench-{number}")
            await wait_for(reader, text)
            spent["to recruiters" if to_recruiter else "to candidates"].append(1000 * (reader.arrived[text] - began))
            await asyncio.sleep(PAUSE)
    if twice := [text for page in pages for text, times in page.shown.items() if times > 1]:
        raise RuntimeError(f"{len(twice)} messages came more than once, for example {twice[0]!r}")
    return spent


async def wait_until_up(url: str) -> None:
    """The web server answers a moment after the SMTP server does."""
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(base_url=url) as client:
        while True:
            with suppress(httpx2.TransportError):
                await client.get("/sign-in")
                return
            await asyncio.sleep(0.05)


async def post(client: httpx2.AsyncClient, writer: Page, text: str, *, key: str) -> None:
    headers = {"Cookie": f"{COOKIE}={writer.cookie}"} if writer.cookie else {}
    answer = await client.post(writer.post, data={"text": text, "kind": "message", "key": key}, headers=headers)
    if answer.status_code not in (204, 303):
        raise RuntimeError(f"{writer.post} answered {answer.status_code}")


async def wait_for(reader: Page, text: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while text not in reader.arrived:
                reader.news.clear()
                await reader.news.wait()
    except TimeoutError:
        raise RuntimeError(f"{text!r} did not come within {PATIENCE:g} s") from None


@asynccontextmanager
async def open_page(url: str, page: Page) -> AsyncIterator[None]:
    """A connection that reads the page's stream while the context lasts."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 24)
    cookie = f"Cookie: {COOKIE}={page.cookie}\r\n" if page.cookie else ""
    writer.write(f"GET {page.stream} HTTP/1.1\r\nHost: {address.netloc}\r\n{cookie}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"{page.stream} answered {head[:60]!r}")
    task = asyncio.create_task(_listen(reader, page))
    try:
        yield
    finally:
        task.cancel()
        writer.close()


async def _listen(reader: asyncio.StreamReader, page: Page) -> None:
    """Note when each message's bubble comes (its text in the list beside it does not count)."""
    while piece := await reader.readuntil(b"\r\n\r\n"):
        at = time.perf_counter()
        words = piece.decode("utf-8", "replace")
        if "message number" not in words or "id: " not in words:
            continue
        text = words[(start := words.index("message number")) : words.index("benchmark", start) + len("benchmark")]
        page.arrived.setdefault(text, at)
        page.shown[text] += 1
        page.news.set()


if __name__ == "__main__":
    sys.exit(main())
