"""In charge of: `gateway serve` as its own process, and what an ATS, a recruiter and an operator ask of it.

Not in charge of: the mail programs around it.
"""

from __future__ import annotations

import base64
import os
import signal
import smtplib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gateway.app import prepare_settings
from gateway.config import Settings
from gateway.operate import operator_context
from gateway.store.migrate import upgrade
from gateway.usecases import accounts, api_keys
from real.programs import wait_for

REPLY_DOMAIN = "reply.moalabs.example"
RELAY_NAME = "mx.moalabs.example"  # the authserv-id of the company's own Postfix
CONTACT = "jobs@moalabs.example"
MAX_MAIL = 48 * 1024 * 1024  # bytes: room for a file of 30 MB in base64


@dataclass
class Gateway:
    """A running gateway with a company, its two recruiters and an API key."""

    http: str
    smtp_port: int
    data: Path
    api_key: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def api(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx2.request(method, f"{self.http}/api/v1{path}", headers=headers, json=body or None, timeout=30)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def get_bytes(self, path: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        answer = httpx2.get(f"{self.http}{path}", headers=headers, timeout=60)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.content

    def add_applicant(
        self, key: str, email: str, *, name: str = "Mina Han", notify: tuple[str, ...] = (), **more: Any
    ) -> Any:
        """An applicant of an opening of their own; `notify` are the addresses told of new words."""
        self.api("PUT", f"/openings/{key}", title="Engineer", notify_emails=list(notify))
        return self.api("PUT", f"/applicants/{key}", opening=key, name=name, email=email, source="ats", **more)

    def post(self, thread_id: str, text: str, **more: Any) -> Any:
        return self.api("POST", f"/threads/{thread_id}/messages", text=text, **more)

    def messages(self, thread_id: str) -> list[Any]:
        return list(self.api("GET", f"/threads/{thread_id}/messages?after=0&limit=100")["items"])

    def wait_messages(self, thread_id: str, count: int) -> list[Any]:
        def all_there() -> list[Any]:
            found = self.messages(thread_id)
            return found if len(found) >= count else []

        found = wait_for(all_there, f"message {count} of the thread; the inbox: {self.describe_inbox()}")
        assert len(found) == count
        return list(found)

    def reply_address(self, thread_id: str, email: str) -> str:
        people = self.api("GET", f"/threads/{thread_id}")["participants"]
        return str(next(p["reply_address"] for p in people if p["email"] == email))

    def entries(self, rcpt: str, state: str = "") -> list[Any]:
        """The newest mails that came to this address."""
        query = f"?state={state}&limit=100" if state else "?limit=100"
        return [e for e in self.api("GET", f"/inbox{query}")["items"] if e["rcpt"] == rcpt.lower()]

    def wait_entry(self, rcpt: str, state: str, count: int = 1) -> Any:
        """The newest of at least `count` mails to this address in that state."""

        def there() -> Any:
            found = self.entries(rcpt, state)
            return found if len(found) >= count else None

        return wait_for(there, f"{count} × {state} to {rcpt[:20]}…; the inbox: {self.describe_inbox()}")[0]

    def describe_inbox(self) -> list[tuple[str, str]]:
        return [(e["state"], e["reason"]) for e in self.api("GET", "/inbox?limit=10")["items"]]

    def raw(self, entry: Any) -> bytes:
        return self.get_bytes(entry["raw_url"])

    def file(self, applicant: Any, attachment: Any) -> bytes:
        """An attachment as the candidate downloads it from their page."""
        path = httpx2.URL(applicant["portal_url"]).path
        return self.get_bytes(f"{path}/files/{attachment['id']}/file")

    def wait_delivery(self, delivery_id: str, state: str) -> Any:
        def there() -> Any:
            found = self.api("GET", f"/deliveries/{delivery_id}")
            return found if found["state"] == state else None

        return wait_for(there, f"delivery {state}; the inbox: {self.describe_inbox()}")

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=60)

    def run(self, *command: str) -> str:
        """A command of the operator, beside the running server."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def log(self) -> str:
        return (self.data / "serve.log").read_text(errors="replace")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def start_gateway(data: Path, *, http_port: int, smtp_port: int, smarthost_port: int) -> Gateway:
    """A company in the database, then the server over it. Everybody's mail must be proven by the relay."""
    values = {
        "DATA_DIR": str(data),
        "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
        "HTTP_LISTEN": f"127.0.0.1:{http_port}",
        "PUBLIC_URL": f"http://127.0.0.1:{http_port}",
        "SMTP_LISTEN": f"127.0.0.1:{smtp_port}",
        "SMTP_MAX_SIZE": str(MAX_MAIL),
        "REPLY_DOMAIN": REPLY_DOMAIN,
        "OUTBOUND_SMTP_URL": f"smtp://127.0.0.1:{smarthost_port}",
        "TRUSTED_RELAYS": '["127.0.0.1"]',
        "AUTHSERV_ID": RELAY_NAME,
        "SENDER_CHECKS": "false",
        "SWEEP_SECONDS": "1",
    }
    data.mkdir(parents=True)
    api_key = _add_company(data, values)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    environment = clean | {f"GATEWAY_{key}": value for key, value in values.items()}
    with (data / "serve.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway", "serve"], env=environment, stdout=log, stderr=log)
    gateway = Gateway(f"http://127.0.0.1:{http_port}", smtp_port, data, api_key, environment, process)
    try:
        wait_for(lambda: "ready: " in gateway.log or process.poll() is not None, "the gateway", 40)
        assert process.poll() is None, gateway.log
    except BaseException:
        process.kill()
        raise
    return gateway


def _add_company(data: Path, values: dict[str, str]) -> str:
    """The company, its people and an API key."""
    names = ("SECRET_KEY", "PUBLIC_URL", "REPLY_DOMAIN", "OUTBOUND_SMTP_URL")
    settings = prepare_settings(Settings(data_dir=data, **{name.lower(): values[name] for name in names}))  # type: ignore[arg-type]
    upgrade(settings.database_address)
    with operator_context(settings) as ctx:
        workspace = accounts.create_workspace(
            ctx, name="Moa Labs", slug="moalabs", public_contact=CONTACT, locale="en", timezone="Asia/Seoul"
        )
        accounts.create_member(ctx, workspace.id, email="minho@moalabs.example", name="Minho Park", locale="en")
        accounts.create_member(ctx, workspace.id, email="seoyeon@moalabs.example", name="Seoyeon Kim", locale="ko")
        return api_keys.create_api_key(ctx, workspace.id, name="Greenbox ATS")
