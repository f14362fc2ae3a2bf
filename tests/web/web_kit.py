"""In charge of: the web application over real use cases, as a test client or as a real server on a free port.

Not in charge of: checks.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape

import uvicorn
from cast import Company
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.threads.model import Member
from gateway.usecases import sign_in
from gateway.usecases.context import Context
from gateway.usecases.views import ApplicantView
from gateway.web.routes import build_web
from gateway.web.site import Mailbox

BASE = "http://gateway.test"


def make_app(ctx: Context, company: Company | None = None, *, mailbox: Mailbox | None = None) -> Starlette:
    """The web as the demo builds it: /dev/login/<member id> signs in."""

    def login(token: str) -> str | None:
        members = (company.jun, company.ara) if company else ()
        return next((sign_in.demo_session(ctx, m.id) for m in members if m.id == token), None)

    return build_web(ctx, ctx.render, mailbox=mailbox, demo_login=login)


def browser_of(app: Starlette, member: Member | None = None) -> TestClient:
    """A client without scripts that does not follow redirects by itself; signed in when a member is given."""
    client = TestClient(app, base_url=BASE, follow_redirects=False, raise_server_exceptions=False)
    if member:
        assert client.get(f"/dev/login/{member.id}").status_code == 303
    return client


def path_of(view: ApplicantView) -> str:
    """The path of an applicant's personal page."""
    return "/" + view.portal_url.split("/", 3)[3]


def words_of(page: str) -> str:
    """What a person reads of a page: without tags, spaces joined."""
    body = re.sub(r"<(script|style|template)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no hidden field {name}"
    return unescape(found[1])


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    url: str
    app: Starlette


@contextmanager
def serve(app: Starlette) -> Iterator[Served]:
    """The application on a free loopback port, in a thread of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=0)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        try:
            yield Served(f"http://127.0.0.1:{port}", app)
        finally:
            server.should_exit = True
            thread.join(10)


def wait_until(is_so: object, *, seconds: float = 10) -> None:
    """Wait for a condition; fails when it does not come true in time."""
    assert callable(is_so)
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
