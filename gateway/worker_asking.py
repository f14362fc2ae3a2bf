"""In charge of: asking providers, from time to time, what they do not push or what a lost push would have said.

Not in charge of: whether it is time, and what the answers change (use cases); deliveries, which are asked about one by
one (`worker`). A thread of its own: a slow provider holds up no sweep.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from gateway.errors import Unavailable
from gateway.usecases.context import Context
from gateway.usecases.record_refusals import ask_for_refusals
from gateway.usecases.review_templates import ask_for_reviews

LOOK_EVERY = 30.0  # seconds
QUESTIONS: tuple[Callable[[Context], object], ...] = (ask_for_refusals, ask_for_reviews)
log = logging.getLogger("gateway.worker_asking")


class Asker:
    """Asks until it is stopped."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="asker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the question that is under way end."""
        self._stop.set()
        self._thread.join(10)

    def ask_once(self) -> None:
        """What it is time for. Nothing escapes: what failed is asked again."""
        for ask in QUESTIONS:
            try:
                ask(self._ctx)
            except Unavailable:
                log.warning("%s: the database is away", ask.__name__)
            except Exception:
                log.exception("%s failed; it comes again", ask.__name__)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            self.ask_once()
