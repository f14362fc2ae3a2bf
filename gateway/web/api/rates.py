"""In charge of: how many requests one key may send, and saying so on every answer. The only home of limits.

Not in charge of: limits that must hold across processes (`store.limits`): this one only keeps one caller from taking
the others' share of this process.

Headers by draft-ietf-httpapi-ratelimit-headers: RateLimit-Policy, and RateLimit-Limit, -Remaining, -Reset.
"""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.api.problems import problem

WINDOW = 60  # seconds


class LimitRate:
    """Counts each key's requests; answers 429 when there are too many. Sits behind `RequireKey`."""

    def __init__(self, app: ASGIApp, *, per_minute: int) -> None:
        """`per_minute` 0: no limit, and no headers."""
        self.app = app
        self._most = per_minute
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        viewer = scope.get("state", {}).get("viewer")
        if self._limit is None or viewer is None:
            await self.app(scope, receive, send)
            return
        taken = self._counter.hit(self._limit, viewer.id)
        reset, left = self._counter.get_window_stats(self._limit, viewer.id)
        seconds = max(1, min(WINDOW, math.ceil(reset - time.time())))
        headers = {
            "RateLimit-Policy": f"{self._most};w={WINDOW}",
            "RateLimit-Limit": str(self._most),
            "RateLimit-Remaining": str(max(0, left)),
            "RateLimit-Reset": str(seconds),
        }
        if not taken:
            detail = f"More than {self._most} requests in a minute: go on in {seconds} seconds."
            answer = problem(429, "too_many_requests", detail, headers=headers | {"Retry-After": str(seconds)})
            await answer(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self.app(scope, receive, send_counted)
