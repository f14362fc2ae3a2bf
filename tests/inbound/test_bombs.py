"""Bombs against the capped process (reliability 34): each comes back read or named, and the next mail is read."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from test_mime_hostile import WEAPONS

from gateway.inbound.sandbox import ParsingPool


@pytest.fixture(scope="module")
def pool() -> Iterator[ParsingPool]:
    with ParsingPool(workers=1, timeout=10) as pool:
        pool.warm()
        yield pool


@pytest.mark.parametrize("name", WEAPONS)
def test_a_bomb_costs_its_own_mail_at_most(pool: ParsingPool, name: str) -> None:
    """Reliability 34."""
    started = time.monotonic()
    read = pool.read_mail(WEAPONS[name])
    assert time.monotonic() - started < 20
    assert read.mail.from_[0].address == "a@b.example"
    assert pool.read_mail(b"From: c@d.example\r\n\r\nnext\r\n").mail.text == "next\n"
