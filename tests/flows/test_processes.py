"""The bigger installation: web, SMTP and workers as processes of their own over PostgreSQL and Redis
(docker-compose.yml).
"""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cast import make_mail

from flows.test_demo import find_server, wait_for


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """Four commands that share a database and a broker."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self.http, self.smtp = free_port(), free_port()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")},
            "GATEWAY_DATA_DIR": str(folder),
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_BROKER_URL": broker_url,
            "GATEWAY_HTTP_LISTEN": f"127.0.0.1:{self.http}",
            "GATEWAY_SMTP_LISTEN": f"127.0.0.1:{self.smtp}",
            "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{self.http}",
            "GATEWAY_OUTBOUND_SMTP_URL": "mailbox:",
            "GATEWAY_TRUST_MATCHING_SENDER": "true",
            "GATEWAY_SENDER_CHECKS": "false",
            "GATEWAY_SECRET_KEY": "a secret key for tests, long enough",
            "GATEWAY_LOG_LEVEL": "WARNING",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "gateway", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def start(self, *arguments: str) -> None:
        self.running.append(subprocess.Popen([sys.executable, "-m", "gateway", *arguments], env=self.environment))

    def stop(self) -> list[int]:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        return [process.wait(40) for process in self.running]

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.smtp), 1).close()
            return httpx2.get(f"http://127.0.0.1:{self.http}/readyz").status_code == 200
        except (OSError, httpx2.HTTPError):
            return False


@pytest.fixture
def installation(tmp_path: Path, postgres_database: str) -> Iterator[Installation]:
    made = Installation(tmp_path, postgres_database, find_server("TEST_REDIS_URL", "redis://127.0.0.1:6379/12"))
    made.run("migrate")
    yield made
    made.stop()


def test_a_mail_goes_through_three_processes(installation: Installation) -> None:
    """SJ-7, SJ-9 over the shape of docker-compose.yml; every process ends by SIGTERM with status 0."""
    installation.run("workspace", "create", "nordlys", "--name", "Nordlys", "--public-contact", "jobs@nordlys.example")
    key = installation.run("api-key", "create", "nordlys", "--name", "ATS")
    for command in ("http", "smtp", "worker"):
        installation.start(command)
    wait_for(installation.answers, "web and SMTP")
    api = httpx2.Client(
        base_url=f"http://127.0.0.1:{installation.http}/api/v1", headers={"Authorization": f"Bearer {key}"}
    )
    api.put("/openings/dev", json={"title": "Developer", "notify_emails": ["list@nordlys.example"]})
    body = {"opening": "dev", "name": "Mina", "email": "mina@mail.example", "source": "ats"}
    thread = api.put("/applicants/mina", json=body).json()["thread_id"]
    people = api.get(f"/threads/{thread}").json()["participants"]
    address = next(p["reply_address"] for p in people if p["role"] == "candidate")
    with smtplib.SMTP("127.0.0.1", installation.smtp, timeout=20) as client:
        client.sendmail("mina@mail.example", [address], make_mail("Hello", from_="mina@mail.example", to=address))
    wait_for(lambda: api.get(f"/threads/{thread}/messages").json()["items"], "the message")

    def delivered() -> bool:
        (message,) = api.get(f"/threads/{thread}/messages").json()["items"]
        return [d["state"] for d in message["deliveries"]] == ["accepted"]

    wait_for(delivered, "the company's notice")
    api.close()
    assert installation.stop() == [0, 0, 0]
