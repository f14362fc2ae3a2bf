"""A backup that is put back, and what was received since: docs/operations.md, "Backup"."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cast import MINA, Company, make_applicant, make_mail
from fakes import FakeChannel
from running import Pump

from flows.test_conversation import receive
from flows.test_gate import address_of
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.threads.model import InboxState
from gateway.usecases.context import Context
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_thread import messages_after
from gateway.usecases.review_inbox import list_entries, read_raw
from gateway.usecases.views import ApplicantView

TOM = "tom@mail.example"
BIG = b"%PDF" + bytes(200_000)


@pytest.fixture
def restored(ctx: Context, tmp_path: Path) -> Iterator[Context]:
    """A second gateway whose folder is still empty: `back_up` fills it."""
    folder = tmp_path / "backup"
    folder.mkdir()
    settings = ctx.settings.model_copy(update={"data_dir": folder, "database_url": ""})
    database = Database(settings.database_address, Blobs(settings.blobs_address))
    yield replace(ctx, settings=settings, database=database, channels={"email": FakeChannel()})
    database.close()


def back_up(ctx: Context, to: Context) -> None:
    """As docs/operations.md says: the database first, while it runs, then the big files."""
    source = ctx.settings.data_dir / "gateway.db"
    with (
        closing(sqlite3.connect(source)) as live,
        closing(sqlite3.connect(to.settings.data_dir / "gateway.db")) as copy,
    ):
        live.backup(copy)
    shutil.copytree(ctx.settings.data_dir / "blobs", to.settings.data_dir / "blobs", dirs_exist_ok=True)


def shown(ctx: Context, company: Company, *views: ApplicantView) -> list[list[tuple[int, str, int]]]:
    """Number, words and files of every message of these conversations."""
    told = [[s.message for s in messages_after(ctx, company.as_jun, view.thread_id)] for view in views]
    return [[(m.seq, m.text, len(m.attachments)) for m in messages] for messages in told]


def test_a_backup_and_the_raw_mails_since_give_the_same_conversations(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump, restored: Context
) -> None:
    """Reliability 15, P3: the same messages in the same order; what the backup held already comes in no second time,
    and what was sent before the backup is not sent again.
    """
    tom = make_applicant(ctx, company, external_id="tom", name="Tom", email=TOM)
    people = {MINA: address_of(ctx, mina), TOM: address_of(ctx, tom)}
    mails: list[tuple[str, str, bytes]] = []

    def write(number: int, **more: dict[str, bytes]) -> None:
        for sender, to in people.items():
            mails.append(
                (sender, to, make_mail(f"mail {number}", from_=sender, to=to, message_id=f"{number}{sender}", **more))
            )
            receive(ctx, mails[-1][2], to=to, from_=sender)
            pump()

    post_message(ctx, company.as_jun, mina.thread_id, NewMessage(text="Before the backup"))
    write(1)
    write(2, files={"cv.pdf": BIG})
    back_up(ctx, restored)
    at_backup = shown(ctx, company, mina, tom)
    write(3)
    write(4, files={"more.pdf": BIG + b"!"})
    at_loss = shown(ctx, company, mina, tom)
    entries, _ = list_entries(ctx, company.as_jun, state=InboxState.THREADED)
    raws = {read_raw(ctx, company.as_jun, entry.id) for entry in entries}
    assert {raw for _, _, raw in mails} == raws

    assert shown(restored, company, mina, tom) == at_backup
    for sender, to, raw in mails:
        receive(restored, raw, to=to, from_=sender)
        Pump(restored)()
    assert shown(restored, company, mina, tom) == at_loss
    assert [o for o in restored.channels["email"].sent if o.to == MINA] == []  # type: ignore[attr-defined]
