"""Fixtures for faults: a company in a database, processes that may be killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes import DirectReader, FakeChannel, FakeProver
from ulid import ULID

from faults.process import Zygote
from faults.world import World, make_world
from gateway.app import make_rendering
from gateway.config import Settings
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.usecases.context import Context

LONG = os.environ.get("FAULTS") == "long"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite_only: this test of a module for PostgreSQL runs on SQLite")


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.fixture
def settings_values() -> dict[str, Any]:
    return {"trust_matching_sender": True}


@pytest.fixture
def eyes(gateway_settings: Settings) -> Iterator[Context]:
    """A context with the machine's clock on the database that the processes work on."""
    database = Database(gateway_settings.database_address, Blobs(gateway_settings.blobs_address))
    yield Context(
        settings=gateway_settings,
        database=database,
        clock=lambda: datetime.now(UTC),
        new_id=lambda: str(ULID()).lower(),
        reader=DirectReader(),
        prove_senders=FakeProver(),
        render=make_rendering(),
        channels={"email": FakeChannel()},
    )
    database.close()


@pytest.fixture
def world(eyes: Context, zygote: Zygote, tmp_path: Path) -> Iterator[World]:
    made = make_world(eyes, zygote, tmp_path)
    yield made
    made.close()
