"""In charge of: what travels between the loop's thread and others, many at a time: questions of many sessions in one
call, answers of many futures in one turn of the loop. Not in charge of: the questions (`smtp_commands`) or the answers
(the front's `check_recipients` and `accept`).

A trip between the loop's thread and another costs more than a question, so whole batches travel.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
_Asked = tuple[Question, "asyncio.Future[Answer]"]
MOST = 200  # questions in one call; a few more may come along


class Gatherer(Generic[Question, Answer]):
    """One thread that asks for many. Used on the loop's thread only."""

    def __init__(self, answer_many: Callable[[Sequence[Question]], Sequence[Answer]], *, name: str) -> None:
        self._answer_many = answer_many
        self._waiting: list[_Asked[Question, Answer]] = []
        self._sent: SimpleQueue[list[_Asked[Question, Answer]]] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def ask(self, question: Question) -> asyncio.Future[Answer]:
        """The answer, soon. Never blocks. The future fails with whatever the call raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)  # once all sessions of this turn have asked
        self._waiting.append((question, answer))
        return answer

    def close(self) -> None:
        """End the thread once it has answered."""
        self._sent.put([])

    def _send(self) -> None:
        asked, self._waiting = self._waiting, []
        for at in range(0, len(asked), MOST):
            self._sent.put(asked[at : at + MOST])

    def _run(self) -> None:
        """In the thread."""
        while asked := self._take():
            try:
                answers = self._answer_many([question for question, _ in asked])
                tell = partial(_tell_answers, asked, answers)
            except Exception as error:
                tell = partial(_tell_error, asked, error)
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                asked[0][1].get_loop().call_soon_threadsafe(tell)

    def _take(self) -> list[_Asked[Question, Answer]]:
        """What was asked while the last answers were sought; nothing at the end."""
        asked = self._sent.get()
        while asked and len(asked) < MOST and not self._sent.empty():
            more = self._sent.get()
            if not more:
                self._sent.put(more)
                break
            asked = asked + more
        return asked


def _tell_answers(asked: Sequence[_Asked[Question, Answer]], answers: Sequence[Answer]) -> None:
    for (_, told), answer in zip(asked, answers, strict=True):
        if not told.done():
            told.set_result(answer)


def _tell_error(asked: Sequence[_Asked[Question, Answer]], error: Exception) -> None:
    for _, told in asked:
        if not told.done():
            told.set_exception(error)


class Relay(Generic[Answer]):
    """What futures of other threads give, told in the loop's thread: all that are done by then in one turn of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._done: deque[tuple[asyncio.Future[Answer], Future[Answer]]] = deque()
        self._called = False

    def follow(self, work: Future[Answer]) -> asyncio.Future[Answer]:
        """Gives, in the loop, what `work` gives. To cancel it does not cancel the work."""
        told: asyncio.Future[Answer] = self._loop.create_future()
        work.add_done_callback(lambda done: self._hand_over(told, done))
        return told

    def _hand_over(self, told: asyncio.Future[Answer], done: Future[Answer]) -> None:
        """In any thread. What is added before the look at `_called` is found by the turn that is already called."""
        self._done.append((told, done))
        if not self._called:
            self._called = True
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._called = False
        while self._done:
            told, done = self._done.popleft()
            if told.done():
                continue
            if done.cancelled():
                told.cancel()
            elif error := done.exception():
                told.set_exception(error)
            else:
                told.set_result(done.result())
