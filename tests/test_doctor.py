"""`gateway doctor`: what is wrong, why, and what to do, in lines that can be copied."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import pytest
from outbound.mail_servers import free_port
from running import leave_out

from gateway.app import prepare_settings
from gateway.config import Settings
from gateway.doctor import Finding, examine, find_all
from gateway.outbound.channelcheck import Check
from gateway.store.migrate import upgrade


class Domain:
    """A reply domain without DNS."""

    def check(self) -> list[Check]:
        return [
            Check("spf", False, "no SPF record", f'Add the record: reply.example. TXT "v=spf1 {"ip4:192.0.2.1 " * 9}"')
        ]


@pytest.fixture(autouse=True)
def no_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.doctor.make_own_domain", lambda _settings: Domain())


def finding_of(settings: Settings, name: str) -> Finding:
    return [f for f in find_all(settings) if f.name == name][-1]


def test_all_findings_stand_in_one_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    examine(prepare_settings(Settings(data_dir=tmp_path)))
    lines = [line for line in capsys.readouterr().out.splitlines() if "→" not in line]
    assert {line.split()[0] for line in lines} == {"ok", "wrong", "?"}
    assert {line.index(line.split()[1]) for line in lines} == {9}


@pytest.fixture
def locked_redis(tmp_path: Path) -> Iterator[int]:
    """A Redis that wants a password, on a port of its own."""
    if not (program := which("redis-server")):
        leave_out("no redis-server")
    port = free_port()
    command = [program, "--port", str(port), "--requirepass", "right", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        until = time.monotonic() + 10
        while not is_open(port):
            assert time.monotonic() < until, "redis-server did not start"
        yield port
        server.terminate()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Somebody who takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def is_open(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def broker_of(url: str, data_dir: Path) -> Finding:
    return finding_of(Settings(data_dir=data_dir, broker_url=url), "broker")


def test_the_password_of_redis_is_tried(locked_redis: int, tmp_path: Path) -> None:
    for password in ("", ":wrong@"):
        found = broker_of(f"redis://{password}127.0.0.1:{locked_redis}/0", tmp_path)
        assert (found.ok, "refuses this user and password" in found.found) == (False, True)
        assert "Correct user, password" in found.remedy
        assert "wrong" not in found.found
    assert broker_of(f"redis://:right@127.0.0.1:{locked_redis}/0", tmp_path).ok is True


def test_the_password_of_rabbitmq_is_tried(tmp_path: Path) -> None:
    url = urlsplit(os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/"))
    if not is_open(url.port or 5672, url.hostname or ""):
        leave_out("no RabbitMQ answers")
    assert broker_of(url.geturl(), tmp_path).ok is True
    where = url.netloc.rpartition("@")[2]
    found = broker_of(f"amqp://guest:mistyped@{where}", tmp_path)
    assert (found.ok, "refuses this user and password" in found.found) == (False, True)
    assert "mistyped" not in found.found


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_is_not_waited_for(scheme: str, silent_port: int, tmp_path: Path) -> None:
    began = time.monotonic()
    found = broker_of(f"{scheme}://127.0.0.1:{silent_port}", tmp_path)
    assert (found.ok, "does not answer" in found.found) == (False, True)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_away_is_told_with_what_to_do(scheme: str, tmp_path: Path) -> None:
    found = broker_of(f"{scheme}://127.0.0.1:{free_port()}", tmp_path)
    assert (found.ok, "Check host and port" in found.remedy) == (False, True)


def test_a_database_that_is_away_is_told_with_the_reason_and_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://gateway:very-secret@127.0.0.1:1/gateway"
    found = finding_of(Settings(data_dir=tmp_path, database_url=url), "database")
    assert found.ok is False
    assert "127.0.0.1" in found.found
    assert "refused" in found.found.lower()
    assert "very-secret" not in found.found


def test_a_database_that_waits_for_its_tables_is_told_so(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    found = finding_of(settings, "database")
    assert (found.ok, "run `gateway migrate`" in found.found) == (False, True)
    upgrade(settings.database_address)
    assert finding_of(settings, "database").ok is True


@pytest.mark.parametrize("url", ["smtp://user:password@relay:abc", "relay.company.example:587"])
def test_a_smarthost_that_is_none_is_told_so(url: str, tmp_path: Path) -> None:
    found = finding_of(Settings(data_dir=tmp_path, outbound_smtp_url=url), "smarthost")
    assert found.ok is False
    assert "GATEWAY_OUTBOUND_SMTP_URL must be smtp://" in found.found


def test_a_record_to_be_added_is_one_line_whatever_the_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert examine(Settings(data_dir=tmp_path, outbound_smtp_url="mailbox:")) == 1
    assert "ip4:192.0.2.1 " * 9 in capsys.readouterr().out


def test_a_key_of_one_machine_is_told_where_there_may_be_more(tmp_path: Path) -> None:
    """Or an address that one process gives out is unknown to the next, and its mail is refused for good."""
    several = {"data_dir": tmp_path, "broker_url": "redis://127.0.0.1:1/0"}
    made = prepare_settings(Settings(**several))
    assert "GATEWAY_SECRET_KEY_FILE" in finding_of(made, "secret key").remedy
    given = Settings(**several, secret_key="k" * 40)
    assert not [f for f in find_all(given) if f.name == "secret key"]
    alone = prepare_settings(Settings(data_dir=tmp_path))
    assert not [f for f in find_all(alone) if f.name == "secret key"]
