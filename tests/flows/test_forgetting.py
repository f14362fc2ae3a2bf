"""Erasure, export and retention: SJ-P3, DESIGN §6 (refused mails are kept under retention)."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cast import MINA, STRANGER, Company, as_candidate, make_applicant, make_mail
from fakes import FakeChannel, FakeClock
from running import Pump, both_databases
from sqlalchemy import func, select

from flows.test_conversation import receive
from flows.test_gate import address_of
from gateway.errors import NotFound
from gateway.store import tables as t
from gateway.threads.audit import AuditFilter
from gateway.threads.channel import OutgoingFile
from gateway.threads.model import InboxState
from gateway.usecases import sign_in
from gateway.usecases.applicants import candidate_viewer
from gateway.usecases.context import Context
from gateway.usecases.deliver import deliver_one
from gateway.usecases.erase import erase_applicant, expire_raw_mails, forget_unnamed_files
from gateway.usecases.export import gather_export
from gateway.usecases.post_message import NewMessage, post_message
from gateway.usecases.read_audit import read_audit
from gateway.usecases.read_thread import list_conversations, messages_after, read_file
from gateway.usecases.receive_email import RecipientVerdict, check_recipients
from gateway.usecases.review_inbox import list_entries, read_raw
from gateway.usecases.views import ApplicantView

BIG = b"%PDF" + bytes(200_000)


@both_databases
def test_after_erasure_nothing_is_left_and_nothing_comes_in(ctx: Context, company: Company, pump: Pump) -> None:
    """SJ-P3: link 404, inbound 550, files gone, other applicants untouched."""
    mina = make_applicant(ctx, company)
    tom = make_applicant(ctx, company, external_id="tom", name="Tom", email="tom@mail.example")
    address = address_of(ctx, mina)
    shared = OutgoingFile("info.pdf", "application/pdf", BIG)
    own = OutgoingFile("cv.pdf", "application/pdf", BIG + b"mina")
    posted = post_message(ctx, as_candidate(ctx, mina), mina.thread_id, NewMessage(text="hello", files=(own, shared)))
    kept = post_message(ctx, as_candidate(ctx, tom), tom.thread_id, NewMessage(text="hi", files=(shared,)))
    receive(ctx, make_mail("by mail", to=address), to=address, from_=MINA)
    pump()
    link = mina.portal_url.rsplit("/", 1)[1]
    erase_applicant(ctx, company.ats, mina.thread_id)
    assert candidate_viewer(ctx, link) is None
    assert check_recipients(ctx, [address])[0] is RecipientVerdict.UNKNOWN
    with pytest.raises(NotFound):
        messages_after(ctx, company.ats, mina.thread_id)
    with pytest.raises(NotFound):
        read_file(ctx, company.as_jun, posted.message.attachments[0].id)
    assert [r.applicant_name for r in list_conversations(ctx, company.as_jun)[0]] == ["Tom"]
    assert read_file(ctx, company.as_jun, kept.message.attachments[0].id).content == BIG
    with pytest.raises(FileNotFoundError):
        ctx.database.blobs.read(posted.message.attachments[0].digest)


def test_the_export_holds_words_files_and_raw_mails(
    ctx: Context, company: Company, mina: ApplicantView, pump: Pump
) -> None:
    address = address_of(ctx, mina)
    raw = make_mail("by mail", to=address, files={"cv.pdf": b"%PDF-1.7"})
    receive(ctx, raw, to=address, from_=MINA)
    pump()
    files = dict(gather_export(ctx, company.ats, mina.thread_id))
    assert [m["text"] for m in json.loads(files["thread.json"])["messages"]] == ["by mail"]
    assert files["files/00001-0-cv.pdf"] == b"%PDF-1.7"
    assert raw in files.values()


@both_databases
def test_raw_mails_of_refused_entries_end_with_their_retention(
    ctx: Context, company: Company, pump: Pump, clock: FakeClock
) -> None:
    from gateway.usecases.change_stage import change_stage

    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("held", from_=STRANGER, to=address), to=address, from_=STRANGER)
    pump()
    change_stage(ctx, company.as_jun, mina.thread_id, "rejected")
    receive(ctx, make_mail("refused", to=address), to=address, from_=MINA)
    pump()
    clock.move(days=ctx.settings.retention_days + 1)
    assert expire_raw_mails(ctx) == 1
    (refused,), _ = list_entries(ctx, company.as_jun, state=InboxState.REFUSED)
    with pytest.raises(NotFound):
        read_raw(ctx, company.as_jun, refused.id)
    (held,), _ = list_entries(ctx, company.as_jun, state=InboxState.HELD)
    assert b"held" in read_raw(ctx, company.as_jun, held.id)


@both_databases
def test_what_was_counted_against_floods_is_forgotten_when_its_time_is_over(ctx: Context, clock: FakeClock) -> None:
    """Whoever types a hundred thousand addresses at the sign-in does not fill the disk for ever."""

    def kept() -> int:
        with ctx.database.read() as tx:
            return int(tx.connection.execute(select(func.count()).select_from(t.counters)).scalar_one())

    for number in range(3):
        sign_in.ask_login_link(ctx, f"{number}@mail.example")
    assert kept() == 3
    expire_raw_mails(ctx)
    assert kept() == 3
    clock.move(days=1)
    expire_raw_mails(ctx)
    assert kept() == 0


@both_databases
def test_files_that_no_row_names_go_within_a_day(ctx: Context, company: Company, pump: Pump) -> None:
    """SJ-P3: what a process left that died before its commit, and an unfinished file, are not kept for ever."""
    mina = make_applicant(ctx, company)
    address = address_of(ctx, mina)
    receive(ctx, make_mail("my CV", to=address, files={"cv.pdf": bytes(200_000)}), to=address, from_=MINA)
    pump()
    blobs = ctx.database.blobs
    fresh, left = b"f" * 70_000, b"l" * 70_000
    (fresh_digest,), (left_digest,) = blobs.write_many([fresh]), blobs.write_many([left])
    assert blobs.folder is not None
    (blobs.folder / left_digest[:2] / f".{left_digest[:16]}.0123456789abcdef").write_bytes(b"half")
    for file in blobs.folder.rglob("*/*"):
        at = ctx.now.timestamp() - (0 if file.name == fresh_digest else 2 * 86_400)
        os.utime(file, (at, at))
    assert forget_unnamed_files(ctx) == 2
    assert blobs.read(fresh_digest) == fresh
    with pytest.raises(FileNotFoundError):
        blobs.read(left_digest)
    (file,) = messages_after(ctx, company.ats, mina.thread_id)[-1].message.attachments
    assert read_file(ctx, company.ats, file.id).content == bytes(200_000)


@both_databases
def test_an_erasure_and_a_worker_at_the_same_moment_leave_one_of_the_two_orders(
    ctx: Context, company: Company, pump: Pump, channel: FakeChannel
) -> None:
    """Reliability 69: sent and then erased, or erased and never sent; nothing goes out after the erasure, which is in
    the audit log.
    """
    for number in range(6):
        view = make_applicant(ctx, company, external_id=f"e-{number}", email=f"e{number}@mail.example")
        posted = post_message(ctx, company.as_jun, view.thread_id, NewMessage(text="Goodbye"))
        together = threading.Barrier(2)

        def erase(thread_id: str = view.thread_id, together: threading.Barrier = together) -> None:
            together.wait(10)
            erase_applicant(ctx, company.ats, thread_id)

        def work(delivery_id: str = posted.deliveries[0].id, together: threading.Barrier = together) -> bool:
            together.wait(10)
            return deliver_one(ctx, delivery_id) is not None

        with ThreadPoolExecutor(2) as pool:
            erased, claimed = pool.submit(erase), pool.submit(work)
        erased.result()
        went = len(channel.to(f"e{number}@mail.example"))
        assert went <= int(claimed.result())
        pump()
        assert len(channel.to(f"e{number}@mail.example")) == went
        with pytest.raises(NotFound):
            messages_after(ctx, company.as_jun, view.thread_id)
    found, _ = read_audit(ctx, company.as_jun, AuditFilter())
    assert [told.line.action for told in found].count("erase") == 6
