"""What tests share besides the people and the doubles: both databases, and the workers' jobs run here and now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NoReturn

import pytest

from gateway.usecases.change_stage import close_due_gates
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one, find_due
from gateway.usecases.process_mail import process_mail
from gateway.usecases.send_news import find_due_news, send_news


def leave_out(reason: str) -> NoReturn:
    """Skip for want of a program or server; in CI a missing one is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and in CI nothing is left out")
    pytest.skip(reason)


both_databases = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])


@dataclass
class Pump:
    """Runs the workers' jobs here and now, until nothing is due."""

    ctx: Context

    def __call__(self) -> int:
        done = 0
        close_due_gates(self.ctx)
        while True:
            mails, deliveries = find_due(self.ctx)
            members = find_due_news(self.ctx)
            if not mails and not deliveries and not members:
                return done
            for entry_id in mails:
                process_mail(self.ctx, entry_id)
            for delivery_id in deliveries:
                deliver_one(self.ctx, delivery_id)
            for member_id in members:
                send_news(self.ctx, member_id)
            done += len(mails) + len(deliveries)


def is_anybody_locked_out(ctx: Context) -> bool:
    """Does a transaction of this PostgreSQL database wait for another one's lock?"""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with ctx.database.engine.connect() as connection:
        return bool(connection.exec_driver_sql(query).scalar_one())
