"""The demo's people: who is there, in five languages, and something of everything that can happen to a message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fakes import FakeClock
from running import Pump

from gateway.demo import seed
from gateway.outbound.mailbox import Mailbox, MailboxChannel
from gateway.threads.audit import AuditFilter
from gateway.threads.model import DeliveryState
from gateway.usecases.context import Context
from gateway.usecases.read_audit import read_audit
from gateway.usecases.read_thread import messages_after
from gateway.usecases.review_inbox import list_entries
from gateway.usecases.sign_in import viewer_of_member


def test_a_desk_on_a_friday_morning(ctx: Context, clock: FakeClock, tmp_path: Path) -> None:
    """A failure, a held mail, a schedule, a rejection; outside checks count on the first seven (DESIGN §6)."""
    mailbox = MailboxChannel(Mailbox(tmp_path / "mailbox"), domain="moalabs.example", clock=clock)
    settings = ctx.settings.model_copy(update={"reply_domain": "reply.moalabs.example"})
    ctx = replace(ctx, channels={"email": mailbox}, settings=settings)
    facts = seed(ctx)
    names = [name for _, name, _ in facts.threads]
    assert names[:7] == [
        "한지우",
        "Anna Lindqvist",
        "Tomáš Novák",
        "Мария Ковалёва",
        "David Okafor",
        "이서준",
        "정하늘",
    ]
    assert len(names) == 12
    Pump(ctx)()
    viewer = viewer_of_member(facts.members[0])
    entries, _ = list_entries(ctx, viewer, limit=10)
    assert [entry.from_address for entry in entries] == ["home.doyun.kim@naver.example"]
    said = [shown for thread, _, _ in facts.threads for shown in messages_after(ctx, viewer, thread)]
    states = {delivery.state for shown in said for delivery in shown.deliveries}
    assert {DeliveryState.FAILED, DeliveryState.ACCEPTED, DeliveryState.SCHEDULED} <= states
    told, _ = read_audit(ctx, viewer, AuditFilter())
    times = [one.line.at for one in told]
    assert times == sorted(times, reverse=True)
    assert seed(ctx).threads == facts.threads
