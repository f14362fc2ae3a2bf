"""In charge of: answering questions of many sessions together — what has queued up while the last answer was sought
goes
into one call. Not in charge of: the questions (`smtp_commands`) or the answers (the front's `check_recipients`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")
MOST = 200  # questions in one call


class Gatherer(Generic[Question, Answer]):
    """One thread that asks for many. A question's future fails with whatever the call raised."""

    def __init__(self, answer_many: Callable[[Sequence[Question]], Sequence[Answer]], *, name: str) -> None:
        self._answer_many = answer_many
        self._waiting: queue.SimpleQueue[tuple[Question, Future[Answer]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, question: Question) -> Future[Answer]:
        """The answer, soon. Never blocks."""
        answer: Future[Answer] = Future()
        self._waiting.put((question, answer))
        return answer

    def close(self) -> None:
        """Answer what has been asked, then stop."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while len(batch) < MOST and not self._waiting.empty():
                more = self._waiting.get()
                if more is None:
                    self._waiting.put(None)
                    break
                batch.append(more)
            self._answer(batch)

    def _answer(self, batch: list[tuple[Question, Future[Answer]]]) -> None:
        asked = [(q, f) for q, f in batch if f.set_running_or_notify_cancel()]
        try:
            answers = self._answer_many([question for question, _ in asked])
        except Exception as error:
            for _, future in asked:
                future.set_exception(error)
        else:
            for (_, future), answer in zip(asked, answers, strict=True):
                future.set_result(answer)
