"""In charge of: recording what came of attempts, many in one transaction.

Not in charge of: attempts (`deliver`) or what an outcome means (`threads.delivery`, `fall_back`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock, Timer

from gateway.crashpoints import reach
from gateway.errors import Unavailable
from gateway.store.database import Transaction
from gateway.threads.delivery import Move
from gateway.threads.model import Delivery, DeliveryState
from gateway.threads.notifying import PUSH, SLACK
from gateway.usecases.context import Context
from gateway.usecases.fall_back import record_move
from gateway.usecases.send_news import note_unreached

RECORD_EVERY = 0.1  # seconds: what was sent waits no longer for its record, however long the next one takes
log = logging.getLogger("gateway.deliver")


@dataclass(frozen=True, slots=True)
class Sent:
    """An attempt that is to be recorded. `copy`: what went out in a conversation, or may have, word for word."""

    delivery: Delivery
    move: Move
    copy: bytes | None = None


class Recorder:
    """Records the outcomes of one lease as they come; `states` are those that have been recorded."""

    def __init__(self, ctx: Context, lease_id: str) -> None:
        self.states: dict[str, DeliveryState] = {}
        self._ctx = ctx
        self._lease_id = lease_id
        self._waiting: list[Sent] = []
        self._timer: Timer | None = None
        self._lock = Lock()  # of what waits
        self._writing = Lock()  # held during a transaction, while more may come to wait

    def add(self, one: Sent) -> None:
        """To be recorded soon, with others that come meanwhile."""
        with self._lock:
            self._waiting.append(one)
            if self._timer is None:
                self._timer = Timer(RECORD_EVERY, self._write_quietly)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Record what waits, now. Raises Unavailable when the database is away: then leases run out."""
        if self._timer:
            self._timer.cancel()
        self._write()

    def _write_quietly(self) -> None:
        try:
            self._write()
        except Exception as error:
            log.warning("outcomes could not be recorded yet: %s", type(error).__name__)

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                self._timer = None
                taken = self._waiting[:]
            self.states |= _record(self._ctx, taken, lease_id=self._lease_id)
            with self._lock:
                del self._waiting[: len(taken)]


def _record(ctx: Context, sent: Sequence[Sent], *, lease_id: str) -> dict[str, DeliveryState]:
    """Write what came of these, in one transaction; if that fails for one of them, each in its own. Raises Unavailable
    when the database is away twice.
    """
    for last_try in (False, True):
        try:
            _record_together(ctx, sent, lease_id=lease_id)
            break
        except Unavailable:
            if last_try:
                raise
        except Exception:
            if len(sent) == 1:
                raise
            log.exception("%d outcomes could not be recorded together", len(sent))
            for one in sent:
                _record_together(ctx, [one], lease_id=lease_id)
            break
    return {one.delivery.id: one.move.state for one in sent}


def _record_together(ctx: Context, sent: Sequence[Sent], *, lease_id: str) -> None:
    if not sent:
        return
    with ctx.database.begin() as tx:
        tx.attempts.hold([one.delivery.id for one in sent], lease_id=lease_id)
        tx.events.expect({one.delivery.thread_id for one in sent if one.delivery.thread_id})
        for one in sent:
            if record_one(ctx, tx, one.delivery, move=one.move, lease_id=lease_id) and one.copy is not None:
                tx.copies.keep(one.delivery.id, one.copy, now=ctx.now)
        tx.flush()
        reach("delivery.before_commit")


def record_one(ctx: Context, tx: Transaction, delivery: Delivery, *, move: Move, lease_id: str) -> bool:
    """Write one outcome; False when the lease is no longer ours."""
    if not record_move(ctx, tx, delivery, move=move, lease_id=lease_id):
        log.warning("delivery %s: somebody else recorded an outcome first", delivery.id)
        return False
    if move.next_attempt_at and move.next_attempt_at <= ctx.now:
        tx.wake("deliver", delivery.id)
    if delivery.channel in (SLACK, PUSH) and move.state is DeliveryState.FAILED:
        note_unreached(ctx, tx, delivery, code=move.code)
    return True
