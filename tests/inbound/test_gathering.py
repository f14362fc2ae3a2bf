"""In charge of: questions and answers between the loop and other threads: none lost, none twice, many at a time."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from gateway.inbound import gathering
from gateway.inbound.gathering import Gatherer, Relay


class Answers:
    """Doubles numbers, once it may; remembers how many each call asked."""

    def __init__(self) -> None:
        self.may_answer, self.calls = threading.Event(), list[int]()

    def __call__(self, numbers):
        self.may_answer.wait(10)
        self.calls.append(len(numbers))
        if 13 in numbers:
            raise LookupError("no answer")
        return [2 * number for number in numbers]


@pytest.fixture
def answers():
    return Answers()


async def settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_what_is_asked_while_an_answer_is_sought_goes_into_one_call(answers):
    async def ask():
        gatherer = Gatherer(answers, name="test")
        first = gatherer.ask(1)
        await settle()
        later = []
        for number in range(2, 12):
            later.append(gatherer.ask(number))
            await settle()
        answers.may_answer.set()
        found = await asyncio.gather(first, *later)
        gatherer.close()
        return found

    assert asyncio.run(ask()) == [2 * number for number in range(1, 12)]
    assert len(answers.calls) <= 2  # the thread may have been slow to begin


def test_a_call_does_not_ask_for_much_more_than_it_may(answers, monkeypatch):
    monkeypatch.setattr(gathering, "MOST", 10)
    answers.may_answer.set()

    async def ask():
        gatherer = Gatherer(answers, name="test")
        return await asyncio.gather(*(gatherer.ask(number) for number in range(100, 195)))

    assert asyncio.run(ask()) == [2 * number for number in range(100, 195)]
    assert max(answers.calls) < 20


def test_a_call_that_fails_fails_for_those_who_asked_and_for_nobody_else(answers):
    answers.may_answer.set()

    async def ask():
        gatherer = Gatherer(answers, name="test")
        failed = await asyncio.gather(gatherer.ask(13), gatherer.ask(1), return_exceptions=True)
        return failed, await gatherer.ask(4)

    failed, later = asyncio.run(ask())
    assert [str(error) for error in failed] == ["no answer", "no answer"]
    assert later == 8


def test_who_no_longer_waits_for_an_answer_disturbs_nobody(answers):
    async def ask():
        gatherer = Gatherer(answers, name="test")
        gone, there = gatherer.ask(1), gatherer.ask(2)
        await settle()
        gone.cancel()
        answers.may_answer.set()
        return await there

    assert asyncio.run(ask()) == 4


def test_a_thread_that_is_closed_answers_first_and_then_ends(answers):
    async def ask():
        gatherer = Gatherer(answers, name="closed soon")
        asked = gatherer.ask(1)
        await settle()
        gatherer.close()
        answers.may_answer.set()
        return await asked

    assert asyncio.run(ask()) == 2
    for thread in threading.enumerate():
        if thread.name == "closed soon":
            thread.join(10)
            assert not thread.is_alive()


def test_futures_of_another_thread_are_told_in_the_loop():
    async def follow():
        relay, work = Relay(asyncio.get_running_loop()), [Future() for _ in range(50)]
        told = [relay.follow(one) for one in work]
        told[7].cancel()
        work[5].cancel()

        def finish():
            for number, one in enumerate(work):
                if number == 3:
                    one.set_exception(LookupError("lost"))
                elif number != 5:
                    one.set_result(number)

        threading.Thread(target=finish).start()
        return await asyncio.gather(*told, return_exceptions=True), work[7]

    told, work_of_the_cancelled = asyncio.run(follow())
    assert isinstance(told[3], LookupError)
    assert all(isinstance(told[number], asyncio.CancelledError) for number in (5, 7))
    others = [number for number in range(50) if number not in (3, 5, 7)]
    assert [told[number] for number in others] == others
    assert work_of_the_cancelled.result() == 7  # to stop waiting does not undo it


def test_work_that_ends_after_the_loop_harms_nobody():
    work = Future()

    async def follow():
        Relay(asyncio.get_running_loop()).follow(work)

    asyncio.run(follow())
    work.set_result(1)
    assert work.result() == 1
