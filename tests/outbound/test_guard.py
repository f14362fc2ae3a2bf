"""Going easy on providers: rates, the breaker, mails for each domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gateway.errors import SettingsError
from gateway.outbound.guard import FIRST_PAUSE, LONGEST_PAUSE, TROUBLE, Breaker, Guard, Rate
from gateway.threads.channel import Accepted, Failed, Retry, SendResult, Unknown


@dataclass
class Time:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_each_key_has_its_own_rate_and_a_refusal_uses_up_no_try() -> None:
    rate = Rate("2/minute", setting="X")
    assert rate.refusal("a") is None
    assert rate.refusal("a") is None
    refused = rate.refusal("a")
    assert refused is not None
    assert (refused.code, refused.counted) == ("rate", False)
    assert refused.after is not None
    assert 0 < refused.after <= 60
    assert rate.refusal("b") is None


def test_no_rate_is_no_limit_and_a_wrong_one_names_the_setting() -> None:
    assert all(Rate("", setting="X").refusal("a") is None for _ in range(100))
    with pytest.raises(SettingsError, match="GATEWAY_PROVIDER_RATE"):
        Rate("many", setting="GATEWAY_PROVIDER_RATE")


def bad(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.note(Unknown("broken"))


def test_a_provider_that_keeps_failing_is_left_alone_then_tried_by_one() -> None:
    time = Time()
    breaker = Breaker(monotonic=time)
    bad(breaker, TROUBLE - 1)
    assert breaker.refusal() is None
    bad(breaker, 1)
    refused = breaker.refusal()
    assert refused is not None
    assert (refused.code, refused.counted) == ("paused", False)
    time.now += FIRST_PAUSE
    assert breaker.refusal() is None  # the one that tries
    assert breaker.refusal() is not None  # all others wait for what it finds
    breaker.note(Accepted("x"))
    assert breaker.refusal() is None


def test_pauses_grow_to_a_bound() -> None:
    time = Time()
    breaker = Breaker(monotonic=time)
    for _ in range(20):
        bad(breaker, TROUBLE)
        refused = breaker.refusal()
        assert refused is not None
        assert refused.after is not None
        assert refused.after <= LONGEST_PAUSE
        time.now += LONGEST_PAUSE


@pytest.mark.parametrize("result", [Accepted("x"), Failed("c", "a definite no"), Retry("rate", "too many")])
def test_a_definite_answer_shows_a_provider_that_works(result: SendResult) -> None:
    breaker = Breaker(monotonic=Time())
    bad(breaker, TROUBLE - 1)
    breaker.note(result)
    bad(breaker, TROUBLE - 1)
    assert breaker.refusal() is None


def test_no_call_is_made_while_it_is_paused() -> None:
    guard, calls = Guard(Rate("", setting="X"), name="nhn", monotonic=Time()), []

    def call() -> list[SendResult]:
        calls.append(1)
        return [Unknown("broken")]

    results = [guard.run(call, size=1)[0] for _ in range(TROUBLE + 3)]
    assert len(calls) == TROUBLE
    assert all(isinstance(r, Retry) and r.code == "paused" for r in results[TROUBLE:])
    assert len(guard.run(call, size=7)) == 7


def test_the_single_try_after_a_pause_is_not_lost_to_our_own_rate() -> None:
    """Whoever is refused by the rate makes no call: the next one may try, and the provider is back at once."""
    time = Time()
    guard = Guard(Rate("5/minute", setting="X"), name="nhn", monotonic=time)
    for _ in range(TROUBLE):
        guard.run(lambda: [Unknown("broken")], size=1)
    time.now += FIRST_PAUSE
    [refused] = guard.run(lambda: [Accepted("x")], size=1)  # five calls within this minute
    assert isinstance(refused, Retry)
    assert refused.code == "rate"
    guard._rate = Rate("", setting="X")  # the minute is over
    assert guard.run(lambda: [Accepted("x")], size=1) == [Accepted("x")]


def test_mails_to_one_domain_are_held_to_its_rate(sink: Any, connect: Any, outgoing: Any) -> None:
    channel = connect(sink.port)
    channel._per_domain = Rate("2/minute", setting="X")
    to = ("a@naver.example", "b@Naver.example", "c@naver.example", "d@gmail.example")
    kinds = [type(channel.send(outgoing(to=address))) for address in to]
    assert kinds == [Accepted, Accepted, Retry, Accepted]
