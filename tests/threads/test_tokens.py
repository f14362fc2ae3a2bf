"""Reliability 42: what is not exactly a token of ours opens nothing, says nothing and takes no other time."""

from __future__ import annotations

import random
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from gateway.threads.addresses import (
    Purpose,
    make_token,
    read_address,
    read_token,
    reply_address,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
DOMAIN = "reply.example.test"
WHO = "01arz3ndektsv4rrffq69g5fav"
TOKEN = make_token(KEY, Purpose.REPLY, WHO)
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def read(token: str) -> str | None:
    return read_token((KEY,), Purpose.REPLY, token)


def test_a_token_holds_128_bits_that_nobody_can_guess() -> None:
    """The MAC is the last 128 of the token's 256 bits: over many ids each of its letters takes every value."""
    tokens = [make_token(KEY, Purpose.REPLY, str(ULID())) for _ in range(2000)]
    for place in range(26, 51):
        seen = {token[place] for token in tokens}
        assert seen == set(LETTERS)
    assert len({token[26:] for token in tokens}) == len(tokens)
    assert len(TOKEN) == 52


def test_case_does_not_matter_and_everything_else_does() -> None:
    assert read(TOKEN) == read(TOKEN.upper()) == read(TOKEN.title()) == WHO
    for wrong in (TOKEN[:-1], TOKEN[1:], TOKEN + "a", " " + TOKEN, TOKEN + "\n", TOKEN.replace("a", "а"), ""):
        assert read(wrong) is None


@pytest.mark.parametrize("place", range(52))
def test_a_letter_changed_anywhere_makes_it_nobodys(place: int) -> None:
    for letter in LETTERS:
        changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
        if changed != TOKEN:
            assert read(changed) is None


@given(st.text(alphabet=LETTERS, min_size=52, max_size=52))
def test_a_made_up_token_is_nobodys(token: str) -> None:
    assert read(token) is None
    found = read_address((KEY,), f"r+{token}@{DOMAIN}", DOMAIN)
    assert found is None or found.purpose == "name"  # a name that no company has: refused like any other


def test_a_token_is_for_one_purpose_one_key_and_one_version() -> None:
    link = make_token(KEY, Purpose.LINK, WHO, 3)
    assert read_token((KEY,), Purpose.LINK, link, 3) == WHO
    assert read_token((KEY,), Purpose.LINK, link, 4) is None
    assert read_token((KEY,), Purpose.REPLY, link, 3) is None
    assert read_token((OTHER_KEY,), Purpose.LINK, link, 3) is None
    assert read_token((OTHER_KEY, KEY), Purpose.LINK, link, 3) == WHO


def test_wrong_tokens_take_the_same_time_wherever_they_are_wrong() -> None:
    """2,000 tries of each kind in turn, as processor time: a difference that helps guessing would be a multiple."""
    tokens = {
        "first letter of the MAC": _flip(26),
        "last letter of the MAC": _flip(50),
        "another id": make_token(OTHER_KEY, Purpose.REPLY, str(ULID())),
    }
    times: dict[str, list[int]] = {kind: [] for kind in tokens}
    for _ in range(2000):
        for kind in random.sample(list(tokens), len(tokens)):
            started = time.perf_counter_ns()
            read_address((KEY,), f"r+{tokens[kind]}@{DOMAIN}", DOMAIN)
            times[kind].append(time.perf_counter_ns() - started)
    medians = [statistics.median(taken) for taken in times.values()]
    assert max(medians) < 1.5 * min(medians)


def _flip(place: int) -> str:
    other = LETTERS[(LETTERS.index(TOKEN[place]) + 1) % 32]
    return TOKEN[:place] + other + TOKEN[place + 1 :]


def test_both_forms_of_an_address_are_the_same_person() -> None:
    for plus in (True, False):
        found = read_address((KEY,), reply_address(KEY, WHO, DOMAIN, plus=plus).upper(), DOMAIN)
        assert found is not None
        assert found.id == WHO


@given(st.integers(0, 2**128 - 1))
def test_every_id_comes_back_out_of_its_token(number: int) -> None:
    who = str(ULID.from_int(number)).lower()
    assert read(make_token(KEY, Purpose.REPLY, who)) == who


@pytest.mark.parametrize("letter", "ilou")
def test_what_is_no_id_gets_no_token(letter: str) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        make_token(KEY, Purpose.REPLY, letter + WHO[1:])
