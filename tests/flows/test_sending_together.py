"""In charge of: deliveries that travel together — many in one job, each with an outcome of its own. Not in charge of:
the wire (`tests/outbound`), deaths (`tests/faults`)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from cast import Company, make_applicant
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from sqlalchemy import update

from gateway.store import tables as t
from gateway.threads.channel import Accepted, Capabilities, Failed, Outgoing, Retry, SendResult, Unknown
from gateway.threads.model import DeliveryState
from gateway.usecases import deliver as deliver_module
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_waiting, extend_leases, find_due, release_expired
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.worker import DELIVERED, EXTEND_EVERY, gather_jobs


@pytest.fixture
def channel(channel: FakeChannel) -> FakeChannel:
    """It takes many."""
    channel.capabilities = Capabilities(stable_key=True, batch=50)
    return channel


def write_to(ctx: Context, company: Company, *, people: int) -> list[str]:
    """One message to each of so many applicants; their threads."""
    threads = []
    for number in range(people):
        view = make_applicant(ctx, company, external_id=f"p-{number}", email=f"p-{number}@mail.example")
        post_message(ctx, company.as_jun, view.thread_id, NewMessage(text=f"hello {number}"))
        threads.append(view.thread_id)
    return threads


def states(ctx: Context, company: Company, threads: list[str]) -> list[DeliveryState]:
    return [messages_after(ctx, company.ats, thread_id)[0].deliveries[0].state for thread_id in threads]


@both_databases
def test_a_worker_that_dies_again_and_again_uses_up_no_message(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, pump: Pump
) -> None:
    """P8, reliability 64: all that it held has as many tries behind it as the worker had deaths, whoever was the cause.
    The last tries are kept for when somebody has mended it.
    """
    threads = write_to(ctx, company, people=3)
    for death in range(30):
        with ctx.database.begin() as tx:
            for delivery_id in tx.attempts.due(now=ctx.now, limit=10):
                tx.attempts.claim(delivery_id, lease_id=f"dead-{death}", now=ctx.now, until=ctx.now)
        clock.move(seconds=1)
        release_expired(ctx)
    assert set(states(ctx, company, threads)) == {DeliveryState.UNCERTAIN}
    clock.move(minutes=5)
    pump()
    assert set(states(ctx, company, threads)) == {DeliveryState.ACCEPTED}
    assert sorted(o.to for o in channel.sent) == [f"p-{n}@mail.example" for n in range(3)]


@both_databases
def test_what_waits_leaves_in_one_job(ctx: Context, company: Company, channel: FakeChannel) -> None:
    """P8: each person once, in the order in which they wait, each with their own outcome."""
    threads = write_to(ctx, company, people=5)
    channel.script[:] = [Accepted("a"), Failed("5.1.1", "no"), Retry("4.2.1", "later"), Unknown("cut"), Accepted("b")]
    assert deliver_waiting(ctx, find_due(ctx)[1][0]) == 5
    assert [o.to for o in channel.sent] == [f"p-{n}@mail.example" for n in range(5)]
    expected = ["accepted", "failed", "deferred", "uncertain", "accepted"]
    assert [state.value for state in states(ctx, company, threads)] == expected


@both_databases
def test_a_job_whose_delivery_is_done_takes_others(ctx: Context, company: Company, channel: FakeChannel) -> None:
    write_to(ctx, company, people=2)
    assert deliver_waiting(ctx, "01nobody") == 2


@both_databases
def test_a_job_of_one_channel_wakes_another_for_the_others(
    ctx: Context, company: Company, channel: FakeChannel
) -> None:
    """P8: many wakes become one job; what waits for a second channel must not wait for the sweep."""
    write_to(ctx, company, people=2)
    texts = ctx.channels["sms"] = FakeChannel(name="sms")
    by_mail, by_text = find_due(ctx)[1]
    with ctx.database.engine.begin() as connection:
        row = t.deliveries.c.id == by_text
        connection.execute(update(t.deliveries).where(row).values(channel="sms", address="+821012345678"))
    woken: list[str] = []
    ctx.database.on_commit(lambda job, subject_id: woken.append(subject_id) if job == "deliver" else None)
    deliver_waiting(ctx, by_mail)
    assert (len(channel.sent), len(texts.sent), len(woken)) == (1, 0, 1)
    deliver_waiting(ctx, woken.pop())
    assert (len(channel.sent), len(texts.sent), woken) == (1, 1, [])


class Raising(FakeChannel):
    """Fails in a way that no channel should: before it begins to hand over a message, or after."""

    after = True

    def send(self, outgoing: Outgoing, *, handing_over: Callable[[], None] = lambda: None) -> SendResult:
        if outgoing.to.startswith("p-1@"):
            if self.after:
                handing_over()
            raise KeyError("nobody thought of this")
        return super().send(outgoing, handing_over=handing_over)


@pytest.mark.parametrize(("after", "state"), [(True, "uncertain"), (False, "deferred")])
def test_a_channel_that_raises_leaves_no_message_as_if_it_had_not_been_sent(
    ctx: Context, company: Company, after: bool, state: str
) -> None:
    """What may have been handed over is unknown; what was not comes again, and so do those behind it."""
    raising = Raising(capabilities=Capabilities(stable_key=True, batch=50))
    raising.after = after
    ctx.channels["email"] = raising
    threads = write_to(ctx, company, people=3)
    deliver_waiting(ctx, find_due(ctx)[1][0])
    assert [found.value for found in states(ctx, company, threads)] == ["accepted", state, "deferred"]


class RaisingTogether(Raising):
    """The same, of a channel that carries all in one call."""

    def send_many(self, batch: list[Outgoing], *, handing_over: Callable[[], None] = lambda: None) -> list[SendResult]:
        handing_over()
        raise KeyError("nobody thought of this")


def test_messages_that_travelled_in_one_call_that_raised_are_all_unknown(ctx: Context, company: Company) -> None:
    ctx.channels["email"] = RaisingTogether(capabilities=Capabilities(stable_key=True, batch=50))
    threads = write_to(ctx, company, people=3)
    deliver_waiting(ctx, find_due(ctx)[1][0])
    assert {found.value for found in states(ctx, company, threads)} == {"uncertain"}


def test_one_that_cannot_be_written_spoils_nothing_for_the_others(
    ctx: Context, company: Company, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = write_to(ctx, company, people=3)
    real = deliver_module.build_outgoing

    def build(ctx: Context, tx: Any, delivery: Any) -> Outgoing | None:
        if delivery.to.startswith("p-1@"):
            raise KeyError("a template that lacks something")
        return real(ctx, tx, delivery)

    monkeypatch.setattr(deliver_module, "build_outgoing", build)
    deliver_waiting(ctx, find_due(ctx)[1][0])
    expected = [DeliveryState.ACCEPTED, DeliveryState.DEFERRED, DeliveryState.ACCEPTED]
    assert states(ctx, company, threads) == expected


@both_databases
def test_what_was_sent_is_recorded_while_the_next_one_takes_long(
    ctx: Context, company: Company, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: the window in which a death sends again is a moment, not a batch."""
    threads = write_to(ctx, company, people=2)
    real: Callable[..., SendResult] = channel.send
    found: list[DeliveryState] = []

    def send(outgoing: Outgoing, **options: Any) -> SendResult:
        pause = Event()
        for _ in range(100 if outgoing.to.startswith("p-1@") else 0):
            found[:] = states(ctx, company, threads)
            if found[0] is DeliveryState.ACCEPTED:
                break
            pause.wait(0.05)
        return real(outgoing, **options)

    monkeypatch.setattr(channel, "send", send)
    deliver_waiting(ctx, find_due(ctx)[1][0])
    assert found == [DeliveryState.ACCEPTED, DeliveryState.SENDING]


