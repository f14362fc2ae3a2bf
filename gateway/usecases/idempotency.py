"""In charge of: one effect and one answer for a request that comes several times with the same key (GW-8).

Not in charge of: what the request does (its own use case), nor reading the key from a header (`web.api`).

The key is reserved before the request runs and keeps its answer afterwards. A request that failed frees the key:
nothing was stored, so the next try may succeed. A reservation whose process died is taken over after `ABANDONED`; the
use cases behind it are safe to repeat: a message, and one to many, carries the key as its `client_key`, which is looked
up before anything that may have changed since is judged (`find_posted`, `start_bulk`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from threading import BoundedSemaphore

from gateway.errors import Conflict, Unavailable
from gateway.threads.model import Viewer
from gateway.usecases.context import Context

ABANDONED = timedelta(minutes=2)
MOST_WAITING = 20  # requests of a process that wait for a first one: half of its threads, so that others find one
LOOKS = 100
SECONDS_BETWEEN_LOOKS = 0.05

Answer = tuple[int, str]
_waiting = BoundedSemaphore(MOST_WAITING)
log = logging.getLogger("gateway.usecases.idempotency")


def run_once(
    ctx: Context, viewer: Viewer, key: str, *, request_digest: str, run: Callable[[], Answer]
) -> tuple[int, str, bool]:
    """Status and body of the request, and whether they are those of an earlier one. Without a key it just runs.

    A request that arrives while the first one is under way waits for it. Raises Conflict
    `idempotency_key_reused` when the key came with another request, `idempotency_key_in_use` when the first one
    takes too long, and whatever `run` raises.
    """
    if not key:
        return *run(), False
    kept = _take_or_wait(ctx, viewer, key, request_digest=request_digest)
    if kept is not None:
        return *kept, True
    try:
        status, body = run()
    except Exception:
        _free(ctx, viewer, key)
        raise
    _keep(ctx, viewer, key, status=status, body=body)
    return status, body, False


def _take_or_wait(ctx: Context, viewer: Viewer, key: str, *, request_digest: str) -> Answer | None:
    """None: the key is ours and the request may run. Else the answer of the first request."""
    taken, answer = _take_key(ctx, viewer, key, request_digest=request_digest)
    if not (taken or answer) and _waiting.acquire(blocking=False):
        try:
            for _ in range(LOOKS):
                time.sleep(SECONDS_BETWEEN_LOOKS)
                taken, answer = _take_key(ctx, viewer, key, request_digest=request_digest)
                if taken or answer:
                    break
        finally:
            _waiting.release()
    if taken or answer:
        return answer
    raise Conflict(
        "idempotency_key_in_use",
        "The first request with this Idempotency-Key is still under way: ask again in a minute.",
    )


def _take_key(ctx: Context, viewer: Viewer, key: str, *, request_digest: str) -> tuple[bool, Answer | None]:
    """(True, None): reserved for us. (False, answer): answered before. (False, None): somebody is at it."""
    with ctx.database.begin() as tx:
        if tx.limits.take_key(viewer.workspace_id, key, digest=request_digest, now=ctx.now):
            return True, None
        found = tx.limits.find_key(viewer.workspace_id, key)
        if found is None:
            return False, None
        if found.digest != request_digest:
            raise Conflict(
                "idempotency_key_reused",
                "This Idempotency-Key came with another request before: use a new key for each request.",
            )
        if found.status:
            return False, (found.status, found.body)
        if found.created_at > ctx.now - ABANDONED:
            return False, None
        stale = ctx.now - ABANDONED
        return tx.limits.retake_key(
            viewer.workspace_id, key, digest=request_digest, stale_before=stale, now=ctx.now
        ), None


def _keep(ctx: Context, viewer: Viewer, key: str, *, status: int, body: str) -> None:
    """Keep the answer. The work is done and stored: if this fails, the caller still gets it."""
    try:
        with ctx.database.begin() as tx:
            tx.limits.save_answer(viewer.workspace_id, key, status=status, body=body)
    except Unavailable:
        log.warning("answer not kept for an idempotency key of workspace %s", viewer.workspace_id)


def _free(ctx: Context, viewer: Viewer, key: str) -> None:
    """Give the key back. If this fails, it frees itself after ABANDONED."""
    try:
        with ctx.database.begin() as tx:
            tx.limits.free_key(viewer.workspace_id, key)
    except Unavailable:
        log.warning("idempotency key of workspace %s stays reserved for a while", viewer.workspace_id)
