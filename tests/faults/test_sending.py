"""Reliability 64, 66, 67, 68: sending — deaths at every step, a provider that fails, eight workers, a fault at
every line (P8)."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType, FunctionType
from typing import Any

import pytest
from cast import MINA, Company, make_applicant
from fakes import FakeChannel, FakeClock
from hypothesis import given, settings
from hypothesis import strategies as st
from running import both_databases

import gateway.usecases.deliver as deliver_module
import gateway.usecases.record_attempts as recording_module
from faults.conftest import LONG
from faults.process import wait_until
from faults.provider import HANG, LOSE
from faults.world import World
from gateway.errors import Conflict
from gateway.threads.channel import Accepted, Failed, Retry, SendResult, Unknown
from gateway.threads.delivery import MAX_TRIES
from gateway.threads.model import Delivery, DeliveryState
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one, find_due, release_expired
from gateway.usecases.mend_delivery import mark_arrived, send_again
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.preferences import save_preferences
from gateway.usecases.read_thread import messages_after
from gateway.usecases.record_attempts import Recorder

LIFE = 5  # deaths in a row
KILLS = 100 if LONG else 5
ONCE = ["delivery.claimed", "delivery.built", "delivery.handing_over", "delivery.recorded"]
TWICE = ["delivery.sent", "delivery.before_commit"]  # "provider accepted, answer lost": the documented window


def say(world: World, text: str = "hello") -> str:
    """A message of the company to one more applicant: one delivery. Its Message-ID."""
    person = world.add_person()
    posted = post_message(world.ctx, world.company.as_jun, person.thread_id, NewMessage(text=text))
    return posted.deliveries[0].rfc_message_id


@pytest.mark.timeout(900 if LONG else 60)
@pytest.mark.parametrize("point", [*ONCE, *TWICE])
def test_killed_at_each_step_of_sending(world: World, tally: Counter[str], point: str) -> None:
    """Reliability 64, P8: sent at least once; again only if the provider may have it, under the same Message-ID and
    shown."""
    worker = world.gateway("worker")
    for number in range(KILLS):
        if number % LIFE == LIFE - 1:  # what died six times would wait
            worker.start()
            world.await_sent()
            worker.kill()
        say(world)
        worker.start(crash_at=point)
        worker.await_death()
        world.let_leases_run_out()
    worker.start()
    wait_until(lambda: set(world.delivery_states().values()) == {DeliveryState.ACCEPTED}, "every delivery")
    sent = world.assert_sent()
    assert len(sent) == KILLS
    if point in ONCE:
        assert set(sent.values()) == {1}
    tally["SIGKILLs at a named step of sending"] += KILLS
    tally["  sent twice, at 'accepted, answer lost', each recorded as unknown"] += sum(n > 1 for n in sent.values())


@pytest.mark.timeout(900 if LONG else 60)
def test_killed_while_the_provider_answers(world: World, tally: Counter[str]) -> None:
    """Reliability 64, P8: the provider has taken the mail; the worker dies before it reads the answer."""
    worker = world.gateway("worker", GATEWAY_WORKER_THREADS="1")
    for number in range(KILLS):
        message_id = say(world)
        world.provider.on_end = lambda: worker.signal(9)
        worker.start()
        worker.await_death()
        world.provider.on_end = lambda: None
        assert world.provider.counts()[message_id] == 1
        assert world.delivery_states()[message_id] is DeliveryState.SENDING
        world.let_leases_run_out()
        assert release_expired(world.ctx) == 1
        assert world.delivery_states()[message_id] is DeliveryState.UNCERTAIN
        if number % 2:  # a person who knows that it arrived ends it
            mark_arrived(world.ctx, world.company.as_jun, world.delivery_id(message_id))
            continue
        worker.start()
        wait_until(lambda m=message_id: world.delivery_states()[m] is DeliveryState.ACCEPTED, "the repeat")
        worker.kill()
    assert Counter(world.assert_sent().values()) == {1: KILLS // 2, 2: KILLS - KILLS // 2}
    tally["SIGKILLs while the provider answered"] += KILLS


FAULTS: list[tuple[str, bytes, DeliveryState]] = [
    ("connect", LOSE, DeliveryState.DEFERRED),
    ("connect", b"421 4.3.2 busy", DeliveryState.DEFERRED),
    ("connect", b"554 5.7.1 no", DeliveryState.DEFERRED),
    ("EHLO", LOSE, DeliveryState.DEFERRED),
    ("MAIL", LOSE, DeliveryState.DEFERRED),
    ("MAIL", b"451 4.3.0 later", DeliveryState.DEFERRED),
    ("MAIL", b"550 5.7.1 never", DeliveryState.FAILED),
    ("RCPT", LOSE, DeliveryState.DEFERRED),
    ("RCPT", b"450 4.2.1 later", DeliveryState.DEFERRED),
    ("RCPT", b"550 5.1.1 unknown", DeliveryState.FAILED),
    ("DATA", LOSE, DeliveryState.DEFERRED),
    ("DATA", b"452 4.3.1 full", DeliveryState.DEFERRED),
    ("DATA", b"554 5.6.0 never", DeliveryState.FAILED),
    ("end", LOSE, DeliveryState.UNCERTAIN),
    ("end", b"421 4.3.2 closing", DeliveryState.DEFERRED),
    ("end", b"452 4.3.1 full", DeliveryState.DEFERRED),
    ("end", b"554 5.6.0 never", DeliveryState.FAILED),
]
if LONG:
    FAULTS += [(step, HANG, DeliveryState.DEFERRED) for step in ("connect", "EHLO", "MAIL", "RCPT", "DATA")]
    FAULTS += [("end", HANG, DeliveryState.UNCERTAIN)]


@pytest.mark.timeout(1200 if LONG else 60)
def test_provider_faults_at_each_step(world: World, tally: Counter[str]) -> None:
    """Reliability 68, P8: each fault has its class; what is not for good is tried again, and arrives once where
    that can be."""
    worker = world.gateway("worker", GATEWAY_WORKER_THREADS="1")
    worker.start()
    save_preferences(world.ctx, world.company.as_jun, on=[], kinds={}, hours=None)  # no mails about what failed
    once, uncertain = set(), set()
    for step, answer, expected in FAULTS:
        world.provider.script = lambda at, _n, step=step, answer=answer: answer if at == step else None
        message_id = say(world)
        seconds = 110 if answer == HANG else 20
        wait_until(
            lambda m=message_id: world.delivery_states()[m] not in (DeliveryState.QUEUED, DeliveryState.SENDING),
            f"{step} {answer!r}",
            seconds=seconds,
        )
        assert world.delivery_states()[message_id] is expected, (step, answer)
        if expected is DeliveryState.DEFERRED:
            once.add(message_id)
        elif expected is DeliveryState.UNCERTAIN:
            uncertain.add(message_id)
    world.provider.script = lambda at, _n: None
    world.let_waits_run_out()
    wait_until(
        lambda: all(world.delivery_states()[m] is DeliveryState.ACCEPTED for m in once | uncertain), "the retries"
    )
    counts = world.provider.counts()
    assert {m: n for m, n in counts.items() if n != 1} == dict.fromkeys(uncertain, 2)
    assert set(counts) == once | uncertain
    tally["provider faults"] += len(FAULTS)


@both_databases
def test_eight_workers_on_one_delivery(
    ctx: Context, company: Company, channel: FakeChannel, tally: Counter[str]
) -> None:
    """Reliability 66, P8: a job that the broker delivers eight times at once is sent once."""
    rounds = 100 if LONG else 10
    mina = make_applicant(ctx, company)
    barrier = threading.Barrier(8)

    def work(delivery_id: str) -> DeliveryState | None:
        barrier.wait()
        return deliver_one(ctx, delivery_id)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(rounds):
            posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="once"))
            states = list(pool.map(work, [posted.deliveries[0].id] * 8))
            assert Counter(states) == {DeliveryState.ACCEPTED: 1, None: 7}
    assert set(Counter(o.message_id for o in channel.sent).values()) == {1}
    tally["jobs delivered eight times at once"] += rounds


ENDED = {DeliveryState.ACCEPTED, DeliveryState.FAILED}
RESULTS: list[SendResult] = [Accepted("x"), Retry("4.2.1", "later"), Failed("5.1.1", "never"), Unknown("cut")]
STEPS = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 3)),
    st.tuples(st.just("die"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["lease ends", "sweep", "time passes", "again"]), st.just(0)),
)


class _Dies(BaseException):
    """The process ends here."""


@settings(max_examples=300 if LONG else 25)
@given(steps=st.lists(STEPS, min_size=1, max_size=20))
def test_any_order_of_steps_of_a_delivery(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, steps: list[tuple[str, int]]
) -> None:
    """Reliability 66: model of the outbox. Accepted means that the channel was called; what ended moves only by a
    person;
    each call has its attempt; a call after one whose outcome nobody knows is recorded as such."""
    mina = make_applicant(ctx, company, external_id=ctx.new_id())
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
    delivery_id, message_id = posted.deliveries[0].id, posted.deliveries[0].rfc_message_id
    for step, choice in steps:
        before = _find(ctx, delivery_id)
        if step == "deliver":
            channel.script[:] = [RESULTS[choice]]
            deliver_one(ctx, delivery_id)
        elif step == "die":
            _die_in_mid_send(ctx, channel, delivery_id, after=bool(choice))
        elif step == "lease ends":
            clock.move(seconds=61)
        elif step == "sweep":
            release_expired(ctx)
        elif step == "time passes":
            clock.move(hours=7)
        else:
            _send_again(ctx, company, delivery_id)
        after = _find(ctx, delivery_id)
        if before.state in ENDED and step != "again":
            assert after.state is before.state
    _check_books(ctx, channel, delivery_id, message_id)


def _find(ctx: Context, delivery_id: str) -> Delivery:
    with ctx.database.read() as tx:
        found = tx.outbox.find(delivery_id, attempts=True)
    assert found is not None
    return found


def _die_in_mid_send(ctx: Context, channel: FakeChannel, delivery_id: str, *, after: bool) -> None:
    real = channel.send

    def send(outgoing: Any, **_: Any) -> SendResult:
        if after:
            real(outgoing)
        raise _Dies

    channel.send = send  # type: ignore[method-assign]
    channel.script[:] = []
    try:
        deliver_one(ctx, delivery_id)
    except _Dies:
        pass
    finally:
        channel.send = real  # type: ignore[method-assign]


def _send_again(ctx: Context, company: Company, delivery_id: str) -> None:
    try:
        send_again(ctx, company.as_jun, delivery_id)
    except Conflict:
        return


def _check_books(ctx: Context, channel: FakeChannel, delivery_id: str, message_id: str) -> None:
    delivery = _find(ctx, delivery_id)
    calls = [o for o in channel.sent if o.message_id == message_id]
    assert len(calls) <= len(delivery.attempts)
    if delivery.state is DeliveryState.ACCEPTED:
        assert calls
        assert delivery.attempts[-1].outcome == "accepted"
    if delivery.state is DeliveryState.SENDING:
        assert delivery.lease_until is not None
    if not calls:
        assert delivery.state not in ENDED


class _Injected(Exception):
    """A fault of ours that nobody foresaw."""


def _lines_of(*functions: Callable[..., Any]) -> list[tuple[str, int]]:
    """(function, line) of every line of these."""
    found = []
    for function in functions:
        code = function.__code__
        found += [(code.co_name, line) for _, _, line in code.co_lines() if line and line != code.co_firstlineno]
    return sorted(set(found))


def _deliver_with_fault(ctx: Context, delivery_id: str, where: tuple[str, int]) -> bool:
    """Run one attempt in which the line `where` raises; False if that line was not reached."""
    raised = False

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal raised
        if frame.f_code.co_filename not in (deliver_module.__file__, recording_module.__file__):
            return None
        if event == "line" and (frame.f_code.co_name, frame.f_lineno) == where and not raised:
            raised = True
            raise _Injected
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        deliver_one(ctx, delivery_id)
    except _Injected:
        pass
    finally:
        sys.settrace(before)
    return raised


def test_a_fault_at_every_line_of_the_actor(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, tally: Counter[str]
) -> None:
    """Reliability 67, P8: wherever it breaks, there is no `accepted` without a call and no call without a record."""
    mina = make_applicant(ctx, company)
    own = [f for m in (deliver_module, recording_module) for f in vars(m).values() if f.__class__ is FunctionType]
    written_here = (deliver_module.__name__, recording_module.__name__)
    lines = _lines_of(*(f for f in (*own, *vars(Recorder).values()) if getattr(f, "__module__", "") in written_here))
    reached = 0
    for where in lines:
        posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))
        delivery_id, message_id = posted.deliveries[0].id, posted.deliveries[0].rfc_message_id
        reached += _deliver_with_fault(ctx, delivery_id, where)
        state = _find(ctx, delivery_id).state
        calls = [o for o in channel.sent if o.message_id == message_id]
        assert (state is not DeliveryState.ACCEPTED) or calls, where
        assert not calls or state is not DeliveryState.QUEUED, where
        for _ in range(4):  # what the sweeps of the next hours do
            clock.move(minutes=20)
            release_expired(ctx)
            for due in find_due(ctx)[1]:
                deliver_one(ctx, due)
        ended = _find(ctx, delivery_id)
        calls = [o for o in channel.sent if o.message_id == message_id]
        assert ended.state is DeliveryState.ACCEPTED, where
        assert 1 <= len(calls) <= 2, where
        if len(calls) == 2:
            assert "unknown" in [a.outcome for a in ended.attempts], where
    assert reached > 25
    tally["lines of the sending actor that raised"] += reached


def test_words_that_cannot_be_built_are_no_uncertainty(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reliability 67, P8: a fault of ours before anything was handed over is a retry with its reason, not
    `uncertain`."""
    mina = make_applicant(ctx, company)
    posted = post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="hello"))

    def fail(*_: object) -> None:
        raise KeyError("a template that lacks something")

    with monkeypatch.context() as patch:
        patch.setattr(deliver_module, "build_outgoing", fail)
        assert deliver_one(ctx, posted.deliveries[0].id) is DeliveryState.DEFERRED
    assert channel.sent == []
    clock.move(minutes=2)
    assert deliver_one(ctx, posted.deliveries[0].id) is DeliveryState.ACCEPTED
    assert [o.to for o in channel.sent] == [MINA]
    (shown,) = messages_after(ctx, company.as_jun, mina.thread_id)
    assert shown.deliveries[0].tries == 2 < MAX_TRIES
