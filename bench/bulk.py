"""In charge of: the cost of accepting a message to 10,000 applicants by the API, against a bare insert of the same rows
in the same run.

Not in charge of: posting them (a worker's work).

python -m bench bulk [--people N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.app import build_context, close_context
from gateway.config import Settings
from gateway.store import tables as t
from gateway.store.migrate import upgrade
from gateway.usecases import accounts, api_keys, applicants
from gateway.usecases.context import Context
from gateway.web.api.app import mount_api

BAR = 5.0  # times the bare insert


def main() -> int:
    """Print the ratios of each round and their median; 1 if the median is over the bar."""
    parser = argparse.ArgumentParser(prog="python -m bench bulk")
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-bulk-") as folder:
        ratios = measure(Path(folder), people=options.people, rounds=options.rounds)
    shown = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    print(
        f"{options.people} recipients accepted in {median(ratios):.2f} × a bare insert (rounds: {shown}; bar {BAR:g})"
    )
    return int(median(ratios) > BAR)


def measure(folder: Path, *, people: int, rounds: int) -> list[float]:
    """For each round, the processor time of the API's call over that of the insert."""
    settings = Settings.model_validate(
        {"data_dir": folder, "secret_key": "a secret key for the benchmark only", "api_requests_per_minute": 0}
    )
    upgrade(settings.database_address)
    ctx = build_context(settings, sends=False)
    try:
        key, threads = _make_people(ctx, people)
        names = list(threads)
        call = json.dumps({"applicants": names, "text": "Hello"})
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with TestClient(Starlette(routes=[mount_api(ctx)])) as client:
            return [_measure_round(ctx, client, call, headers, threads) for _ in range(rounds)]
    finally:
        close_context(ctx)


def _measure_round(
    ctx: Context, client: TestClient, call: str, headers: dict[str, str], threads: dict[str, str]
) -> float:
    began = time.process_time()
    accepted = client.post("/api/v1/bulk-messages", content=call, headers=headers)
    ours = time.process_time() - began
    assert accepted.status_code == 202, accepted.text
    copy = ctx.new_id()
    head = {"id": copy, "actor_id": "x", "message": {}, "state": "done", "total": len(threads), "created_at": ctx.now}
    rows = [
        {"bulk_id": copy, "position": n, "applicant": name, "thread_id": thread, "state": "waiting"}
        for n, (name, thread) in enumerate(threads.items())
    ]
    with ctx.database.engine.begin() as connection:
        workspace = connection.execute(t.workspaces.select()).first()
        assert workspace is not None
        began = time.process_time()
        connection.execute(insert(t.bulks), {**head, "workspace_id": workspace.id})
        connection.execute(insert(t.bulk_recipients), rows)
        return ours / (time.process_time() - began)


def _make_people(ctx: Context, number: int) -> tuple[str, dict[str, str]]:
    """An API key, and the thread of each applicant by the ATS's id."""
    workspace = accounts.create_workspace(ctx, name="Bench", slug="bench", public_contact="jobs@bench.example")
    key = api_keys.create_api_key(ctx, workspace.id, name="Bench")
    ats = api_keys.viewer_for_api_key(ctx, key)
    assert ats is not None
    opening, _ = applicants.put_opening(ctx, ats, "dev", title="Developer", notify_emails=[])
    threads = {f"a-{n}": ctx.new_id() for n in range(number)}
    ids = {name: ctx.new_id() for name in threads}
    own = {"workspace_id": workspace.id, "opening_id": opening.id, "created_at": ctx.now}
    person = {**own, "name": "P", "locale": "en", "source": "ats", "stage": "application", "fields": {}}
    empty = {**own, "state": "open", "last_seq": 0, "last_event": 0, "last_at": ctx.now}
    with ctx.database.engine.begin() as connection:
        connection.execute(insert(t.applicants), [{**person, "id": i, "external_id": n} for n, i in ids.items()])
        connection.execute(insert(t.threads), [{**empty, "id": threads[n], "applicant_id": i} for n, i in ids.items()])
    return key, threads
