"""What docs/api.md and docs/examples show works as it stands there, against a real server."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cast import Company
from fakes import FakeClock
from running import leave_out
from standardwebhooks import WebhookVerificationError
from web.api_world import make_app

from gateway.outbound.ats import WebhookClient
from gateway.usecases import webhooks
from gateway.usecases.accounts import create_member
from gateway.usecases.context import Context
from gateway.usecases.push_events import push_events

DOCS = Path(__file__).parents[2] / "docs"
COMMAND = re.compile(r"^(curl .*?)(?=^curl |^#|\Z)((?:^#[^\n]*\n)*)", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r'"\w+": (?:"[^"…]*"|\d+|true|false|null)')  # what of an answer is shown in full


@pytest.fixture
def settings_values() -> dict[str, Any]:
    return {"webhook_private_addresses": True}


@pytest.fixture
def server(ctx: Context, company: Company) -> Iterator[str]:
    """The address of a running gateway."""
    config = uvicorn.Config(make_app(ctx), host="127.0.0.1", port=0, log_config=None)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        thread.join(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join()


@pytest.fixture
def example() -> Any:
    return runpy.run_path(str(DOCS / "examples/ats_client.py"))


def test_every_curl_command_of_the_guide_works_in_its_order_and_answers_what_it_shows(
    server: str, ctx: Context, company: Company
) -> None:
    if not shutil.which("curl"):
        leave_out("there is no curl")
    blocks = re.findall(r"^```sh\n(.*?)^```", (DOCS / "api.md").read_text(), re.MULTILINE | re.DOTALL)
    commands = [found for block in blocks for found in COMMAND.findall(block)]
    assert len(commands) >= 6
    create_member(ctx, company.workspace.id, email="minho@moalabs.example", name="Minho")  # as in the demo
    known: dict[str, str] = {}
    for command, shown_answer in commands:
        for shown, real in known.items():
            command = command.replace(shown, real)
        run = f"URL={server}/api/v1; KEY={company.api_key}; {command.replace('curl ', 'curl -sS --fail-with-body ', 1)}"
        done = subprocess.run(["sh", "-c", run], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        answer = json.loads(done.stdout)
        for pair in SHOWN.findall(shown_answer):
            assert pair in json.dumps(answer, ensure_ascii=False), f"{command}\n{done.stdout}"
        if "thread_id" in answer:
            known["01k…"] = answer["thread_id"]


def test_the_example_client_writes_reads_and_pulls_events(server: str, company: Company, example: Any) -> None:
    client = example["Client"](server, company.api_key)
    client.put_opening("dev-1", title="Developer")
    thread = client.put_applicant("a-17", opening="dev-1", name="Mina", email="mina@mail.example")["thread_id"]
    first = client.post_message(thread, "Could we meet on Tuesday?", key="invite-a-17")
    assert client.post_message(thread, "Could we meet on Tuesday?", key="invite-a-17") == first
    assert [m["text"] for m in client.messages(thread)] == ["Could we meet on Tuesday?"]
    events = [e for e in client.events() if e["data"]["applicant"] == "a-17"]
    assert [e["type"] for e in events] == ["applicant.updated", "message.created"]
    with pytest.raises(example["ApiError"]) as raised:
        client.put_applicant("a-18", opening="never", name="Nobody")
    assert (raised.value.status, raised.value.code) == (422, "invalid")


def test_the_example_client_takes_any_id_that_the_api_takes(server: str, company: Company, example: Any) -> None:
    client = example["Client"](server, company.api_key)
    client.put_opening("dev:1", title="Developer")
    assert client.put_applicant("지원자-17", opening="dev:1", name="Mina")["thread_id"]


def test_the_example_client_tries_again_when_answers_are_lost_and_names_what_is_no_answer_of_ours(example: Any) -> None:
    class Proxy(BaseHTTPRequestHandler):
        asked = 0

        def do_PUT(self) -> None:
            Proxy.asked += 1
            if Proxy.asked == 1:
                return  # the connection ends without an answer
            self.send_response(502 if Proxy.asked == 2 else 403)
            self.send_header("Content-Type", "text/html")
            self.send_header("Retry-After", "Sat, 28 Nov 2026 09:00:00 GMT")
            self.end_headers()
            self.wfile.write(b"<h1>No</h1>")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        client = example["Client"](f"http://127.0.0.1:{proxy.server_port}", "key")
        example["time"].sleep, kept = lambda _seconds: None, example["time"].sleep
        try:
            with pytest.raises(example["ApiError"]) as raised:
                client.put_opening("dev-1", title="Developer")
        finally:
            example["time"].sleep = kept
            proxy.shutdown()
            thread.join()
    assert (Proxy.asked, raised.value.status, raised.value.code) == (3, 403, "")


def test_a_webhook_posted_for_real_is_read_by_the_example(
    server: str, ctx: Context, company: Company, mina: Any, example: Any, clock: FakeClock
) -> None:
    got: list[tuple[bytes, dict[str, str]]] = []

    class Ats(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.rfile.read(int(self.headers["content-length"])), dict(self.headers)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ats) as ats:
        thread = threading.Thread(target=ats.serve_forever)
        thread.start()
        hook, secret = webhooks.create_webhook(ctx, company.ats, url=f"http://127.0.0.1:{ats.server_port}/hooks")
        client = example["Client"](server, company.api_key)
        client.post_message(mina.thread_id, "안녕하세요", key="k")
        clock.now = datetime.now(UTC)  # a signature is good for five minutes
        assert push_events(replace(ctx, post_event=WebhookClient(seconds=5, allow_private=True)), hook.id) == 1
        ats.shutdown()
        thread.join()
    body, headers = got[0]
    pulled = [e for e in client.events() if e["type"] == "message.created"]
    assert example["read_webhook"](body, headers, secret=secret) == pulled[-1]
    with pytest.raises(WebhookVerificationError):
        example["read_webhook"](body.replace(b"message", b"massage"), headers, secret=secret)
