"""`gateway doctor`: what is wrong, why, and what to do, in lines that can be copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("amqp://guest:guest@mq.example", ("mq.example", 5672)),
        ("amqps://guest:guest@mq.example", ("mq.example", 5671)),
        ("redis://mq.example/0", ("mq.example", 6379)),
        ("redis://mq.example:6380/0", ("mq.example", 6380)),
    ],
)
def test_the_broker_is_asked_at_its_own_port(
    url: str, asked: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def connect(address: object, _timeout: float) -> object:
        seen.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("gateway.doctor.make_broker", lambda _url: None)
    monkeypatch.setattr("gateway.doctor.socket.create_connection", connect)
    assert finding_of(Settings(data_dir=tmp_path, broker_url=url), "broker").ok is False
    assert seen == [asked]


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