def test_a_slow_batch_is_given_back(
    ctx: Context, company: Company, channel: FakeChannel, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others go first; nothing is counted as a try."""
    threads = write_to(ctx, company, people=3)
    monkeypatch.setattr(deliver_module, "BATCH_SECONDS", -1.0)
    deliver_waiting(ctx, find_due(ctx)[1][0])
    assert states(ctx, company, threads) == [DeliveryState.DEFERRED] * 3
    assert len(find_due(ctx)[1]) == 3
    monkeypatch.undo()
    deliver_waiting(ctx, find_due(ctx)[1][0])
    shown = [messages_after(ctx, company.ats, thread_id)[0].deliveries[0] for thread_id in threads]
    assert Counter((d.state, d.tries) for d in shown) == {(DeliveryState.ACCEPTED, 1): 3}


class SlowTogether(FakeChannel):
    """Carries all in one call, in which time goes by."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(capabilities=Capabilities(stable_key=False, batch=50))
        self.meanwhile = meanwhile
        self.answers: Callable[[Outgoing], SendResult] = lambda outgoing: Accepted(outgoing.delivery_id)

    def send_many(self, batch: list[Outgoing], *, handing_over: Callable[[], None] = lambda: None) -> list[SendResult]:
        handing_over()
        self.sent += batch
        self.meanwhile()
        return [self.answers(outgoing) for outgoing in batch]


@both_databases
@pytest.mark.parametrize(("answer", "state"), [(Accepted("p"), "accepted"), (Unknown("timed out"), "uncertain")])
def test_a_slow_call_for_many_sends_nobody_a_second_copy(
    ctx: Context, company: Company, monkeypatch: pytest.MonkeyPatch, answer: SendResult, state: str
) -> None:
    """P8, reliability 66: what travelled in one call has been handed over, however late its answers come."""
    slow = SlowTogether(lambda: monkeypatch.setattr(deliver_module.time, "monotonic", lambda: later))
    slow.answers = lambda _: answer
    ctx.channels["email"] = slow
    threads = write_to(ctx, company, people=5)
    later = time.monotonic() + deliver_module.BATCH_SECONDS + 1
    deliver_waiting(ctx, find_due(ctx)[1][0])
    monkeypatch.undo()
    assert [found.value for found in states(ctx, company, threads)] == [state] * 5
    assert find_due(ctx)[1] == []
    assert sorted(o.to for o in slow.sent) == [f"p-{n}@mail.example" for n in range(5)]


@both_databases
def test_nobody_takes_over_a_call_that_outlasts_its_lease(ctx: Context, company: Company, clock: FakeClock) -> None:
    """P8, reliability 65: who still waits for an answer says so every twenty seconds."""

    def wait() -> None:
        for _ in range(6):
            clock.move(seconds=EXTEND_EVERY)
            extend_leases(ctx)
            assert release_expired(ctx) == 0

    ctx.channels["email"] = SlowTogether(wait)
    threads = write_to(ctx, company, people=3)
    deliver_waiting(ctx, find_due(ctx)[1][0])
    assert set(states(ctx, company, threads)) == {DeliveryState.ACCEPTED}


def test_many_wakes_become_few_jobs() -> None:
    """One broker message for a batch, but everything else is kept."""
    wakes = [("deliver", f"d{n}") for n in range(3 * DELIVERED)]
    jobs = gather_jobs([("process_mail", "e1"), *wakes, ("process_mail", "e2"), ("bulk", "b1")])
    assert Counter(job for job, _ in jobs) == {"process_mail": 2, "bulk": 1, "deliver": 3}
    assert gather_jobs([("deliver", "d1")]) == [("deliver", "d1")]
