"""In charge of: answering questions of many sessions together — what they ask while the last answers are sought goes
into one call. Not in charge of: the questions (`smtp_commands`) or the answers (the front's `check_recipients`).

A trip between the loop's thread and another costs more than a question, so whole batches travel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
MOST = 200  # questions in one call


class Gatherer(Generic[Question, Answer]):
    """One thread that asks for many. Used on the loop's thread only."""

    def __init__(self, answer_many: Callable[[Sequence[Question]], Sequence[Answer]], *, name: str) -> None:
        self._answer_many = answer_many
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, question: Question) -> asyncio.Future[Answer]:
        """The answer, soon. Never blocks. The future fails with whatever the call raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answer))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._answer_all())  # begins when all sessions of this turn have asked
        return answer

    def close(self) -> None:
        """End the thread once it has answered."""
        self._thread.shutdown(wait=False)

    async def _answer_all(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            await self._answer(asked)

    async def _answer(self, asked: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, self._answer_many, [q for q, _ in asked])
        except Exception as error:
            for _, future in asked:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
