"""What machines ask: alive, ready, figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cast import MINA, Company, make_mail
from fakes import FakeClock
from flows.test_conversation import receive
from flows.test_gate import address_of
from running import Pump, both_databases
from web.web_kit import browser_of, make_app

from gateway.errors import Unavailable
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView


def figures_of(ctx: Context) -> dict[str, float]:
    lines = browser_of(make_app(ctx)).get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:8] == "gateway_")}


@both_databases
def test_figures_tell_that_workers_stand_still(
    ctx: Context, company: Company, mina: ApplicantView, clock: FakeClock, pump: Pump
) -> None:
    address = address_of(ctx, mina)
    receive(ctx, make_mail("Hello", to=address), to=address, from_=MINA)
    clock.now += timedelta(minutes=5)
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello"))
    clock.now += timedelta(minutes=1)
    assert figures_of(ctx) == {
        'gateway_waiting{what="mails"}': 1,
        'gateway_waiting{what="deliveries"}': 1,
        'gateway_oldest_waiting_seconds{what="mails"}': 360,
        'gateway_oldest_waiting_seconds{what="deliveries"}': 60,
    }
    pump()
    assert set(figures_of(ctx).values()) == {0}


def test_figures_of_the_process_are_told_when_the_database_is_away(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_ctx: Context) -> None:
        raise Unavailable

    monkeypatch.setattr("gateway.usecases.health.measure_backlog", fail)
    answer = browser_of(make_app(ctx)).get("/metrics")
    assert (answer.status_code, "python_info" in answer.text) == (200, True)
