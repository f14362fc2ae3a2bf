"""Reliability 65, GW-11: the broker forgets, dies, or was never there: every mail is processed, every delivery sent
once."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
from running import leave_out

from faults.conftest import LONG
from faults.history import History, check
from faults.process import free_port, stopped, wait_until
from faults.sender import send_until_acknowledged
from faults.test_sending import say
from faults.world import World
from gateway.threads.model import DeliveryState

MAILS = 400 if LONG else 8


class PrivateRedis:
    """A Redis of our own that keeps nothing and may be killed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        quiet = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--loglevel", "warning"]
        command = ["redis-server", "--port", str(self.port), *quiet]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: self.say("PING").startswith("+PONG"), "our Redis to answer")

    def say(self, command: str) -> str:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
            line.sendall(command.encode() + b"\r\n")
            return line.recv(1000).decode()
        return ""

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def redis() -> Iterator[PrivateRedis]:
    if shutil.which("redis-server") is None:
        leave_out("redis-server is not installed")
    made = PrivateRedis()
    yield made
    made.kill()


def start_both(world: World, url: str, **environment: str):  # type: ignore[no-untyped-def]
    world.notify("hr@moalabs.example")
    smtp = world.gateway("smtp", GATEWAY_BROKER_URL=url, **environment)
    worker = world.gateway("worker", GATEWAY_BROKER_URL=url, **environment)
    smtp.start()
    worker.start()
    return smtp, worker


def finish(world: World, history: History, *, repeats: bool = False) -> None:
    world.await_quiet()
    check(history, world.visible(), world.belongs).assert_good()
    sent = world.assert_sent()
    assert len(sent) == len(world.belongs)
    if not repeats:
        assert set(sent.values()) == {1}


@pytest.mark.timeout(300 if LONG else 60)
def test_flushall_during_the_work(world: World, redis: PrivateRedis, tally: Counter[str]) -> None:
    """Reliability 65, P1, P8: FLUSHALL again and again: the sweep finds every row; each notice goes out once."""
    smtp, _ = start_both(world, redis.url)
    history = History()
    for _ in range(MAILS):
        assert send_until_acknowledged(smtp.address, world.write(), history)
        assert redis.say("FLUSHALL").startswith("+OK")
        tally["FLUSHALLs"] += 1
    finish(world, history)


@pytest.mark.timeout(300 if LONG else 60)
def test_broker_killed_and_started_again(world: World, redis: PrivateRedis, tally: Counter[str]) -> None:
    """Reliability 65: SIGKILL of Redis during the work, and its return; nothing waits for longer than a sweep."""
    smtp, worker = start_both(world, redis.url)
    history = History()
    for _ in range(10 if LONG else 2):
        for _ in range(MAILS // 4):
            assert send_until_acknowledged(smtp.address, world.write(), history)
        redis.kill()
        for _ in range(MAILS // 4):
            assert send_until_acknowledged(smtp.address, world.write(), history)
        started = time.monotonic()
        redis.start()
        world.await_quiet()
        tally["  slowest recovery after the broker's return, milliseconds"] = max(
            tally["  slowest recovery after the broker's return, milliseconds"],
            int((time.monotonic() - started) * 1000),
        )
        tally["SIGKILLs of Redis"] += 1
    assert smtp.is_alive
    assert worker.is_alive
    finish(world, history)


def test_no_broker_at_all(world: World, redis: PrivateRedis) -> None:
    """GW-11, reliability 65: the broker is stopped, somebody writes, the broker starts: delivered once. Even before
    that
    the 250 came, and the mail went out without it."""
    redis.kill()
    smtp, _ = start_both(world, redis.url)
    history = History()
    for _ in range(5):
        assert send_until_acknowledged(smtp.address, world.write(), history, timeout=5)
    world.await_quiet()
    assert len(world.provider.counts()) == 5
    redis.start()
    assert send_until_acknowledged(smtp.address, world.write(), history)
    finish(world, history)


@pytest.mark.timeout(120)
def test_a_paused_worker(world: World, redis: PrivateRedis, tally: Counter[str]) -> None:
    """Reliability 65, 66, P8: a worker stands still in mid-send until its lease is over; another does the work; it
    wakes up."""
    world.notify()
    first = world.gateway("worker", GATEWAY_BROKER_URL=redis.url)
    second = world.gateway("worker", GATEWAY_BROKER_URL=redis.url)
    world.provider.script = lambda step, number: b"hang" if step == "EHLO" and number == 1 else None
    first.start()
    message_id = say(world)
    wait_until(lambda: world.provider.reached["EHLO"] == 1, "the first worker to be in mid-send")
    with stopped([first.pid]):
        world.let_leases_run_out()
        second.start()
        wait_until(lambda: world.delivery_states()[message_id] is DeliveryState.ACCEPTED, "the second worker")
        world.provider.let_go()
    wait_until(lambda: "somebody else recorded" in first.log.read_text(), "the first worker to find that out")
    assert world.delivery_states()[message_id] is DeliveryState.ACCEPTED
    assert world.provider.counts()[message_id] <= 2
    assert "unknown" in world.outcomes()[message_id]
    tally["workers paused beyond their lease"] += 1


def rabbit(*arguments: str) -> str:
    if shutil.which("rabbitmqctl") is None:
        leave_out("RabbitMQ is not installed")
    done = subprocess.run(["rabbitmqctl", "-q", *arguments], capture_output=True, text=True, timeout=60)
    if done.returncode:
        pytest.skip(f"rabbitmqctl: {done.stderr.strip()[:200]}")
    return done.stdout


@pytest.mark.skipif(not LONG, reason="in the long form: rabbitmqctl takes a second for each command")
@pytest.mark.timeout(300)
def test_rabbitmq_connections_closed_and_queues_deleted(world: World, tally: Counter[str]) -> None:
    """Reliability 65: RabbitMQ closes every connection and deletes the queues in the midst of it."""
    host = f"faults-{time.monotonic_ns()}"
    rabbit("add_vhost", host)
    try:
        rabbit("set_permissions", "-p", host, "guest", ".*", ".*", ".*")
        smtp, worker = start_both(world, f"amqp://guest:guest@127.0.0.1:5672/{host}")
        history = History()
        for _ in range(5):
            for _ in range(MAILS // 4):
                assert send_until_acknowledged(smtp.address, world.write(), history)
            for queue in ("mail", "outbound"):
                with suppress(pytest.skip.Exception):
                    rabbit("delete_queue", "-p", host, queue)
            rabbit("close_all_connections", "--vhost", host, "a test of ours")
            for _ in range(MAILS // 4):
                assert send_until_acknowledged(smtp.address, world.write(), history)
            tally["times RabbitMQ lost its queues and connections"] += 1
        world.await_quiet()
        assert smtp.is_alive
        assert worker.is_alive
        finish(world, history)
        for gateway in (smtp, worker):
            gateway.kill()
    finally:
        rabbit("delete_vhost", host)
