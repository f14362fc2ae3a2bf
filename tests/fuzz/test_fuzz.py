"""The short form of `make fuzz` (reliability 40): what once broke does not break again, and new oddities hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fuzz.campaign import run
from fuzz.mail_fuzz import CORPUS, check_mail, mutate


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_what_once_broke_is_read(path: Path) -> None:
    check_mail(path.read_bytes(), twice=True)


def test_mutated_mails_hold_every_invariant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(500, seed=40, seconds=8) == 0


def test_a_campaign_can_be_repeated_by_its_seed() -> None:
    seeds = [b"From: a@b.example\r\n\r\nwords\r\n"]
    first, second = (mutate(seeds[0], seeds, random.Random(7)) for _ in range(2))
    assert first == second
