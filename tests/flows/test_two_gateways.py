"""Two gateways that write to each other's addresses fall silent by themselves (GW-5, GW-6; RFC 3834)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cast import Company, as_candidate, make_applicant, make_company
from fakes import FakeChannel
from running import Pump

from flows.test_conversation import receive, texts
from flows.test_gate import address_of
from gateway.outbound.compose import compose_mail
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.usecases.applicants import put_applicant
from gateway.usecases.change_stage import change_stage
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.views import ApplicantView

ROUNDS = 20


@pytest.fixture
def other(ctx: Context, tmp_path: Path, sqlite_template: Path) -> Iterator[Context]:
    """A second gateway with its own database and reply domain."""
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "gateway.db")
    changes = {"data_dir": folder, "database_url": "", "reply_domain": "reply.nordlys.test"}
    settings = ctx.settings.model_copy(update=changes)
    database = Database(settings.database_address, Blobs(settings.blobs_address))
    yield replace(ctx, settings=settings, database=database, channels={"email": FakeChannel()})
    database.close()


def carry(sender: Context, receiver: Context, seen: int) -> int:
    """Take the mails that were sent since to the other gateway, as SMTP would; how many were sent in all."""
    channel = sender.channels["email"]
    assert isinstance(channel, FakeChannel)
    for outgoing in channel.sent[seen:]:
        if outgoing.to.endswith(f"@{receiver.settings.reply_domain}"):
            raw = compose_mail(outgoing, date=sender.now, domain=sender.settings.reply_domain)
            receive(receiver, raw, to=outgoing.to, from_=outgoing.envelope_from)
    seen = len(channel.sent)
    Pump(receiver)()
    return seen


@pytest.mark.parametrize("rejected", [False, True])
def test_two_gateways_do_not_answer_each_other_for_ever(
    ctx: Context, other: Context, company: Company, mina: ApplicantView, rejected: bool
) -> None:
    """Reliability 30: each is the other's candidate, open or both closed: at most one answer by itself."""
    nordlys = make_company(other, slug="nordlys", name="Nordlys", domain="nordlys.example")
    theirs = make_applicant(other, nordlys, email=address_of(ctx, mina))
    put_applicant(
        ctx, company.ats, "mina-1", opening="designer", name="Mina Han", email=address_of(other, theirs), source="ats"
    )
    if rejected:
        change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
        change_stage(other, nordlys.as_jun, theirs.thread_id, "rejected")
    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Hello?"))
    Pump(ctx)()
    here = there = 0
    for _ in range(ROUNDS):
        here, before = carry(ctx, other, here), (here, there)
        there = carry(other, ctx, there)
    assert (here, there) == before, "they still write to each other"
    between = [o for c in (ctx, other) for o in c.channels["email"].sent if "@reply." in o.to]  # type: ignore[attr-defined]
    assert [o.text for o in between if not o.automatic and "Hello?" in o.text]
    assert len([o for o in between if o.automatic]) <= 1
    assert texts(ctx, company, mina) == ["Hello?"]
    assert as_candidate(other, theirs)
